// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {Fixture} from "../base/Fixture.sol";
import {Proofs} from "../base/Proofs.sol";
import {vm} from "../base/Vm.sol";

/// @notice What a transaction costs: execution on cold storage, 21,000, and its calldata.
/// @dev Each figure is a contract of its own: what setUp posts is another transaction, so that storage is cold.
abstract contract GasFixture is Fixture {
    event log_named_uint(string name, uint256 value);

    uint256 internal constant ENTRIES = 500;
    /// @dev The batch that setUp prepared, as calldata.
    bytes internal data;

    function _prepare(IVolunteerCoin.Batch memory batch) internal {
        IVolunteerCoin.Batch[] memory batches = new IVolunteerCoin.Batch[](1);
        batches[0] = _signed(batch);
        data = abi.encodeCall(IVolunteerCoin.post, (batches));
    }

    function _entries(uint256 count, uint8 kind, uint256 ref, uint256 units, uint256 day)
        internal
        pure
        returns (bytes32[] memory entries)
    {
        entries = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            entries[i] = _entry(kind, _resident(i), ref, units, day, 1_000_000 + i);
        }
    }

    function _credits(uint256 count) internal pure returns (bytes32[] memory) {
        return _entries(count, 1, 1, 120, DAY);
    }

    function _resident(uint256 i) internal pure returns (address) {
        return address(bytes20(keccak256(abi.encode("resident", i))));
    }

    function _gas() internal returns (uint256 used) {
        bytes memory call = data;
        vm.recordLogs();
        vm.prank(POSTER, POSTER);
        used = gasleft();
        (bool done,) = address(coin).call(call);
        used -= gasleft();
        Outcome memory outcome = _outcome(vm.getRecordedLogs());
        require(done && outcome.isPosted && outcome.skipped == 0, "not posted, or not whole");
        used += 21_000;
        for (uint256 i = 0; i < call.length; ++i) {
            used += call[i] == 0 ? 4 : 16;
        }
    }

    /// @dev At most 2 % above the committed figure. `forge test -vv` shows the figures.
    function _staysNear(string memory name, uint256 used) internal {
        emit log_named_uint(name, used);
        uint256 known = vm.parseJsonUint(vm.readFile("tests/vectors/gas.json"), string.concat(".", name));
        require(used * 100 <= known * 102, string.concat(name, ": ", vm.toString(used), ", was ", vm.toString(known)));
    }
}

contract GasOfExistingAccountsTest is GasFixture {
    function setUp() public override {
        super.setUp();
        _land(CENTRE, _credits(ENTRIES));
        _prepare(_batch(CENTRE, _credits(ENTRIES)));
    }

    function test_gas_ACreditToAnExistingAccountStaysBelow8200() public {
        uint256 used = _gas() / ENTRIES;
        require(used <= 8_200, string.concat("per credit: ", vm.toString(used)));
        _staysNear("creditSameMonth", used);
    }
}

contract GasOfANewMonthTest is GasFixture {
    function setUp() public override {
        super.setUp();
        _office(_orders(_order(8, _args(CENTRE, MONTH + 1, AMOUNT, 0))));
        _land(CENTRE, _credits(ENTRIES));
        IVolunteerCoin.Batch memory batch = _batch(CENTRE, _credits(ENTRIES));
        batch.day = DAY + 30;
        _prepare(batch);
    }

    function test_gas_TheFirstCreditOfANewMonthStaysBelow8200() public {
        uint256 used = _gas() / ENTRIES;
        require(used <= 8_200, string.concat("per credit: ", vm.toString(used)));
        _staysNear("creditNewMonth", used);
    }
}

contract GasOfALateMonthTest is GasFixture {
    /// @dev The accounts were credited in the next month already.
    function setUp() public override {
        super.setUp();
        _office(_orders(_registers(7, 1, CENTRE_KEY)));
        _office(_orders(_order(8, _args(7, MONTH + 1, AMOUNT, 0))));
        IVolunteerCoin.Batch memory later = _batch(7, _credits(ENTRIES));
        later.day = DAY + 30;
        _sign(later, _one(CENTRE_KEY));
        require(_post(later).skipped == 0, "refused");
        _land(CENTRE, _only(_credit(ALICE, 60)));
        _prepare(_batch(CENTRE, _credits(ENTRIES)));
    }

    function test_gas_ACreditOfTheMonthBefore() public {
        _staysNear("creditLateMonth", _gas() / ENTRIES);
    }
}

contract GasOfNewAccountsTest is GasFixture {
    function setUp() public override {
        super.setUp();
        _prepare(_batch(CENTRE, _credits(ENTRIES)));
    }

    function test_gas_ABatchOfNewAccountsStaysBelow14Million() public {
        uint256 used = _gas();
        require(used <= 14_000_000, vm.toString(used));
        _staysNear("creditNewAccount", used / ENTRIES);
    }
}

