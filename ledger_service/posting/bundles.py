"""Bundles: each batch with its business keys and salts, encrypted, in a file of its own beside the database (docs/formats.md).

A bundle is on the disk before its batch may be sent: what is on the chain can always be read back from chain and bundles.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag

from ledger_service.domain.batches import Batch, Domain, Need
from ledger_service.domain.evidence import root_of
from ledger_service.errors import Refused
from ledger_service.journal.batches import BatchRow
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.vault import NONCE_BYTES, PersonSeal, Vault
from ledger_service.posting.evidence_leaves import Evidence
from ledger_service.posting.keepsakes import Keepsakes, person_text
from ledger_service.posting.sealed_json import open_json, put_files, seal_json


class BundleBroken(Refused):
    """A bundle that does not open, or does not hold the batch that it is named after."""

    code = "bundle_broken"


@dataclass(frozen=True, slots=True)
class BundleContent:
    """What a bundle holds. `entries`, `people`, `master`, `rows` and `personal` are as written (docs/formats.md, Bundle)."""

    batch: Batch
    head: bytes
    audit_head: bytes
    signatures: tuple[bytes, ...]
    leaves: tuple[bytes, ...]
    entries: tuple[dict[str, Any], ...]
    people: tuple[dict[str, Any], ...]
    master: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]]
    personal: tuple[dict[str, Any], ...]


def bundle_path(folder: Path, desk: int, seq: int, head: bytes) -> Path:
    """Where the bundle of a batch lies."""
    return folder / str(desk) / f"{seq}-{head.hex()[:16]}.json"


def write_bundles(
    folder: Path,
    vault: Vault,
    random_bytes: Callable[[int], bytes],
    batches: Iterable[tuple[BatchRow, Sequence[bytes], Evidence, Keepsakes]],
) -> None:
    """Write the bundles of signed batches; they are on the disk when this returns. One that is there is replaced whole."""
    put_files(
        (
            bundle_path(folder, row.batch.desk, row.batch.seq, row.head),
            seal_json(
                {"desk": row.batch.desk, "seq": row.batch.seq, "head": "0x" + row.head.hex()},
                _content(row, signatures, evidence, kept, _seals(vault, evidence, kept)),
                vault.bundle_key,
                random_bytes(NONCE_BYTES),
            ),
        )
        for row, signatures, evidence, kept in batches
    )


def read_bundle(path: Path, key: bytes, domain: Domain) -> BundleContent:
    """Open a bundle with the vault's bundle key and recompute its head and its evidence root. Raises BundleBroken."""
    try:
        content = _parsed(*open_json(path.read_bytes(), key))
    except (OSError, InvalidTag, KeyError, TypeError, ValueError) as error:
        raise BundleBroken(
            f"the bundle {path.name} of desk {path.parent.name} does not open ({type(error).__name__}); "
            "bring the file back from its backup",
            f"{path.parent.name}번 기관의 묶음 파일 {path.name}이 열리지 않습니다. 백업에서 되살리세요",
        ) from error
    if content.batch.digest(domain) != content.head or root_of(content.leaves) != content.batch.evidence_root:
        raise BundleBroken(
            f"the bundle {path.name} of desk {path.parent.name} does not hold the batch it is named after",
            f"{path.parent.name}번 기관의 묶음 파일 {path.name}의 내용이 이름과 다릅니다",
        )
    return content


def _content(
    row: BatchRow,
    signatures: Sequence[bytes],
    evidence: Evidence,
    kept: Keepsakes,
    seals: Mapping[str, PersonSeal],
) -> dict[str, Any]:
    batch = row.batch
    return {
        "day": batch.day,
        "previousHead": batch.previous_head.hex(),
        "evidenceRoot": batch.evidence_root.hex(),
        "needs": [[need.desk, need.seq] for need in batch.needs],
        "entries": batch.words.hex(),
        "annex": batch.annex.hex(),
        "auditHead": row.audit_head.hex(),
        "signatures": [signature.hex() for signature in signatures],
        "leaves": [leaf.hex() for leaf in evidence.leaves],
        "records": [
            _record(
                entry,
                salt,
                evidence.seals.get(entry.person_id) if entry.person_id is not None else None,
                kept.acts.get(entry.journal_no, {}),
            )
            for entry, salt in zip(evidence.entries, evidence.salts, strict=True)
        ],
        "people": [
            {"id": person.id, "sealed": _sealed_for(seals[person.id], "person", person_text(person))}
            for person in kept.people
            if person.id in seals
        ],
        "master": dict(kept.master),
        "rows": dict(kept.rows),
        "personal": [
            {"id": person_id, "sealed": _sealed_for(seals[person_id], "rows", orjson.dumps(rows).decode())}
            for person_id, rows in kept.personal
            if person_id in seals
        ],
    }


def _seals(vault: Vault, evidence: Evidence, kept: Keepsakes) -> Mapping[str, PersonSeal]:
    """Those of the entries' people, and of whoever else the bundle keeps something of."""
    others = {*(person.id for person in kept.people), *(person_id for person_id, _ in kept.personal)}
    missing = others - evidence.seals.keys()
    return {**evidence.seals, **vault.of_many(missing)} if missing else evidence.seals


def _record(entry: EntryRow, salt: bytes, seal: PersonSeal | None, act: Mapping[str, Any]) -> dict[str, Any]:
    sealed = ""
    if seal is not None:
        key = seal.open("business_key", entry.business_key_sealed)
        text = orjson.dumps({"salt": salt.hex(), "key": key, **act}).decode()
        sealed = _sealed_for(seal, f"entry|{entry.journal_no}", text)
    return {
        "journalNo": entry.journal_no,
        "record": entry.record_key.hex(),
        "who": entry.who,
        "approver": entry.approver,
        "consent": entry.consent,
        "person": entry.person_id,
        "acceptedAt": entry.accepted_at,
        "acceptedDay": entry.accepted_day,
        "sealed": sealed,
    }


def _sealed_for(seal: PersonSeal, column: str, text: str) -> str:
    return b64encode(seal.seal(column, text)).decode()


def _parsed(file: dict[str, Any], content: dict[str, Any]) -> BundleContent:
    batch = Batch(
        desk=file["desk"],
        seq=file["seq"],
        day=content["day"],
        previous_head=bytes.fromhex(content["previousHead"]),
        evidence_root=bytes.fromhex(content["evidenceRoot"]),
        needs=tuple(Need(desk, seq) for desk, seq in content["needs"]),
        words=bytes.fromhex(content["entries"]),
        annex=bytes.fromhex(content["annex"]),
    )
    return BundleContent(
        batch=batch,
        head=bytes.fromhex(file["head"][2:]),
        audit_head=bytes.fromhex(content["auditHead"]),
        signatures=tuple(bytes.fromhex(signature) for signature in content["signatures"]),
        leaves=tuple(bytes.fromhex(leaf) for leaf in content["leaves"]),
        entries=tuple(content["records"]),
        people=tuple(content["people"]),
        master=content["master"],
        rows=content["rows"],
        personal=tuple(content["personal"]),
    )
