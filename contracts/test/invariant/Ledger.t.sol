// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {AccountSlot} from "../../libraries/AccountSlot.sol";
import {Accounts} from "../../libraries/Accounts.sol";
import {Coin} from "../base/Coin.sol";
import {Fixture} from "../base/Fixture.sol";
import {Proofs} from "../base/Proofs.sol";
import {vm} from "../base/Vm.sol";

// forge-lint: disable-next-item(unsafe-typecast)
/// @notice Seals and posts random entries of every kind, and keeps what they should come to: from the entries that the
/// events call applied, never from the contract's own sums.
contract Handler is Fixture {
    using AccountSlot for uint256;

    struct Landed {
        uint16 desk;
        uint32 seq;
        bytes32 entry;
        bytes batch;
    }

    uint256 private constant PEOPLE = 6;
    uint256 public constant BUDGET = 4_000;
    uint256 public constant VENUE_LIMIT = 2_500;
    uint256 public constant TREASURY_LIMIT = 6_000;
    uint256 public constant PERSON_CAP = 400;

    mapping(uint256 kind => uint256 coins) public moved;
    mapping(uint256 kind => uint256 times) public reached;
    mapping(IVolunteerCoin.Skip reason => uint256 times) public skipped;
    mapping(uint256 entry => uint256 coins) public undone;
    mapping(address account => uint256 coins) public held;
    mapping(uint16 desk => uint32 batches) public landedOf;
    mapping(uint256 place => uint256 generation) private generations;

    uint256 public closureBurnt;
    int256 public venueKrw;
    int256 public fundKrw;
    uint256 public replays;

    address[] private people;
    Landed[] private landed;

    /// @dev All that the venue took and was owed since the beginning, by its batches, and what closes settled of it.
    int256[] private coveredKrw;
    uint256[] private coveredCoins;
    int256 private krwSettled;
    uint256 private coinsClosed;

    /// @dev Once: the fuzzer calls whatever is here.
    function setUp() public override {
        if (address(coin) != address(0)) return;
        super.setUp();
        _office(_orders(_order(11, _args(4, 1))));
        _office(_orders(_order(8, _args(VENUE, MONTH, VENUE_LIMIT, 1))));
        _office(_orders(_order(8, _args(TREASURY, MONTH, TREASURY_LIMIT, 1))));
        _office(_orders(_order(9, _args(YEAR, BUDGET, 1))));
        _office(_orders(_order(10, _args(YEAR, PERSON_CAP, 1))));
        landedOf[0] = 6;
        coveredKrw.push(0);
        coveredCoins.push(0);
        for (uint256 i = 0; i < PEOPLE; ++i) {
            people.push(_person(i));
        }
    }

    function ledger() external view returns (Coin) {
        return coin;
    }

    /// @notice Everyone who ever had an account.
    function everyone() external view returns (address[] memory) {
        return people;
    }

    /// @dev Who ended his account comes back with another.
    function _person(uint256 i) private view returns (address) {
        return address(uint160(0xbeef00 + i % PEOPLE + 256 * generations[i % PEOPLE]));
    }

    function _ends(uint256 who) private {
        ++generations[who % PEOPLE];
        people.push(_person(who));
    }

    // ---- what the fuzzer calls

    function credit(uint256 who, uint256 minutesDone) external {
        _do(CENTRE, _entry(1, _person(who), 1, minutesDone % 490, DAY, 1), "");
    }

    function redeem(uint256 who, uint256 coins) external {
        _do(VENUE, _entry(2, _person(who), 0, coins % 60, DAY, 1), "");
    }

    function spend(uint256 who, uint256 kind, uint256 coins) external {
        kind = kind % 3 == 0 ? 4 : kind % 3 == 1 ? 5 : 7;
        if (kind == 7) coins = coins % (_slotOf(_person(who)).debt() + 2);
        _do(TREASURY, _entry(uint8(kind), _person(who), kind == 4 ? 4 : 0, coins % 40, DAY, 1), "");
    }

    function open(uint256 who, uint256 coins) external {
        _do(TREASURY, _entry(11, _person(who), 60, coins % 100, DAY, 1), "");
    }

    function undo(uint256 which, uint256 coins) external {
        if (landed.length == 0) return;
        IVolunteerCoin.Batch memory original = _landed(which);
        address holder = _accountOf(original.entries[0]);
        bytes memory annex = Proofs.annex(Proofs.proof(original, 0));
        if (original.desk == VENUE) _do(VENUE, _entry(3, holder, 0, coins % 60, DAY, original.seq), annex);
        else _do(TREASURY, _entry(6, holder, 0, coins % 60, original.desk, original.seq), annex);
    }

    /// @dev Now and then a coin too few.
    function close(uint256 who, uint256 chance) external {
        uint256 coins = held[_person(who)];
        if (chance % 8 == 0 && coins != 0) --coins;
        if (_do(TREASURY, _entry(8, _person(who), chance & 4, coins, DAY, 1), "")) _ends(who);
    }

    function merge(uint256 who, uint256 to, uint256 chance) external {
        if (who % PEOPLE == to % PEOPLE) to = who % PEOPLE + 1;
        uint256 coins = held[_person(who)];
        if (chance % 8 == 0) ++coins;
        (address from, address heir) = (_person(who), _person(to));
        IVolunteerCoin.Batch memory batch =
            _batch(TREASURY, _both(_entry(9, from, 0, coins, DAY, 1), _entry(9, heir, 1, coins, DAY, 1)));
        if (!_posts(batch, 9, coins)) return;
        held[heir] += held[from];
        held[from] = 0;
        _ends(who);
    }

    function closeMonth(uint256 chance) external {
        if (chance % 3 == 0) {
            address fund = Accounts.ofFund(4);
            uint256 all = held[fund];
            if (!_do(TREASURY, _entry(10, fund, MONTH, all, DAY, 0), "")) return;
            fundKrw = 0;
            return;
        }
        uint256 seq = (chance >> 8) % coveredKrw.length;
        if (seq == 0 || coveredCoins[seq] < coinsClosed) return;
        uint256 coins = coveredCoins[seq] - coinsClosed;
        int256 krw = coveredKrw[seq] - krwSettled;
        address venue = Accounts.ofDesk(VENUE);
        bytes memory annex = Proofs.annex(_statement(VENUE_KEY, VENUE, seq, coins, krw));
        if (!_do(TREASURY, _entry(10, venue, MONTH, coins, DAY, seq), annex)) return;
        coinsClosed += coins;
        krwSettled += krw;
        venueKrw -= krw;
    }

    /// @dev A batch that has landed, again: nothing happens, not even an event.
    function again(uint256 which) external {
        if (landed.length == 0) return;
        IVolunteerCoin.Batch memory batch = _signed(_landed(which));
        Outcome memory outcome = _post(batch);
        require(!outcome.isPosted && outcome.transfers == 0, "applied twice");
        require(outcome.refusal == IVolunteerCoin.Refusal.None, "refused");
        ++replays;
    }

    function _landed(uint256 which) private view returns (IVolunteerCoin.Batch memory) {
        return abi.decode(landed[which % landed.length].batch, (IVolunteerCoin.Batch));
    }

    // ---- posting, and the ghost sums

    function _do(uint16 desk, bytes32 entry, bytes memory annex) private returns (bool isApplied) {
        IVolunteerCoin.Batch memory batch = _batch(desk, _only(entry));
        batch.annex = annex;
        uint256 kind = (uint256(entry) >> 88) & 0xff;
        uint256 units = (uint256(entry) >> 48) & 0xffffff;
        isApplied = _posts(batch, kind, kind == 1 ? units * 5 / 60 : units);
        if (isApplied) _counts(batch, kind, kind == 1 ? units * 5 / 60 : units);
        if (desk == VENUE) {
            coveredKrw.push(venueKrw + krwSettled);
            coveredCoins.push(held[Accounts.ofDesk(VENUE)] + coinsClosed);
        }
    }

    function _posts(IVolunteerCoin.Batch memory batch, uint256 kind, uint256 coins) private returns (bool) {
        Outcome memory outcome = _post(_signed(batch));
        require(outcome.isPosted, "a signed next batch always posts");
        ++landedOf[batch.desk];
        if (outcome.skips[0] != IVolunteerCoin.Skip.None) {
            ++skipped[outcome.skips[0]];
            return false;
        }
        require(outcome.coins == coins, "another sum than the entry's");
        ++reached[kind];
        moved[kind] += coins;
        return true;
    }

    function _counts(IVolunteerCoin.Batch memory batch, uint256 kind, uint256 coins) private {
        bytes32 entry = batch.entries[0];
        address account = _accountOf(entry);
        (address venue, address fund) = (Accounts.ofDesk(VENUE), Accounts.ofFund(4));
        if ((kind != 3 && kind != 6 && kind < 8) || kind == 11) {
            landed.push(Landed(batch.desk, batch.seq, entry, abi.encode(batch)));
        }
        if (kind == 1 || kind == 3 || kind == 11) {
            held[account] += coins;
        } else if (kind != 6) {
            held[account] -= coins;
        }
        if (kind == 2) (held[venue], venueKrw) = (held[venue] + coins, venueKrw + int256(coins) * 100);
        if (kind == 3) {
            held[venue] -= coins < held[venue] ? coins : held[venue];
            venueKrw -= int256(coins) * 100;
            undone[uint256(VENUE) << 32 | uint256(entry) & 0xffffffff] += coins;
        }
        if (kind == 4 || (kind == 8 && uint256(entry) >> 72 & 0xffff != 0)) {
            (held[fund], fundKrw) = (held[fund] + coins, fundKrw + int256(coins) * 100);
        } else if (kind == 8) {
            closureBurnt += coins;
        }
        if (kind == 6) _countCorrection(entry, account, coins);
    }

    function _countCorrection(bytes32 entry, address account, uint256 coins) private {
        uint256 desk = (uint256(entry) >> 32) & 0xffff;
        uint256 key = desk << 32 | uint256(entry) & 0xffffffff;
        undone[key] += coins;
        bool isExpiry = false;
        for (uint256 i = 0; i < landed.length; ++i) {
            if (uint256(landed[i].desk) << 32 | landed[i].seq != key) continue;
            isExpiry = uint8(uint256(landed[i].entry) >> 88) == 5;
        }
        if (isExpiry) held[account] += coins;
        else held[account] -= coins < held[account] ? coins : held[account];
    }

    function isUndoneBeyond() external view returns (bool) {
        for (uint256 i = 0; i < landed.length; ++i) {
            uint256 word = uint256(landed[i].entry);
            uint256 units = (word >> 48) & 0xffffff;
            uint256 most = (word >> 88) & 0xff == 1 ? units * 5 / 60 : units;
            if (undone[uint256(landed[i].desk) << 32 | landed[i].seq] > most) return true;
        }
        return false;
    }
}

