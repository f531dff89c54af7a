"""The export of the books that an audit is held against (docs/audit.md), a batch at a time, from one moment of the database."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, case, func, not_, select

from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.domain.effects import BRINGING, TAKING
from ledger_service.domain.entries import Kind
from ledger_service.domain.evidence import Leaf
from ledger_service.domain.hashing import ZERO32
from ledger_service.domain.ids import id_word
from ledger_service.errors import Refused
from ledger_service.journal.checks import ON_CHAIN, RESERVED
from ledger_service.journal.places import ITS_BATCH
from ledger_service.journal.schema import access_log, accounts, audit_log, batches, chain_identity, entries
from ledger_service.journal.unit import Journal, Unit
from ledger_service.journal.vault import PersonSeal, Vault
from ledger_service.reads.chain import EvidenceIncomplete
from ledger_service.reads.corrections import supply_change, unsettled

VERSION = 1
ROWS_A_CHUNK = 1_000
_SUPPLY = {Kind.CREDIT: 1, Kind.OPENING: 1, Kind.MONTH_CLOSE: -1, Kind.EXPIRE: -1, Kind.SET_OFF: -1}

Sign = Callable[[int, int, int, bytes, int, int, int], bytes]
"""A receipt's signature over (journal no, desk, kind, account, units, day, posted by)."""


class NoChainYet(Refused):
    """The books were never brought to a chain: there is nothing to hold them against."""

    code = "no_chain_yet"


@dataclass(frozen=True, slots=True)
class Signing:
    """The service key: its address, its signature, and how many days after acceptance its receipts promise the chain."""

    address: bytes
    sign: Sign
    posted_by_days: int


def export_books(journal: Journal, vault: Vault, signing: Signing) -> Iterator[bytes]:
    """JSON lines, several at a time. Raises NoChainYet at once, EvidenceIncomplete where a leaf cannot be rebuilt."""
    with journal.read_moment() as unit:
        identity = unit.connection.execute(select(chain_identity)).one_or_none()
        if identity is None:
            raise NoChainYet(
                "these books were never on a chain: run boram up first", "아직 체인에 기록된 적이 없는 장부입니다"
            )
        head = {"type": "books", "version": VERSION, "chain_id": identity.chain_id, "contract": _hex(identity.contract)}
        yield _lines([head | {"service_keys": [_hex(signing.address)]}])
        yield from _log(unit, "access", access_log, _look)
        yield from _log(unit, "audit", audit_log, _act)
        for desk, seq in _keys_on_chain(unit):
            yield _lines(_orders(unit, seq) if desk == OFFICE_DESK else _entries(unit, vault, desk, seq))
        yield _lines(_pending(unit, signing))
        yield from _accounts(unit)
        yield _lines([_totals(unit)])


def _log(unit: Unit, kind: str, log: Table, told: Callable[[Row[tuple[Any, ...]]], dict[str, Any]]) -> Iterator[bytes]:
    """The chained rows of a log, by their numbers."""
    last = 0
    while True:
        rows = unit.connection.execute(
            select(log).where(log.c.number > last).order_by(log.c.number).limit(ROWS_A_CHUNK)
        ).all()
        if not rows:
            return
        last = rows[-1].number
        yield _lines([{"type": kind, "number": row.number, "row": told(row), "hash": _hex(row.hash)} for row in rows])


def _act(row: Row[tuple[Any, ...]]) -> dict[str, Any]:
    return {
        "id": row.id, "at": row.at, "actor": row.actor_id, "action": row.action, "subject": row.subject,
        "detail": json.loads(row.detail),
    }  # fmt: skip


def _look(row: Row[tuple[Any, ...]]) -> dict[str, Any]:
    return {
        "id": row.id, "at": row.at, "actor": row.actor_id, "assisted_by": row.assisted_by, "address": row.address,
        "action": row.action, "person": row.person_id, "people": row.people, "reason": row.reason,
    }  # fmt: skip


def _keys_on_chain(unit: Unit) -> list[tuple[int, int]]:
    rows = unit.connection.execute(
        select(batches.c.desk, batches.c.seq)
        .where(batches.c.state.in_(ON_CHAIN))
        .order_by(batches.c.desk, batches.c.seq)
    )
    return [(row[0], row[1]) for row in rows]


