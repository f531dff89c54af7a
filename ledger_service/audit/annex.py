"""The annex of a desk's batch: proofs of earlier entries and closing statements, read by docs/formats.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

from ledger_service.domain.batches import ANNEX_VERSION, CHUNK_ENTRIES, Domain
from ledger_service.domain.entries import WORD_BYTES
from ledger_service.domain.hashing import keccak, word

PROOF_TAG = 1
STATEMENT_TAG = 2
SIGNATURE_BYTES = 65

_PROOF_HEAD_BYTES = 140
_BATCH_TYPE = keccak(
    b"Batch(uint16 desk,uint32 seq,uint16 day,bytes32 previousHead,bytes32 evidenceRoot,Need[] needs,"
    b"uint16 count,bytes32 entriesHash,bytes annex)Need(uint16 desk,uint32 seq)"
)


@dataclass(frozen=True, slots=True)
class Proof:
    """One chunk of an earlier batch, and the hash of that batch that it leads to."""

    desk: int
    seq: int
    count: int
    chunk: int
    words: bytes
    struct_hash: bytes

    def word_at(self, index: int) -> bytes | None:
        """The word of entry `index`, None beyond the batch's count."""
        if index >= self.count:
            return None
        at = index % CHUNK_ENTRIES * WORD_BYTES
        return self.words[at : at + WORD_BYTES]

    def rebuilds(self, head: bytes | None, domain: Domain) -> bool:
        """Whether the proof leads to a head that is on the chain."""
        return head is not None and domain.digest(self.struct_hash) == head


@dataclass(frozen=True, slots=True)
class Statement:
    """The signatures under a closing statement."""

    signatures: tuple[bytes, ...]


class AnnexCursor:
    """The items of an annex and the place that the entries have reached in it."""

    def __init__(self, annex: bytes) -> None:
        self._items = items_of(annex)
        self._next = 0
        self._current: Proof | Statement | None = None
        self._is_used = False

    def proof_of(self, desk: int, seq: int, index: int) -> Proof | None:
        """The entry's own proof, the current item or the next; None where it is neither."""
        if not _is_own(self._current, desk, seq, index):
            self._move()
        return self._current if _is_own(self._current, desk, seq, index) else None

    def statement(self) -> Statement | None:
        """A closing statement that no entry had before, the current item or the next; None where it is neither."""
        if self._is_used or not isinstance(self._current, Statement):
            self._move()
        if not isinstance(self._current, Statement):
            return None
        self._is_used = True
        return self._current

    def _move(self) -> None:
        self._current = self._items[self._next] if self._next < len(self._items) else None
        self._next += 1
        self._is_used = False


def _is_own(item: Proof | Statement | None, desk: int, seq: int, index: int) -> TypeGuard[Proof]:
    return isinstance(item, Proof) and (item.desk, item.seq, item.chunk) == (desk, seq, index // CHUNK_ENTRIES)


def items_of(annex: bytes) -> list[Proof | Statement]:
    """The items up to the first that is not well-formed."""
    if not annex or annex[0] != ANNEX_VERSION:
        return []
    items: list[Proof | Statement] = []
    at = 1
    while at < len(annex):
        read = {PROOF_TAG: _proof_at, STATEMENT_TAG: _statement_at}.get(annex[at])
        found = read(annex, at) if read else None
        if found is None:
            break
        item, at = found
        items.append(item)
    return items


def _proof_at(annex: bytes, at: int) -> tuple[Proof, int] | None:
    head = annex[at : at + _PROOF_HEAD_BYTES]
    if len(head) < _PROOF_HEAD_BYTES:
        return None
    count, chunk = int.from_bytes(head[137:139], "big"), head[139]
    chunks = -(-count // CHUNK_ENTRIES)
    if chunk >= chunks:
        return None
    words_at = at + _PROOF_HEAD_BYTES
    hashes_at = words_at + WORD_BYTES * min(CHUNK_ENTRIES, count - CHUNK_ENTRIES * chunk)
    end = hashes_at + WORD_BYTES * chunks
    if end > len(annex):
        return None
    words, hashes = annex[words_at:hashes_at], annex[hashes_at:end]
    if keccak(words) != hashes[WORD_BYTES * chunk : WORD_BYTES * (chunk + 1)]:
        return None
    desk, seq = int.from_bytes(head[1:3], "big"), int.from_bytes(head[3:7], "big")
    fields = word(desk) + word(seq) + word(int.from_bytes(head[7:9], "big")) + head[9:105]
    struct_hash = keccak(_BATCH_TYPE + fields + word(count) + keccak(hashes) + head[105:137])
    return Proof(desk, seq, count, chunk, words, struct_hash), end


def _statement_at(annex: bytes, at: int) -> tuple[Statement, int] | None:
    if at + 2 > len(annex):
        return None
    end = at + 2 + SIGNATURE_BYTES * annex[at + 1]
    if end > len(annex):
        return None
    starts = range(at + 2, end, SIGNATURE_BYTES)
    return Statement(tuple(annex[start : start + SIGNATURE_BYTES] for start in starts)), end
