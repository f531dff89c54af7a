// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {Fixture} from "../base/Fixture.sol";
import {vm} from "../base/Vm.sol";

/// @notice What a batch can meet, in the order of the checks.
contract RefusalsTest is Fixture {
    function _any() private view returns (IVolunteerCoin.Batch memory) {
        return _batch(CENTRE, _only(_credit(ALICE, 120)));
    }

    function test_post_RevertsForASenderThatIsAContract() public {
        IVolunteerCoin.Batch[] memory none = new IVolunteerCoin.Batch[](0);
        vm.expectRevert(abi.encodeWithSelector(IVolunteerCoin.SenderNotOrdinary.selector, address(this)));
        coin.post(none);
    }

    /// @dev As from a constructor, where the sender has no code yet.
    function test_post_RevertsForASenderThatSignedNoTransaction() public {
        IVolunteerCoin.Batch[] memory none = new IVolunteerCoin.Batch[](0);
        vm.expectRevert(abi.encodeWithSelector(IVolunteerCoin.SenderNotOrdinary.selector, POSTER));
        vm.prank(POSTER, ALICE);
        coin.post(none);
    }

    function test_post_RevertsForASenderWithCode() public {
        IVolunteerCoin.Batch[] memory none = new IVolunteerCoin.Batch[](0);
        vm.etch(POSTER, hex"00");
        vm.expectRevert(abi.encodeWithSelector(IVolunteerCoin.SenderNotOrdinary.selector, POSTER));
        vm.prank(POSTER, POSTER);
        coin.post(none);
    }

    function test_post_PassesAReplayOverInSilence() public {
        IVolunteerCoin.Batch memory batch = _signed(_any());
        require(_post(batch).isPosted, "first");
        batch.signatures = new bytes[](0);
        Outcome memory outcome = _post(batch);
        _isRefused(outcome, IVolunteerCoin.Refusal.None, 0);
        _eq(coin.balanceOf(ALICE), 10);
    }

    function test_post_RefusesAnUnknownDesk() public {
        IVolunteerCoin.Batch memory batch = _any();
        batch.desk = 9;
        batch.entries = new bytes32[](501);
        _isRefused(_post(batch), IVolunteerCoin.Refusal.UnknownDesk, 9);
    }

    function test_post_RefusesWhatIsTooLargeInTheOrderOfTheBounds() public {
        IVolunteerCoin.Batch memory batch = _any();
        batch.seq = 7;
        batch.annex = new bytes(65_537);
        _isRefused(_post(batch), IVolunteerCoin.Refusal.TooLarge, 65_537);
        batch.signatures = new bytes[](17);
        _isRefused(_post(batch), IVolunteerCoin.Refusal.TooLarge, 17);
        batch.needs = new IVolunteerCoin.Need[](65);
        _isRefused(_post(batch), IVolunteerCoin.Refusal.TooLarge, 65);
        batch.entries = new bytes32[](151);
        _isRefused(_post(batch), IVolunteerCoin.Refusal.TooLarge, 151);
        batch.annex = "";
        batch.entries = new bytes32[](501);
        _isRefused(_post(batch), IVolunteerCoin.Refusal.TooLarge, 501);
    }

    function test_post_RefusesEntriesOfTheOffice() public {
        IVolunteerCoin.Batch memory batch = _batch(0, _only(_credit(ALICE, 120)));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.TooLarge, 1);
    }

    function test_post_RefusesAnotherBatchAtAUsedSequence() public {
        IVolunteerCoin.Batch memory batch = _signed(_any());
        require(_post(batch).isPosted, "first");
        batch.day += 1;
        _isRefused(_post(batch), IVolunteerCoin.Refusal.Conflict, uint256(coin.headOf(CENTRE, 1)));
    }

    /// @dev It names the last head and is signed: landed, it would turn the desk's sequence back.
    function test_post_RefusesTheDesksOwnSecondBatchAtAUsedSequence() public {
        _give(ALICE, 10);
        _give(ALICE, 10);
        IVolunteerCoin.Batch memory batch = _any();
        batch.seq = 1;
        _isRefused(_post(_signed(batch)), IVolunteerCoin.Refusal.Conflict, uint256(coin.headOf(CENTRE, 1)));
        _eq(coin.nextSeq(CENTRE), 3);
    }

    function test_post_RefusesSequenceZero() public {
        _give(ALICE, 10);
        IVolunteerCoin.Batch memory batch = _any();
        batch.seq = 0;
        _isRefused(_post(batch), IVolunteerCoin.Refusal.Conflict, 0);
    }

    function test_post_RefusesAPreviousHeadThatIsNotTheLast() public {
        _give(ALICE, 10);
        IVolunteerCoin.Batch memory batch = _any();
        batch.previousHead = bytes32(uint256(1));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.Conflict, uint256(coin.headOf(CENTRE, 1)));
    }

    function test_post_RefusesABatchBeyondTheNext() public {
        IVolunteerCoin.Batch memory batch = _any();
        batch.seq = 2;
        batch.entries = new bytes32[](0);
        _isRefused(_post(batch), IVolunteerCoin.Refusal.Gap, 1);
    }

    function test_post_RefusesAnEmptyBatch() public {
        IVolunteerCoin.Batch memory batch = _any();
        batch.entries = new bytes32[](0);
        batch.evidenceRoot = 0;
        _isRefused(_post(batch), IVolunteerCoin.Refusal.Empty, 0);
        _isRefused(_post(_batch(0, new bytes32[](0))), IVolunteerCoin.Refusal.Empty, 0);
    }

    function test_post_RefusesABatchWithoutEvidence() public {
        IVolunteerCoin.Batch memory batch = _any();
        batch.evidenceRoot = 0;
        _isRefused(_post(batch), IVolunteerCoin.Refusal.NoEvidence, 0);
    }

    function test_post_RefusesAStrangersSignature() public {
        IVolunteerCoin.Batch memory batch = _any();
        batch.day = 1;
        _sign(batch, _one(STRANGER_KEY));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 1);
    }

    function test_post_RefusesAFewTooManyAndAScrambledSignature() public {
        IVolunteerCoin.Batch memory batch = _any();
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 1);
        _sign(batch, _sorted(_two(CENTRE_KEY, STRANGER_KEY)));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 1);
        _sign(batch, _two(CENTRE_KEY, CENTRE_KEY));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 1);
        _sign(batch, _one(CENTRE_KEY));
        batch.entries[0] = _credit(ALICE, 480);
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 1);
    }

    function test_post_RefusesFewerKeysThanTheDeskWants() public {
        uint256[] memory keys = _sorted(_three(0xe1, 0xe2, 0xe3));
        uint256[] memory args = new uint256[](7);
        (args[0], args[1], args[3]) = (8, 1, 2);
        for (uint256 i = 0; i < 3; ++i) {
            args[4 + i] = uint160(vm.addr(keys[i]));
        }
        _office(_orders(_order(2, args)));
        IVolunteerCoin.Batch memory batch = _batch(8, _only(_credit(ALICE, 120)));
        _sign(batch, _one(keys[1]));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 2);
        _sign(batch, _two(keys[1], keys[1]));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 2);
        _sign(batch, _two(keys[2], keys[0]));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 2);
        _sign(batch, _two(keys[0], keys[2]));
        require(_post(batch).isPosted, "two of three");
    }

    function test_post_RefusesATamperedAnnex() public {
        IVolunteerCoin.Batch memory batch = _signed(_officeBatch(_orders(_order(15, _args()))));
        batch.annex = abi.encode(_orders(_order(16, _args())));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 2);
    }

    function test_post_RefusesAHighSAndATruncatedSignature() public {
        IVolunteerCoin.Batch memory batch = _any();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(CENTRE_KEY, coin.digest(batch));
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        batch.signatures = new bytes[](1);
        batch.signatures[0] = abi.encodePacked(r, bytes32(order - uint256(s)), uint8(v == 27 ? 28 : 27));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 1);
        batch.signatures[0] = abi.encodePacked(r, s);
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 1);
        batch.signatures[0] = abi.encodePacked(r, s, v);
        require(_post(batch).isPosted, "the same, low and whole");
    }

    function test_post_RefusesASignatureForAnotherChain() public {
        IVolunteerCoin.Batch memory batch = _signed(_any());
        vm.chainId(4_321);
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 1);
    }

    function test_post_RefusesASignatureForAnotherContract() public {
        IVolunteerCoin.Batch memory batch = _signed(_any());
        coin = _deploy();
        _office(_setupOrders());
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 1);
    }

    function test_post_RefusesTheGuardianAmongTheOfficeKeys() public {
        IVolunteerCoin.Batch memory batch = _officeBatch(_orders(_order(15, _args())));
        _sign(batch, _sorted(_two(officeKeys[0], GUARDIAN_KEY)));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 2);
    }

    function test_post_RefusesARevokedDesk() public {
        _office(_orders(_order(4, _args(CENTRE))));
        _isRefused(_post(_signed(_any())), IVolunteerCoin.Refusal.BadSignature, 0);
        IVolunteerCoin.Batch memory batch = _any();
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 0);
    }

    function test_post_RefusesADesksBatchWhilePausedAndNotTheOffice() public {
        _office(_orders(_order(15, _args())));
        IVolunteerCoin.Batch memory batch = _any();
        batch.day = 1;
        _isRefused(_post(_signed(batch)), IVolunteerCoin.Refusal.Paused, 0);
        _office(_orders(_order(16, _args())));
        _give(ALICE, 10);
    }

    function test_post_RefusesADayBeforeTheDesksLast() public {
        _give(ALICE, 10);
        IVolunteerCoin.Batch memory batch = _any();
        batch.day = DAY - 1;
        _isRefused(_post(_signed(batch)), IVolunteerCoin.Refusal.BadDay, DAY);
    }

    function test_post_KeepsTheLatestDayOfAllDesks() public {
        IVolunteerCoin.Batch memory batch = _any();
        batch.day = DAY + 3;
        require(_post(_signed(batch)).isPosted, "refused");
        _land(VENUE, _only(_redeem(ALICE, 1)));
        (, uint16 latest,,,) = coin.status();
        _eq(latest, DAY + 3);
    }

    function test_post_RefusesADayAfterOpenUntil() public {
        IVolunteerCoin.Batch memory batch = _any();
        batch.day = DAY + 101;
        batch.needs = new IVolunteerCoin.Need[](1);
        _isRefused(_post(_signed(batch)), IVolunteerCoin.Refusal.BadDay, DAY + 100);
    }

    function test_post_RefusesALoneKeyOfTheOfficeOnAnotherDay() public {
        IVolunteerCoin.Batch memory batch = _officeBatch(_orders(_order(15, _args())));
        batch.day = DAY + 1;
        _sign(batch, _one(GUARDIAN_KEY));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadDay, DAY);
    }

    function test_post_RefusesABatchWhoseNeedIsNotPosted() public {
        IVolunteerCoin.Batch memory batch = _any();
        batch.needs = new IVolunteerCoin.Need[](2);
        batch.needs[0] = IVolunteerCoin.Need({desk: 0, seq: 1});
        batch.needs[1] = IVolunteerCoin.Need({desk: VENUE, seq: 3});
        _isRefused(_post(_signed(batch)), IVolunteerCoin.Refusal.NotYet, uint256(VENUE) << 32 | 3);
    }

    function test_post_GoesOnAfterABatchThatIsRefused() public {
        IVolunteerCoin.Batch[] memory batches = new IVolunteerCoin.Batch[](3);
        batches[0] = _signed(_batch(VENUE, _only(_redeem(ALICE, 1))));
        batches[0].signatures[0] = "";
        batches[1] = _signed(_any());
        batches[2] = _batch(CENTRE, _only(_credit(BOB, 120)));
        (batches[2].seq, batches[2].previousHead) = (2, coin.digest(batches[1]));
        batches[2] = _signed(batches[2]);
        Outcome memory outcome = _postAll(batches);
        _eq(uint256(outcome.refusal), uint256(IVolunteerCoin.Refusal.BadSignature));
        _eq(coin.balanceOf(ALICE), 10);
        _eq(coin.balanceOf(BOB), 10);
        (uint64 posts,,,,) = coin.status();
        _eq(posts, 3);
    }
}
