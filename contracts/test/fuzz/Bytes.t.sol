// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {AccountSlot} from "../../libraries/AccountSlot.sol";
import {Accounts} from "../../libraries/Accounts.sol";
import {Fixture} from "../base/Fixture.sol";
import {Proofs} from "../base/Proofs.sol";

// forge-lint: disable-next-item(unsafe-typecast, incorrect-shift)
/// @notice Any annex, any order, any signature; and what refunds and corrections may undo.
contract BytesFuzzTest is Fixture {
    using AccountSlot for uint256;

    uint256 private constant REDEEMS = 33;

    IVolunteerCoin.Batch private original;

    function setUp() public override {
        super.setUp();
        _give(ALICE, 200);
        bytes32[] memory entries = new bytes32[](REDEEMS);
        for (uint256 i = 0; i < REDEEMS; ++i) {
            entries[i] = _entry(2, ALICE, 0, 2, DAY, i);
        }
        IVolunteerCoin.Batch memory batch = _signed(_batch(VENUE, entries));
        require(_post(batch).isPosted, "refused");
        (original.desk, original.seq, original.day, original.evidenceRoot) =
        (batch.desk, batch.seq, batch.day, batch.evidenceRoot);
        original.entries = batch.entries;
    }

    function _refunds(uint256 index, bytes memory annex) private returns (Outcome memory outcome) {
        IVolunteerCoin.Batch memory batch =
            _batch(VENUE, _both(_entry(3, ALICE, index, 1, DAY, 1), _entry(2, ALICE, 0, 1, DAY, 1)));
        batch.annex = annex;
        outcome = _post(_signed(batch));
        require(outcome.isPosted, "a signed next batch always posts");
        require(outcome.skips[1] == IVolunteerCoin.Skip.None, "a neighbour was held up");
    }

    function testFuzz_annex_AnyBytesNeverRevertAndProveNothing(bytes memory annex, uint256 index, bool isVersioned)
        external
    {
        if (isVersioned) annex = Proofs.annex(abi.encodePacked(uint8(1 + index % 2), annex));
        _isSkipped(_refunds(index % 65_536, annex), 0, IVolunteerCoin.Skip.BadAnnex);
    }

    /// @dev Every byte of a proof is bound by a hash or by the entry that wants it.
    function testFuzz_annex_AChangedByteProvesNothing(uint256 offset, uint8 change, uint256 index) external {
        index = _bound(index, 0, REDEEMS - 1);
        bytes memory annex = Proofs.annex(Proofs.proof(original, index / 32));
        require(_refunds(index, annex).skips[0] == IVolunteerCoin.Skip.None, "whole");
        annex[offset % annex.length] ^= bytes1(uint8(_bound(change, 1, 255)));
        require(_refunds(index, annex).skips[0] != IVolunteerCoin.Skip.None, "changed");
    }

    function testFuzz_annex_ACutProofProvesNothing(uint256 length, uint256 index) external {
        index = _bound(index, 0, REDEEMS - 1);
        bytes memory annex = Proofs.annex(Proofs.proof(original, index / 32));
        bytes memory cut = new bytes(length % annex.length);
        for (uint256 i = 0; i < cut.length; ++i) {
            cut[i] = annex[i];
        }
        _isSkipped(_refunds(index, cut), 0, IVolunteerCoin.Skip.BadAnnex);
    }

    function testFuzz_close_AnySignaturesSettleNothing(bytes memory items, uint256 units, uint256 seq) external {
        bytes memory statement = abi.encodePacked(uint8(2), uint8(items.length / 65), items);
        IVolunteerCoin.Batch memory batch =
            _batch(TREASURY, _only(_entry(10, Accounts.ofDesk(VENUE), MONTH, units % (1 << 24), DAY, uint32(seq % 4))));
        batch.annex = Proofs.annex(statement);
        Outcome memory outcome = _post(_signed(batch));
        require(outcome.isPosted, "refused");
        _isSkipped(outcome, 0, IVolunteerCoin.Skip.BadAnnex);
    }

    function _orders(bytes memory annex) private returns (Outcome memory outcome) {
        IVolunteerCoin.Batch memory batch = _batch(0, new bytes32[](0));
        batch.annex = annex;
        outcome = _post(_signed(batch));
        require(outcome.isPosted, "a signed next batch always posts");
    }

    function testFuzz_orders_AnyBytesNeverRevert(bytes memory annex, uint256 count) external {
        annex = abi.encodePacked(uint256(32), count % 4, annex);
        Outcome memory outcome = _orders(annex);
        if (count % 4 != 0) _isSkipped(outcome, 0, IVolunteerCoin.OrderSkip.BadAnnex);
    }

    /// @dev A changed byte is another order or none; the contract reads on and the next batch lands.
    function testFuzz_orders_AChangedByteNeverReverts(uint256 offset, uint8 change) external {
        bytes memory annex = abi.encode(_setupOrders());
        annex[offset % annex.length] ^= bytes1(uint8(_bound(change, 1, 255)));
        _orders(annex);
        _office(_orders(_order(15, _args())));
    }

    /// forge-config: default.fuzz.runs = 1000
    function testFuzz_orders_AnyArgumentsNeverRevert(uint8 code, uint256[8] memory args, uint256 count, bool isSealed)
        external
    {
        if (isSealed) _office(_orders(_order(1, _args())));
        uint256[] memory given = new uint256[](count % 9);
        uint256[] memory widths = _args(1, 3, 8, 16, 24, 48, 160, 256);
        for (uint256 i = 0; i < given.length; ++i) {
            given[i] = args[i] >> (256 - widths[(args[i] ^ count) % 8]);
        }
        _office(_orders(_order(code % 19, given)));
        // Whatever it was, two office keys lift a pause (or their successors do).
        require(coin.nextSeq(0) > 1, "landed");
    }

    function testFuzz_signatures_AnyBytesAreRefused(bytes[] memory signatures) external {
        IVolunteerCoin.Batch memory batch = _batch(CENTRE, _only(_credit(ALICE, 60)));
        uint256 count = signatures.length > 16 ? 16 : signatures.length;
        batch.signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            batch.signatures[i] = signatures[i];
        }
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 1);
    }

    function testFuzz_signatures_AChangedByteIsRefused(uint256 offset, uint8 change) external {
        IVolunteerCoin.Batch memory batch = _signed(_batch(CENTRE, _only(_credit(ALICE, 60))));
        batch.signatures[0][offset % 65] ^= bytes1(uint8(_bound(change, 1, 255)));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 1);
    }

    function testFuzz_refund_NeverAboveItsOriginal(uint24 redeemed, uint24[6] memory amounts) external {
        redeemed = uint24(_bound(redeemed, 1, 150));
        _give(BOB, 200);
        IVolunteerCoin.Batch memory redeem = _signed(_batch(VENUE, _only(_redeem(BOB, redeemed))));
        require(_post(redeem).isPosted, "refused");
        int128 due = coin.krwDueOf(Accounts.ofDesk(VENUE));
        uint256 undone = 0;
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 amount = _bound(amounts[i], 1, 2 * uint256(redeemed));
            IVolunteerCoin.Batch memory batch = _batch(VENUE, _only(_entry(3, BOB, 0, amount, DAY, redeem.seq)));
            batch.annex = Proofs.annex(Proofs.proof(redeem, 0));
            bool fits = undone + amount <= redeemed;
            _isSkipped(_post(_signed(batch)), 0, fits ? IVolunteerCoin.Skip.None : IVolunteerCoin.Skip.BadOriginal);
            if (fits) undone += amount;
        }
        _eq(coin.balanceOf(BOB), 200 - redeemed + undone);
        require(coin.krwDueOf(Accounts.ofDesk(VENUE)) == due - int128(uint128(undone * 100)), "KRW due");
    }

    function testFuzz_correct_TakesBackNoMoreThanWasIssued(uint24 units, uint24 spent, uint24[6] memory amounts)
        external
    {
        units = uint24(_bound(units, 12, 480));
        uint256 issued = uint256(units) * 5 / 60;
        IVolunteerCoin.Batch memory credit = _signed(_batch(CENTRE, _only(_credit(BOB, units))));
        require(_post(credit).isPosted, "refused");
        spent = uint24(_bound(spent, 0, issued));
        if (spent != 0) _land(VENUE, _only(_redeem(BOB, spent)));
        uint256 undone = 0;
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 amount = _bound(amounts[i], 1, issued);
            IVolunteerCoin.Batch memory batch = _batch(TREASURY, _only(_entry(6, BOB, 0, amount, CENTRE, credit.seq)));
            batch.annex = Proofs.annex(Proofs.proof(credit, 0));
            bool fits = undone + amount <= issued;
            _isSkipped(_post(_signed(batch)), 0, fits ? IVolunteerCoin.Skip.None : IVolunteerCoin.Skip.BadOriginal);
            if (fits) undone += amount;
        }
        uint256 left = issued - spent;
        _eq(coin.balanceOf(BOB), left > undone ? left - undone : 0);
        _eq(_slotOf(BOB).debt(), undone > left ? undone - left : 0);
    }
}
