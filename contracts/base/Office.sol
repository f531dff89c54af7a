// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccountSlot} from "../libraries/AccountSlot.sol";
import {Limit} from "../libraries/Limits.sol";
import {Narrow} from "../libraries/Narrow.sol";
import {Orders} from "../libraries/Orders.sol";
import {Ledger} from "./Ledger.sol";

/// @title The coin office's orders
/// @notice Each order is tried by itself: it is applied whole, or skipped with a reason and changes nothing.
abstract contract Office is Ledger {
    using Narrow for uint256;

    /// @dev What the orders of one batch share. `today` is the later of the batch's day and the latest day posted.
    struct Session {
        uint32 seq;
        uint256 day;
        uint256 today;
        bool isEmergency;
        /// What the order at hand changes ahead.
        Pending pending;
    }

    uint256 private constant SEAL = 1;
    uint256 private constant REGISTER_DESK = 2;
    uint256 private constant ROTATE_KEYS = 3;
    uint256 private constant REVOKE_KEYS = 4;
    uint256 private constant OFFICE_KEYS = 5;
    uint256 private constant RATE = 6;
    uint256 private constant COIN_VALUE = 7;
    uint256 private constant DESK_LIMIT = 8;
    uint256 private constant BUDGET = 9;
    uint256 private constant PERSON_CAP = 10;
    uint256 private constant FUND = 11;
    uint256 private constant OPEN_UNTIL = 12;
    uint256 private constant FREEZE = 13;
    uint256 private constant UNFREEZE = 14;
    uint256 private constant PAUSE = 15;
    uint256 private constant UNPAUSE = 16;
    uint256 private constant VETO = 17;

    uint256 private constant NOTICE_DAYS = 7;
    uint256 private constant COIN_VALUE_NOTICE_DAYS = 30;
    uint256 private constant OPEN_DAYS_MAX = 400;
    uint256 private constant OFFICE_THRESHOLD_MIN = 2;

    /// @dev Eight bytes a code, from code 0: the bits of each argument, ANY for a whole word, 0 behind the last.
    /// Limits have 48 bits, which keeps every sum of coins below 2^63: 180 years of budgets, and 2^15 desks' months.
    bytes private constant WIDTHS = hex"0000000000000000" // none
        hex"0000000000000000" // seal
        hex"1008080800000000" // register desk
        hex"1020080800000000" // rotate keys
        hex"1000000000000000" // revoke keys
        hex"2008a00000000000" // office keys
        hex"10ff101020181810" // rate
        hex"1020000000000000" // coin value
        hex"1010301000000000" // desk limit
        hex"1030100000000000" // budget
        hex"1020100000000000" // person cap
        hex"1008000000000000" // fund
        hex"1000000000000000" // open until
        hex"a000000000000000" // freeze
        hex"a000000000000000" // unfreeze
        hex"0000000000000000" // pause
        hex"0000000000000000" // unpause
        hex"2010000000000000"; // veto
    uint256 private constant ANY = 0xff;

    function _applyOrders(bytes calldata annex, Session memory session) internal {
        (bool wellFormed, Order[] memory orders) = Orders.decode(annex);
        if (!wellFormed) {
            emit OrderSkipped(session.seq, 0, OrderSkip.BadAnnex);
            return;
        }
        for (uint256 i = 0; i < orders.length; ++i) {
            // An order takes at least 128 bytes of at most 65,536: i is below 512.
            uint16 index = i.to16();
            OrderSkip reason = _applyOrder(orders[i].code, orders[i].args, session);
            // In setup there is no notice, and so nothing to veto.
            if (session.pending.code != 0) {
                if (_state.isSealed) _pending[_entryKey(0, session.seq, i)] = session.pending;
                delete session.pending;
            }
            if (reason == OrderSkip.None) emit OrderApplied(session.seq, index, orders[i].code);
            else emit OrderSkipped(session.seq, index, reason);
        }
    }

    function _applyOrder(uint256 code, uint256[] memory args, Session memory session) private returns (OrderSkip) {
        if (code == 0 || code > VETO) return OrderSkip.UnknownOrder;
        (bool areCounted, bool areBounded) = _checkArgs(code, args);
        if (!areCounted) return OrderSkip.BadArguments;
        if (session.isEmergency && !_needsOneKey(code)) return OrderSkip.NotAllowed;
        if (!areBounded) return OrderSkip.BadArguments;

        if (code == REGISTER_DESK || code == ROTATE_KEYS || code == OFFICE_KEYS) return _orderKeys(code, args);
        if (code == RATE) return _orderRate(args, session);
        if (code == DESK_LIMIT || code == BUDGET || code == PERSON_CAP) return _orderLimit(code, args, session);
        if (code == COIN_VALUE) return _orderCoinValue(args, session);
        if (code == FUND) return _orderFund(args);
        if (code == OPEN_UNTIL) return _orderOpenUntil(args, session);
        if (code == FREEZE || code == UNFREEZE) return _orderFreeze(args, code == FREEZE);
        if (code == PAUSE || code == UNPAUSE) return _orderPause(code == PAUSE);
        if (code == REVOKE_KEYS) return _revokeKeys(args);
        if (code == VETO) return _veto(args, session);
        return _seal();
    }

    function _needsOneKey(uint256 code) private pure returns (bool) {
        return code == REVOKE_KEYS || code == FREEZE || code == PAUSE || code == VETO;
    }

    /// @return areCounted not one argument more or less. Signers follow a list's four fields (office keys: three).
    /// @return areBounded none outside its field's bits; for signers see _areSigners.
    function _checkArgs(uint256 code, uint256[] memory args) private pure returns (bool areCounted, bool areBounded) {
        bytes memory widths = WIDTHS;
        uint256 count = 0;
        areBounded = true;
        while (count < 8 && widths[8 * code + count] != 0) {
            uint256 width = uint8(widths[8 * code + count]);
            if (count < args.length && width != ANY && args[count] >> width != 0) areBounded = false;
            ++count;
        }
        bool isList = code == REGISTER_DESK || code == ROTATE_KEYS || code == OFFICE_KEYS;
        areCounted = isList ? args.length > 4 : args.length == count;
    }

    // ---- setup, pause, days

    function _seal() private returns (OrderSkip) {
        if (_state.isSealed) return OrderSkip.NotAllowed;
        _state.isSealed = true;
        return OrderSkip.None;
    }

    function _orderPause(bool isPaused) private returns (OrderSkip) {
        _state.isPaused = isPaused;
        return OrderSkip.None;
    }

    function _orderOpenUntil(uint256[] memory args, Session memory session) private returns (OrderSkip) {
        uint256 day = args[0];
        if (day > session.day + OPEN_DAYS_MAX) return OrderSkip.BadArguments;
        _state.openUntil = day.to16();
        return OrderSkip.None;
    }

    function _orderFreeze(uint256[] memory args, bool isFrozen) private returns (OrderSkip) {
        if (args[0] == 0) return OrderSkip.BadArguments;
        Account storage account = _accounts[args[0].toAddress()];
        if (isFrozen) account.slot |= AccountSlot.FROZEN;
        else account.slot &= ~AccountSlot.FROZEN;
        return OrderSkip.None;
    }

    function _orderFund(uint256[] memory args) private returns (OrderSkip) {
        if (args[0] == 0 || args[1] > 1) return OrderSkip.BadArguments;
        _isFundActive[args[0]] = args[1] == 1;
        return OrderSkip.None;
    }

    // ---- desks and keys

    /// @dev Register desk: desk, kind, custody, threshold, signers… Rotate keys: desk, from seq, custody, threshold,
    /// signers… Office keys: from seq, threshold, guardian, signers…, of desk 0, whose next seq is past this batch.
    function _orderKeys(uint256 code, uint256[] memory args) private returns (OrderSkip) {
        bool isOffice = code == OFFICE_KEYS;
        uint256 number = isOffice ? 0 : args[0];
        uint256 from = isOffice ? args[0] : args[1];
        uint256 custody = isOffice ? 0 : args[2];
        uint256 threshold = isOffice ? args[1] : args[3];
        uint256 first = isOffice ? 3 : 4;
        address guardian = isOffice ? args[2].toAddress() : address(0);
        if (custody > 1 || !_areSigners(args, first, threshold, guardian)) return OrderSkip.BadArguments;
        if (isOffice) {
            if (threshold < OFFICE_THRESHOLD_MIN || guardian == address(0)) return OrderSkip.BadArguments;
        } else if (number == 0) {
            return OrderSkip.BadArguments;
        }
        Desk storage desk = _desks[number];
        if (code == REGISTER_DESK) {
            if (from < CENTRE || from > TREASURY) return OrderSkip.BadArguments;
            if (desk.next != 0) return OrderSkip.Exists;
            desk.kind = from.to8();
            desk.next = 1;
            from = 1;
        }
        if (desk.next == 0) return OrderSkip.Unknown;
        if (from < desk.next) return OrderSkip.Notice;
        _setComing(desk, from, _newKeySet(args, first, guardian), threshold, custody);
        return OrderSkip.None;
    }

    /// @dev Keys verify only the next batch, so there is never more to keep than the set in force and the one to come.
    function _setComing(Desk storage desk, uint256 from, uint32 keySet, uint256 threshold, uint256 custody) private {
        if (desk.comingKeySet != 0 && desk.comingFrom <= desk.next) {
            desk.keySet = desk.comingKeySet;
            desk.threshold = desk.comingThreshold;
            desk.custody = desk.comingCustody;
        }
        desk.comingKeySet = keySet;
        desk.comingFrom = from.to32();
        desk.comingThreshold = threshold.to8();
        desk.comingCustody = custody.to8();
    }

    function _revokeKeys(uint256[] memory args) private returns (OrderSkip) {
        if (args[0] == 0) return OrderSkip.BadArguments;
        Desk storage desk = _desks[args[0]];
        if (desk.next == 0) return OrderSkip.Unknown;
        desk.keySet = 0;
        desk.threshold = 0;
        desk.comingKeySet = 0;
        return OrderSkip.None;
    }

    /// @dev 1 ≤ threshold ≤ signers ≤ 16; every signer an address, not zero, not the guardian, no one twice.
    function _areSigners(uint256[] memory args, uint256 first, uint256 threshold, address guardian)
        internal
        pure
        returns (bool)
    {
        uint256 count = args.length - first;
        if (threshold == 0 || threshold > count || count > SIGNATURES_MAX) return false;
        for (uint256 i = first; i < args.length; ++i) {
            if (args[i] == 0 || args[i] > type(uint160).max || args[i] == uint160(guardian)) return false;
            for (uint256 k = first; k < i; ++k) {
                if (args[k] == args[i]) return false;
            }
        }
        return true;
    }

    function _newKeySet(uint256[] memory args, uint256 first, address guardian) internal returns (uint32 keySet) {
        keySet = ++_state.keySets;
        for (uint256 i = first; i < args.length; ++i) {
            _roles[keySet][args[i].toAddress()] = Role.Signer;
        }
        if (guardian != address(0)) _roles[keySet][guardian] = Role.Guardian;
    }

    // ---- rates, coin value, limits: all with notice

    /// @dev args: id, programme, first day, last day, coins, perUnits, unitsMax, expiryMonths
    function _orderRate(uint256[] memory args, Session memory session) private returns (OrderSkip) {
        if (args[0] == 0 || args[2] > args[3] || args[5] == 0 || args[6] == 0) return OrderSkip.BadArguments;
        Rate memory given = Rate({
            firstDay: args[2].to16(),
            lastDay: args[3].to16(),
            coins: args[4].to32(),
            perUnits: args[5].to24(),
            unitsMax: args[6].to24(),
            expiryMonths: args[7].to16(),
            changeFrom: 0,
            programme: bytes32(args[1])
        });
        Rate memory known = _rates[args[0]];
        // A new rate changes something from its first day, a shortened one from the day after its last.
        uint256 from = given.firstDay;
        if (known.perUnits != 0) {
            if (_state.isSealed && known.changeFrom > session.today) return OrderSkip.Exists;
            if (!_isSameButForLastDay(given, known)) return OrderSkip.Exists;
            if (given.lastDay >= known.lastDay) return OrderSkip.Lengthened;
            from = uint256(given.lastDay) + 1;
        }
        if (_isTooSoon(from, NOTICE_DAYS, session)) return OrderSkip.Notice;
        given.changeFrom = from.to16();
        _rates[args[0]] = given;
        session.pending = Pending(RATE.to8(), 0, args[0].to16(), from.to16(), known.lastDay);
        return OrderSkip.None;
    }

    function _isSameButForLastDay(Rate memory a, Rate memory b) private pure returns (bool) {
        return a.firstDay == b.firstDay && a.coins == b.coins && a.perUnits == b.perUnits && a.unitsMax == b.unitsMax
            && a.expiryMonths == b.expiryMonths && a.programme == b.programme;
    }

    /// @dev args: first day, KRW a coin
    function _orderCoinValue(uint256[] memory args, Session memory session) private returns (OrderSkip) {
        if (args[1] == 0) return OrderSkip.BadArguments;
        uint256 versions = _coinValues.length;
        if (versions > 0) {
            uint256 last = _coinValues[versions - 1].firstDay;
            if (_state.isSealed && last > session.today) return OrderSkip.Exists;
            if (args[0] <= last) return OrderSkip.Notice;
        }
        if (_isTooSoon(args[0], COIN_VALUE_NOTICE_DAYS, session)) return OrderSkip.Notice;
        _coinValues.push(CoinValue({firstDay: args[0].to16(), krw: args[1].to32()}));
        session.pending = Pending(COIN_VALUE.to8(), 0, 0, args[0].to16(), 0);
        return OrderSkip.None;
    }

    /// @dev args: (desk, month | year), coins, first day
    function _orderLimit(uint256 code, uint256[] memory args, Session memory session) private returns (OrderSkip) {
        uint256 last = args.length - 1;
        uint256 desk = code == DESK_LIMIT ? args[0] : 0;
        uint256 key = args[last - 2];
        uint256 coins = args[last - 1];
        uint256 from = args[last];
        if (code == DESK_LIMIT && (desk == 0 || _desks[desk].next == 0)) return OrderSkip.Unknown;

        Limit storage stored = _limit(code, desk, key);
        Limit memory limit = stored;
        if (limit.isSet) {
            if (_state.isSealed && limit.nextFrom > session.today) return OrderSkip.Exists;
            if (from <= limit.nextFrom) return OrderSkip.Notice;
        }
        if (_isTooSoon(from, NOTICE_DAYS, session)) return OrderSkip.Notice;
        if (coins < limit.used) return OrderSkip.BelowUsed;
        if (limit.isSet) stored.current = limit.next;
        stored.next = coins.to64();
        stored.nextFrom = from.to16();
        stored.isSet = true;
        session.pending = Pending(code.to8(), desk.to16(), key.to16(), from.to16(), 0);
        return OrderSkip.None;
    }

    function _limit(uint256 code, uint256 desk, uint256 key) private view returns (Limit storage) {
        if (code == DESK_LIMIT) return _deskLimits[desk][key];
        return code == BUDGET ? _budgets[key] : _personCaps[key];
    }

    function _isTooSoon(uint256 from, uint256 notice, Session memory session) private view returns (bool) {
        return _state.isSealed && from < session.today + notice;
    }

    /// @dev args: seq, index. Until its first day has been posted, a change with notice is taken back whole. It is the
    /// only one ahead of its kind (a second is skipped Exists), so nothing has been built on it.
    function _veto(uint256[] memory args, Session memory session) private returns (OrderSkip) {
        uint256 order = _entryKey(0, args[0], args[1]);
        Pending memory pending = _pending[order];
        if (pending.code == 0) return OrderSkip.Unknown;
        if (pending.from <= session.today) return OrderSkip.Notice;
        if (pending.code == RATE) {
            Rate storage rate = _rates[pending.key];
            rate.lastDay = pending.lastDayBefore;
            rate.changeFrom = 0;
            if (pending.lastDayBefore == 0) delete _rates[pending.key];
        } else if (pending.code == COIN_VALUE) {
            _coinValues.pop();
        } else {
            Limit storage limit = _limit(pending.code, pending.desk, pending.key);
            limit.next = limit.current;
            limit.nextFrom = 0;
        }
        delete _pending[order];
        return OrderSkip.None;
    }
}
