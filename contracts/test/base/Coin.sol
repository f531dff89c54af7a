// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {vm} from "./Vm.sol";

/// @notice All that the contract offers.
interface Coin is IVolunteerCoin, IERC20Metadata {
    function district() external view returns (bytes32);
}

/// @notice The contract by its compiled code, so that tests need not be compiled with it: they take a compiler without
/// the optimizer, the contract the one that makes what is deployed.
library Code {
    function creation() internal view returns (bytes memory) {
        return vm.getCode("VolunteerCoin.sol:VolunteerCoin");
    }

    function deploy(bytes32 district, address[] memory officeKeys, address guardian) internal returns (Coin coin) {
        bytes memory code = abi.encodePacked(creation(), abi.encode(district, officeKeys, guardian));
        // The code is all of `code`, whose length stands before it.
        assembly ("memory-safe") {
            coin := create(0, add(code, 32), mload(code))
            if iszero(coin) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
    }
}
