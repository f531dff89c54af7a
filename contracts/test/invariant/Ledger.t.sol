// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VolunteerCoin} from "../../VolunteerCoin.sol";
import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {AccountSlot} from "../../libraries/AccountSlot.sol";
import {Accounts} from "../../libraries/Accounts.sol";
import {Fixture} from "../base/Fixture.sol";
import {Proofs} from "../base/Proofs.sol";

// forge-lint: disable-next-item(unsafe-typecast)
/// @notice Seals and posts random entries of every kind, and keeps what they should come to from the events alone.
contract Handler is Fixture {
    uint256 private constant PEOPLE = 6;

    mapping(uint256 kind => uint256 coins) public moved;
    mapping(uint256 kind => uint256 times) public reached;
    mapping(uint256 entry => uint256 coins) public undone;
    uint256 public skipped;

    IVolunteerCoin.Batch[] private landed;

    /// @dev Once: the fuzzer calls whatever is here.
    function setUp() public override {
        if (address(coin) != address(0)) return;
        super.setUp();
        _office(_orders(_order(11, _args(4, 1))));
        _office(_orders(_order(8, _args(CENTRE, MONTH, 20_000, 1))));
        _office(_orders(_order(9, _args(YEAR, 15_000, 1))));
    }

    function ledger() external view returns (VolunteerCoin) {
        return coin;
    }

    function person(uint256 i) public pure returns (address) {
        return address(uint160(0xbeef00 + i % PEOPLE));
    }

    function credit(uint256 who, uint256 minutesDone) external {
        _do(CENTRE, _entry(1, person(who), 1, minutesDone % 490, DAY, 1), "");
    }

    function redeem(uint256 who, uint256 coins) external {
        _do(VENUE, _entry(2, person(who), 0, coins % 60, DAY, 1), "");
    }

    function spend(uint256 who, uint256 kind, uint256 coins) external {
        kind = kind % 3 == 0 ? 4 : kind % 3 == 1 ? 5 : 7;
        _do(TREASURY, _entry(uint8(kind), person(who), kind == 4 ? 4 : 0, coins % 40, DAY, 1), "");
    }

    function open(uint256 who, uint256 coins) external {
        _do(TREASURY, _entry(11, person(who), 60, coins % 100, DAY, 1), "");
    }

    function undo(uint256 which, uint256 coins) external {
        if (landed.length == 0) return;
        IVolunteerCoin.Batch memory original = landed[which % landed.length];
        address holder = address(uint160(uint256(original.entries[0]) >> 96));
        bytes memory annex = Proofs.annex(Proofs.proof(original, 0));
        if (original.desk == VENUE) _do(VENUE, _entry(3, holder, 0, coins % 60, DAY, original.seq), annex);
        else _do(TREASURY, _entry(6, holder, 0, coins % 60, original.desk, original.seq), annex);
    }

    function _do(uint16 desk, bytes32 entry, bytes memory annex) private {
        IVolunteerCoin.Batch memory batch = _batch(desk, _only(entry));
        batch.annex = annex;
        Outcome memory outcome = _post(_signed(batch));
        require(outcome.isPosted, "a signed next batch always posts");
        if (outcome.skips[0] != IVolunteerCoin.Skip.None) {
            ++skipped;
            return;
        }
        uint256 kind = (uint256(entry) >> 88) & 0xff;
        ++reached[kind];
        moved[kind] += outcome.coins;
        if (kind == 3 || kind == 6) {
            uint256 of_ = kind == 3 ? VENUE : (uint256(entry) >> 32) & 0xffff;
            undone[of_ << 32 | uint256(entry) & 0xffffffff] += outcome.coins;
        } else {
            landed.push(batch);
        }
    }

    function worstUndone() external view returns (bool) {
        for (uint256 i = 0; i < landed.length; ++i) {
            uint256 word = uint256(landed[i].entries[0]);
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

    Handler private handler;
    VolunteerCoin private coin;

    function setUp() external {
        handler = new Handler();
        handler.setUp();
        coin = handler.ledger();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function _held() private view returns (uint256 coins, uint256 debts) {
        address[] memory accounts = new address[](8);
        for (uint256 i = 0; i < 6; ++i) {
            accounts[i] = handler.person(i);
        }
        (accounts[6], accounts[7]) = (Accounts.ofDesk(2), Accounts.ofFund(4));
        uint256[] memory slots = coin.slotsOf(accounts);
        for (uint256 i = 0; i < 8; ++i) {
            coins += slots[i].coins();
            debts += slots[i].debt();
        }
    }

    function invariant_SupplyIsTheSumOfTheBalancesAndOfTheTotals() external view {
        (uint64 credited, uint64 opened, uint64 reissued, uint64 restored, uint64 burnt) = coin.totals();
        (uint256 held,) = _held();
        require(coin.totalSupply() == held, "balances");
        require(held + burnt == uint256(credited) + opened + reissued + restored, "totals");
        require(credited == handler.moved(1) && opened == handler.moved(11), "no coin without an entry");
    }

    function invariant_DebtIsWhatCorrectionsFoundSpent() external view {
        (,,, uint64 restored, uint64 burnt) = coin.totals();
        (, uint256 debts) = _held();
        // Corrections burn or make debt, or restore; expiries and set-offs burn; set-offs lower debt.
        require(
            handler.moved(6) + handler.moved(5) == uint256(burnt) + debts + restored, "corrections, expiries, debts"
        );
    }

    function invariant_KrwDueIsTheSumOfItsEntries() external view {
        int256 venue = int256(handler.moved(2) * 100) - int256(handler.moved(3) * 100);
        require(coin.krwDueOf(Accounts.ofDesk(2)) == venue, "venue");
        require(coin.krwDueOf(Accounts.ofFund(4)) == int256(handler.moved(4) * 100), "fund");
    }

    function invariant_NothingIsUndoneBeyondItsOriginalNorLimitsPassed() external view {
        require(!handler.worstUndone(), "undone");
        require(handler.moved(1) <= 15_000, "budget");
    }

    /// @dev An invariant over a handler that does nothing holds as well: every kind it knows does happen.
    function test_handler_ReachesEveryKind() external {
        for (uint256 i = 0; i < 400; ++i) {
            uint256 chance = uint256(keccak256(abi.encode(i)));
            uint256 who = chance >> 16;
            uint256 amount = chance >> 32;
            if (chance % 5 == 0) handler.credit(who, amount);
            else if (chance % 5 == 1) handler.redeem(who, amount);
            else if (chance % 5 == 2) handler.spend(who, chance >> 200, amount);
            else if (chance % 5 == 3) handler.open(who, amount);
            else handler.undo(who, amount);
        }
        for (uint256 kind = 1; kind <= 7; ++kind) {
            require(handler.reached(kind) > 0, "a kind that never happens");
        }
        require(handler.reached(11) > 0 && handler.skipped() > 0, "openings and skips");
    }
}
