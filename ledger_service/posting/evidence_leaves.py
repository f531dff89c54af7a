"""The evidence behind a batch: one leaf for the audit log's head and one for every entry or order (docs/formats.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ledger_service.domain.evidence import AUDIT_HEAD_TYPE, ORDER_TYPE, Leaf
from ledger_service.domain.hashing import ZERO32
from ledger_service.domain.ids import id_word
from ledger_service.domain.orders import Order
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.vault import PersonSeal

_id_word = lru_cache(maxsize=4_096)(id_word)  # a few clerks stand behind thousands of entries


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was hashed into a batch, for its bundle: leaf hashes, entries with their salts, and the seals of their people."""

    leaves: Sequence[bytes]
    entries: Sequence[EntryRow]
    salts: Sequence[bytes]
    seals: Mapping[str, PersonSeal]


def entry_evidence(audit_head: bytes, rows: Sequence[EntryRow], seals: Mapping[str, PersonSeal]) -> Evidence:
    """The evidence of a batch of entries. One that is nobody's has no salt, nor has one whose person is forgotten."""
    salts = [_salt(row, seals) for row in rows]
    leaves = [Leaf(0, AUDIT_HEAD_TYPE, 0, audit_head).hash()]
    for position, (row, salt) in enumerate(zip(rows, salts, strict=True), 1):
        leaves.append(
            Leaf(
                position,
                row.kind,
                row.journal_no,
                row.record_key,
                _id_word(row.who),
                _id_word(row.approver),
                _id_word(row.consent),
                salt,
            ).hash()
        )
    return Evidence(leaves, rows, salts, seals)


def people_of(rows: Iterable[EntryRow]) -> Iterator[str]:
    """The people of entries; a venue's or fund's month close is nobody's."""
    return (row.person_id for row in rows if row.person_id is not None)


def _salt(row: EntryRow, seals: Mapping[str, PersonSeal]) -> bytes:
    seal = seals.get(row.person_id) if row.person_id is not None else None
    return seal.salt(row.journal_no) if seal is not None else ZERO32


def order_evidence(audit_head: bytes, orders: Sequence[Order]) -> Evidence:
    """The evidence of a batch of orders."""
    leaves = [Leaf(0, AUDIT_HEAD_TYPE, 0, audit_head).hash()]
    leaves.extend(Leaf(at, ORDER_TYPE, 0, order.record()).hash() for at, order in enumerate(orders, 1))
    return Evidence(leaves, (), (), {})
