// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {Fixture} from "../base/Fixture.sol";
import {vm} from "../base/Vm.sol";

/// @notice What orders do once the ledger is sealed, and why they are skipped.
contract OrdersTest is Fixture {
    uint256 private constant SOON = DAY + 6;
    uint16 private constant IN_TIME = DAY + 7;

    function setUp() public override {
        super.setUp();
        _office(_orders(_order(1, _args())));
    }

    function _does(uint8 code, uint256[] memory args, IVolunteerCoin.OrderSkip reason) private {
        _isSkipped(_office(_orders(_order(code, args))), 0, reason);
    }

    function _applies(uint8 code, uint256[] memory args) private {
        _does(code, args, IVolunteerCoin.OrderSkip.None);
    }

    function _alone(uint256 key, uint8 code, uint256[] memory args, IVolunteerCoin.OrderSkip reason) private {
        IVolunteerCoin.Batch memory batch = _officeBatch(_orders(_order(code, args)));
        _sign(batch, _one(key));
        Outcome memory outcome = _post(batch);
        require(outcome.isPosted, "refused");
        _isSkipped(outcome, 0, reason);
    }

    function _rate(uint256 from, uint256 to) private pure returns (uint256[] memory) {
        return _args(9, PROGRAMME, from, to, 5, 60, 480, 60);
    }

    function _creditOn(uint16 day, uint256 rate) private returns (Outcome memory) {
        IVolunteerCoin.Batch memory batch = _batch(CENTRE, _only(_entry(1, ALICE, rate, 60, day, 1)));
        batch.day = day;
        return _post(_signed(batch));
    }

    function test_order_SkipsTheUnknownAndTheMalformed() public {
        _does(0, _args(), IVolunteerCoin.OrderSkip.UnknownOrder);
        _does(18, _args(), IVolunteerCoin.OrderSkip.UnknownOrder);
        _does(1, _args(1), IVolunteerCoin.OrderSkip.BadArguments);
        _does(1, _args(), IVolunteerCoin.OrderSkip.NotAllowed);
        _does(4, _args(65_536), IVolunteerCoin.OrderSkip.BadArguments);
        _does(9, _args(YEAR, 1 << 48, IN_TIME), IVolunteerCoin.OrderSkip.BadArguments);
        _does(10, _args(YEAR, 1 << 32, IN_TIME), IVolunteerCoin.OrderSkip.BadArguments);
        _does(12, _args(DAY + 401), IVolunteerCoin.OrderSkip.BadArguments);
        _does(13, _args(1 << 160), IVolunteerCoin.OrderSkip.BadArguments);
        _does(13, _args(0), IVolunteerCoin.OrderSkip.BadArguments);
    }

    function test_order_OfOneKeyAloneDoesOnlyWhatStops() public {
        _alone(officeKeys[2], 16, _args(), IVolunteerCoin.OrderSkip.NotAllowed);
        _alone(GUARDIAN_KEY, 11, _args(4, 1), IVolunteerCoin.OrderSkip.NotAllowed);
        _alone(GUARDIAN_KEY, 14, _args(uint160(ALICE)), IVolunteerCoin.OrderSkip.NotAllowed);
        _alone(GUARDIAN_KEY, 13, _args(uint160(ALICE)), IVolunteerCoin.OrderSkip.None);
        _alone(officeKeys[1], 4, _args(CENTRE), IVolunteerCoin.OrderSkip.None);
        _alone(GUARDIAN_KEY, 15, _args(), IVolunteerCoin.OrderSkip.None);
        _alone(GUARDIAN_KEY, 16, _args(), IVolunteerCoin.OrderSkip.NotAllowed);
        (,,,, bool isPaused) = coin.status();
        require(isPaused, "paused");
        _applies(16, _args());
    }

    function test_register_SkipsAKnownDeskAndBadSigners() public {
        uint256 signer = uint160(vm.addr(STRANGER_KEY));
        _does(2, _args(CENTRE, 1, 0, 1, signer), IVolunteerCoin.OrderSkip.Exists);
        _does(2, _args(0, 1, 0, 1, signer), IVolunteerCoin.OrderSkip.BadArguments);
        _does(2, _args(8, 4, 0, 1, signer), IVolunteerCoin.OrderSkip.BadArguments);
        _does(2, _args(8, 1, 2, 1, signer), IVolunteerCoin.OrderSkip.BadArguments);
        _does(2, _args(8, 1, 0, 2, signer), IVolunteerCoin.OrderSkip.BadArguments);
        _does(2, _args(8, 1, 0, 0, signer), IVolunteerCoin.OrderSkip.BadArguments);
        _does(2, _args(8, 1, 0, 1, 0), IVolunteerCoin.OrderSkip.BadArguments);
        _applies(2, _args(8, 1, 0, 1, signer));
        _eq(coin.nextSeq(8), 1);
    }

    function test_rotate_TakesEffectAtItsSequenceAndNotBefore() public {
        uint256 signer = uint160(vm.addr(STRANGER_KEY));
        _does(3, _args(9, 1, 1, 1, signer), IVolunteerCoin.OrderSkip.Unknown);
        _give(ALICE, 10);
        _does(3, _args(CENTRE, 1, 1, 1, signer), IVolunteerCoin.OrderSkip.Notice);
        _applies(3, _args(CENTRE, 3, 1, 1, signer));
        _give(ALICE, 10);
        IVolunteerCoin.Batch memory batch = _signed(_batch(CENTRE, _only(_credit(ALICE, 60))));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 1);
        _sign(batch, _one(STRANGER_KEY));
        require(_post(batch).isPosted, "the new key");
    }

    function test_officeKeys_ChangeFromTheirSequence() public {
        uint256[] memory args =
            _args(coin.nextSeq(0), 2, uint160(ALICE), uint160(vm.addr(0xe1)), uint160(vm.addr(0xe2)));
        _does(5, args, IVolunteerCoin.OrderSkip.Notice);
        args[0] = coin.nextSeq(0) + 1;
        args[1] = 1;
        _does(5, args, IVolunteerCoin.OrderSkip.BadArguments);
        (args[0], args[1]) = (coin.nextSeq(0) + 1, 2);
        _applies(5, args);
        IVolunteerCoin.Batch memory batch = _signed(_officeBatch(_orders(_order(15, _args()))));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 2);
        _sign(batch, _sorted(_two(0xe1, 0xe2)));
        require(_post(batch).isPosted, "the new keys");
    }

    function test_orders_SkipBadArguments() public {
        uint256 signer = uint160(vm.addr(STRANGER_KEY));
        _does(11, _args(0, 1), IVolunteerCoin.OrderSkip.BadArguments);
        _does(11, _args(4, 2), IVolunteerCoin.OrderSkip.BadArguments);
        _does(3, _args(0, 9, 0, 1, signer), IVolunteerCoin.OrderSkip.BadArguments);
        _does(4, _args(0), IVolunteerCoin.OrderSkip.BadArguments);
        _does(2, _args(8, 1, 0, 1, 1 << 160 | signer), IVolunteerCoin.OrderSkip.BadArguments);
        _does(2, _many(8, 17), IVolunteerCoin.OrderSkip.BadArguments);
        _applies(2, _many(8, 16));
        uint256[] memory rate = _rate(IN_TIME, DAY + 50);
        rate[5] = 0;
        _does(6, rate, IVolunteerCoin.OrderSkip.BadArguments);
        (rate[5], rate[6]) = (60, 0);
        _does(6, rate, IVolunteerCoin.OrderSkip.BadArguments);
    }

    /// @dev The arguments that register a desk with so many keys.
    function _many(uint256 desk, uint256 keys) private pure returns (uint256[] memory args) {
        args = new uint256[](4 + keys);
        (args[0], args[1], args[3]) = (desk, 1, 1);
        for (uint256 i = 0; i < keys; ++i) {
            args[4 + i] = 0xacc0 + i;
        }
    }

    function test_officeKeys_AreTwoAndAnotherGuardian() public {
        uint256 from = coin.nextSeq(0) + 5;
        (uint256 one, uint256 two) = (uint160(vm.addr(0xe1)), uint160(vm.addr(0xe2)));
        _does(5, _args(from, 2, 0, one, two), IVolunteerCoin.OrderSkip.BadArguments);
        _does(5, _args(from, 2, two, one, two), IVolunteerCoin.OrderSkip.BadArguments);
        _does(5, _args(from, 2, uint160(ALICE), one, one), IVolunteerCoin.OrderSkip.BadArguments);
        _applies(5, _args(from, 2, uint160(ALICE), one, two));
    }

    function test_rotate_KeepsTheKeysInForceUntilTheNextOnesBegin() public {
        uint256 second = uint160(vm.addr(0xe2));
        _applies(3, _args(CENTRE, 1, 1, 1, uint160(vm.addr(0xe1))));
        _applies(3, _args(CENTRE, 2, 1, 1, second));
        IVolunteerCoin.Batch memory batch = _batch(CENTRE, _only(_credit(ALICE, 60)));
        _sign(batch, _one(0xe1));
        require(_post(batch).isPosted, "the first change");
        // What has not begun is taken away with the rest.
        _applies(4, _args(CENTRE));
        batch = _batch(CENTRE, _only(_credit(ALICE, 60)));
        _sign(batch, _one(0xe1));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 0);
        _sign(batch, _one(0xe2));
        _isRefused(_post(batch), IVolunteerCoin.Refusal.BadSignature, 0);
        _applies(3, _args(CENTRE, 2, 1, 1, second));
        require(_post(batch).isPosted, "new keys");
    }

    function test_setup_HasNoNoticeButGoesForwardOnly() public {
        coin = _deploy();
        _office(_setupOrders());
        _does(7, _args(19_000, 5), IVolunteerCoin.OrderSkip.Notice);
        _does(8, _args(CENTRE, MONTH, 5, 0), IVolunteerCoin.OrderSkip.Notice);
        _applies(7, _args(19_001, 5));
        _applies(8, _args(CENTRE, MONTH, 5, 1));
        uint32 order = coin.nextSeq(0) - 1;
        _applies(1, _args());
        _alone(GUARDIAN_KEY, 17, _args(order, 0), IVolunteerCoin.OrderSkip.Unknown);
    }

    function test_notice_IsFromTheLatestDayOfAnyDesk() public {
        _creditOn(DAY + 3, 1);
        _does(8, _args(CENTRE, MONTH, 5, DAY + 9), IVolunteerCoin.OrderSkip.Notice);
        _does(6, _rate(DAY + 9, DAY + 50), IVolunteerCoin.OrderSkip.Notice);
        _does(7, _args(DAY + 32, 200), IVolunteerCoin.OrderSkip.Notice);
        _applies(7, _args(DAY + 33, 200));
        _applies(8, _args(CENTRE, MONTH, 5, DAY + 10));
    }

    function test_limit_LeavesTheOneBeforeUntilItsDayAndAfterAVeto() public {
        _applies(8, _args(CENTRE, MONTH, 9, IN_TIME));
        _eq(_creditOn(IN_TIME - 1, 1).coins, 5);
        _alone(GUARDIAN_KEY, 17, _args(coin.nextSeq(0) - 1, 0), IVolunteerCoin.OrderSkip.None);
        _eq(_creditOn(IN_TIME, 1).coins, 5);
    }

    function test_rate_WantsNoticeAndIsNeverLengthened() public {
        _does(6, _rate(SOON, DAY + 50), IVolunteerCoin.OrderSkip.Notice);
        _applies(6, _rate(IN_TIME, DAY + 50));
        _does(6, _rate(IN_TIME, DAY + 40), IVolunteerCoin.OrderSkip.Exists);
        _eq(_creditOn(IN_TIME, 9).coins, 5);
        _does(6, _rate(IN_TIME, DAY + 50), IVolunteerCoin.OrderSkip.Lengthened);
        _does(6, _rate(IN_TIME, DAY + 51), IVolunteerCoin.OrderSkip.Lengthened);
        _does(6, _rate(IN_TIME + 1, DAY + 40), IVolunteerCoin.OrderSkip.Exists);
        _does(6, _rate(IN_TIME, DAY + 12), IVolunteerCoin.OrderSkip.Notice);
        _applies(6, _rate(IN_TIME, DAY + 13));
        _isSkipped(_creditOn(DAY + 14, 9), 0, IVolunteerCoin.Skip.RateNotInForce);
    }

    function test_rate_IsVetoedWithinItsNotice() public {
        _applies(6, _rate(IN_TIME, DAY + 50));
        uint32 order = coin.nextSeq(0) - 1;
        _alone(GUARDIAN_KEY, 17, _args(order, 1), IVolunteerCoin.OrderSkip.Unknown);
        _alone(GUARDIAN_KEY, 17, _args(order, 0), IVolunteerCoin.OrderSkip.None);
        _alone(GUARDIAN_KEY, 17, _args(order, 0), IVolunteerCoin.OrderSkip.Unknown);
        _isSkipped(_creditOn(IN_TIME, 9), 0, IVolunteerCoin.Skip.RateNotInForce);
        // The rate is as if it had never been ordered.
        _applies(6, _rate(DAY + 14, DAY + 60));
        // A shortening that is vetoed leaves the rate as it was.
        _applies(6, _args(1, PROGRAMME, 19_000, DAY + 20, 5, 60, 480, 60));
        _alone(GUARDIAN_KEY, 17, _args(coin.nextSeq(0) - 1, 0), IVolunteerCoin.OrderSkip.None);
        _eq(_creditOn(DAY + 21, 1).coins, 5);
    }

    function test_rate_CannotBeVetoedOnceItHasBegun() public {
        _applies(6, _rate(IN_TIME, DAY + 50));
        uint32 order = coin.nextSeq(0) - 1;
        _creditOn(IN_TIME, 9);
        _alone(GUARDIAN_KEY, 17, _args(order, 0), IVolunteerCoin.OrderSkip.Notice);
    }

    function test_coinValue_WantsThirtyDaysAndIsVetoed() public {
        _does(7, _args(DAY + 29, 200), IVolunteerCoin.OrderSkip.Notice);
        _does(7, _args(DAY + 30, 0), IVolunteerCoin.OrderSkip.BadArguments);
        _applies(7, _args(DAY + 30, 200));
        _does(7, _args(DAY + 31, 300), IVolunteerCoin.OrderSkip.Exists);
        _alone(officeKeys[0], 17, _args(coin.nextSeq(0) - 2, 0), IVolunteerCoin.OrderSkip.None);
        _applies(7, _args(DAY + 31, 300));
    }

    function test_limit_ChangesWithNoticeAndNeverBelowWhatIsUsed() public {
        _give(ALICE, 100);
        _does(8, _args(9, MONTH, 5, IN_TIME), IVolunteerCoin.OrderSkip.Unknown);
        _does(8, _args(CENTRE, MONTH, 5, SOON), IVolunteerCoin.OrderSkip.Notice);
        _does(8, _args(CENTRE, MONTH, 99, IN_TIME), IVolunteerCoin.OrderSkip.BelowUsed);
        _applies(8, _args(CENTRE, MONTH, 100, IN_TIME));
        _does(8, _args(CENTRE, MONTH, 200, IN_TIME + 1), IVolunteerCoin.OrderSkip.Exists);
        _give(ALICE, 10);
        _isSkipped(_creditOn(IN_TIME, 1), 0, IVolunteerCoin.Skip.Allotment);
        _does(9, _args(YEAR, 109, IN_TIME + 7), IVolunteerCoin.OrderSkip.BelowUsed);
        _applies(10, _args(YEAR, 1, IN_TIME + 7));
        _alone(GUARDIAN_KEY, 17, _args(coin.nextSeq(0) - 1, 0), IVolunteerCoin.OrderSkip.None);
    }
}
