// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {AccountSlot} from "../../libraries/AccountSlot.sol";
import {Accounts} from "../../libraries/Accounts.sol";
import {Fixture} from "../base/Fixture.sol";
import {Proofs} from "../base/Proofs.sol";
import {vm} from "../base/Vm.sol";

// forge-lint: disable-next-item(unsafe-typecast, incorrect-shift)
/// @notice The same orders and batches on an empty chain, in the same order or in any that their needs allow, give the
/// same heads, skips and storage.
/// @dev A history lives in memory, which a return to an earlier state does not touch.
contract ReplayFuzzTest is Fixture {
    using AccountSlot for uint256;

    uint16 private constant LATE_CENTRE = 7;
    uint256 private constant BATCHES = 28;
    uint256 private constant PEOPLE = 4;
    uint256 private constant ROUNDS_MAX = 5_000;
    uint256 private constant SEALS_AT = 9;
    uint256 private constant SEEDS = 16;
    uint256 private constant SLOTS_MAX = 4_096;
    uint256 private constant ROTATED_KEY = 0xc7;

    address private constant STRANGER = address(0x57A46E4);

    /// @dev The sealer's notes: what touched an account last, by desk.
    mapping(address account => mapping(uint16 desk => uint32 seq)) private touched;
    mapping(address account => address) private heir;
    uint256 private skippedSeen;
    uint256 private ordersSeen;
    /// @dev The late centre's new key signs from here on; and the last order that gave notice.
    uint32 private rotatedFrom;
    uint32 private noticeAt;

    function setUp() public override {
        officeKeys = _sorted(_three(0x0f1, 0x0f2, 0x0f3));
        coin = _deploy();
    }

    function _desks() private pure returns (uint16[5] memory) {
        return [uint16(0), CENTRE, VENUE, TREASURY, LATE_CENTRE];
    }

    function _person(uint256 i) private pure returns (address) {
        return address(uint160(0xbeef00 + i % PEOPLE));
    }

    // ---- a history, sealed as a sealer would

    function _history(uint256 seed) private returns (IVolunteerCoin.Batch[] memory history) {
        history = new IVolunteerCoin.Batch[](BATCHES);
        history[0] = _seals(_officeBatch(_setupOrders()));
        history[1] = _seals(_officeBatch(_moreOrders()));
        for (uint256 i = 2; i < BATCHES; ++i) {
            uint256 chance = uint256(keccak256(abi.encode(seed, i)));
            bool isIndebting = seed % 4 == 0 && i < 6;
            history[i] = _seals(isIndebting ? _indebts(history, i) : _next(chance, history, i));
        }
    }

    /// @dev Somebody spends a credit that is taken back, and earns again: chance alone has this too rarely.
    function _indebts(IVolunteerCoin.Batch[] memory history, uint256 i)
        private
        view
        returns (IVolunteerCoin.Batch memory batch)
    {
        address who = _person(0);
        if (i == 3) return _batch(VENUE, _only(_redeem(who, 10)));
        if (i != 4) return _batch(CENTRE, _only(_credit(who, 120)));
        batch = _batch(TREASURY, _only(_entry(6, who, 0, 7, CENTRE, 1)));
        batch.annex = Proofs.annex(_proof(history[2]));
    }

    function _moreOrders() private pure returns (IVolunteerCoin.Order[] memory orders) {
        orders = new IVolunteerCoin.Order[](4);
        orders[3] = _order(8, _args(TREASURY, MONTH + 1, AMOUNT, 0));
        orders[0] = _registers(LATE_CENTRE, 1, TREASURY_KEY);
        orders[1] = _order(8, _args(LATE_CENTRE, MONTH + 1, AMOUNT, 0));
        orders[2] = _order(11, _args(4, 1));
    }

    function _next(uint256 chance, IVolunteerCoin.Batch[] memory history, uint256 length)
        private
        view
        returns (IVolunteerCoin.Batch memory)
    {
        IVolunteerCoin.Batch memory due = _due(chance, length);
        if (due.seq != 0) return due;
        uint256 kind = chance % 20;
        address who = _person(chance >> 8);
        uint256 units = (chance >> 16) % 40;
        if (kind < 5) return _credits(chance);
        uint256 held = coin.balanceOf(who);
        uint256 some = held == 0 ? 0 : 1 + units % held;
        if (kind < 8) return _batch(VENUE, _both(_redeem(who, some), _entry(2, who, 1, 1, DAY, 1)));
        if (kind < 10) return _undoes(chance, history, length);
        if (kind == 10) {
            return _batch(TREASURY, _both(_entry(4, who, 4, some, DAY, 1), _entry(11, who, 60, 9, DAY, 1)));
        }
        if (kind == 11) {
            return _batch(TREASURY, _both(_entry(7, who, 0, 1, DAY, 1), _entry(5, who, 0, some > 1 ? 1 : 0, DAY, 1)));
        }
        if (kind == 12) return _batch(TREASURY, _only(_entry(8, who, units & 4, held, DAY, 1)));
        if (kind == 13) {
            address to = _person((chance >> 8) + 1);
            return _batch(TREASURY, _both(_entry(9, who, 0, held, DAY, 1), _entry(9, to, 1, held, DAY, 1)));
        }
        if (kind == 14 && coin.nextSeq(VENUE) > 1) return _closes();
        if (kind < 16) return _officeBatch(_orders(_order(chance >> 20 & 1 == 0 ? 13 : 14, _args(uint160(who)))));
        return _officeBatch(_notices(chance >> 24));
    }

    /// @dev A pause ends at once, setup at its time, and a debt is set off where there are coins; else nothing.
    function _due(uint256 chance, uint256 length) private view returns (IVolunteerCoin.Batch memory due) {
        (,,, bool isSealed, bool isPaused) = coin.status();
        if (isPaused) return _officeBatch(_orders(_order(16, _args())));
        if (length >= SEALS_AT && !isSealed) return _officeBatch(_orders(_order(1, _args())));
        address debtor = _debtor();
        if (debtor == address(0) || chance >> 240 & 1 == 1) return due;
        return _batch(TREASURY, _only(_entry(7, debtor, 0, 1, DAY, 1)));
    }

    /// @dev Who has a debt and coins.
    function _debtor() private view returns (address debtor) {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            if (_slotOf(_person(i)).debt() != 0 && coin.balanceOf(_person(i)) > 1) debtor = _person(i);
        }
    }

    /// @dev Changes ahead and their vetoes, keys and a pause, which the next batch ends.
    function _notices(uint256 chance) private view returns (IVolunteerCoin.Order[] memory orders) {
        (, uint16 latest,,,) = coin.status();
        uint256 from = uint256(latest) + 7 + chance % 3;
        uint256 which = (chance >> 8) % 8;
        if (which == 0) return _orders(_order(15, _args()));
        if (which < 3 && noticeAt != 0) return _orders(_order(17, _args(noticeAt, 0)));
        if (which == 2 && rotatedFrom == 0) return _orders(_rotates(coin.nextSeq(LATE_CENTRE) + 1));
        if (which == 3 && rotatedFrom == 0) {
            orders = new IVolunteerCoin.Order[](2);
            (orders[0], orders[1]) = (_order(4, _args(LATE_CENTRE)), _rotates(coin.nextSeq(LATE_CENTRE)));
            return orders;
        }
        if (which == 4) return _orders(_order(7, _args(from + 23, 200 + chance % 7)));
        if (which == 5) return _orders(_order(9, _args(YEAR, AMOUNT - chance % 100, from)));
        if (which == 6) {
            return _orders(_order(6, _args(1, PROGRAMME, 19_000, from + 100 - chance % 50, 5, 60, 480, 60)));
        }
        return _orders(_order(8, _args(CENTRE, MONTH, AMOUNT + chance % 100, from)));
    }

    function _rotates(uint256 from) private pure returns (IVolunteerCoin.Order memory) {
        return _order(3, _args(LATE_CENTRE, from, 0, 1, uint160(vm.addr(ROTATED_KEY))));
    }

    /// @dev The late centre's day is of the next month.
    function _credits(uint256 chance) private view returns (IVolunteerCoin.Batch memory batch) {
        bytes32[] memory entries = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            entries[i] = _credit(_person(chance >> (8 + 8 * i)), (chance >> (32 + 16 * i)) % 490);
        }
        bool isLate = chance >> 100 & 1 == 1;
        batch = _batch(isLate ? LATE_CENTRE : CENTRE, entries);
        if (isLate) batch.day = DAY + 30;
    }

    function _undoes(uint256 chance, IVolunteerCoin.Batch[] memory history, uint256 length)
        private
        view
        returns (IVolunteerCoin.Batch memory batch)
    {
        if (length == 2) return _credits(chance);
        IVolunteerCoin.Batch memory original = history[2];
        for (uint256 i = 0; i < length - 2; ++i) {
            original = history[2 + (i + (chance >> 16) % BATCHES) % (length - 2)];
            if (original.desk == VENUE || original.desk == CENTRE) break;
        }
        if (original.entries.length == 0 || original.desk == TREASURY) return _credits(chance);
        address holder = _accountOf(original.entries[0]);
        while (heir[holder] != address(0)) {
            holder = heir[holder];
        }
        uint256 units = 1 + (chance >> 64) % 20;
        if (original.desk == VENUE) batch = _batch(VENUE, _only(_entry(3, holder, 0, units, DAY, original.seq)));
        else batch = _batch(TREASURY, _only(_entry(6, holder, 0, units, original.desk, original.seq)));
        batch.annex = Proofs.annex(_proof(original));
    }

    /// @dev Proofs.proof is of a batch without needs.
    function _proof(IVolunteerCoin.Batch memory batch) private pure returns (bytes memory item) {
        item = Proofs.proof(batch, 0);
        bytes memory hashes;
        bytes32 needType = keccak256("Need(uint16 desk,uint32 seq)");
        for (uint256 i = 0; i < batch.needs.length; ++i) {
            hashes = abi.encodePacked(hashes, keccak256(abi.encode(needType, batch.needs[i])));
        }
        bytes32 needsHash = keccak256(hashes);
        for (uint256 i = 0; i < 32; ++i) {
            item[73 + i] = needsHash[i];
        }
    }

    function _closes() private view returns (IVolunteerCoin.Batch memory batch) {
        uint32 last = coin.nextSeq(VENUE) - 1;
        address venue = Accounts.ofDesk(VENUE);
        uint256 coins = coin.balanceOf(venue);
        batch = _batch(TREASURY, _only(_entry(10, venue, MONTH, coins, DAY, last)));
        batch.annex = Proofs.annex(_statement(VENUE_KEY, VENUE, last, coins, coin.krwDueOf(venue)));
    }

    /// @dev An order waits for all that was before it, and all else for the last order. Credits commute with one another
    /// and with what spends; the rest waits for whatever touched its accounts.
    function _seals(IVolunteerCoin.Batch memory batch) private returns (IVolunteerCoin.Batch memory) {
        uint16[5] memory desks = _desks();
        IVolunteerCoin.Need[] memory needs = new IVolunteerCoin.Need[](5);
        uint256 count = 0;
        for (uint256 k = 0; k < 5; ++k) {
            if (desks[k] == batch.desk) continue;
            uint32 seq = 0;
            if (desks[k] == 0 || batch.desk == 0) {
                seq = coin.nextSeq(desks[k]);
                if (seq != 0) --seq;
            } else if ((batch.desk == VENUE || batch.desk == TREASURY) || desks[k] == TREASURY) {
                seq = _lastOf(batch, desks[k]);
            }
            if (seq != 0) needs[count++] = IVolunteerCoin.Need({desk: desks[k], seq: seq});
        }
        batch.needs = new IVolunteerCoin.Need[](count);
        for (uint256 k = 0; k < count; ++k) {
            batch.needs[k] = needs[k];
        }
        if (batch.desk == LATE_CENTRE && rotatedFrom != 0 && batch.seq >= rotatedFrom) {
            _sign(batch, _one(ROTATED_KEY));
        } else {
            _signed(batch);
        }
        Outcome memory outcome = _post(batch);
        require(outcome.isPosted, "refused");
        if (batch.desk == 0) _notes(batch, outcome);
        skippedSeen += outcome.skipped;
        for (uint256 i = 0; i < batch.entries.length; ++i) {
            touched[_accountOf(batch.entries[i])][batch.desk] = batch.seq;
        }
        if (batch.desk == VENUE) touched[Accounts.ofDesk(VENUE)][VENUE] = batch.seq;
        bool isMerge = batch.entries.length == 2 && uint8(uint256(batch.entries[0]) >> 88) == 9;
        if (isMerge && outcome.skips[0] == IVolunteerCoin.Skip.None) {
            heir[_accountOf(batch.entries[0])] = _accountOf(batch.entries[1]);
        }
        return batch;
    }

    function _notes(IVolunteerCoin.Batch memory batch, Outcome memory outcome) private {
        IVolunteerCoin.Order[] memory orders = abi.decode(batch.annex, (IVolunteerCoin.Order[]));
        for (uint256 i = 0; i < orders.length; ++i) {
            if (!outcome.isOrderApplied[i]) continue;
            (,,, bool isSealed,) = coin.status();
            uint8 code = orders[i].code;
            if (code == 3) rotatedFrom = uint32(orders[i].args[1]);
            if (isSealed && code >= 6 && code <= 9) {
                (noticeAt, ordersSeen) = (batch.seq, ordersSeen | 1 << (32 + code));
            }
            ordersSeen |= 1 << code;
        }
    }

    function _lastOf(IVolunteerCoin.Batch memory batch, uint16 desk) private view returns (uint32 seq) {
        if (batch.desk == VENUE) seq = touched[Accounts.ofDesk(VENUE)][desk];
        for (uint256 i = 0; i < batch.entries.length; ++i) {
            uint32 last = touched[_accountOf(batch.entries[i])][desk];
            if (last > seq) seq = last;
        }
    }

    // ---- what is compared

    function _seen() private view returns (bytes32 seen) {
        uint16[5] memory desks = _desks();
        for (uint256 k = 0; k < 5; ++k) {
            (uint32 next, bytes32 head, uint16 day) = coin.tip(desks[k]);
            seen = keccak256(abi.encode(seen, next, head, day));
            for (uint32 seq = 1; seq < next; ++seq) {
                seen = keccak256(abi.encode(seen, coin.headOf(desks[k], seq), coin.skipsOf(desks[k], seq)));
            }
        }
        address[] memory accounts = new address[](PEOPLE + 2);
        for (uint256 i = 0; i < PEOPLE; ++i) {
            accounts[i] = _person(i);
        }
        (accounts[PEOPLE], accounts[PEOPLE + 1]) = (Accounts.ofDesk(VENUE), Accounts.ofFund(4));
        seen = keccak256(
            abi.encode(
                seen, coin.slotsOf(accounts), coin.krwDueOf(accounts[PEOPLE]), coin.krwDueOf(accounts[PEOPLE + 1])
            )
        );
        (uint64 credited, uint64 opened, uint64 reissued, uint64 restored, uint64 burnt) = coin.totals();
        seen = keccak256(abi.encode(seen, coin.totalSupply(), credited, opened, reissued, restored, burnt));
        (uint64 posts, uint16 latest, uint16 until, bool isSealed, bool isPaused) = coin.status();
        seen = keccak256(abi.encode(seen, posts, latest, until, isSealed, isPaused));
    }

    /// @dev Every slot that is not zero, of those written since `vm.record`, with its value; in whichever order.
    function _stored() private returns (bytes32 sum, uint256 count) {
        (, bytes32[] memory written) = vm.accesses(address(coin));
        bytes32[] memory known = new bytes32[](SLOTS_MAX);
        for (uint256 i = 0; i < written.length; ++i) {
            uint256 place = uint256(keccak256(abi.encode(written[i]))) % SLOTS_MAX;
            while (known[place] != 0 && known[place] != written[i]) {
                place = (place + 1) % SLOTS_MAX;
            }
            if (known[place] != 0) continue;
            known[place] = written[i];
            bytes32 value = vm.load(address(coin), written[i]);
            if (value == 0) continue;
            sum ^= keccak256(abi.encode(written[i], value));
            ++count;
        }
    }

    function _postsAs(address sender, IVolunteerCoin.Batch[] memory batches) private {
        vm.prank(sender, sender);
        coin.post(batches);
    }

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_replay_GivesTheSameInAnyOrderThatTheNeedsAllow(uint256 seed) external {
        uint256 empty = vm.snapshotState();
        vm.record();
        IVolunteerCoin.Batch[] memory history = _history(seed);
        bytes32 seen = _seen();
        (bytes32 stored, uint256 slots) = _stored();
        require(slots > BATCHES, "a slot for each head at least");

        vm.revertToState(empty);
        _eq(coin.nextSeq(CENTRE), 0);
        vm.record();
        _postsAs(POSTER, history);
        _eq(_seen(), seen);
        _storesTheSame(stored, slots);

        // A stranger posts handfuls, too early, again and in any order, until all have landed.
        vm.revertToState(empty);
        vm.record();
        uint256 rounds = 0;
        for (uint64 posts = 0; posts < BATCHES; ++rounds) {
            require(rounds < ROUNDS_MAX, "a batch that nothing lets in");
            IVolunteerCoin.Batch[] memory handful = new IVolunteerCoin.Batch[](5);
            for (uint256 i = 0; i < 5; ++i) {
                handful[i] = history[uint256(keccak256(abi.encode(seed, rounds, i))) % BATCHES];
            }
            _postsAs(STRANGER, handful);
            (posts,,,,) = coin.status();
        }
        _eq(_seen(), seen);
        _storesTheSame(stored, slots);
    }

    function _storesTheSame(bytes32 stored, uint256 slots) private {
        (bytes32 again, uint256 count) = _stored();
        _eq(count, slots);
        _eq(again, stored);
    }

    /// @dev A call to itself, because memory is given back only at a call's end.
    function kindsOf(uint256 seed) external returns (uint256 kinds, uint256 skips, uint256 orders) {
        IVolunteerCoin.Batch[] memory history = _history(seed);
        for (uint256 i = 0; i < BATCHES; ++i) {
            uint256 skipped = coin.skipsOf(history[i].desk, history[i].seq)[0];
            for (uint256 k = 0; k < history[i].entries.length; ++k) {
                if (skipped >> k & 1 == 0) kinds |= 1 << uint8(uint256(history[i].entries[k]) >> 88);
            }
        }
        (skips, orders) = (skippedSeen, ordersSeen);
    }

    /// @dev The histories are worth replaying: every kind is applied in some of them, and every order that they have; of
    /// those that give notice, rates, the coin's value, limits and budgets, after seal too. Something is skipped.
    function test_replay_HistoriesHaveEveryKindAndOrder() external {
        uint256 empty = vm.snapshotState();
        uint256 kinds = 0;
        uint256 skips = 0;
        uint256 orders = 0;
        for (uint256 seed = 0; seed < SEEDS; ++seed) {
            (uint256 seen, uint256 skipped, uint256 ordered) = this.kindsOf(seed);
            (kinds, skips, orders) = (kinds | seen, skips + skipped, orders | ordered);
            vm.revertToState(empty);
        }
        _eq(kinds, 0xffe);
        require(skips > 0, "no skip");
        // All but changes of the office's own keys; in the upper half those with notice.
        _eq(orders, 0x3ffde | 0x3c0 << 32);
    }
}
