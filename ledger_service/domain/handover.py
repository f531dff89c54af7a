"""Batches on their way to and from the place where a centre keeps its own key (docs/signing.md).

The file says what is to be signed; nothing in it is believed but by recomputing: the digest comes from the very entries that are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger_service.domain.batches import Batch, Domain, Need
from ledger_service.domain.days import date_of
from ledger_service.domain.entries import Entry
from ledger_service.errors import Invalid

VERSION = 1
BATCHES_MAX = 1_000
LARGEST = 5


class HandoverUnreadable(Invalid):
    """A file of batches that is none, or holds a batch that is not what its head says."""

    code = "handover_unreadable"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person sees of a batch before signing: recomputed from the entries."""

    desk: int
    seq: int
    day: str
    previous_head: bytes
    head: bytes
    count: int
    units: int
    largest: tuple[tuple[int, int, str], ...]  # (units, kind, account), the largest first


def written(domain: Domain, desk: int, batches: Sequence[Batch]) -> dict[str, Any]:
    """The content of a file for one desk's batches."""
    return {
        "boram": "batches to sign",
        "version": VERSION,
        "chain_id": domain.chain_id,
        "contract": f"0x{domain.contract.hex()}",
        "desk": desk,
        "batches": [
            {
                "seq": batch.seq,
                "day": batch.day,
                "previous_head": f"0x{batch.previous_head.hex()}",
                "evidence_root": f"0x{batch.evidence_root.hex()}",
                "needs": [[need.desk, need.seq] for need in batch.needs],
                "entries": f"0x{batch.words.hex()}",
                "annex": f"0x{batch.annex.hex()}",
                "head": f"0x{batch.digest(domain).hex()}",
            }
            for batch in batches
        ],
    }


def read(content: Any) -> tuple[Domain, list[Batch]]:
    """The domain and batches of a file. Raises HandoverUnreadable; a head that the file claims and its entries do not give, too."""
    try:
        if content["version"] != VERSION or len(content["batches"]) > BATCHES_MAX:
            raise ValueError("another version, or too many batches")
        domain = Domain(int(content["chain_id"]), _bytes(content["contract"]))
        batches = [
            Batch(
                desk=int(content["desk"]),
                seq=int(one["seq"]),
                day=int(one["day"]),
                previous_head=_bytes(one["previous_head"]),
                evidence_root=_bytes(one["evidence_root"]),
                needs=tuple(Need(int(desk), int(seq)) for desk, seq in one["needs"]),
                words=_bytes(one["entries"]),
                annex=_bytes(one["annex"]),
            )
            for one in content["batches"]
        ]
        claimed = [_bytes(one["head"]) for one in content["batches"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise HandoverUnreadable(
            f"this is no file of batches to sign ({type(error).__name__}): export it again",
            "서명할 묶음 파일이 아닙니다. 다시 내보내세요",
        ) from error
    for batch, head in zip(batches, claimed, strict=True):
        if batch.digest(domain) != head:
            raise HandoverUnreadable(
                f"batch {batch.seq} is not what its head says: do not sign it, and ask the coin office",
                f"{batch.seq}번 묶음의 내용이 표시된 값과 다릅니다. 서명하지 말고 담당 부서에 문의하세요",
            )
    return domain, batches


def shown(domain: Domain, batch: Batch) -> Shown:
    """What is shown of a batch."""
    entries = [Entry.unpack(word) for word in batch.entry_words()]
    largest = sorted(entries, key=lambda entry: entry.units, reverse=True)[:LARGEST]
    return Shown(
        desk=batch.desk,
        seq=batch.seq,
        day=date_of(batch.day).isoformat(),
        previous_head=batch.previous_head,
        head=batch.digest(domain),
        count=batch.count,
        units=sum(entry.units for entry in entries),
        largest=tuple((entry.units, entry.kind, f"0x{entry.account.hex()}") for entry in largest),
    )


def _bytes(text: str) -> bytes:
    if not text.startswith("0x"):
        raise ValueError("bytes begin with 0x")
    return bytes.fromhex(text[2:])