// forge-lint: disable-next-item(unsafe-typecast)
contract LedgerInvariants {
    using AccountSlot for uint256;

    uint256 private constant CALLS = 1_500;

    Handler private handler;
    Coin private coin;

    function setUp() external {
        handler = new Handler();
        handler.setUp();
        coin = handler.ledger();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_EveryBalanceIsWhatSignedEntriesGaveAndTook() external view {
        address[] memory people = handler.everyone();
        uint256 sum = 0;
        for (uint256 i = 0; i < people.length; ++i) {
            require(coin.balanceOf(people[i]) == handler.held(people[i]), "a person's balance");
            sum += coin.balanceOf(people[i]);
        }
        address venue = Accounts.ofDesk(2);
        address fund = Accounts.ofFund(4);
        require(coin.balanceOf(venue) == handler.held(venue), "the venue's balance");
        require(coin.balanceOf(fund) == handler.held(fund), "the fund's balance");
        require(coin.totalSupply() == sum + coin.balanceOf(venue) + coin.balanceOf(fund), "supply");
    }

    function invariant_SupplyIsTheSumOfTheTotals() external view {
        (uint64 credited, uint64 opened, uint64 reissued, uint64 restored, uint64 burnt) = coin.totals();
        require(coin.totalSupply() + burnt == uint256(credited) + opened + reissued + restored, "totals");
        require(credited == handler.moved(1) && opened == handler.moved(11), "no coin without an entry");
    }

    /// @dev Corrections burn, restore or make debt; set-offs lower debt as they burn, so they stand on neither side.
    function invariant_DebtIsWhatCorrectionsFoundSpent() external view {
        (,,, uint64 restored, uint64 burnt) = coin.totals();
        address[] memory people = handler.everyone();
        uint256[] memory slots = coin.slotsOf(people);
        uint256 debts = 0;
        for (uint256 i = 0; i < people.length; ++i) {
            debts += slots[i].debt();
        }
        uint256 gone = handler.moved(6) + handler.moved(5) + handler.closureBurnt() + handler.moved(10);
        require(gone == uint256(burnt) + debts + restored, "what burnt, is owed or came back");
    }

    function invariant_KrwDueIsTheSumOfItsEntries() external view {
        require(coin.krwDueOf(Accounts.ofDesk(2)) == handler.venueKrw(), "venue");
        require(coin.krwDueOf(Accounts.ofFund(4)) == handler.fundKrw(), "fund");
    }

    function invariant_NothingIsUndoneBeyondItsOriginalNorLimitsPassed() external view {
        require(!handler.isUndoneBeyond(), "undone");
        require(handler.moved(1) <= handler.BUDGET(), "budget");
        require(handler.moved(2) <= handler.VENUE_LIMIT(), "the venue's limit");
        uint256 treasury = handler.moved(11) + handler.moved(4) + handler.moved(5) + handler.moved(6);
        treasury += handler.moved(7) + handler.moved(8) + handler.moved(9);
        require(treasury <= handler.TREASURY_LIMIT(), "the treasury's limit");
    }

    function invariant_SequencesAndPostsHaveNoGaps() external view {
        uint256 posts = 0;
        for (uint16 desk = 0; desk < 4; ++desk) {
            uint32 landed = handler.landedOf(desk);
            require(coin.nextSeq(desk) == landed + 1, "sequence");
            require(coin.headOf(desk, landed + 1) == 0, "a head ahead");
            require(landed == 0 || coin.headOf(desk, landed) != 0, "a head that is missing");
            posts += landed;
        }
        (uint64 counted,,,,) = coin.status();
        require(counted == posts, "posts");
    }

    /// @dev Invariants over a handler that does nothing hold as well: every kind it knows does happen, and limits bind.
    function test_handler_ReachesEveryKind() external {
        for (uint256 i = 0; i < CALLS; ++i) {
            uint256 chance = uint256(keccak256(abi.encode(i)));
            (uint256 who, uint256 amount) = (chance >> 16, chance >> 32);
            uint256 what = chance % 32;
            if (what < 8) handler.credit(who, amount);
            else if (what < 14) handler.redeem(who, amount);
            else if (what < 18) handler.spend(who, chance >> 200, amount);
            else if (what < 20) handler.open(who, amount);
            else if (what < 27) handler.undo(who, amount);
            else if (what == 27) handler.close(who, amount);
            else if (what == 28) handler.merge(who, chance >> 64, amount);
            else if (what == 29) handler.closeMonth(amount);
            else handler.again(who);
        }
        for (uint256 kind = 1; kind <= 11; ++kind) {
            require(handler.reached(kind) > 0, string.concat("never happens: ", vm.toString(kind)));
        }
        require(handler.replays() > 0, "a replay");
        require(handler.skipped(IVolunteerCoin.Skip.Balance) > 0, "a skip: Balance");
        require(handler.skipped(IVolunteerCoin.Skip.Allotment) > 0, "a skip: Allotment");
        require(handler.skipped(IVolunteerCoin.Skip.Budget) > 0, "a skip: Budget");
        require(handler.skipped(IVolunteerCoin.Skip.PersonCap) > 0, "a skip: PersonCap");
        require(handler.skipped(IVolunteerCoin.Skip.BadOriginal) > 0, "a skip: BadOriginal");
    }
}
