// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";

/// @notice Items of an annex, encoded by the words of docs/formats.md and not by the contract's reader.
library Proofs {
    /// @dev Of a batch without needs.
    function proof(IVolunteerCoin.Batch memory batch, uint256 chunk) internal pure returns (bytes memory) {
        uint256 count = batch.entries.length;
        bytes memory hashes;
        bytes memory words;
        for (uint256 k = 0; 32 * k < count; ++k) {
            bytes memory part;
            for (uint256 i = 32 * k; i < count && i < 32 * k + 32; ++i) {
                part = abi.encodePacked(part, batch.entries[i]);
            }
            hashes = abi.encodePacked(hashes, keccak256(part));
            if (k == chunk) words = part;
        }
        bytes memory head =
            abi.encodePacked(uint8(1), batch.desk, batch.seq, batch.day, batch.previousHead, batch.evidenceRoot);
        // forge-lint: disable-next-line(unsafe-typecast)
        bytes memory tail = abi.encodePacked(keccak256(""), keccak256(batch.annex), uint16(count), uint8(chunk));
        return abi.encodePacked(head, tail, words, hashes);
    }

    function statement(bytes[] memory signatures) internal pure returns (bytes memory item) {
        // forge-lint: disable-next-line(unsafe-typecast)
        item = abi.encodePacked(uint8(2), uint8(signatures.length));
        for (uint256 i = 0; i < signatures.length; ++i) {
            item = abi.encodePacked(item, signatures[i]);
        }
    }

    function annex(bytes memory items) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), items);
    }
}
