// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {AccountSlot} from "../libraries/AccountSlot.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Annex, Item} from "../libraries/Annex.sol";
import {Civil} from "../libraries/Civil.sol";
import {EntryWord} from "../libraries/EntryWord.sol";
import {Limit, Limits} from "../libraries/Limits.sol";
import {Narrow} from "../libraries/Narrow.sol";
import {Ledger} from "./Ledger.sol";

/// @title What an entry does
/// @notice An entry is applied whole, or skipped with the first reason in the order of docs/formats.md and changes
/// nothing. It never reverts.
/// @dev Sums stay in their fields: an entry moves at most 2^24 units (a credit at most 2^56 coins), limits are at most
/// 2^48, so that all coins ever issued stay below 2^63 (see Office), and no cast below loses a bit.
abstract contract Movements is Ledger, IERC20Metadata {
    using AccountSlot for uint256;
    using EntryWord for uint256;
    using Limits for Limit;
    using Narrow for uint256;

    /// @dev What the entries of one batch share: limits, caches and sums are read once and stored once.
    struct Run {
        uint256 desk;
        uint256 seq;
        uint256 day;
        uint256 deskKind;
        uint256 count;
        uint256 month;
        uint256 allotment;
        uint256 moved;
        // a centre's: the least of allotment and budget, the person's cap, and the rate last used, which is in force on
        // the days rateFrom to rateFrom + rateSpan
        uint256 creditable;
        uint256 cap;
        uint256 kindAndRate;
        uint256 rateFrom;
        uint256 rateSpan;
        uint256 rateCoins;
        uint256 ratePerUnits;
        uint256 rateUnitsMax;
        // the coin's value on valueDay
        uint256 valueDay;
        uint256 value;
        // the venue's own account
        address own;
        uint256 ownSlot;
        int128 ownKrw;
        uint256 ownReissuable;
        // annex
        uint256 annexAt;
        Item item;
        bool isItemTrue;
        // sums
        uint256 applied;
        uint256 reissued;
        // skips
        uint256 skipped;
        bytes reasons;
    }

    uint256 private constant CREDIT = 1;
    uint256 private constant REDEEM = 2;
    uint256 private constant REFUND = 3;
    uint256 private constant DONATE = 4;
    uint256 private constant LAST_KIND = 11;

    uint256 private constant NONE = type(uint256).max;

    /// @notice Applies the entries of a batch that has landed.
    /// @return applied the coins of the applied entries.
    /// @return skippedHash of the packed (index, reason) of the skipped ones, zero when there is none.
    function _applyEntries(Batch calldata batch, uint256 deskKind)
        internal
        returns (uint256 applied, bytes32 skippedHash)
    {
        Run memory run;
        (run.desk, run.seq, run.day, run.deskKind) = (batch.desk, batch.seq, batch.day, deskKind);
        run.count = batch.entries.length;
        uint256 year;
        (year, run.month) = Civil.yearAndMonth(run.day);
        Limit memory limit = _deskLimits[run.desk][run.month];
        run.allotment = limit.left(run.day);

        if (deskKind == CENTRE) _applyCredits(run, batch.entries, year);
        else _applyOthers(run, batch.entries, batch.annex);

        if (run.moved != 0) _deskLimits[run.desk][run.month].used = (limit.used + run.moved).to64();
        if (run.skipped != 0) skippedHash = _storeSkips(run);
        applied = run.applied;
    }

    function _applyCredits(Run memory run, bytes32[] calldata entries, uint256 year) private {
        Limit memory budget = _budgets[year];
        Limit memory cap = _personCaps[year];
        run.creditable = budget.left(run.day);
        if (run.allotment < run.creditable) run.creditable = run.allotment;
        run.cap = cap.inForce(run.day);
        run.kindAndRate = NONE; // no rate is loaded yet: a word of zeros must not pass for one that is

        for (uint256 i = 0; i < entries.length; ++i) {
            uint256 word = uint256(entries[i]);
            if (!_credit(run, word)) _skip(run, i, _whyNotCredited(run, word));
        }

        run.applied = run.moved;
        if (run.moved == 0) return;
        _budgets[year].used = (budget.used + run.moved).to64();
        _state.credited += run.moved.to64();
    }

    /// @dev The hot path, 500 times a batch: the conditions alone. _whyNotCredited has them again, in the order that gives
    /// a skipped entry its reason.
    function _credit(Run memory run, uint256 word) private returns (bool) {
        // Another kind is like a rate that is never in force.
        if (word.kindAndRef() != run.kindAndRate) _loadRate(run, word);
        if (word >> 112 == Accounts.DESK) return false;
        if (word >> 112 == Accounts.FUND) return false;
        if (word.units() > run.rateUnitsMax) return false;
        // No overflow: units have 24 bits, a rate's coins 32, what was moved 48, what was earned and the cap 32, and the
        // coins of all accounts together stay below 2^63. A day before the rate's first wraps to above every span.
        unchecked {
            if (word.day() - run.rateFrom > run.rateSpan) return false;
            uint256 coins = word.units() * run.rateCoins / run.ratePerUnits;
            // No units give no coins.
            if (coins == 0) return false;
            uint256 moved = run.moved + coins;
            if (moved > run.creditable) return false;
            Account storage account = _accounts[word.account()];
            uint256 slot = account.slot;
            // Above the month there are only the flags.
            if (slot >> AccountSlot.MONTH_AT != run.month) {
                if (slot >= AccountSlot.FROZEN) return false;
                if (slot.month() > run.month) {
                    slot = slot.withLateCredit(run.month, coins, run.cap);
                    if (slot == 0) return false;
                    account.slot = slot;
                    run.moved = moved;
                    emit Transfer(address(0), word.account(), coins);
                    return true;
                }
                slot = slot.turnedTo(run.month);
            }
            if (slot.earned() + coins > run.cap) return false;
            account.slot = slot + coins * AccountSlot.COIN_EARNED;
            run.moved = moved;
            emit Transfer(address(0), word.account(), coins);
        }
        return true;
    }

    function _whyNotCredited(Run memory run, uint256 word) private view returns (Skip) {
        uint256 slot = _accounts[word.account()].slot;
        if (word.kind() != CREDIT || word.units() == 0) return Skip.NotAllowed;
        if (Accounts.isReserved(word.account()) || slot.isClosed()) return Skip.BadAccount;
        if (slot.isFrozen()) return Skip.Frozen;
        if (word.day() < run.rateFrom || word.day() - run.rateFrom > run.rateSpan) return Skip.RateNotInForce;
        if (word.units() > run.rateUnitsMax) return Skip.UnitsAboveMax;
        // Without a division, which the compiler would share with the hot path and call there.
        uint256 units = word.units() * run.rateCoins;
        if (units < run.ratePerUnits) return Skip.NotAllowed;
        if (units >= (run.allotment - run.moved + 1) * run.ratePerUnits) return Skip.Allotment;
        if (units >= (run.creditable - run.moved + 1) * run.ratePerUnits) return Skip.Budget;
        return Skip.PersonCap;
    }

    /// @dev A rate is in force from its first day to its last, and never after the batch's day. An unknown one never is,
    /// nor one that an entry of another kind refers to.
    function _loadRate(Run memory run, uint256 word) private view {
        Rate storage rate = _rates[word.ref()];
        run.kindAndRate = word.kindAndRef();
        uint256 to = rate.lastDay < run.day ? rate.lastDay : run.day;
        (run.rateFrom, run.rateSpan) = (NONE, 0);
        if (rate.perUnits == 0 || rate.firstDay > to || word.kind() != CREDIT) return;
        (run.rateFrom, run.rateSpan) = (rate.firstDay, to - rate.firstDay);
        (run.rateCoins, run.ratePerUnits, run.rateUnitsMax) = (rate.coins, rate.perUnits, rate.unitsMax);
    }

    function _applyOthers(Run memory run, bytes32[] memory entries, bytes calldata annex) private {
        run.valueDay = NONE;
        run.annexAt = Annex.start(annex);
        if (run.deskKind == VENUE) {
            run.own = Accounts.ofDesk(run.desk);
            run.ownSlot = _accounts[run.own].slot;
            Due memory due = _dues[run.own];
            run.ownKrw = due.krw;
            run.ownReissuable = due.coinsClosed - due.coinsReissued;
        }
        for (uint256 i = 0; i < entries.length; ++i) {
            Skip reason = _apply(run, uint256(entries[i]), annex, i);
            if (reason != Skip.None) _skip(run, i, reason);
        }
        if (run.deskKind == VENUE) _storeOwn(run);
    }

    function _skip(Run memory run, uint256 index, Skip reason) private {
        if (run.skipped++ == 0) run.reasons = new bytes(run.count);
        run.reasons[index] = bytes1(uint8(reason));
        emit EntrySkipped(run.desk.to16(), run.seq.to32(), index.to16(), reason);
    }

    function _apply(Run memory run, uint256 word, bytes calldata annex, uint256 index) private returns (Skip reason) {
        uint256 kind = word.kind();
        // Before every check, so that an entry that is skipped does not take the others' items away.
        if (kind == REFUND) _takeItem(run, annex, run.desk, word.line(), word.ref());
        if (_deskKindOf(kind) != run.deskKind || word.units() == 0) return Skip.NotAllowed;
        address holder = word.account();
        if (Accounts.isReserved(holder)) return Skip.BadAccount;
        Account storage account = _accounts[holder];
        uint256 slot = account.slot;
        if (slot.isClosed()) return Skip.BadAccount;

        if (kind == REDEEM) return _redeem(run, word, account, slot);
        if (kind == REFUND) return _refund(run, word, account, slot, annex, index);
        if (kind == DONATE) return _donate(run, word, account, slot);
        return Skip.NotAllowed;
    }

    /// @dev 0 for a kind that does not exist, which is no desk's.
    function _deskKindOf(uint256 kind) private pure returns (uint256) {
        if (kind == CREDIT) return CENTRE;
        if (kind == REDEEM || kind == REFUND) return VENUE;
        return kind >= DONATE && kind <= LAST_KIND ? TREASURY : 0;
    }

    function _redeem(Run memory run, uint256 word, Account storage account, uint256 slot) private returns (Skip) {
        if (word.ref() != 0) return Skip.NotAllowed;
        (Skip reason, uint256 value) = _checkSpend(run, word, slot);
        if (reason != Skip.None) return reason;
        uint256 coins = word.units();
        account.slot = slot - coins;
        run.ownSlot += coins;
        run.ownKrw += (coins * value).toKrw();
        run.moved += coins;
        run.applied += coins;
        emit Transfer(word.account(), run.own, coins);
        return Skip.None;
    }

    function _donate(Run memory run, uint256 word, Account storage account, uint256 slot) private returns (Skip) {
        if (!_isFundActive[word.ref()]) return Skip.NotAllowed;
        (Skip reason, uint256 value) = _checkSpend(run, word, slot);
        if (reason != Skip.None) return reason;
        uint256 coins = word.units();
        account.slot = slot - coins;
        run.moved += coins;
        run.applied += coins;
        _give(Accounts.ofFund(word.ref()), coins, value);
        emit Transfer(word.account(), Accounts.ofFund(word.ref()), coins);
        return Skip.None;
    }

    function _give(address fund, uint256 coins, uint256 value) private {
        _accounts[fund].slot += coins;
        _dues[fund].krw += (coins * value).toKrw();
    }

    /// @dev Frozen, RateNotInForce, Balance, Allotment: what a redeem and a donation have in common.
    function _checkSpend(Run memory run, uint256 word, uint256 slot) private view returns (Skip, uint256 value) {
        if (slot.isFrozen()) return (Skip.Frozen, 0);
        uint256 day = word.day();
        value = _value(run, day);
        if (value == 0 || day > run.day) return (Skip.RateNotInForce, 0);
        uint256 coins = word.units();
        if (coins > slot.coins()) return (Skip.Balance, 0);
        if (run.moved + coins > run.allotment) return (Skip.Allotment, 0);
        return (Skip.None, value);
    }

    function _refund(
        Run memory run,
        uint256 word,
        Account storage account,
        uint256 slot,
        bytes calldata annex,
        uint256 index
    ) private returns (Skip) {
        (Skip reason, uint256 original) = _original(run, annex, run.desk, word.line(), word.ref());
        if (reason != Skip.None) return reason;
        if (original.kind() != REDEEM || original.account() != word.account()) return Skip.BadOriginal;
        uint256 coins = word.units();
        uint256 entry = _entryKey(run.desk, word.line(), word.ref());
        uint256 undone = _undone[entry] + coins;
        if (undone > original.units()) return Skip.BadOriginal;
        uint256 held = run.ownSlot.coins();
        uint256 fromBalance = coins < held ? coins : held;
        uint256 reissued = coins - fromBalance;
        if (reissued > run.ownReissuable) return Skip.Balance;

        _undone[entry] = undone;
        account.slot = slot + coins;
        run.ownSlot -= fromBalance;
        run.ownReissuable -= reissued;
        run.reissued += reissued;
        run.ownKrw -= (coins * _value(run, original.day())).toKrw();
        run.applied += coins;
        if (fromBalance != 0) emit Transfer(run.own, word.account(), fromBalance);
        if (reissued != 0) {
            emit Transfer(address(0), word.account(), reissued);
            emit Reissued(run.desk.to16(), run.seq.to32(), index.to16(), reissued.to64());
        }
        return Skip.None;
    }

    function _value(Run memory run, uint256 day) private view returns (uint256) {
        if (run.valueDay != day) (run.valueDay, run.value) = (day, _coinValueOn(day));
        return run.value;
    }

    // ---- annex

    /// @dev Stays at the current item if it is the entry's own, else moves to the next, whosever that is. Where none can be
    /// read there is none any more.
    function _takeItem(Run memory run, bytes calldata annex, uint256 desk, uint256 seq, uint256 index) private view {
        if (_isProofOf(run.item, desk, seq, index)) return;
        Item memory item = Annex.itemAt(annex, run.annexAt);
        run.item = item;
        run.annexAt = item.tag == 0 ? annex.length : item.end;
        run.isItemTrue =
            item.tag == Annex.PROOF && _headFrom(item.fields) == _heads[_batchKey(item.fields.desk, item.fields.seq)];
    }

    function _isProofOf(Item memory item, uint256 desk, uint256 seq, uint256 index) private pure returns (bool) {
        return item.tag == Annex.PROOF && item.fields.desk == desk && item.fields.seq == seq
            && item.chunk == index / Annex.CHUNK_ENTRIES;
    }

    /// @dev The word at (desk, seq, index), proven by the current item, if it was applied.
    function _original(Run memory run, bytes calldata annex, uint256 desk, uint256 seq, uint256 index)
        private
        view
        returns (Skip, uint256 word)
    {
        if (!_isProofOf(run.item, desk, seq, index)) return (Skip.BadAnnex, 0);
        if (!run.isItemTrue || index >= run.item.fields.count) return (Skip.BadOriginal, 0);
        if (_skips[_batchKey(desk, seq)][index / 256] >> index % 256 & 1 == 1) return (Skip.BadOriginal, 0);
        uint256 offset = run.item.dataAt + 32 * (index % Annex.CHUNK_ENTRIES);
        return (Skip.None, uint256(bytes32(annex[offset:offset + 32])));
    }

    // ---- what is stored once a batch

    function _storeOwn(Run memory run) private {
        _accounts[run.own].slot = run.ownSlot;
        Due storage due = _dues[run.own];
        due.krw = run.ownKrw;
        if (run.reissued != 0) {
            due.coinsReissued += run.reissued.to64();
            _totals.reissued += run.reissued.to64();
        }
    }

    function _storeSkips(Run memory run) private returns (bytes32) {
        uint256[2] memory bitmap;
        bytes memory packed = new bytes(3 * run.skipped);
        uint256 offset = 0;
        for (uint256 i = 0; i < run.reasons.length; ++i) {
            if (run.reasons[i] == 0) continue;
            bitmap[i / 256] |= uint256(1) << (i % 256);
            packed[offset] = bytes1((i >> 8).to8());
            packed[offset + 1] = bytes1((i & 0xff).to8());
            packed[offset + 2] = run.reasons[i];
            offset += 3;
        }
        uint256 key = _batchKey(run.desk, run.seq);
        if (bitmap[0] != 0) _skips[key][0] = bitmap[0];
        if (bitmap[1] != 0) _skips[key][1] = bitmap[1];
        return keccak256(packed);
    }
}
