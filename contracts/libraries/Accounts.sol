// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Narrow} from "./Narrow.sol";

/// @title Accounts that are not a person's
/// @notice Desk and fund accounts are an 18-byte prefix and a 2-byte number; nobody holds a key to them.
library Accounts {
    uint256 internal constant DESK = uint144(bytes18(keccak256("Boram desk")));
    uint256 internal constant FUND = uint144(bytes18(keccak256("Boram fund")));

    function ofDesk(uint256 number) internal pure returns (address) {
        return Narrow.toAddress(DESK << 16 | number & 0xffff);
    }

    function ofFund(uint256 number) internal pure returns (address) {
        return Narrow.toAddress(FUND << 16 | number & 0xffff);
    }

    function isDesk(address account) internal pure returns (bool) {
        return uint160(account) >> 16 == DESK;
    }

    function isFund(address account) internal pure returns (bool) {
        return uint160(account) >> 16 == FUND;
    }

    /// @notice The desk or fund number of such an account.
    function numberOf(address account) internal pure returns (uint256) {
        return uint160(account) & 0xffff;
    }

    /// @notice A desk's or a fund's.
    function isReserved(address account) internal pure returns (bool) {
        return isDesk(account) || isFund(account);
    }
}
