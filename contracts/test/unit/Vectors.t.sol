// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {Accounts} from "../../libraries/Accounts.sol";
import {EntryWord} from "../../libraries/EntryWord.sol";
import {Code, Coin} from "../base/Coin.sol";
import {Fixture} from "../base/Fixture.sol";
import {vm} from "../base/Vm.sol";

/// @notice The contract against the golden values that the Python encoder made.
contract VectorsTest is Fixture {
    using EntryWord for uint256;

    string internal json;

    function setUp() public override {
        json = vm.readFile("tests/vectors/formats.json");
        coin = _deployAt(".domain");
    }

    /// @dev The code as deployed at the vectors' address: the domain is reckoned anew where it is not the constructor's.
    function _deployAt(string memory domain) private returns (Coin) {
        vm.chainId(vm.parseJsonUint(json, string.concat(domain, ".chainId")));
        address target = vm.parseJsonAddress(json, string.concat(domain, ".contract"));
        bytes memory arguments = abi.encode(
            vm.parseJsonBytes32(json, string.concat(domain, ".district")),
            vm.parseJsonAddressArray(json, string.concat(domain, ".officeKeys")),
            vm.parseJsonAddress(json, string.concat(domain, ".guardian"))
        );
        vm.etch(target, abi.encodePacked(Code.creation(), arguments));
        (bool done, bytes memory code) = target.call("");
        require(done, "the constructor reverted");
        vm.etch(target, code);
        return Coin(target);
    }

    function _at(string memory list, uint256 index, string memory field) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(index), "].", field);
    }

    function _batchAt(string memory list, uint256 index) private view returns (IVolunteerCoin.Batch memory batch) {
        batch = abi.decode(vm.parseJsonBytes(json, _at(list, index, "encoded")), (IVolunteerCoin.Batch));
        _eq(coin.digest(batch), vm.parseJsonBytes32(json, _at(list, index, "digest")));
        _eq(batch.entries.length, vm.parseJsonUint(json, _at(list, index, "count")));
        _eq(keccak256(batch.annex), vm.parseJsonBytes32(json, _at(list, index, "annexHash")));
    }

    function test_vectors_AccountsOfDesksAndFunds() public view {
        uint256[] memory numbers = vm.parseJsonUintArray(json, ".accounts.numbers");
        address[] memory desks = vm.parseJsonAddressArray(json, ".accounts.desks");
        address[] memory funds = vm.parseJsonAddressArray(json, ".accounts.funds");
        for (uint256 i = 0; i < numbers.length; ++i) {
            _eq(Accounts.ofDesk(numbers[i]), desks[i]);
            _eq(Accounts.ofFund(numbers[i]), funds[i]);
        }
    }

    function test_vectors_EntryWords() public view {
        for (uint256 i = 0; vm.keyExistsJson(json, _at("entries", i, "word")); ++i) {
            uint256 word = uint256(vm.parseJsonBytes32(json, _at("entries", i, "word")));
            _eq(word.account(), vm.parseJsonAddress(json, _at("entries", i, "account")));
            _eq(word.kind(), vm.parseJsonUint(json, _at("entries", i, "kind")));
            _eq(word.ref(), vm.parseJsonUint(json, _at("entries", i, "ref")));
            _eq(word.units(), vm.parseJsonUint(json, _at("entries", i, "units")));
            _eq(word.day(), vm.parseJsonUint(json, _at("entries", i, "day")));
            _eq(word.line(), vm.parseJsonUint(json, _at("entries", i, "line")));
        }
    }

    function test_vectors_DigestsAtTheBoundsOfEveryField() public view {
        for (uint256 i = 0; vm.keyExistsJson(json, _at("unpostable", i, "digest")); ++i) {
            _batchAt("unpostable", i);
        }
    }

    function test_vectors_AnotherDomainGivesAnotherDigest() public {
        coin = _deployAt(".otherDomain");
        _batchAt("elsewhere", 0);
    }

    function test_vectors_EveryBatchLandsInItsTurn() public {
        uint256 count = vm.parseJsonUint(json, ".batchCount");
        for (uint256 i = 0; i < count; ++i) {
            IVolunteerCoin.Batch memory batch = _batchAt("batches", i);
            Outcome memory outcome = _post(batch);
            require(
                outcome.isPosted,
                string.concat("refused: ", vm.toString(uint256(outcome.refusal)), " at ", vm.toString(i))
            );
            _eq(coin.headOf(batch.desk, batch.seq), vm.parseJsonBytes32(json, _at("batches", i, "digest")));
            for (uint256 k = 0; k < 500; ++k) {
                require(
                    outcome.skips[k] == IVolunteerCoin.Skip.None,
                    string.concat(
                        vm.toString(i), " skips ", vm.toString(k), " by ", vm.toString(uint256(outcome.skips[k]))
                    )
                );
                require(
                    outcome.orderSkips[k] == IVolunteerCoin.OrderSkip.None,
                    string.concat(
                        vm.toString(i),
                        " skips order ",
                        vm.toString(k),
                        " by ",
                        vm.toString(uint256(outcome.orderSkips[k]))
                    )
                );
            }
        }
    }

    function test_vectors_MalformedOrdersAreSkippedAsOne() public {
        bytes32[] memory secrets = vm.parseJsonBytes32Array(json, ".signers.secrets");
        officeKeys = _two(uint256(secrets[0]), uint256(secrets[1]));
        for (uint256 i = 0; vm.keyExistsJson(json, _at("badAnnexes", i, "annex")); ++i) {
            IVolunteerCoin.Batch memory batch = _batch(0, new bytes32[](0));
            batch.annex = vm.parseJsonBytes(json, _at("badAnnexes", i, "annex"));
            Outcome memory outcome = _post(_signed(batch));
            require(outcome.isPosted, "a malformed annex is no reason to refuse");
            _isSkipped(outcome, 0, IVolunteerCoin.OrderSkip.BadAnnex);
        }
    }

    function test_vectors_EncodingsOfOrders() public view {
        for (uint256 i = 0; vm.keyExistsJson(json, _at("orders", i, "record")); ++i) {
            IVolunteerCoin.Order memory order = _order(
                uint8(vm.parseJsonUint(json, _at("orders", i, "code"))),
                vm.parseJsonUintArray(json, _at("orders", i, "args"))
            );
            _eq(keccak256(abi.encode(_orders(order))), keccak256(vm.parseJsonBytes(json, _at("orders", i, "annex"))));
            // The parentheses of a tuple alone: without the offset that abi.encode puts before a dynamic one.
            _eq(
                keccak256(abi.encode(order)),
                keccak256(abi.encodePacked(uint256(32), vm.parseJsonBytes(json, _at("orders", i, "encoded"))))
            );
        }
    }
}
