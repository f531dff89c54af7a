"""Entries that come back into lost books with all that their acceptance once wrote: read and opened first, then written in one unit of work."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ledger_service.domain.batches import Batch
from ledger_service.domain.days import date_of, month_number
from ledger_service.domain.entries import Kind, unpack_words
from ledger_service.domain.hashing import keccak
from ledger_service.journal.people import PersonRow
from ledger_service.journal.records import ReservedRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.journal.vault import PersonSeal
from ledger_service.posting.bundles import BundleContent
from ledger_service.posting.outside_moves import coins_of
from ledger_service.posting.ports import PostingContext
from ledger_service.posting.returning_accounts import ReturningAccounts
from ledger_service.posting.returning_acts import ReturningActs
from ledger_service.posting.returning_batch import KNOWN_KINDS, UNDOING, Forked, NotReadable, Returned, ReturningBatch
from ledger_service.posting.returning_treasury import (
    add_lost_actors,
    opened_people,
    personal_rows,
    put_personal,
    put_rows,
)


def prepare_entries(context: PostingContext, batch: Batch, content: BundleContent) -> ReturningBatch:
    """Read and open everything before the write lock is taken. Raises Forked, NotReadable."""
    words = list(unpack_words(batch.words))
    records = content.entries
    strange = sorted({word.kind for word in words} - KNOWN_KINDS)
    if strange:
        raise NotReadable(f"it holds entries of kind {strange[0]}, of which this version reads the balances only")
    named = {record["person"] for record in records} | {one["id"] for one in (*content.people, *content.personal)}
    seals = context.vault.of_many(named - {None})
    with context.journal.read() as unit:
        rates = {rate.rate_id: rate for rate in unit.master.rate_versions()}
        known = unit.returning.entries_numbered(record["journalNo"] for record in records)
        at_home = unit.returning.people_of(
            [word.account for word in words] + [row.account for row in opened_people(content, seals)]
        )
        originals = {
            position: unit.returning.number_at(
                word.day if word.kind == Kind.CORRECT else batch.desk, word.line, word.ref
            )
            for position, word in enumerate(words)
            if word.kind in UNDOING
        }
    if any(word.kind == Kind.CORRECT and originals[position] is None for position, word in enumerate(words)):
        raise NotReadable("it corrects an entry of a batch whose bundle is missing")
    found = []
    for position, (word, record) in enumerate(zip(words, records, strict=True)):
        here = known.get(record["journalNo"])
        if here is not None and (here.seq is not None or here.record_key.hex() != record["record"]):
            raise Forked(
                f"entry {record['journalNo']} of batch {batch.seq} of desk {batch.desk} is another one in the books: they went on after the backup "
                "before they had read the chain. Restore the backup again, into an empty home"
            )
        brought = word.kind == Kind.MERGE and word.ref != 0  # a pair moves its coins once
        coins = 0 if brought else coins_of(word, rates)
        found.append(Returned(word, record, _act(seals, record), coins, originals.get(position), here))
    people = {row.id: row for row in opened_people(content, seals) if row.account not in at_home}
    for word, record in zip(words, records, strict=True):
        if record["person"] is not None and word.account not in at_home and record["person"] not in people:
            people[record["person"]] = _forgotten(record["person"], word.account)
    return ReturningBatch(
        batch, tuple(found), tuple(people.values()), seals, content.rows, personal_rows(content, seals)
    )


def write_entries(
    unit: WriteUnit, context: PostingContext, returning: ReturningBatch, *, skips: Mapping[int, int], is_settled: bool
) -> int:
    """Write: the rows, and (unless the balances have moved) what acceptance did to accounts; how many holds had to end.

    `skips` are only known of a batch that is settled: else the follower writes them.
    """
    accounts, now = ReturningAccounts(unit, returning), context.clock.now()
    _write_people(unit, returning, now)
    fresh = [one for one in returning.entries if one.known is None]
    ended = 0 if is_settled else accounts.make_room(fresh)
    _write_places(unit, returning, skips)
    put_rows(unit, returning.rows, now)
    ReturningActs(unit, context, returning).write(fresh, skips, is_settled=is_settled)
    put_personal(unit, returning.personal, now)
    if is_settled:
        accounts.settle_late(fresh, skips)
    return ended


def return_reserved(unit: WriteUnit, rows: Sequence[ReservedRow], reserved_day: int) -> None:
    """Write: give back what records that become no entries had reserved."""
    day = date_of(reserved_day)
    by_account: Counter[bytes] = Counter()
    for row in rows:
        unit.limits.reserve_desk(row.desk, month_number(day), -row.coins)
        unit.limits.reserve_budget(day.year, -row.coins)
        by_account[row.account] += row.coins
    unit.limits.return_person_months(month_number(day), by_account)


def _write_people(unit: WriteUnit, returning: ReturningBatch, now: int) -> None:
    """Write: accounts, people and those who acted, before the rows that name them."""
    wanted = {row.account for row in returning.people} | {one.word.account for one in returning.entries}
    unit.accounts.open_many(sorted(wanted - unit.returning.known_accounts(wanted)))
    unit.people.add_many(returning.people, now)
    add_lost_actors(unit, {one.record[name] for one in returning.entries for name in ("who", "approver")} - {None}, now)


def _write_places(unit: WriteUnit, returning: ReturningBatch, skips: Mapping[int, int]) -> None:
    """Write: the entries in their places; one that the books have already only gets its place."""
    batch, rows = returning.batch, []
    for position, one in enumerate(returning.entries):
        if one.known is None:
            rows.append(_entry(returning, one, position, skips.get(position)))
        else:
            unit.returning.place(one.number, batch.seq, position)
    unit.entries.add_many(rows)
    for position, one in enumerate(returning.entries):
        if one.known is not None and position in skips:
            unit.settling.mark_skipped(batch.desk, batch.seq, position, skips[position])
    unit.entries.raise_counter("journal", max(one.number for one in returning.entries))


def _entry(returning: ReturningBatch, one: Returned, position: int, skip: int | None) -> dict[str, Any]:
    batch, record, word = returning.batch, one.record, one.word
    seal = returning.seals.get(record["person"])
    sealed = seal.seal("business_key", one.act["key"]) if seal is not None and "key" in one.act else b""
    return {
        "journal_no": one.number,
        "desk": batch.desk,
        "kind": word.kind,
        "account": word.account,
        "person_id": record["person"],
        "ref": 0 if word.kind in UNDOING else word.ref,
        "units": word.units,
        "day": record["acceptedDay"] if word.kind == Kind.CORRECT else word.day,
        "coins": one.coins,
        "accepted_day": record["acceptedDay"],
        "accepted_at": record["acceptedAt"],
        "record_key": bytes.fromhex(record["record"]),
        "business_key_sealed": sealed,
        "who": record["who"],
        "approver": record["approver"],
        "consent": record["consent"],
        "original_no": one.original_no,
        "word_line": word.line if word.kind in (Kind.MONTH_CLOSE, Kind.CLOSURE, Kind.MERGE) else None,
        "seq": batch.seq,
        "position": position,
        "skip_reason": skip,
        "freed_no": one.number if skip is not None and word.kind == Kind.CREDIT else 0,
    }


def _act(seals: Mapping[str, PersonSeal], record: Mapping[str, Any]) -> Mapping[str, Any]:
    seal = seals.get(record["person"])
    if seal is None or not record["sealed"]:
        return {}
    return dict(orjson.loads(seal.open(f"entry|{record['journalNo']}", b64decode(record["sealed"]))))


def _forgotten(person_id: str, account: bytes) -> PersonRow:
    """Somebody whose key is gone, or whose row no bundle holds: the account stays, and nobody's name is on it."""
    return PersonRow(person_id, account, keccak(b"nobody " + person_id.encode()), b"", b"", b"", None, None)
