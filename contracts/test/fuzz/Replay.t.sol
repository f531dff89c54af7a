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

    address private constant STRANGER = address(0x57A46E4);

    /// @dev The sealer's notes: what touched an account last, by desk.
    mapping(address account => mapping(uint16 desk => uint32 seq)) private touched;
    mapping(address account => address) private heir;
    uint256 private skippedSeen;

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
            history[i] = _seals(_next(chance, history, i));
        }
    }

    function _moreOrders() private pure returns (IVolunteerCoin.Order[] memory orders) {
        orders = new IVolunteerCoin.Order[](3);
        orders[0] = _registers(LATE_CENTRE, 1, TREASURY_KEY);
        orders[1] = _order(8, _args(LATE_CENTRE, MONTH + 1, AMOUNT, 0));
        orders[2] = _order(11, _args(4, 1));
    }

    function _next(uint256 chance, IVolunteerCoin.Batch[] memory history, uint256 length)
        private
        view
        returns (IVolunteerCoin.Batch memory)
    {
        uint256 kind = chance % 16;
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
            address debtor = who;
            for (uint256 i = 0; i < PEOPLE; ++i) {
                if (_slotOf(_person(i)).debt() != 0 && coin.balanceOf(_person(i)) > 1) debtor = _person(i);
            }
            return _batch(TREASURY, _both(_entry(7, debtor, 0, 1, DAY, 1), _entry(5, who, 0, some > 1 ? 1 : 0, DAY, 1)));
        }
        if (kind == 12) return _batch(TREASURY, _only(_entry(8, who, chance >> 16 & 4, held, DAY, 1)));
        if (kind == 13) {
            address to = _person((chance >> 8) + 1);
            return _batch(TREASURY, _both(_entry(9, who, 0, held, DAY, 1), _entry(9, to, 1, held, DAY, 1)));
        }
        if (kind == 14 && coin.nextSeq(VENUE) > 1) return _closes();
        return _officeBatch(_orders(_order(chance >> 20 & 1 == 0 ? 13 : 14, _args(uint160(who)))));
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
        Outcome memory outcome = _post(_signed(batch));
        require(outcome.isPosted, "refused");
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

    function _postsAs(address sender, IVolunteerCoin.Batch[] memory batches) private {
        vm.prank(sender, sender);
        coin.post(batches);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_replay_GivesTheSameInAnyOrderThatTheNeedsAllow(uint256 seed) external {
        uint256 empty = vm.snapshotState();
        IVolunteerCoin.Batch[] memory history = _history(seed);
        bytes32 seen = _seen();

        vm.revertToState(empty);
        _eq(coin.nextSeq(CENTRE), 0);
        _postsAs(POSTER, history);
        _eq(_seen(), seen);

        // A stranger posts handfuls, too early, again and in any order, until all have landed.
        vm.revertToState(empty);
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
    }

    /// @dev A call to itself, because memory is given back only at a call's end.
    function kindsOf(uint256 seed) external returns (uint256 kinds, uint256 skips) {
        IVolunteerCoin.Batch[] memory history = _history(seed);
        for (uint256 i = 0; i < BATCHES; ++i) {
            uint256 skipped = coin.skipsOf(history[i].desk, history[i].seq)[0];
            for (uint256 k = 0; k < history[i].entries.length; ++k) {
                if (skipped >> k & 1 == 0) kinds |= 1 << uint8(uint256(history[i].entries[k]) >> 88);
            }
        }
        skips = skippedSeen;
    }

    /// @dev The histories are worth replaying: every kind is applied in some of them, a set-off (of a debt that has coins
    /// again) too rarely to ask for it, and something is skipped.
    function test_replay_HistoriesHaveEveryKindButSetOffs() external {
        uint256 empty = vm.snapshotState();
        uint256 kinds = 0;
        uint256 skips = 0;
        for (uint256 seed = 0; seed < 14; ++seed) {
            (uint256 seen, uint256 skipped) = this.kindsOf(seed);
            (kinds, skips) = (kinds | seen, skips + skipped);
            vm.revertToState(empty);
        }
        _eq(kinds | 1 << 7, 0xffe);
        require(skips > 0, "no skip");
    }
}
