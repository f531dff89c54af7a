// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice An amount that one order set and the next one may change from a later day, and what was used of it.
struct Limit {
    uint64 current;
    uint64 used;
    uint64 next;
    uint16 nextFrom;
    bool isSet;
}

/// @title Limits with one change ahead
library Limits {
    /// @notice The amount in force on a day; zero when none was ordered.
    function inForce(Limit memory limit, uint256 day) internal pure returns (uint256) {
        return limit.isSet && day >= limit.nextFrom ? limit.next : limit.current;
    }

    /// @notice What may still be used on a day: nothing when a lower amount has come into force since.
    function left(Limit memory limit, uint256 day) internal pure returns (uint256) {
        uint256 amount = inForce(limit, day);
        return amount > limit.used ? amount - limit.used : 0;
    }
}
