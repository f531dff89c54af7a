// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {AccountSlot} from "../../libraries/AccountSlot.sol";
import {Accounts} from "../../libraries/Accounts.sol";
import {Fixture} from "../base/Fixture.sol";
import {vm} from "../base/Vm.sol";

/// @notice What a batch's entries do, and why they are skipped, in the order of the checks.
contract EntriesTest is Fixture {
    using AccountSlot for uint256;

    function setUp() public override {
        super.setUp();
        _office(_orders(_order(11, _args(4, 1))));
    }

    function _skipsAlone(uint16 desk, bytes32 entry, IVolunteerCoin.Skip reason)
        private
        returns (Outcome memory outcome)
    {
        outcome = _land(desk, _only(entry));
        _isSkipped(outcome, 0, reason);
        _eq(outcome.coins, 0);
        _eq(outcome.transfers, 0);
        _eq(outcome.skippedHash, keccak256(abi.encodePacked(uint16(0), uint8(reason))));
        _eq(coin.skipsOf(desk, coin.nextSeq(desk) - 1)[0], 1);
    }

    // ---- credit

    function test_credit_IssuesTheFloorOfItsRate() public {
        Outcome memory outcome = _land(CENTRE, _only(_credit(ALICE, 131)));
        _eq(outcome.coins, 10);
        _eq(coin.balanceOf(ALICE), 10);
        _eq(coin.totalSupply(), 10);
        _eq(_slotOf(ALICE).earned(), 10);
        _eq(_slotOf(ALICE).month(), MONTH);
        _eq(outcome.skippedHash, 0);
    }

    function test_credit_SkipsAnotherDesksKindAndNoUnitsFirst() public {
        _skipsAlone(CENTRE, _entry(12, address(0), 1, 120, DAY, 7), IVolunteerCoin.Skip.NotAllowed);
        _skipsAlone(CENTRE, _entry(0, ALICE, 1, 120, DAY, 7), IVolunteerCoin.Skip.NotAllowed);
        _skipsAlone(CENTRE, _redeem(address(0), 1), IVolunteerCoin.Skip.NotAllowed);
        _skipsAlone(VENUE, _credit(address(0), 120), IVolunteerCoin.Skip.NotAllowed);
        _skipsAlone(CENTRE, _credit(address(0), 0), IVolunteerCoin.Skip.NotAllowed);
    }

    /// @dev No rate is loaded before the first entry: kind 0 and ref 0 must not pass for one, nor be divided by nothing.
    function test_post_SkipsAWordOfZerosAndNeverReverts() public {
        bytes32[2] memory zeros = [bytes32(0), _entry(0, ALICE, 0, 0, 0, 0)];
        for (uint256 i = 0; i < 2; ++i) {
            Outcome memory outcome = _land(CENTRE, _both(zeros[i], _credit(BOB, 60)));
            _isSkipped(outcome, 0, IVolunteerCoin.Skip.NotAllowed);
            _eq(outcome.coins, 5);
            _skipsAlone(VENUE, zeros[i], IVolunteerCoin.Skip.NotAllowed);
            _skipsAlone(TREASURY, zeros[i], IVolunteerCoin.Skip.NotAllowed);
        }
        _eq(coin.balanceOf(BOB), 10);
        _eq(coin.totalSupply(), 10);
    }

    /// @dev Each entry would be applied but for one thing, so that no other check stands in for the one that is meant.
    function test_credit_SkipsForOneThingAlone() public {
        _office(_orders(_order(6, _args(3, PROGRAMME, DAY - 2, DAY - 1, 5, 60, 480, 60))));
        _office(_orders(_order(13, _args(uint160(BOB)))));
        _land(TREASURY, _only(_entry(8, CAROL, 0, 0, DAY, 1)));
        _skipsAlone(CENTRE, _credit(Accounts.ofDesk(77), 120), IVolunteerCoin.Skip.BadAccount);
        _skipsAlone(CENTRE, _credit(Accounts.ofFund(77), 120), IVolunteerCoin.Skip.BadAccount);
        _skipsAlone(CENTRE, _credit(address(0), 120), IVolunteerCoin.Skip.BadAccount);
        _skipsAlone(CENTRE, _credit(CAROL, 120), IVolunteerCoin.Skip.BadAccount);
        _skipsAlone(CENTRE, _credit(BOB, 120), IVolunteerCoin.Skip.Frozen);
        _skipsAlone(CENTRE, _entry(1, ALICE, 9, 120, DAY, 7), IVolunteerCoin.Skip.RateNotInForce);
        _skipsAlone(CENTRE, _entry(1, ALICE, 3, 120, DAY - 3, 7), IVolunteerCoin.Skip.RateNotInForce);
        _skipsAlone(CENTRE, _entry(1, ALICE, 3, 120, DAY, 7), IVolunteerCoin.Skip.RateNotInForce);
        _skipsAlone(CENTRE, _entry(1, ALICE, 1, 120, DAY + 1, 7), IVolunteerCoin.Skip.RateNotInForce);
        _skipsAlone(CENTRE, _entry(2, ALICE, 1, 120, DAY, 7), IVolunteerCoin.Skip.NotAllowed);
        _skipsAlone(CENTRE, _credit(ALICE, 481), IVolunteerCoin.Skip.UnitsAboveMax);
        _skipsAlone(CENTRE, _credit(ALICE, 11), IVolunteerCoin.Skip.NotAllowed);
        _skipsAlone(CENTRE, _credit(ALICE, 0), IVolunteerCoin.Skip.NotAllowed);
        _eq(_land(CENTRE, _both(_credit(ALICE, 120), _entry(1, ALICE, 3, 480, DAY - 2, 7))).coins, 50);
    }

    /// @dev The floor by a factor is the floor by a division, just below and at whole coins, with the largest fields.
    function test_credit_IssuesTheFloorAtTheBoundsOfEveryField() public {
        uint256[3] memory perUnits = [uint256(1), 7, (1 << 24) - 1];
        for (uint256 i = 0; i < 3; ++i) {
            uint256 coins = i == 2 ? (1 << 32) - 1 : 1;
            uint256 rate = 10 + i;
            _office(_orders(_order(6, _args(rate, PROGRAMME, 19_000, 65_535, coins, perUnits[i], (1 << 24) - 1, 60))));
            uint256[4] memory units = [uint256(1), perUnits[i] - (i == 0 ? 0 : 1), perUnits[i], 4_001];
            for (uint256 k = 0; k < 4; ++k) {
                uint256 expected = units[k] * coins / perUnits[i];
                if (expected > CAP) continue;
                // forge-lint: disable-next-line(unsafe-typecast)
                address account = address(uint160(0xacc0 + 16 * i + k));
                Outcome memory outcome = _land(CENTRE, _only(_entry(1, account, rate, units[k], DAY, 7)));
                _eq(outcome.coins, expected);
            }
        }
    }

    function test_credit_SkipsAnAccountThatIsNoPersons() public {
        _skipsAlone(CENTRE, _entry(1, address(0), 9, 999, DAY, 7), IVolunteerCoin.Skip.BadAccount);
        _skipsAlone(CENTRE, _entry(1, Accounts.ofDesk(77), 9, 999, DAY, 7), IVolunteerCoin.Skip.BadAccount);
        _skipsAlone(CENTRE, _entry(1, Accounts.ofFund(0), 9, 999, DAY, 7), IVolunteerCoin.Skip.BadAccount);
    }

    function test_credit_SkipsAFrozenAccount() public {
        _office(_orders(_order(13, _args(uint160(ALICE)))));
        _skipsAlone(CENTRE, _entry(1, ALICE, 9, 999, DAY, 7), IVolunteerCoin.Skip.Frozen);
        _office(_orders(_order(14, _args(uint160(ALICE)))));
        _give(ALICE, 10);
    }

    function test_credit_SkipsARateThatIsNotInForce() public {
        _office(_orders(_order(6, _args(3, PROGRAMME, DAY - 2, DAY - 1, 5, 60, 480, 60))));
        _skipsAlone(CENTRE, _entry(1, ALICE, 9, 999, DAY, 7), IVolunteerCoin.Skip.RateNotInForce);
        _skipsAlone(CENTRE, _entry(1, ALICE, 0, 999, 0, 7), IVolunteerCoin.Skip.RateNotInForce);
        _skipsAlone(CENTRE, _entry(1, ALICE, 3, 999, DAY - 3, 7), IVolunteerCoin.Skip.RateNotInForce);
        _skipsAlone(CENTRE, _entry(1, ALICE, 3, 999, DAY, 7), IVolunteerCoin.Skip.RateNotInForce);
        _skipsAlone(CENTRE, _entry(1, ALICE, 1, 999, DAY + 1, 7), IVolunteerCoin.Skip.RateNotInForce);
        _eq(_land(CENTRE, _both(_entry(1, ALICE, 3, 60, DAY - 2, 7), _entry(1, ALICE, 3, 60, DAY - 1, 7))).coins, 10);
    }

    function test_credit_SkipsMoreUnitsThanTheRateAllows() public {
        _office(_orders(_order(8, _args(CENTRE, MONTH, 1, 1))));
        _skipsAlone(CENTRE, _credit(ALICE, 481), IVolunteerCoin.Skip.UnitsAboveMax);
    }

    function test_credit_SkipsNoCoins() public {
        _office(_orders(_order(8, _args(CENTRE, MONTH, 0, 1))));
        _skipsAlone(CENTRE, _credit(ALICE, 11), IVolunteerCoin.Skip.NotAllowed);
        _skipsAlone(CENTRE, _credit(ALICE, 12), IVolunteerCoin.Skip.Allotment);
    }

    function test_credit_SkipsBeyondTheAllotmentThenTheBudgetThenTheCap() public {
        _office(_orders(_order(9, _args(YEAR, 15, 1))));
        _office(_orders(_order(8, _args(CENTRE, MONTH, 25, 1))));
        _office(_orders(_order(10, _args(YEAR, 11, 1))));
        Outcome memory outcome = _land(CENTRE, _both(_credit(ALICE, 120), _credit(ALICE, 360)));
        _isSkipped(outcome, 1, IVolunteerCoin.Skip.Allotment);
        _skipsAlone(CENTRE, _credit(ALICE, 120), IVolunteerCoin.Skip.Budget);
        _skipsAlone(CENTRE, _credit(ALICE, 24), IVolunteerCoin.Skip.PersonCap);
        _eq(_land(CENTRE, _only(_credit(ALICE, 12))).coins, 1);
    }

    function test_credit_CountsTheCapByTheBatchesMonthAndTheOneBefore() public {
        _office(_orders(_order(8, _args(CENTRE, MONTH + 1, AMOUNT, 0))));
        _office(_orders(_order(8, _args(CENTRE, MONTH + 2, AMOUNT, 0))));
        _office(_orders(_order(2, _args(7, 1, 0, 1, uint160(vm.addr(TREASURY_KEY))))));
        _office(_orders(_order(8, _args(7, MONTH, AMOUNT, 0))));
        _office(_orders(_order(10, _args(YEAR, 50, 1))));
        _give(ALICE, 40);

        IVolunteerCoin.Batch memory batch = _batch(CENTRE, _only(_credit(ALICE, 480)));
        batch.day = DAY + 30;
        _eq(_post(_signed(batch)).coins, 40);
        _eq(_slotOf(ALICE).earned(), 40);
        _eq(_slotOf(ALICE).earnedBefore(), 40);

        // Another centre is late: its month is the account's month before.
        batch = _batch(7, _both(_credit(ALICE, 120), _credit(ALICE, 12)));
        Outcome memory outcome = _post(_signed(batch));
        _eq(outcome.coins, 10);
        _isSkipped(outcome, 1, IVolunteerCoin.Skip.PersonCap);

        batch = _batch(CENTRE, _only(_credit(ALICE, 480)));
        batch.day = DAY + 60;
        _eq(_post(_signed(batch)).coins, 40);
        // Two months late is too late.
        _isSkipped(_land(7, _only(_credit(ALICE, 12))), 0, IVolunteerCoin.Skip.PersonCap);
        _eq(coin.balanceOf(ALICE), 130);
    }

    // ---- redeem and donate

    function test_redeem_MovesCoinsToTheVenueAndOwesItTheirValue() public {
        _give(ALICE, 30);
        Outcome memory outcome = _land(VENUE, _only(_redeem(ALICE, 12)));
        _eq(outcome.coins, 12);
        _eq(coin.balanceOf(ALICE), 18);
        _eq(coin.balanceOf(Accounts.ofDesk(VENUE)), 12);
        _eq(coin.krwDueOf(Accounts.ofDesk(VENUE)), 1_200);
        _eq(coin.totalSupply(), 30);
    }

    function test_redeem_SkipsInTheOrderOfTheChecks() public {
        _office(_orders(_order(13, _args(uint160(BOB)))));
        _office(_orders(_order(8, _args(VENUE, MONTH, 5, 1))));
        _give(ALICE, 10);
        _skipsAlone(VENUE, _entry(2, BOB, 1, 99, 1, 8), IVolunteerCoin.Skip.NotAllowed);
        _skipsAlone(VENUE, _entry(2, BOB, 0, 99, 1, 8), IVolunteerCoin.Skip.Frozen);
        _skipsAlone(VENUE, _entry(2, ALICE, 0, 99, 18_999, 8), IVolunteerCoin.Skip.RateNotInForce);
        _skipsAlone(VENUE, _entry(2, ALICE, 0, 99, DAY + 1, 8), IVolunteerCoin.Skip.RateNotInForce);
        _skipsAlone(VENUE, _redeem(ALICE, 11), IVolunteerCoin.Skip.Balance);
        _skipsAlone(VENUE, _redeem(ALICE, 6), IVolunteerCoin.Skip.Allotment);
        _eq(_land(VENUE, _both(_redeem(ALICE, 5), _redeem(ALICE, 1))).coins, 5);
    }

    function test_redeem_SkipsNoCoinsAndADesksOwn() public {
        _give(ALICE, 10);
        _land(VENUE, _only(_redeem(ALICE, 5)));
        _skipsAlone(VENUE, _redeem(ALICE, 0), IVolunteerCoin.Skip.NotAllowed);
        _skipsAlone(VENUE, _redeem(Accounts.ofDesk(VENUE), 5), IVolunteerCoin.Skip.BadAccount);
    }

    function test_post_StoresASkipBeyondTheFirstWord() public {
        bytes32[] memory entries = new bytes32[](300);
        for (uint256 i = 0; i < 299; ++i) {
            // forge-lint: disable-next-line(unsafe-typecast)
            entries[i] = _credit(address(uint160(0xacc0 + i)), 12);
        }
        _eq(_land(CENTRE, entries).coins, 299);
        _eq(coin.skipsOf(CENTRE, 1)[0], 0);
        _eq(coin.skipsOf(CENTRE, 1)[1], 1 << 43);
    }

    function test_donate_MovesCoinsToTheFundAndOwesItTheirValue() public {
        _give(ALICE, 30);
        Outcome memory outcome = _land(TREASURY, _only(_entry(4, ALICE, 4, 12, DAY, 8)));
        _eq(outcome.coins, 12);
        _eq(coin.balanceOf(Accounts.ofFund(4)), 12);
        _eq(coin.krwDueOf(Accounts.ofFund(4)), 1_200);
    }

    function test_donate_SkipsInTheOrderOfTheChecks() public {
        _office(_orders(_order(13, _args(uint160(BOB)))));
        _office(_orders(_order(8, _args(TREASURY, MONTH, 5, 1))));
        _give(ALICE, 10);
        _skipsAlone(TREASURY, _entry(4, BOB, 5, 99, 1, 8), IVolunteerCoin.Skip.NotAllowed);
        _skipsAlone(TREASURY, _entry(4, BOB, 4, 99, 1, 8), IVolunteerCoin.Skip.Frozen);
        _skipsAlone(TREASURY, _entry(4, ALICE, 4, 99, 1, 8), IVolunteerCoin.Skip.RateNotInForce);
        _skipsAlone(TREASURY, _entry(4, ALICE, 4, 11, DAY, 8), IVolunteerCoin.Skip.Balance);
        _skipsAlone(TREASURY, _entry(4, ALICE, 4, 6, DAY, 8), IVolunteerCoin.Skip.Allotment);
    }

    // ---- ERC-20, to be read only

    function test_erc20_TellsButDoesNotMove() public {
        require(keccak256(bytes(coin.name())) == keccak256("Boram coin"), "name");
        require(keccak256(bytes(coin.symbol())) == keccak256("BORAM"), "symbol");
        _eq(coin.decimals(), 0);
        _eq(coin.allowance(ALICE, BOB), 0);
        bytes memory failure = abi.encodeWithSelector(IVolunteerCoin.CoinsDoNotMoveBetweenPeople.selector);
        vm.expectRevert(failure);
        // forge-lint: disable-next-line(erc20-unchecked-transfer)
        coin.transfer(BOB, 0);
        vm.expectRevert(failure);
        coin.approve(BOB, 0);
        vm.expectRevert(failure);
        // forge-lint: disable-next-line(erc20-unchecked-transfer)
        coin.transferFrom(ALICE, BOB, 0);
    }
}
