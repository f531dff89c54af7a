// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Code, Coin} from "../base/Coin.sol";
import {Fixture} from "../base/Fixture.sol";
import {vm} from "../base/Vm.sol";

/// @notice What a ledger begins with.
contract DeploymentTest is Fixture {
    bytes private constant REFUSAL = abi.encodeWithSignature("BadOfficeKeys()");

    /// @dev Called from outside, so that a constructor's revert is one that can be expected.
    function deploy(address[] memory keys, address guardian) public returns (Coin) {
        return Code.deploy("boram-test", keys, guardian);
    }

    function deploys(address first, address second, address guardian) external returns (Coin) {
        address[] memory keys = new address[](2);
        (keys[0], keys[1]) = (first, second);
        return deploy(keys, guardian);
    }

    function test_deploy_TakesTwoOfficeKeysAndAGuardian() public {
        coin = this.deploys(ALICE, BOB, CAROL);
        _eq(coin.district(), "boram-test");
        _eq(coin.nextSeq(0), 1);
        (uint64 posts,,, bool isSealed, bool isPaused) = coin.status();
        require(posts == 0 && !isSealed && !isPaused, "setup");
    }

    function test_deploy_RefusesAGuardianThatIsNobody() public {
        vm.expectRevert(REFUSAL);
        this.deploys(ALICE, BOB, address(0));
    }

    function test_deploy_RefusesAGuardianAmongTheOfficeKeys() public {
        vm.expectRevert(REFUSAL);
        this.deploys(ALICE, BOB, BOB);
    }

    function test_deploy_RefusesOneOfficeKeyTwice() public {
        vm.expectRevert(REFUSAL);
        this.deploys(ALICE, ALICE, CAROL);
    }

    function test_deploy_RefusesNobodysOfficeKey() public {
        vm.expectRevert(REFUSAL);
        this.deploys(ALICE, address(0), CAROL);
    }

    function test_deploy_RefusesALoneOfficeKey() public {
        address[] memory keys = new address[](1);
        keys[0] = ALICE;
        vm.expectRevert(REFUSAL);
        this.deploy(keys, CAROL);
    }
}
