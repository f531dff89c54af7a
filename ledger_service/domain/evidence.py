"""Evidence leaves and their Merkle tree, as OpenZeppelin's JavaScript `merkle-tree` builds and verifies them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger_service.domain.hashing import ZERO32, keccak, word

AUDIT_HEAD_TYPE = 0
ORDER_TYPE = 0x80
LEAF_ABI_TYPES = ("uint16", "uint8", "uint32", "bytes32", "bytes32", "bytes32", "bytes32", "bytes32")


@dataclass(frozen=True, slots=True)
class Leaf:
    """What stands behind one entry: eight ABI words (docs/formats.md). Byte fields have 32 bytes each."""

    position: int
    type: int
    journal_no: int
    record: bytes
    who: bytes = ZERO32
    approver: bytes = ZERO32
    consent: bytes = ZERO32
    salt: bytes = ZERO32

    def hash(self) -> bytes:
        """The double hash that the tree holds."""
        return keccak(
            keccak(
                word(self.position)
                + word(self.type)
                + word(self.journal_no)
                + self.record
                + self.who
                + self.approver
                + self.consent
                + self.salt
            )
        )


def hash_pair(left: bytes, right: bytes) -> bytes:
    """A node: keccak of its two children, the smaller first."""
    return keccak(left + right if left < right else right + left)


def build_tree(leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """All nodes, root first; leaf i at 2n - 2 - i. `leaf_hashes` is not empty."""
    count = len(leaf_hashes)
    if not count:
        raise ValueError("a tree has at least one leaf")
    tree = [b""] * (count - 1) + list(reversed(leaf_hashes))
    for node in range(count - 2, -1, -1):
        left, right = tree[2 * node + 1], tree[2 * node + 2]
        tree[node] = keccak(left + right if left < right else right + left)
    return tree


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root of the tree over the leaves."""
    return build_tree(leaf_hashes)[0]


def proof_of(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings from leaf `index` up to the root."""
    tree = build_tree(leaf_hashes)
    node = len(tree) - 1 - index
    proof = []
    while node > 0:
        proof.append(tree[node + 1 if node % 2 else node - 1])
        node = (node - 1) // 2
    return proof


def root_from(leaf_hash: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that a leaf and its siblings lead to."""
    for sibling in proof:
        leaf_hash = hash_pair(leaf_hash, sibling)
    return leaf_hash
