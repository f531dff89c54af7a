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
        _does(VENUE, _only(_entry(3, BOB, 1, 5, DAY, 1)), proof, IVolunteerCoin.Skip.BadOriginal);
        bytes32[] memory entries = _both(_entry(3, ALICE, 1, 15, DAY, 1), _entry(3, ALICE, 1, 6, DAY, 1));
        Outcome memory outcome = _does(VENUE, entries, proof, OK);
        _isSkipped(outcome, 1, IVolunteerCoin.Skip.BadOriginal);
        _does(VENUE, _only(_entry(3, ALICE, 1, 5, DAY, 1)), proof, OK);
        _eq(coin.balanceOf(ALICE), 20);
        _eq(coin.krwDueOf(Accounts.ofDesk(VENUE)), 0);
        // The first redeem was skipped, and the third does not exist.
        _does(VENUE, _only(_entry(3, BOB, 0, 5, DAY, 1)), proof, IVolunteerCoin.Skip.BadOriginal);
        _does(VENUE, _only(_entry(3, ALICE, 2, 5, DAY, 1)), proof, IVolunteerCoin.Skip.BadOriginal);
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

    /// @dev Behind a proof stands whatever its author likes: no index may reach it.
    function test_refund_ReadsNoWordBehindTheProof() public {
        _give(ALICE, 20);
        IVolunteerCoin.Batch memory original = _lands(VENUE, _both(_redeem(ALICE, 5), _redeem(ALICE, 6)));
        bytes memory items = abi.encodePacked(Proofs.proof(original, 0), _redeem(BOB, 9_999));
        // Two words and one hash of a chunk.
        _does(VENUE, _only(_entry(3, BOB, 3, 11, DAY, 1)), items, IVolunteerCoin.Skip.BadOriginal);
        bytes memory proof = Proofs.proof(original, 0);
        proof[139] = 0x01;
        _does(VENUE, _only(_entry(3, ALICE, 32, 5, DAY, 1)), proof, IVolunteerCoin.Skip.BadAnnex);
    }

    function test_refund_IsOfARedeemAlone() public {
        _give(ALICE, 20);
        IVolunteerCoin.Batch memory original = _lands(VENUE, _only(_redeem(ALICE, 20)));
        IVolunteerCoin.Batch memory refund = _batch(VENUE, _only(_entry(3, ALICE, 0, 5, DAY, 1)));
        refund.annex = Proofs.annex(Proofs.proof(original, 0));
        require(_post(_signed(refund)).coins == 5, "the refund");
        _does(VENUE, _only(_entry(3, ALICE, 0, 5, DAY, 2)), Proofs.proof(refund, 0), IVolunteerCoin.Skip.BadOriginal);
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

    function test_correct_CountsTowardsTheAllotment() public {
        IVolunteerCoin.Batch memory original = _lands(CENTRE, _only(_credit(ALICE, 480)));
        _office(_orders(_order(8, _args(TREASURY, MONTH, 9, 1))));
        bytes memory proof = Proofs.proof(original, 0);
        _does(TREASURY, _only(_entry(6, ALICE, 0, 10, CENTRE, 1)), proof, IVolunteerCoin.Skip.Allotment);
        _does(TREASURY, _only(_entry(6, ALICE, 0, 9, CENTRE, 1)), proof, OK);
    }

    // ---- 8 closure, 9 merge, 11 opening

    /// @dev ALICE owes 30 and holds 20.
    function _indebted() private {
        IVolunteerCoin.Batch memory original = _lands(CENTRE, _only(_credit(ALICE, 480)));
        _lands(VENUE, _only(_redeem(ALICE, 30)));
        _does(TREASURY, _only(_entry(6, ALICE, 0, 40, CENTRE, 1)), Proofs.proof(original, 0), OK);
        _give(ALICE, 20);
    }

    function test_closure_SetsADebtOffFirst() public {
        _indebted();
        _does(_entry(8, ALICE, 0, 20, DAY, 1), IVolunteerCoin.Skip.NotAllowed);
        _does(_entry(7, ALICE, 0, 20, DAY, 1), OK);
        _does(_entry(8, ALICE, 0, 0, DAY, 1), OK);
    }

    function test_merge_MovesTheDebtAlong() public {
        _indebted();
        _does(TREASURY, _both(_entry(9, ALICE, 0, 20, DAY, 1), _entry(9, BOB, 1, 20, DAY, 1)), "", OK);
        _eq(_slotOf(BOB).debt(), 30);
        _eq(_slotOf(ALICE).debt(), 0);
    }

    function test_merge_IsOfTwoOpenAccountsOfPeople() public {
        _give(ALICE, 20);
        _does(_entry(8, CAROL, 0, 0, DAY, 1), OK);
        address venue = Accounts.ofDesk(VENUE);
        _merges(ALICE, ALICE, 20, IVolunteerCoin.Skip.NotAllowed);
        _merges(ALICE, venue, 20, IVolunteerCoin.Skip.BadAccount);
        _merges(venue, ALICE, 0, IVolunteerCoin.Skip.BadAccount);
        _merges(ALICE, CAROL, 20, IVolunteerCoin.Skip.BadAccount);
        _merges(CAROL, ALICE, 0, IVolunteerCoin.Skip.BadAccount);
    }

    function _merges(address from, address to, uint256 coins, IVolunteerCoin.Skip reason) private {
        _does(TREASURY, _both(_entry(9, from, 0, coins, DAY, 1), _entry(9, to, 1, coins, DAY, 1)), "", reason);
    }

    function test_opening_SkipsInTheOrderOfTheChecks() public {
        _office(_orders(_order(13, _args(uint160(BOB)))));
        _office(_orders(_order(8, _args(TREASURY, MONTH, 9, 1))));
        _does(_entry(11, ALICE, 60, 0, DAY, 1), IVolunteerCoin.Skip.NotAllowed);
        _does(_entry(11, BOB, 60, 99, DAY + 1, 1), IVolunteerCoin.Skip.Frozen);
        _does(_entry(11, ALICE, 60, 99, DAY + 1, 1), IVolunteerCoin.Skip.RateNotInForce);
        _does(_entry(11, ALICE, 60, 10, DAY, 1), IVolunteerCoin.Skip.Allotment);
        _does(_entry(11, ALICE, 60, 9, DAY, 1), OK);
    }

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

    /// @dev Expiries that nobody signed would bring coins out of nothing.
    function test_monthClose_MakesNoProofTrueThatStandsBehindIt() public {
        _give(ALICE, 20);
        IVolunteerCoin.Batch memory original = _lands(TREASURY, _only(_entry(5, ALICE, 0, 20, DAY, 1)));
        original.entries[0] = _entry(5, ALICE, 0, 1_000, DAY, 1);
        bytes memory forged = Proofs.proof(original, 0);
        bytes32 fundClose = _entry(10, Accounts.ofFund(4), MONTH, 0, DAY, 0);
        bytes32 correction = _entry(6, ALICE, 0, 1_000, TREASURY, 1);
        // The close takes the item that stands first, and the correction finds it there.
        _isSkipped(_does(TREASURY, _both(fundClose, correction), forged, OK), 1, IVolunteerCoin.Skip.BadOriginal);
        // Nor in a batch of another desk, which may close nothing.
        original = _lands(VENUE, _only(_redeem(BOB, 12)));
        bytes32 refund = _entry(3, ALICE, 0, 12, DAY, 1);
        original.entries[0] = _redeem(ALICE, 12);
        Outcome memory outcome =
            _does(VENUE, _both(fundClose, refund), Proofs.proof(original, 0), IVolunteerCoin.Skip.NotAllowed);
        _isSkipped(outcome, 1, IVolunteerCoin.Skip.BadOriginal);
        _eq(coin.totalSupply(), 0);
    }

    /// @dev A revoked venue's threshold is 0, and so is the number of keys that signed nothing.
    function test_monthClose_WantsTheKeysOfAVenue() public {
        _give(ALICE, 100);
        _lands(VENUE, _only(_redeem(ALICE, 60)));
        bytes memory unsigned = Proofs.statement(new bytes[](0));
        _does(TREASURY, _close(60, 1), unsigned, IVolunteerCoin.Skip.BadAnnex);
        _does(TREASURY, _close(60, 1), hex"02", IVolunteerCoin.Skip.BadAnnex);
        bytes memory centres = _statement(CENTRE_KEY, CENTRE, 1, 0, 0);
        bytes32 close = _entry(10, Accounts.ofDesk(CENTRE), MONTH, 0, DAY, 1);
        _does(TREASURY, _only(close), centres, IVolunteerCoin.Skip.BadAnnex);
        _office(_orders(_order(4, _args(VENUE))));
        _does(TREASURY, _close(60, 1), unsigned, IVolunteerCoin.Skip.BadAnnex);
    }

    function test_monthClose_SkipsWhatIsNotThere() public {
        _give(ALICE, 100);
        IVolunteerCoin.Batch memory original = _lands(VENUE, _only(_redeem(ALICE, 60)));
        _does(TREASURY, _close(0, 9), _statement(VENUE_KEY, VENUE, 9, 0, 0), IVolunteerCoin.Skip.BadOriginal);
        bytes memory signed = _statement(VENUE_KEY, VENUE, 1, 60, 6_000);
        bytes32 late = _entry(10, Accounts.ofDesk(VENUE), MONTH, 60, DAY + 1, 1);
        _does(TREASURY, _only(late), signed, IVolunteerCoin.Skip.NotAllowed);
        _does(VENUE, _only(_entry(3, ALICE, 0, 20, DAY, 1)), Proofs.proof(original, 0), OK);
        _does(TREASURY, _close(60, 1), signed, IVolunteerCoin.Skip.Balance);
    }

    function test_monthClose_UsesAStatementOnce() public {
        _give(ALICE, 100);
        _lands(VENUE, _only(_redeem(ALICE, 60)));
        bytes32 fund = _entry(10, Accounts.ofFund(4), MONTH, 0, DAY, 0);
        bytes memory signed = _statement(VENUE_KEY, VENUE, 1, 60, 6_000);
        Outcome memory outcome = _does(TREASURY, _both(fund, _close(60, 1)[0]), signed, OK);
        _isSkipped(outcome, 1, IVolunteerCoin.Skip.BadAnnex);
        _does(TREASURY, _both(fund, _close(60, 1)[0]), abi.encodePacked(signed, signed), OK);
        _eq(coin.balanceOf(Accounts.ofDesk(VENUE)), 0);
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
