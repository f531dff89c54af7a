"""A batch, its EIP-712 digest (which is its head) and the proof that one of its chunks gives of an entry (docs/formats.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger_service.domain.entries import WORD_BYTES
from ledger_service.domain.hashing import ZERO32, keccak, word

CHUNK_ENTRIES = 32
BATCH_ENTRIES_MAX = 500
BATCH_ENTRIES_WITH_ANNEX_MAX = 150
BATCH_NEEDS_MAX = 64
BATCH_SIGNATURES_MAX = 16
BATCH_ANNEX_BYTES_MAX = 65_536
BATCH_GAS_MAX = 14_000_000
OFFICE_DESK = 0
SIGNATURE_WORKING_DAYS_MAX = 3  # how long an organisation may take to sign before its batch may be replaced
ANNEX_VERSION = 1
_PROOF_TAG = 1

_CHUNK_BYTES = CHUNK_ENTRIES * WORD_BYTES
_DOMAIN_TYPE = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_NEED_TYPE = keccak(b"Need(uint16 desk,uint32 seq)")
_BATCH_TYPE = keccak(
    b"Batch(uint16 desk,uint32 seq,uint16 day,bytes32 previousHead,bytes32 evidenceRoot,Need[] needs,"
    b"uint16 count,bytes32 entriesHash,bytes annex)Need(uint16 desk,uint32 seq)"
)
_RECEIPT_TYPE = keccak(
    b"Receipt(uint32 journalNo,uint16 desk,uint8 kind,address account,uint24 units,uint16 day,uint16 postedBy)"
)


@dataclass(frozen=True, slots=True)
class Domain:
    """The chain and contract that a signature is for (EIP-712, "Boram", version "1")."""

    chain_id: int
    contract: bytes

    def separator(self) -> bytes:
        """The EIP-712 domain separator, 32 bytes."""
        return keccak(
            _DOMAIN_TYPE + keccak(b"Boram") + keccak(b"1") + word(self.chain_id) + self.contract.rjust(32, b"\0")
        )

    def digest(self, struct_hash: bytes) -> bytes:
        """The EIP-712 digest of a struct hash, 32 bytes."""
        return keccak(b"\x19\x01" + self.separator() + struct_hash)


@dataclass(frozen=True, slots=True)
class Need:
    """A batch of another desk that must be on the chain before."""

    desk: int
    seq: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to 500 entries of one desk (desk 0: none, its orders are the annex). `words` are the entries, concatenated."""

    desk: int
    seq: int
    day: int
    previous_head: bytes
    evidence_root: bytes
    needs: tuple[Need, ...]
    words: bytes
    annex: bytes

    def __post_init__(self) -> None:
        if len(self.previous_head) != 32 or len(self.evidence_root) != 32 or len(self.words) % WORD_BYTES:
            raise ValueError("heads, roots and entries have 32 bytes each")

    @property
    def count(self) -> int:
        """The number of entries."""
        return len(self.words) // WORD_BYTES

    def entry_words(self) -> list[bytes]:
        """The 32-byte words, in order."""
        return [self.words[start : start + WORD_BYTES] for start in range(0, len(self.words), WORD_BYTES)]

    def digest(self, domain: Domain) -> bytes:
        """The EIP-712 digest of everything but the signatures: the batch's head, 32 bytes."""
        return domain.digest(
            keccak(
                _BATCH_TYPE
                + word(self.desk)
                + word(self.seq)
                + word(self.day)
                + self.previous_head
                + self.evidence_root
                + needs_hash(self.needs)
                + word(self.count)
                + entries_hash(self.words)
                + keccak(self.annex)
            )
        )


@dataclass(frozen=True, slots=True)
class SignedBatch:
    """A batch with its desk's signatures (65 bytes r, s, v each, ascending by signer)."""

    batch: Batch
    signatures: tuple[bytes, ...]


def needs_hash(needs: Sequence[Need]) -> bytes:
    """The EIP-712 hash of a list of needs."""
    return keccak(b"".join(keccak(_NEED_TYPE + word(need.desk) + word(need.seq)) for need in needs))


def chunk_hashes(words: bytes) -> list[bytes]:
    """keccak of each chunk of 32 concatenated words (the last may be shorter)."""
    return [keccak(words[start : start + _CHUNK_BYTES]) for start in range(0, len(words), _CHUNK_BYTES)]


def entries_hash(words: bytes) -> bytes:
    """keccak of the concatenated chunk hashes; zero for no entries."""
    return keccak(b"".join(chunk_hashes(words))) if words else ZERO32


def proof_item(original: Batch, index: int) -> bytes:
    """The annex item that proves what entry `index` of `original` was: its chunk and what rebuilds the stored head."""
    chunk = index // CHUNK_ENTRIES
    if not 0 <= index < original.count:
        raise ValueError(f"entry {index} of a batch of {original.count}")
    return b"".join(
        (
            bytes([_PROOF_TAG]),
            original.desk.to_bytes(2, "big"),
            original.seq.to_bytes(4, "big"),
            original.day.to_bytes(2, "big"),
            original.previous_head,
            original.evidence_root,
            needs_hash(original.needs),
            keccak(original.annex),
            original.count.to_bytes(2, "big"),
            bytes([chunk]),
            original.words[chunk * _CHUNK_BYTES : (chunk + 1) * _CHUNK_BYTES],
            *chunk_hashes(original.words),
        )
    )


def annex_of(items: Sequence[bytes]) -> bytes:
    """The annex of a desk other than 0: empty, or the version byte and its items."""
    return bytes([ANNEX_VERSION]) + b"".join(items) if items else b""


def receipt_digest(
    domain: Domain, journal_no: int, desk: int, kind: int, account: bytes, units: int, day: int, posted_by: int
) -> bytes:
    """The digest that the service key signs when it accepts an entry (docs/formats.md, Receipt)."""
    return domain.digest(
        keccak(
            _RECEIPT_TYPE
            + word(journal_no)
            + word(desk)
            + word(kind)
            + account.rjust(32, b"\0")
            + word(units)
            + word(day)
            + word(posted_by)
        )
    )