contract GasOfRedeemsTest is GasFixture {
    function setUp() public override {
        super.setUp();
        _land(CENTRE, _credits(ENTRIES));
        _land(VENUE, _only(_entry(2, _resident(0), 0, 1, DAY, 1)));
        _prepare(_batch(VENUE, _entries(ENTRIES, 2, 0, 3, DAY)));
    }

    function test_gas_ARedeem() public {
        _staysNear("redeem", _gas() / ENTRIES);
    }
}

contract GasOfDonationsTest is GasFixture {
    function setUp() public override {
        super.setUp();
        _office(_orders(_order(11, _args(4, 1))));
        _land(CENTRE, _credits(ENTRIES));
        _land(TREASURY, _only(_entry(4, _resident(0), 4, 1, DAY, 1)));
        _prepare(_batch(TREASURY, _entries(ENTRIES, 4, 4, 3, DAY)));
    }

    function test_gas_ADonation() public {
        _staysNear("donate", _gas() / ENTRIES);
    }
}

contract GasOfRefundsTest is GasFixture {
    uint256 internal constant REFUNDS = 150;

    /// @dev One batch of redeems, five chunks, five proofs.
    function setUp() public override {
        super.setUp();
        _land(CENTRE, _credits(REFUNDS));
        IVolunteerCoin.Batch memory original = _signed(_batch(VENUE, _entries(REFUNDS, 2, 0, 3, DAY)));
        require(_post(original).isPosted, "refused");
        bytes32[] memory refunds = new bytes32[](REFUNDS);
        bytes memory proofs;
        for (uint256 i = 0; i < REFUNDS; ++i) {
            if (i % 32 == 0) proofs = abi.encodePacked(proofs, Proofs.proof(original, i / 32));
            refunds[i] = _entry(3, _resident(i), i, 2, DAY, 1);
        }
        IVolunteerCoin.Batch memory batch = _batch(VENUE, refunds);
        batch.annex = Proofs.annex(proofs);
        _prepare(batch);
    }

    function test_gas_ARefundOfABatchWithProofsOfFiveChunks() public {
        _staysNear("refund", _gas() / REFUNDS);
        _eq(coin.balanceOf(_resident(0)), 9);
        _eq(coin.balanceOf(_resident(149)), 9);
    }
}

contract GasOfRefundsWithAProofEachTest is GasFixture {
    uint256 internal constant REFUNDS = 150;

    /// @dev The most that a batch can hold: every refund of another batch, each with a proof of its own, to accounts that
    /// spent all they had, and as many entries in each proof as the annex has room for.
    function setUp() public override {
        super.setUp();
        _land(CENTRE, _credits(REFUNDS));
        bytes32[] memory refunds = new bytes32[](REFUNDS);
        bytes memory proofs;
        IVolunteerCoin.Batch[] memory originals = new IVolunteerCoin.Batch[](1);
        for (uint256 i = 0; i < REFUNDS; ++i) {
            bytes32[] memory redeems = new bytes32[](8);
            for (uint256 k = 0; k < 8; ++k) {
                redeems[k] = _entry(2, _resident(i), 0, k == 0 ? 3 : 1, DAY, 1);
            }
            IVolunteerCoin.Batch memory original = _signed(_batch(VENUE, redeems));
            // Not by _post, whose outcome takes 48 KB of memory.
            originals[0] = original;
            vm.prank(POSTER, POSTER);
            coin.post(originals);
            proofs = abi.encodePacked(proofs, Proofs.proof(original, 0));
            refunds[i] = _entry(3, _resident(i), i % 8, 1, DAY, i + 1);
        }
        IVolunteerCoin.Batch memory batch = _batch(VENUE, refunds);
        batch.annex = Proofs.annex(proofs);
        // Batches of nine would be too large for it.
        require(batch.annex.length > 64_000 && batch.annex.length <= 65_536, "a full annex");
        _prepare(batch);
    }

    function test_gas_ABatchOfRefundsWithAProofEachStaysBelow14Million() public {
        uint256 used = _gas();
        require(used <= 14_000_000, vm.toString(used));
        _staysNear("refundProofEach", used / REFUNDS);
    }
}

contract GasOfAnOrderTest is GasFixture {
    function setUp() public override {
        super.setUp();
        _office(_orders(_order(1, _args())));
        _prepare(_officeBatch(_orders(_order(8, _args(CENTRE, MONTH, 2 * AMOUNT, DAY + 7)))));
    }

    function test_gas_AnOrderWithNotice() public {
        _staysNear("order", _gas());
    }
}
