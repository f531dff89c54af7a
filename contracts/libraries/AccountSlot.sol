// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The one storage slot of an account
/// @notice Low to high: coins 64, debt 64, earned this month 32, earned the month before 32, month 16, frozen 1, closed 1.
/// @dev The adders carry no check of their own: a field overflows into the next one only if its caller lets it. Each
/// caller bounds what it adds: coins by the supply (below 2^63, see VolunteerCoin), earned by the person cap (32 bits).
library AccountSlot {
    uint256 internal constant FROZEN = 1 << 208;
    uint256 internal constant CLOSED = 1 << 209;

    /// @notice Times coins: what a credit adds in the month last counted, to the balance and to earned this month.
    uint256 internal constant COIN_EARNED = (1 << 128) | 1;

    uint256 private constant EARNED_AT = 128;
    uint256 private constant BEFORE_AT = 160;
    uint256 internal constant MONTH_AT = 192;
    uint256 private constant EARNED_FIELDS = ((1 << 80) - 1) << EARNED_AT;

    function coins(uint256 slot) internal pure returns (uint256) {
        return slot & type(uint64).max;
    }

    function debt(uint256 slot) internal pure returns (uint256) {
        return (slot >> 64) & type(uint64).max;
    }

    function earned(uint256 slot) internal pure returns (uint256) {
        return (slot >> EARNED_AT) & type(uint32).max;
    }

    function earnedBefore(uint256 slot) internal pure returns (uint256) {
        return (slot >> BEFORE_AT) & type(uint32).max;
    }

    function month(uint256 slot) internal pure returns (uint256) {
        return (slot >> MONTH_AT) & type(uint16).max;
    }

    function isFrozen(uint256 slot) internal pure returns (bool) {
        return slot & FROZEN != 0;
    }

    function isClosed(uint256 slot) internal pure returns (bool) {
        return slot & CLOSED != 0;
    }

    function withDebtAdded(uint256 slot, uint256 more) internal pure returns (uint256) {
        return slot + (more << 64);
    }

    function withDebtTaken(uint256 slot, uint256 less) internal pure returns (uint256) {
        return slot - (less << 64);
    }

    function withEarned(uint256 slot, uint256 now_, uint256 before, uint256 month_) internal pure returns (uint256) {
        return (slot & ~EARNED_FIELDS) | (now_ << EARNED_AT) | (before << BEFORE_AT) | (month_ << MONTH_AT);
    }

    /// @notice The slot, without flags, with its counts turned by `months` to `month_`: what was earned in the month before
    /// it is kept.
    /// @dev Each month moves both counts up one place; what leaves their 64 bits at the top is cut off there. Nothing
    /// reverts, and a result for months below zero means nothing.
    function turnedTo(uint256 slot, uint256 month_, uint256 months) internal pure returns (uint256) {
        unchecked {
            uint256 counts = slot >> EARNED_AT << MONTH_AT + 32 * months >> 64;
            return (slot & type(uint128).max) | counts | (month_ << MONTH_AT);
        }
    }

    /// @notice Adds coins earned in the month before the last counted, against a monthly cap of 32 bits.
    /// @return credited the slot afterwards, or 0 when the cap would be passed or the month is another.
    function withLateCredit(uint256 slot, uint256 month_, uint256 amount, uint256 cap)
        internal
        pure
        returns (uint256 credited)
    {
        if (month_ + 1 == month(slot) && earnedBefore(slot) + amount <= cap) {
            credited = slot + (amount << BEFORE_AT) + amount;
        }
    }

    /// @notice What is left of two counts when one person's accounts are merged: the later month, sums, never above
    /// 32 bits.
    function withEarnedOf(uint256 slot, uint256 other) internal pure returns (uint256) {
        uint256 last = month(slot) > month(other) ? month(slot) : month(other);
        uint256 now_ = _earnedIn(slot, last) + _earnedIn(other, last);
        uint256 before = last == 0 ? 0 : _earnedIn(slot, last - 1) + _earnedIn(other, last - 1);
        return withEarned(slot, _atMost32Bits(now_), _atMost32Bits(before), last);
    }

    function _earnedIn(uint256 slot, uint256 month_) private pure returns (uint256) {
        if (month(slot) == month_) return earned(slot);
        return month(slot) == month_ + 1 ? earnedBefore(slot) : 0;
    }

    function _atMost32Bits(uint256 value) private pure returns (uint256) {
        return value > type(uint32).max ? type(uint32).max : value;
    }
}
