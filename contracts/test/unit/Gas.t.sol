// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {Fixture} from "../base/Fixture.sol";
import {vm} from "../base/Vm.sol";

/// @notice What a transaction costs: execution on cold storage, 21,000, and its calldata.
abstract contract GasFixture is Fixture {
    uint256 internal constant ENTRIES = 500;

    function _credits(uint256 count) internal pure returns (bytes32[] memory entries) {
        entries = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            entries[i] = _entry(1, _resident(i), 1, 120, DAY, 1_000_000 + i);
        }
    }

    function _resident(uint256 i) internal pure returns (address) {
        return address(bytes20(keccak256(abi.encode("resident", i))));
    }

    function _gasOf(IVolunteerCoin.Batch memory batch) internal returns (uint256 used) {
        IVolunteerCoin.Batch[] memory batches = new IVolunteerCoin.Batch[](1);
        batches[0] = batch;
        bytes memory data = abi.encodeCall(IVolunteerCoin.post, (batches));
        vm.prank(POSTER, POSTER);
        used = gasleft();
        (bool done,) = address(coin).call(data);
        used -= gasleft();
        require(done && coin.nextSeq(batch.desk) == batch.seq + 1, "not posted");
        used += 21_000;
        for (uint256 i = 0; i < data.length; ++i) {
            used += data[i] == 0 ? 4 : 16;
        }
    }
}

contract GasOfExistingAccountsTest is GasFixture {
    IVolunteerCoin.Batch internal next;

    function setUp() public override {
        super.setUp();
        _land(CENTRE, _credits(ENTRIES));
        IVolunteerCoin.Batch memory batch = _signed(_batch(CENTRE, _credits(ENTRIES)));
        (next.desk, next.seq, next.day, next.previousHead) = (batch.desk, batch.seq, batch.day, batch.previousHead);
        (next.evidenceRoot, next.entries, next.signatures) = (batch.evidenceRoot, batch.entries, batch.signatures);
    }

    function test_gas_ACreditToAnExistingAccountStaysBelow8200() public {
        uint256 used = _gasOf(next);
        require(used / ENTRIES <= 8_200, string.concat("per credit: ", vm.toString(used / ENTRIES)));
    }
}

contract GasOfNewAccountsTest is GasFixture {
    function test_gas_ABatchOfNewAccountsStaysBelow14Million() public {
        uint256 used = _gasOf(_signed(_batch(CENTRE, _credits(ENTRIES))));
        require(used <= 14_000_000, vm.toString(used));
    }
}
