// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {AccountSlot} from "../libraries/AccountSlot.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Annex, Item} from "../libraries/Annex.sol";
import {Bytes} from "../libraries/Bytes.sol";
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
        // the days rateFrom to rateTo
        uint256 creditable;
        uint256 left;
        uint256 cap;
        uint256 kindAndRate;
        uint256 rateFrom;
        uint256 rateTo;
        uint256 rateUnitsMax;
        uint256 rateFactor;
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
        // what became of the first half of a merge
        Skip pairReason;
        // sums
        uint256 applied;
        uint256 reissued;
        uint256 opened;
        uint256 restored;
        uint256 burnt;
        // skips
        uint256 skipped;
        bytes reasons;
    }

    uint256 private constant CREDIT = 1;
    uint256 private constant REDEEM = 2;
    uint256 private constant REFUND = 3;
    uint256 private constant DONATE = 4;
    uint256 private constant EXPIRE = 5;
    uint256 private constant CORRECT = 6;
    uint256 private constant SET_OFF = 7;
    uint256 private constant CLOSURE = 8;
    uint256 private constant MERGE = 9;
    uint256 private constant MONTH_CLOSE = 10;
    uint256 private constant OPENING = 11;

    /// @dev So often may a person's account have been merged on since an original that is undone.
    uint256 private constant MERGES_MAX = 4;

    bytes32 private constant CLOSE_TYPEHASH =
        keccak256("Close(uint16 desk,uint16 month,bytes32 lastHead,uint64 coins,int128 krw)");

    uint256 private constant NONE = type(uint256).max;
    /// @dev After every day of 16 bits.
    uint256 private constant NO_DAY = 1 << 16;
    uint256 private constant RATE_FACTOR_BITS = 80;

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
        run.left = run.creditable;
        run.kindAndRate = NONE; // no rate is loaded yet: a word of zeros must not pass for one that is

        for (uint256 i = 0; i < entries.length; ++i) {
            uint256 word = uint256(entries[i]);
            if (!_credit(run, word)) {
                Skip reason = _creditOrSkip(run, word);
                if (reason != Skip.None) _skip(run, i, reason);
            }
        }

        run.moved = run.creditable - run.left;
        run.applied = run.moved;
        if (run.moved == 0) return;
        _budgets[year].used = (budget.used + run.moved).to64();
        _state.credited += run.moved.to64();
    }

    /// @dev The hot path, 500 times a batch: every condition, most in one comparison. What it does not take goes to
    /// _creditOrSkip, which has them again in the order that gives a skipped entry its reason.
    function _credit(Run memory run, uint256 word) private returns (bool) {
        // Another kind is like a rate that is never in force.
        if (word.kindAndRef() != run.kindAndRate) _loadRate(run, word);
        // One account is never both.
        if ((word >> 112 == Accounts.DESK) != (word >> 112 == Accounts.FUND)) return false;
        // All sums stay in their fields: units have 24 bits, a rate's coins 32, limits 48, what was earned and the cap 32, and
        // the coins of all accounts together stay below 2^63. So a difference has its highest bit just when it is below
        // zero, and that bit of them all tells whether any is.
        unchecked {
            uint256 coins = _coinsFor(run, word);
            uint256 left = run.left - coins;
            Account storage account = _accounts[word.account()];
            uint256 slot = account.slot;
            // Above the month there are only the flags: a frozen or closed account is like one of a month to come.
            uint256 months = run.month - (slot >> AccountSlot.MONTH_AT);
            slot = slot.turnedTo(run.month, months);
            uint256 below = left | (coins - 1) | (run.rateUnitsMax - word.units());
            below |= (word.day() - run.rateFrom) | (run.rateTo - word.day());
            below |= months | (run.cap - slot.earned() - coins);
            if (below >> 255 != 0) return false;
            account.slot = slot + coins * AccountSlot.COIN_EARNED;
            run.left = left;
            emit Transfer(address(0), word.account(), coins);
        }
        return true;
    }

    /// @dev What _credit did not take: a credit of the month before the account's last, or the reason why there is none.
    function _creditOrSkip(Run memory run, uint256 word) private returns (Skip) {
        Account storage account = _accounts[word.account()];
        uint256 slot = account.slot;
        if (word.kind() != CREDIT || word.units() == 0) return Skip.NotAllowed;
        if (Accounts.isReserved(word.account()) || slot.isClosed()) return Skip.BadAccount;
        if (slot.isFrozen()) return Skip.Frozen;
        if (word.day() < run.rateFrom || word.day() > run.rateTo) return Skip.RateNotInForce;
        if (word.units() > run.rateUnitsMax) return Skip.UnitsAboveMax;
        uint256 coins = _coinsFor(run, word);
        if (coins == 0) return Skip.NotAllowed;
        if (coins > run.left + run.allotment - run.creditable) return Skip.Allotment;
        if (coins > run.left) return Skip.Budget;
        slot = slot.withLateCredit(run.month, coins, run.cap);
        if (slot == 0) return Skip.PersonCap;
        account.slot = slot;
        run.left -= coins;
        emit Transfer(address(0), word.account(), coins);
        return Skip.None;
    }

    /// @dev floor(units · coins / perUnits) by a factor that is reckoned once a rate: with f = floor(2^80 / p) + 1 and any
    /// n = units · coins below 2^56, n · f / 2^80 is above n / p by at most n / 2^80, which is less than the 1 / p (p below
    /// 2^24) that n / p lacks at least to the next whole number. No overflow: n · f is below 2^137.
    function _coinsFor(Run memory run, uint256 word) private pure returns (uint256) {
        unchecked {
            return word.units() * run.rateFactor >> RATE_FACTOR_BITS;
        }
    }

    /// @dev A rate is in force from its first day to its last, and never after the batch's day. An unknown one never is,
    /// nor one that an entry of another kind refers to.
    function _loadRate(Run memory run, uint256 word) private view {
        Rate memory rate = _rates[word.ref()];
        run.kindAndRate = word.kindAndRef();
        run.rateFrom = NO_DAY;
        if (rate.perUnits == 0 || word.kind() != CREDIT) return;
        run.rateFrom = rate.firstDay;
        run.rateTo = rate.lastDay < run.day ? rate.lastDay : run.day;
        run.rateUnitsMax = rate.unitsMax;
        run.rateFactor = rate.coins * (2 ** RATE_FACTOR_BITS / rate.perUnits + 1);
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
            Skip reason = _apply(run, entries, annex, i);
            if (reason != Skip.None) _skip(run, i, reason);
        }
        if (run.deskKind == VENUE) _storeOwn(run);
        _storeTotals(run);
    }

    function _skip(Run memory run, uint256 index, Skip reason) private {
        if (run.skipped++ == 0) run.reasons = new bytes(run.count);
        run.reasons[index] = bytes1(uint8(reason));
        emit EntrySkipped(run.desk.to16(), run.seq.to32(), index.to16(), reason);
    }

    function _apply(Run memory run, bytes32[] memory entries, bytes calldata annex, uint256 index)
        private
        returns (Skip)
    {
        uint256 word = uint256(entries[index]);
        uint256 kind = word.kind();
        // Before every check, so that an entry that is skipped does not take the others' items away.
        if (kind == REFUND) _takeItem(run, annex, run.desk, word.line(), word.ref());
        if (kind == CORRECT) _takeItem(run, annex, word.day(), word.line(), word.ref());
        if (kind == MONTH_CLOSE) _takeStatement(run, annex);

        if (_deskKindOf(kind) != run.deskKind) return Skip.NotAllowed;
        if (kind == MERGE) return _merge(run, entries, index);
        if (word.units() == 0 && kind != CLOSURE && kind != MONTH_CLOSE) return Skip.NotAllowed;
        address holder = word.account();
        if (Accounts.isReserved(holder) != (kind == MONTH_CLOSE)) return Skip.BadAccount;
        Account storage account = _accounts[holder];
        uint256 slot = account.slot;
        if (slot.isClosed()) return Skip.BadAccount;

        if (kind == REDEEM) return _redeem(run, word, account, slot);
        if (kind == REFUND) return _refund(run, word, account, slot, annex, index);
        if (kind == CORRECT) return _correct(run, word, account, slot, annex);
        if (kind == MONTH_CLOSE) return _monthClose(run, word, account, slot, annex);
        if (kind == OPENING) return _opening(run, word, account, slot);
        return _spend(run, word, account, slot);
    }

    /// @dev 0 for a kind that does not exist, which is no desk's.
    function _deskKindOf(uint256 kind) private pure returns (uint256) {
        if (kind == CREDIT) return CENTRE;
        if (kind == REDEEM || kind == REFUND) return VENUE;
        return kind >= DONATE && kind <= OPENING ? TREASURY : 0;
    }

    function _redeem(Run memory run, uint256 word, Account storage account, uint256 slot) private returns (Skip) {
        if (word.ref() != 0) return Skip.NotAllowed;
        (Skip reason, uint256 value) = _checkSpend(run, word, slot);
        if (reason != Skip.None) return reason;
        uint256 coins = word.units();
        account.slot = slot - coins;
        run.ownSlot += coins;
        run.ownKrw += (coins * value).toKrw();
        _count(run, coins);
        emit Transfer(word.account(), run.own, coins);
        return Skip.None;
    }

    /// @dev Donate, expire, set-off, closure: the treasury takes coins of one account, for a fund or to burn them.
    function _spend(Run memory run, uint256 word, Account storage account, uint256 slot) private returns (Skip) {
        uint256 kind = word.kind();
        uint256 coins = word.units();
        bool isGift = kind == DONATE || (kind == CLOSURE && word.ref() != 0);
        if (isGift && !_isFundActive[word.ref()]) return Skip.NotAllowed;
        // A debt is set off before the rest is given away.
        if (kind == CLOSURE && slot.debt() != 0 && slot.coins() != 0) return Skip.NotAllowed;
        uint256 checked = slot;
        if (kind == SET_OFF) {
            if (coins > slot.debt()) return Skip.NotAllowed;
            checked &= ~AccountSlot.FROZEN;
        }
        (Skip reason, uint256 value) = _checkSpend(run, word, checked);
        if (reason != Skip.None) return reason;

        slot -= coins;
        if (kind == SET_OFF) slot = slot.withDebtTaken(coins);
        if (kind == CLOSURE) slot |= AccountSlot.CLOSED;
        account.slot = slot;
        _count(run, coins);
        address to = address(0);
        if (isGift) {
            to = Accounts.ofFund(word.ref());
            _accounts[to].slot += coins;
            _dues[to].krw += (coins * value).toKrw();
        } else {
            run.burnt += coins;
        }
        _emitTransfer(word.account(), to, coins);
        return Skip.None;
    }

    /// @dev Frozen, RateNotInForce, Balance, Allotment: what all kinds that take coins from a person have in common.
    /// A closure and a merge take the whole balance.
    function _checkSpend(Run memory run, uint256 word, uint256 slot) private view returns (Skip, uint256 value) {
        uint256 kind = word.kind();
        uint256 coins = word.units();
        if (slot.isFrozen()) return (Skip.Frozen, 0);
        bool isValued = kind == REDEEM || kind == DONATE || (kind == CLOSURE && word.ref() != 0);
        if (isValued) value = _value(run, word.day());
        if ((isValued && value == 0) || word.day() > run.day) return (Skip.RateNotInForce, 0);
        if (coins > slot.coins() || (kind >= CLOSURE && coins != slot.coins())) return (Skip.Balance, 0);
        if (run.moved + coins > run.allotment) return (Skip.Allotment, 0);
        return (Skip.None, value);
    }

    function _count(Run memory run, uint256 coins) private pure {
        run.moved += coins;
        run.applied += coins;
    }

    function _emitTransfer(address from, address to, uint256 coins) private {
        if (coins != 0) emit Transfer(from, to, coins);
    }

    function _opening(Run memory run, uint256 word, Account storage account, uint256 slot) private returns (Skip) {
        uint256 coins = word.units();
        if (_state.isSealed) return Skip.NotAllowed;
        if (slot.isFrozen()) return Skip.Frozen;
        if (word.day() > run.day) return Skip.RateNotInForce;
        if (run.moved + coins > run.allotment) return Skip.Allotment;
        account.slot = slot + coins;
        run.opened += coins;
        _count(run, coins);
        emit Transfer(address(0), word.account(), coins);
        return Skip.None;
    }

    /// @dev The pair is tried at its first half; the second half shares what became of it.
    function _merge(Run memory run, bytes32[] memory entries, uint256 index) private returns (Skip) {
        uint256 word = uint256(entries[index]);
        if (word.ref() == 1 && index > 0 && _isPair(uint256(entries[index - 1]), word)) return run.pairReason;
        if (word.ref() != 0 || index + 1 == entries.length) return Skip.NotAllowed;
        if (!_isPair(word, uint256(entries[index + 1]))) return Skip.NotAllowed;
        run.pairReason = _mergePair(run, word, uint256(entries[index + 1]).account());
        return run.pairReason;
    }

    /// @dev Alike but for the account and the last bit of the ref, which is 0 in the first.
    function _isPair(uint256 first, uint256 second) private pure returns (bool) {
        return first.ref() == 0 && (first ^ second) & type(uint96).max == 1 << 72 && first >> 96 != second >> 96;
    }

    function _mergePair(Run memory run, uint256 word, address to) private returns (Skip reason) {
        address from = word.account();
        if (Accounts.isReserved(from) || Accounts.isReserved(to)) return Skip.BadAccount;
        uint256 slot = _accounts[from].slot;
        uint256 other = _accounts[to].slot;
        if (slot.isClosed() || other.isClosed()) return Skip.BadAccount;
        (reason,) = _checkSpend(run, word, slot | (other & AccountSlot.FROZEN));
        if (reason != Skip.None) return reason;

        uint256 coins = word.units();
        _accounts[to].slot = (other + coins).withDebtAdded(slot.debt()).withEarnedOf(slot);
        _accounts[from].slot = (slot - coins).withDebtTaken(slot.debt()) | AccountSlot.CLOSED;
        _mergedInto[from] = to;
        _count(run, coins);
        _emitTransfer(from, to, coins);
    }

    function _isHeir(address account, address original) private view returns (bool) {
        for (uint256 i = 0; i < MERGES_MAX && original != account; ++i) {
            original = _mergedInto[original];
        }
        return original == account;
    }

    /// @dev Takes back what a credit or an opening issued, or undoes an expiry, in total up to the original. What was
    /// spent already becomes debt.
    function _correct(Run memory run, uint256 word, Account storage account, uint256 slot, bytes calldata annex)
        private
        returns (Skip)
    {
        (Skip reason, uint256 original) = _original(run, annex, word.day(), word);
        if (reason != Skip.None) return reason;
        uint256 kind = original.kind();
        // A credit issued floor(units · coins / perUnits): compared without the division.
        uint256 amount = original.units();
        uint256 perUnits = 1;
        if (kind == CREDIT) {
            Rate storage rate = _rates[original.ref()];
            amount *= rate.coins;
            perUnits = rate.perUnits;
        } else if (kind != OPENING && kind != EXPIRE) {
            return Skip.BadOriginal;
        }
        uint256 coins = word.units();
        uint256 entry = _entryKey(word.day(), word.line(), word.ref());
        if ((_undone[entry] + coins) * perUnits > amount) return Skip.BadOriginal;
        if (run.moved + coins > run.allotment) return Skip.Allotment;

        _undone[entry] += coins;
        _count(run, coins);
        if (kind == EXPIRE) {
            account.slot = slot + coins;
            run.restored += coins;
            emit Transfer(address(0), word.account(), coins);
            return Skip.None;
        }
        uint256 held = slot.coins() < coins ? slot.coins() : coins;
        account.slot = (slot - held).withDebtAdded(coins - held);
        run.burnt += held;
        _emitTransfer(word.account(), address(0), held);
        return Skip.None;
    }

    /// @dev Burns what a venue took up to one of its batches, and settles the KRW due up to there: the venue signed both.
    /// A fund, which has no keys, is closed whole.
    function _monthClose(Run memory run, uint256 word, Account storage account, uint256 slot, bytes calldata annex)
        private
        returns (Skip)
    {
        address holder = word.account();
        Due storage due = _dues[holder];
        uint256 coins = word.units();
        int128 krw = due.krw;
        (, uint256 month) = Civil.yearAndMonth(word.day());
        if (word.ref() != month || word.day() > run.day) return Skip.NotAllowed;
        if (Accounts.isDesk(holder)) {
            uint256 desk = Accounts.numberOf(holder);
            uint256 batch = _batchKey(desk, word.line());
            krw = _covered[batch].krw - due.krwSettled;
            if (!_isStatement(run, annex, desk, _closeHash(word, desk, _heads[batch], krw))) return Skip.BadAnnex;
            if (_heads[batch] == 0 || due.coinsClosed + coins != _covered[batch].coins) return Skip.BadOriginal;
            if (coins > slot.coins()) return Skip.Balance;
        } else if (coins != slot.coins()) {
            return Skip.Balance;
        }
        account.slot = slot - coins;
        due.krw -= krw;
        due.krwSettled += krw;
        due.coinsClosed += coins.to64();
        run.burnt += coins;
        run.applied += coins;
        _emitTransfer(holder, address(0), coins);
        return Skip.None;
    }

    function _closeHash(uint256 word, uint256 desk, bytes32 lastHead, int128 krw) private view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CLOSE_TYPEHASH, desk, word.ref(), lastHead, word.units(), krw)));
    }

    /// @dev Signed by enough of the keys that would sign the venue's next batch, ascending, every one valid.
    function _isStatement(Run memory run, bytes calldata annex, uint256 desk, bytes32 hash)
        private
        view
        returns (bool)
    {
        if (run.item.tag != Annex.STATEMENT) return false;
        Desk memory venue = _desks[desk];
        (uint256 keySet, uint256 threshold) = _keysAt(venue, venue.next);
        if (keySet == 0 || run.item.signatures < threshold || venue.kind != VENUE) return false;
        address signer = address(0);
        uint256 offset = run.item.dataAt;
        for (uint256 i = 0; i < run.item.signatures; ++i) {
            Role role;
            (signer, role) = _signerAbove(signer, hash, annex[offset:offset + Annex.SIGNATURE_BYTES], keySet);
            if (role != Role.Signer) return false;
            offset += Annex.SIGNATURE_BYTES;
        }
        return true;
    }

    function _refund(
        Run memory run,
        uint256 word,
        Account storage account,
        uint256 slot,
        bytes calldata annex,
        uint256 index
    ) private returns (Skip) {
        (Skip reason, uint256 original) = _original(run, annex, run.desk, word);
        if (reason != Skip.None) return reason;
        if (original.kind() != REDEEM) return Skip.BadOriginal;
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
        _takeNext(run, annex);
    }

    function _takeNext(Run memory run, bytes calldata annex) private view {
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

    /// @dev Each closing statement is one entry's.
    function _takeStatement(Run memory run, bytes calldata annex) private view {
        if (run.item.tag == Annex.STATEMENT && !run.isItemTrue) {
            run.isItemTrue = true;
            return;
        }
        _takeNext(run, annex);
        // Of a statement: that it is used. A proof stays what _takeNext found it to be.
        if (run.item.tag == Annex.STATEMENT) run.isItemTrue = true;
    }

    /// @dev The word at (desk, line, ref), proven by the current item, if it was applied and is the same person's.
    function _original(Run memory run, bytes calldata annex, uint256 desk, uint256 word)
        private
        view
        returns (Skip, uint256 original)
    {
        uint256 index = word.ref();
        if (!_isProofOf(run.item, desk, word.line(), index)) return (Skip.BadAnnex, 0);
        if (!run.isItemTrue || index >= run.item.fields.count) return (Skip.BadOriginal, 0);
        if (_skips[_batchKey(desk, word.line())][index / 256] >> (index % 256) & 1 == 1) return (Skip.BadOriginal, 0);
        uint256 offset = run.item.dataAt + 32 * (index % Annex.CHUNK_ENTRIES);
        original = Bytes.wordAt(annex, offset);
        if (!_isHeir(word.account(), original.account())) return (Skip.BadOriginal, 0);
        return (Skip.None, original);
    }

    // ---- what is stored once a batch

    /// @dev Beside the venue's account, what this batch brings its sums to: a month close names the batch.
    function _storeOwn(Run memory run) private {
        _accounts[run.own].slot = run.ownSlot;
        Due storage due = _dues[run.own];
        due.krw = run.ownKrw;
        due.coinsReissued += run.reissued.to64();
        _covered[_batchKey(run.desk, run.seq)] =
            Covered({krw: due.krwSettled + run.ownKrw, coins: (due.coinsClosed + run.ownSlot.coins()).to64()});
    }

    function _storeTotals(Run memory run) private {
        if (run.reissued + run.opened + run.restored + run.burnt == 0) return;
        _totals.reissued += run.reissued.to64();
        _totals.opened += run.opened.to64();
        _totals.restored += run.restored.to64();
        _totals.burnt += run.burnt.to64();
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
