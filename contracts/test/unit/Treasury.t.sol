// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {AccountSlot} from "../../libraries/AccountSlot.sol";
import {Accounts} from "../../libraries/Accounts.sol";
import {Fixture} from "../base/Fixture.sol";
import {Proofs} from "../base/Proofs.sol";

/// @notice Kinds 3 and 5 to 11: what undoes, ends, joins and settles.
contract TreasuryTest is Fixture {
    using AccountSlot for uint256;

    IVolunteerCoin.Skip private constant OK = IVolunteerCoin.Skip.None;

    /// @dev Lands the entries, and returns the batch for a proof.
    function _lands(uint16 desk, bytes32[] memory entries) private returns (IVolunteerCoin.Batch memory batch) {
        batch = _signed(_batch(desk, entries));
        require(_post(batch).isPosted, "refused");
    }

    function _does(uint16 desk, bytes32[] memory entries, bytes memory items, IVolunteerCoin.Skip reason)
        private
        returns (Outcome memory outcome)
    {
        IVolunteerCoin.Batch memory batch = _batch(desk, entries);
        if (items.length != 0) batch.annex = Proofs.annex(items);
        outcome = _post(_signed(batch));
        require(outcome.isPosted, "refused");
        _isSkipped(outcome, 0, reason);
        _holds();
    }

    function _does(bytes32 entry, IVolunteerCoin.Skip reason) private {
        _does(TREASURY, _only(entry), "", reason);
    }

    /// @dev Supply is the sum of the accounts of these tests.
    function _holds() private view {
        uint256 held = coin.balanceOf(ALICE) + coin.balanceOf(BOB) + coin.balanceOf(CAROL)
            + coin.balanceOf(Accounts.ofDesk(VENUE)) + coin.balanceOf(Accounts.ofFund(4));
        _eq(coin.totalSupply(), held);
    }

    // ---- 3 refund

    function test_refund_GoesBackInPartsUpToWhatTheRedeemTook() public {
        _give(ALICE, 20);
        IVolunteerCoin.Batch memory original = _lands(VENUE, _both(_redeem(BOB, 5), _redeem(ALICE, 20)));
        bytes memory proof = Proofs.proof(original, 0);
        bytes32[] memory entries = _both(_entry(3, ALICE, 1, 15, DAY, 1), _entry(3, ALICE, 1, 6, DAY, 1));
        Outcome memory outcome = _does(VENUE, entries, proof, OK);
        _isSkipped(outcome, 1, IVolunteerCoin.Skip.BadOriginal);
        _does(VENUE, _only(_entry(3, ALICE, 1, 5, DAY, 1)), proof, OK);
        _eq(coin.balanceOf(ALICE), 20);
        _eq(coin.krwDueOf(Accounts.ofDesk(VENUE)), 0);
        // The first redeem was skipped, the third does not exist, the account is another's.
        _does(VENUE, _only(_entry(3, BOB, 0, 5, DAY, 1)), proof, IVolunteerCoin.Skip.BadOriginal);
        _does(VENUE, _only(_entry(3, ALICE, 2, 5, DAY, 1)), proof, IVolunteerCoin.Skip.BadOriginal);
        _does(VENUE, _only(_entry(3, BOB, 1, 5, DAY, 1)), proof, IVolunteerCoin.Skip.BadOriginal);
    }

    function test_refund_WantsAWholeProofOfItsOwnOriginal() public {
        _give(ALICE, 20);
        IVolunteerCoin.Batch memory original = _lands(VENUE, _only(_redeem(ALICE, 20)));
        bytes32[] memory refund = _only(_entry(3, ALICE, 0, 5, DAY, 1));
        bytes memory proof = Proofs.proof(original, 0);
        _does(VENUE, refund, "", IVolunteerCoin.Skip.BadAnnex);
        _does(VENUE, _only(_entry(3, ALICE, 32, 5, DAY, 1)), proof, IVolunteerCoin.Skip.BadAnnex);
        _does(VENUE, _only(_entry(3, ALICE, 0, 5, DAY, 2)), proof, IVolunteerCoin.Skip.BadAnnex);
        proof[proof.length - 1] ^= 0x01;
        _does(VENUE, refund, proof, IVolunteerCoin.Skip.BadAnnex);
        original.evidenceRoot = bytes32(uint256(2));
        _does(VENUE, refund, Proofs.proof(original, 0), IVolunteerCoin.Skip.BadOriginal);
    }

    // ---- 5 expire, 7 set-off

    function test_expire_BurnsInTheOrderOfTheChecks() public {
        _give(ALICE, 20);
        _office(_orders(_order(13, _args(uint160(BOB)))));
        _office(_orders(_order(8, _args(TREASURY, MONTH, 9, 1))));
        _does(_entry(5, BOB, 0, 99, DAY + 1, 1), IVolunteerCoin.Skip.Frozen);
        _does(_entry(5, ALICE, 0, 99, DAY + 1, 1), IVolunteerCoin.Skip.RateNotInForce);
        _does(_entry(5, ALICE, 0, 21, DAY, 1), IVolunteerCoin.Skip.Balance);
        _does(_entry(5, ALICE, 0, 10, DAY, 1), IVolunteerCoin.Skip.Allotment);
        _does(_entry(5, ALICE, 0, 9, DAY, 1), OK);
        _eq(coin.totalSupply(), 11);
    }

    function test_setOff_BurnsUpToTheDebtOfAFrozenAccountToo() public {
        IVolunteerCoin.Batch memory original = _lands(CENTRE, _only(_credit(ALICE, 480)));
        _lands(VENUE, _only(_redeem(ALICE, 30)));
        _does(TREASURY, _only(_entry(6, ALICE, 0, 40, CENTRE, 1)), Proofs.proof(original, 0), OK);
        _eq(_slotOf(ALICE).debt(), 30);
        _give(ALICE, 20);
        _office(_orders(_order(13, _args(uint160(ALICE)))));
        _does(_entry(7, ALICE, 0, 31, DAY, 1), IVolunteerCoin.Skip.NotAllowed);
        _does(_entry(7, ALICE, 0, 21, DAY, 1), IVolunteerCoin.Skip.Balance);
        _does(_entry(7, ALICE, 0, 20, DAY, 1), OK);
        _eq(_slotOf(ALICE).debt(), 10);
        _eq(coin.balanceOf(ALICE), 0);
    }

    // ---- 6 correct

    function test_correct_TakesACreditBackAndTheSpentPartBecomesDebt() public {
        IVolunteerCoin.Batch memory original = _lands(CENTRE, _both(_credit(BOB, 60), _credit(ALICE, 131)));
        bytes memory proof = Proofs.proof(original, 0);
        _lands(VENUE, _only(_redeem(ALICE, 7)));
        _does(TREASURY, _only(_entry(6, ALICE, 1, 4, CENTRE, 1)), proof, OK);
        _eq(coin.balanceOf(ALICE), 0);
        _eq(_slotOf(ALICE).debt(), 1);
        _does(TREASURY, _only(_entry(6, ALICE, 1, 7, CENTRE, 1)), proof, IVolunteerCoin.Skip.BadOriginal);
        _does(TREASURY, _only(_entry(6, ALICE, 1, 6, CENTRE, 1)), proof, OK);
        _eq(_slotOf(ALICE).debt(), 7);
        _does(TREASURY, _only(_entry(6, ALICE, 1, 1, CENTRE, 1)), proof, IVolunteerCoin.Skip.BadOriginal);
    }

    function test_correct_UndoesAnExpiryAndNothingElseOfTheTreasury() public {
        _give(ALICE, 20);
        IVolunteerCoin.Batch memory original =
            _lands(TREASURY, _both(_entry(5, ALICE, 0, 20, DAY, 1), _entry(5, ALICE, 0, 1, DAY, 1)));
        bytes memory proof = Proofs.proof(original, 0);
        _does(TREASURY, _only(_entry(6, ALICE, 1, 1, TREASURY, 1)), proof, IVolunteerCoin.Skip.BadOriginal);
        _does(TREASURY, _only(_entry(6, ALICE, 0, 20, TREASURY, 1)), proof, OK);
        (,,, uint64 restored,) = coin.totals();
        _eq(restored, 20);
        original = _lands(VENUE, _only(_redeem(ALICE, 5)));
        _does(
            TREASURY,
            _only(_entry(6, ALICE, 0, 5, VENUE, 1)),
            Proofs.proof(original, 0),
            IVolunteerCoin.Skip.BadOriginal
        );
    }

    // ---- 8 closure, 9 merge, 11 opening

    function test_closure_EndsAnAccountForAFundOrByBurning() public {
        _office(_orders(_order(11, _args(4, 1))));
        _give(ALICE, 20);
        _does(_entry(8, ALICE, 5, 20, DAY, 1), IVolunteerCoin.Skip.NotAllowed);
        _does(_entry(8, ALICE, 4, 19, DAY, 1), IVolunteerCoin.Skip.Balance);
        _does(_entry(8, ALICE, 4, 20, DAY, 1), OK);
        _eq(coin.balanceOf(Accounts.ofFund(4)), 20);
        _eq(coin.krwDueOf(Accounts.ofFund(4)), 2_000);
        require(_slotOf(ALICE).isClosed(), "closed");
        _isSkipped(_land(CENTRE, _only(_credit(ALICE, 60))), 0, IVolunteerCoin.Skip.BadAccount);
        _does(_entry(8, BOB, 0, 0, DAY, 1), OK);
        _does(_entry(8, BOB, 0, 0, DAY, 1), IVolunteerCoin.Skip.BadAccount);
    }

    function test_merge_MovesAllToOneAccountAndCountsWhatBothEarned() public {
        IVolunteerCoin.Batch memory original = _lands(CENTRE, _only(_credit(ALICE, 480)));
        _give(BOB, 10);
        Outcome memory outcome =
            _does(TREASURY, _both(_entry(9, ALICE, 0, 40, DAY, 1), _entry(9, BOB, 1, 40, DAY, 1)), "", OK);
        _isSkipped(outcome, 1, OK);
        _eq(outcome.coins, 40);
        _eq(coin.balanceOf(BOB), 50);
        _eq(_slotOf(BOB).earned(), 50);
        require(_slotOf(ALICE).isClosed(), "closed");
        // A correction of the old account's credit names the new one.
        _does(TREASURY, _only(_entry(6, BOB, 0, 10, CENTRE, 1)), Proofs.proof(original, 0), OK);
        _eq(coin.balanceOf(BOB), 40);
    }

    function test_merge_SkipsBothHalvesForOneReason() public {
        _give(ALICE, 20);
        bytes32 from = _entry(9, ALICE, 0, 20, DAY, 1);
        _does(from, IVolunteerCoin.Skip.NotAllowed);
        Outcome memory outcome =
            _does(TREASURY, _both(from, _entry(9, BOB, 1, 20, DAY, 2)), "", IVolunteerCoin.Skip.NotAllowed);
        _isSkipped(outcome, 1, IVolunteerCoin.Skip.NotAllowed);
        outcome = _does(TREASURY, _both(from, _entry(9, address(0), 1, 20, DAY, 1)), "", IVolunteerCoin.Skip.BadAccount);
        _isSkipped(outcome, 1, IVolunteerCoin.Skip.BadAccount);
        outcome = _does(
            TREASURY,
            _both(_entry(9, ALICE, 0, 19, DAY, 1), _entry(9, BOB, 1, 19, DAY, 1)),
            "",
            IVolunteerCoin.Skip.Balance
        );
        _isSkipped(outcome, 1, IVolunteerCoin.Skip.Balance);
        _office(_orders(_order(13, _args(uint160(BOB)))));
        _does(TREASURY, _both(from, _entry(9, BOB, 1, 20, DAY, 1)), "", IVolunteerCoin.Skip.Frozen);
        _eq(coin.balanceOf(ALICE), 20);
    }

    function test_opening_IssuesInSetupOnly() public {
        _does(_entry(11, ALICE, 60, 500, DAY, 1), OK);
        (, uint64 opened,,,) = coin.totals();
        _eq(opened, 500);
        _office(_orders(_order(1, _args())));
        _does(_entry(11, ALICE, 60, 500, DAY, 1), IVolunteerCoin.Skip.NotAllowed);
    }

    // ---- 10 month close

    function _close(uint256 coins, uint256 seq) private pure returns (bytes32[] memory) {
        return _only(_entry(10, Accounts.ofDesk(VENUE), MONTH, coins, DAY, seq));
    }

    function test_monthClose_SettlesWhatTheVenueSigned() public {
        _give(ALICE, 100);
        IVolunteerCoin.Batch memory original = _lands(VENUE, _only(_redeem(ALICE, 60)));
        _lands(VENUE, _only(_redeem(ALICE, 5)));
        bytes memory signed = _statement(VENUE_KEY, VENUE, 1, 60, 6_000);
        _does(TREASURY, _close(60, 1), "", IVolunteerCoin.Skip.BadAnnex);
        _does(TREASURY, _close(60, 1), _statement(STRANGER_KEY, VENUE, 1, 60, 6_000), IVolunteerCoin.Skip.BadAnnex);
        _does(TREASURY, _close(60, 1), _statement(VENUE_KEY, VENUE, 1, 60, 6_500), IVolunteerCoin.Skip.BadAnnex);
        _does(TREASURY, _close(59, 1), _statement(VENUE_KEY, VENUE, 1, 59, 6_000), IVolunteerCoin.Skip.BadOriginal);
        _does(TREASURY, _close(60, 1), signed, OK);
        _eq(coin.krwDueOf(Accounts.ofDesk(VENUE)), 500);
        _eq(coin.balanceOf(Accounts.ofDesk(VENUE)), 5);
        _does(TREASURY, _close(60, 1), signed, IVolunteerCoin.Skip.BadAnnex);

        // A refund after the close takes what is there and is reissued for the rest.
        bytes memory proof = Proofs.proof(original, 0);
        _does(VENUE, _only(_entry(3, ALICE, 0, 60, DAY, 1)), proof, OK);
        _eq(coin.balanceOf(ALICE), 95);
        (,, uint64 reissued,,) = coin.totals();
        _eq(reissued, 55);
        _eq(coin.krwDueOf(Accounts.ofDesk(VENUE)), -5_500);
        _does(TREASURY, _close(0, 3), _statement(VENUE_KEY, VENUE, 3, 0, -5_500), OK);
        _eq(coin.krwDueOf(Accounts.ofDesk(VENUE)), 0);
    }

    function test_monthClose_SettlesAFundWhole() public {
        _office(_orders(_order(11, _args(4, 1))));
        _give(ALICE, 100);
        _does(_entry(4, ALICE, 4, 40, DAY, 1), OK);
        address fund = Accounts.ofFund(4);
        _does(_entry(10, fund, MONTH, 39, DAY, 0), IVolunteerCoin.Skip.Balance);
        _does(_entry(10, fund, MONTH + 1, 40, DAY, 0), IVolunteerCoin.Skip.NotAllowed);
        _does(_entry(10, ALICE, MONTH, 60, DAY, 0), IVolunteerCoin.Skip.BadAccount);
        _does(_entry(10, fund, MONTH, 40, DAY, 0), OK);
        _eq(coin.krwDueOf(fund), 0);
        _eq(coin.totalSupply(), 60);
    }
}
