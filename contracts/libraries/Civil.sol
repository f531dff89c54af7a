// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The civil calendar
/// @notice Days since 1970-01-01 to calendar years and months, by H. Hinnant's `civil_from_days`
/// (howardhinnant.github.io/date_algorithms.html), for the days 0 to 65,535 (1970-01-01 to 2149-06-06).
library Civil {
    /// @return year the calendar year, which is the fiscal year.
    /// @return month counted since 2020-01; days before 2020 count as month 0, so that no day makes a batch revert.
    function yearAndMonth(uint256 day) internal pure returns (uint256 year, uint256 month) {
        // No overflow, and nothing below zero, for a day of 16 bits.
        unchecked {
            // 719,468 days lie between 0000-03-01 and 1970-01-01; an era of 400 years has 146,097 days.
            uint256 shifted = day + 719_468;
            uint256 era = shifted / 146_097;
            uint256 dayOfEra = shifted - era * 146_097;
            uint256 yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
            uint256 dayOfYear = dayOfEra + yearOfEra / 100 - 365 * yearOfEra - yearOfEra / 4;
            uint256 fromMarch = (5 * dayOfYear + 2) / 153;
            uint256 monthOfYear = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
            year = era * 400 + yearOfEra + (monthOfYear <= 2 ? 1 : 0);
            month = year < 2020 ? 0 : (year - 2020) * 12 + monthOfYear - 1;
        }
    }
}
