// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Narrow} from "./Narrow.sol";

/// @title The fields of an entry's word
/// @notice High to low: account 160, kind 8, ref 16, units 24, day 16, line 32.
library EntryWord {
    function account(uint256 word) internal pure returns (address) {
        return Narrow.toAddress(word >> 96);
    }

    function kind(uint256 word) internal pure returns (uint256) {
        return (word >> 88) & 0xff;
    }

    function ref(uint256 word) internal pure returns (uint256) {
        return (word >> 72) & 0xffff;
    }

    /// @notice Both at once: kind 8, ref 16.
    function kindAndRef(uint256 word) internal pure returns (uint256) {
        return (word >> 72) & 0xffffff;
    }

    function units(uint256 word) internal pure returns (uint256) {
        return (word >> 48) & 0xffffff;
    }

    function day(uint256 word) internal pure returns (uint256) {
        return (word >> 32) & 0xffff;
    }

    function line(uint256 word) internal pure returns (uint256) {
        return word & 0xffffffff;
    }
}
