// Verifies trees and proofs with OpenZeppelin's library, which knows nothing of ours.
// Standard input: {"trees": [{"leaves": [[position, type, journalNo, record, who, approver, consent, salt]], "root", "proofs"}]}
// Standard output: the number of proofs that hold. A tree or proof that does not hold ends it with status 1.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { StandardMerkleTree } from "@openzeppelin/merkle-tree";

const TYPES = ["uint16", "uint8", "uint32", "bytes32", "bytes32", "bytes32", "bytes32", "bytes32"];

let verified = 0;
for (const { leaves, root, proofs } of JSON.parse(readFileSync(0, "utf8")).trees) {
  const tree = StandardMerkleTree.of(leaves, TYPES, { sortLeaves: false });
  assert.equal(tree.root, root);
  for (const [index, leaf] of leaves.entries()) {
    assert.deepEqual(tree.getProof(index), proofs[index]);
    assert.ok(StandardMerkleTree.verify(root, TYPES, leaf, proofs[index]));
    verified += 1;
  }
}
console.log(verified);