def _batch(unit: Unit, desk: int, seq: int) -> dict[str, Any]:
    row = unit.connection.execute(
        select(batches.c.head, batches.c.audit_head).where(batches.c.desk == desk, batches.c.seq == seq)
    ).one()
    return {"type": "batch", "desk": desk, "seq": seq, "head": _hex(row.head), "audit_head": _hex(row.audit_head)}


def _orders(unit: Unit, seq: int) -> list[dict[str, Any]]:
    lines = [_batch(unit, OFFICE_DESK, seq)]
    for position, row in enumerate(unit.orders.of_batch(seq), start=1):
        args = [str(value) for value in row.order.args]
        lines.append({"type": "order", "position": position, "code": int(row.order.code), "args": args})
    return lines


def _entries(unit: Unit, vault: Vault, desk: int, seq: int) -> list[dict[str, Any]]:
    original = entries.alias("original")
    rows = unit.connection.execute(
        select(
            entries,
            original.c.desk.label("original_desk"),
            original.c.seq.label("original_seq"),
            original.c.position.label("original_position"),
        )
        .select_from(entries.outerjoin(original, original.c.journal_no == entries.c.original_no))
        .where(entries.c.desk == desk, entries.c.seq == seq)
        .order_by(entries.c.position)
    ).all()
    seals = vault.of_many(row.person_id for row in rows if row.person_id is not None)
    return [_batch(unit, desk, seq), *(_entry(row, seals.get(row.person_id)) for row in rows)]


def _entry(row: Row[tuple[Any, ...]], seal: PersonSeal | None) -> dict[str, Any]:
    if seal is None and row.person_id is not None:
        raise EvidenceIncomplete(
            f"the person of entry {row.journal_no} was forgotten: its leaf is in the bundles only",
            f"{row.journal_no}번 기록의 주민 정보가 삭제되어 증빙은 묶음 파일에만 있습니다",
        )
    has_proof = row.kind in (Kind.REFUND, Kind.CORRECT)
    leaf = Leaf(
        row.position + 1,
        row.kind,
        row.journal_no,
        row.record_key,
        id_word(row.who),
        id_word(row.approver),
        id_word(row.consent),
        seal.salt(row.journal_no) if seal is not None else ZERO32,  # nobody's: a venue's or fund's
    )
    return {
        "type": "entry",
        "position": row.position + 1,
        "account": _hex(row.account),
        "kind": row.kind,
        "ref": row.original_position if has_proof else row.ref,
        "units": row.units,
        "day": row.original_desk if row.kind == Kind.CORRECT else row.day,
        "line": row.original_seq if has_proof else row.journal_no if row.word_line is None else row.word_line,
        "journal_no": row.journal_no,
        "leaf": _hex(leaf.hash()),
        "record": _hex(leaf.record),
        "who": _hex(leaf.who),
        "approver": _hex(leaf.approver),
        "consent": _hex(leaf.consent),
        "salt": _hex(leaf.salt),
    }


def _off_chain(unit: Unit) -> Sequence[Row[tuple[Any, ...]]]:
    """Accepted entries that the chain does not have: few, and found by partial indexes."""
    waiting = select(entries).where(entries.c.seq.is_(None))
    sealed = select(entries).join(batches, ITS_BATCH).where(batches.c.state.in_(("sealed", "signed")))
    return sorted(
        (row for query in (waiting, sealed) for row in unit.connection.execute(query)), key=lambda row: row.journal_no
    )


def _pending(unit: Unit, signing: Signing) -> list[dict[str, Any]]:
    lines = []
    for row in _off_chain(unit):
        posted_by = row.accepted_day + signing.posted_by_days
        signature = signing.sign(row.journal_no, row.desk, row.kind, row.account, row.units, row.day, posted_by)
        lines.append(
            {
                "type": "pending",
                "desk": row.desk,
                "journal_no": row.journal_no,
                "account": _hex(row.account),
                "kind": row.kind,
                "units": row.units,
                "day": row.day,
                "receipt": {"posted_by": posted_by, "signature": _hex(signature)},
            }
        )
    return lines


