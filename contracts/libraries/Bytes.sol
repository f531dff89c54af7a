// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Words within bytes
library Bytes {
    /// @notice The 32 bytes from `offset` on. The caller has seen that they are there.
    function wordAt(bytes calldata data, uint256 offset) internal pure returns (uint256) {
        return uint256(bytes32(data[offset:offset + 32]));
    }
}
