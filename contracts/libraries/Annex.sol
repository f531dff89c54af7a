// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bytes} from "./Bytes.sol";

/// @notice What a batch's digest covers, with every list by its hash.
struct HeadFields {
    uint256 desk;
    uint256 seq;
    uint256 day;
    bytes32 previousHead;
    bytes32 evidenceRoot;
    bytes32 needsHash;
    uint256 count;
    bytes32 entriesHash;
    bytes32 annexHash;
}

/// @notice One item of an annex: a proof of one chunk of a batch, or the signatures under a closing statement.
struct Item {
    /// 0 none, 1 proof, 2 closing statement.
    uint256 tag;
    /// Proof: what the digest is rebuilt from; its entriesHash follows from the chunk's words and the chunk hashes.
    HeadFields fields;
    uint256 chunk;
    /// Proof: where the chunk's words begin. Statement: where the signatures begin.
    uint256 dataAt;
    /// Statement: how many signatures.
    uint256 signatures;
    /// Where the next item begins.
    uint256 end;
}

/// @title The annex of a desk's batch
/// @notice Version byte 0x01, then items one after another. Every read is bounded by the annex's length, and an
/// annex that is not well-formed reads as having no item.
library Annex {
    uint256 internal constant PROOF = 1;
    uint256 internal constant STATEMENT = 2;
    uint256 internal constant CHUNK_ENTRIES = 32;
    uint256 internal constant SIGNATURE_BYTES = 65;

    uint256 private constant VERSION = 1;
    uint256 private constant PROOF_HEAD_BYTES = 140;

    /// @notice Where the first item is; the annex's end when it has none.
    function start(bytes calldata annex) internal pure returns (uint256) {
        return annex.length > 0 && uint8(annex[0]) == VERSION ? 1 : annex.length;
    }

    /// @notice The item at `at`, with tag 0 when there is no well-formed one.
    function itemAt(bytes calldata annex, uint256 offset) internal pure returns (Item memory item) {
        if (offset >= annex.length) return item;
        uint256 tag = uint8(annex[offset]);
        if (tag == PROOF) return _proofAt(annex, offset);
        if (tag == STATEMENT) return _statementAt(annex, offset);
    }

    function _proofAt(bytes calldata annex, uint256 offset) private pure returns (Item memory item) {
        if (annex.length - offset < PROOF_HEAD_BYTES) return item;
        // The first word begins with tag 8, desk 16, seq 32, day 16; the head's last one ends with count 16, chunk 8.
        uint256 first = Bytes.wordAt(annex, offset);
        uint256 last = Bytes.wordAt(annex, offset + PROOF_HEAD_BYTES - 32);
        uint256 count = (last >> 8) & 0xffff;
        uint256 chunk = last & 0xff;
        uint256 chunks = (count + CHUNK_ENTRIES - 1) / CHUNK_ENTRIES;
        if (chunk >= chunks) return item;
        uint256 words = chunk + 1 < chunks ? CHUNK_ENTRIES : count - CHUNK_ENTRIES * chunk;
        uint256 wordsAt = offset + PROOF_HEAD_BYTES;
        uint256 hashesAt = wordsAt + 32 * words;
        uint256 end = hashesAt + 32 * chunks;
        if (end > annex.length) return item;
        uint256 hashAt = hashesAt + 32 * chunk;
        if (Bytes.wordAt(annex, hashAt) != uint256(keccak256(annex[wordsAt:hashesAt]))) return item;
        item.tag = PROOF;
        item.fields = HeadFields({
            desk: (first >> 232) & 0xffff,
            seq: (first >> 200) & 0xffffffff,
            day: (first >> 184) & 0xffff,
            previousHead: bytes32(Bytes.wordAt(annex, offset + 9)),
            evidenceRoot: bytes32(Bytes.wordAt(annex, offset + 41)),
            needsHash: bytes32(Bytes.wordAt(annex, offset + 73)),
            count: count,
            entriesHash: keccak256(annex[hashesAt:end]),
            annexHash: bytes32(Bytes.wordAt(annex, offset + 105))
        });
        item.chunk = chunk;
        item.dataAt = wordsAt;
        item.end = end;
    }

    function _statementAt(bytes calldata annex, uint256 offset) private pure returns (Item memory item) {
        if (annex.length - offset < 2) return item;
        uint256 signatures = uint8(annex[offset + 1]);
        uint256 end = offset + 2 + SIGNATURE_BYTES * signatures;
        if (end > annex.length) return item;
        item.tag = STATEMENT;
        item.dataAt = offset + 2;
        item.signatures = signatures;
        item.end = end;
    }
}