def _accounts(unit: Unit) -> Iterator[bytes]:
    """What each account holds on the chain: what the books call final, with what is posted and not final, without open debits."""
    changes: defaultdict[bytes, int] = defaultdict(int)
    off_chain = _off_chain(unit)
    for row in off_chain:
        if row.kind in TAKING:
            changes[row.account] += row.coins
    posted = unit.connection.execute(select(entries).join(batches, ITS_BATCH).where(batches.c.state == "posted")).all()
    undoing = unsettled(unit, off_chain, posted)
    for row in posted:
        if row.kind == Kind.CORRECT:
            continue
        if (row.kind in BRINGING) is (row.skip_reason is None):  # coins that came in, or did not go out
            changes[row.account] += row.coins
    last = b""
    while True:
        rows = unit.connection.execute(
            select(accounts.c.address, accounts.c.credited, accounts.c.debited, accounts.c.debt)
            .where(accounts.c.address > last, not_(RESERVED))
            .order_by(accounts.c.address)
            .limit(ROWS_A_CHUNK)
        ).all()
        if not rows:
            return
        last = rows[-1].address
        yield _lines(
            [
                {
                    "type": "account",
                    "account": _hex(row.address),
                    "coins": row.credited - row.debited + changes[row.address] + undoing.coins[row.address],
                    "debt": row.debt + undoing.debt[row.address],
                }
                for row in rows
            ]
        )


def _totals(unit: Unit) -> dict[str, Any]:
    applied = case((entries.c.skip_reason.is_(None), entries.c.coins), else_=0)
    burnt = _burnt_by_closures(unit)
    rows = unit.connection.execute(
        select(entries.c.kind, func.count(), func.sum(applied))
        .where(entries.c.seq.is_not(None))
        .group_by(entries.c.kind)
    )
    counts: dict[int, tuple[int, int]] = {row[0]: (row[1], int(row[2])) for row in rows}
    for row in _off_chain(unit):
        if row.seq is not None:
            count, coins = counts[row.kind]
            counts[row.kind] = (count - 1, coins - row.coins)
    coins_of = {kind: coins for kind, (_, coins) in counts.items()}
    return {
        "type": "totals",
        "batches": len(_keys_on_chain(unit)),
        "entries": sum(count for count, _ in counts.values()),
        "coins_credited": coins_of.get(Kind.CREDIT, 0),
        "coins_redeemed": coins_of.get(Kind.REDEEM, 0),
        "coins_refunded": coins_of.get(Kind.REFUND, 0),
        "coins_donated": coins_of.get(Kind.DONATE, 0),
        "coins_opened": coins_of.get(Kind.OPENING, 0),
        "coins_closed": coins_of.get(Kind.MONTH_CLOSE, 0),
        "coins_expired": coins_of.get(Kind.EXPIRE, 0),
        "coins_corrected": coins_of.get(Kind.CORRECT, 0),
        "coins_set_off": coins_of.get(Kind.SET_OFF, 0),
        "supply": sum(sign * coins_of.get(kind, 0) for kind, sign in _SUPPLY.items())
        - burnt
        + _reissued(unit)
        + supply_change(unit),
    }


def _burnt_by_closures(unit: Unit) -> int:
    """Coins of closures on the chain that went to no fund."""
    found = unit.connection.execute(
        select(func.coalesce(func.sum(entries.c.coins), 0))
        .select_from(entries.join(batches, ITS_BATCH))
        .where(batches.c.state.in_(ON_CHAIN), entries.c.skip_reason.is_(None))
        .where(entries.c.kind == Kind.CLOSURE, entries.c.ref == 0)
    ).scalar_one()
    return int(found)


def _reissued(unit: Unit) -> int:
    """Coins of refunds after a close, which the venue's coins did not cover."""
    return sum(unit.closes.venue_account(desk, ON_CHAIN).sums.reissued for desk in unit.closes.venues_with_closes())


def _lines(rows: Sequence[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for row in rows)


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
