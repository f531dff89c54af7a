// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Casts to the width of a field
/// @notice Each caller has bounded the value: by a check on an order's argument, by the width of the field that it was
/// read from, or by the bounds in Office.LIMIT_MAX. They are in one place so that a cast anywhere else is a warning.
// forge-lint: disable-next-item(unsafe-typecast)
library Narrow {
    function to8(uint256 value) internal pure returns (uint8) {
        return uint8(value);
    }

    function to16(uint256 value) internal pure returns (uint16) {
        return uint16(value);
    }

    function to24(uint256 value) internal pure returns (uint24) {
        return uint24(value);
    }

    function to32(uint256 value) internal pure returns (uint32) {
        return uint32(value);
    }

    function to64(uint256 value) internal pure returns (uint64) {
        return uint64(value);
    }

    /// @notice KRW: at most 2^63 coins of at most 2^32 KRW.
    function toKrw(uint256 value) internal pure returns (int128) {
        return int128(uint128(value));
    }

    function toAddress(uint256 value) internal pure returns (address) {
        return address(uint160(value));
    }
}
