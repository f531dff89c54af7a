"""Accepting one entry: its journal number, its keyed business key, and the receipt that promises it to the chain."""

from __future__ import annotations

import hmac
from datetime import date
from typing import Any

from ledger_service.domain.actors import Actor
from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import DeskKind, Kind
from ledger_service.errors import NotFound, Unavailable
from ledger_service.journal.master import DeskRow
from ledger_service.journal.people import PersonRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.journal.vault import PersonSeal
from ledger_service.services.context import POSTED_BY_DAYS, Context


def person_of(unit: Unit, person_id: str) -> PersonRow:
    """The person of an id, or NotFound. One whose member number was merged is who they are now: what they do, that account does."""
    person = unit.people.acting(person_id)
    if person is None:
        raise NotFound(f"there is no resident {person_id}", "해당 주민이 없습니다")
    return person


def centre_of(unit: Unit, number: int) -> DeskRow:
    """The centre's desk of a number, or NotFound."""
    desk = unit.master.desk(number)
    if desk is None or desk.kind is not DeskKind.CENTRE:
        raise NotFound(f"there is no centre desk {number}", f"센터 {number}번이 없습니다")
    return desk


def treasury_of(unit: Unit) -> DeskRow:
    """The treasury's desk: it donates, expires, corrects, sets off and closes. Raises Unavailable where there is none yet."""
    treasury = next((desk for desk in unit.master.desks() if desk.kind is DeskKind.TREASURY), None)
    if treasury is None:
        raise Unavailable("there is no treasury desk yet", "아직 이 업무를 처리할 창구가 없습니다")
    return treasury


def accept(
    context: Context,
    unit: WriteUnit,
    actor: Actor,
    person: PersonRow,
    seal: PersonSeal,
    *,
    today: date,
    desk: int,
    kind: Kind,
    coins: int,
    ref: int,
    key: str,
    consent: str | None,
    original_no: int | None = None,
    day: int | None = None,
) -> int:
    """Write one debit or refund entry, accepted today; its journal number. `key` is its business key within `boram` as source.

    `day` is the entry's own where that is not today.
    The last thing a command does: the journal number's counter is locked until the commit.
    """
    row = entry_row(
        context, person, seal, today=today, desk=desk, kind=kind, coins=coins, ref=ref, key=key, who=actor.id,
        consent=consent, original_no=original_no, day=day,
    )  # fmt: skip
    journal_no = unit.entries.next_numbers("journal", 1)
    unit.entries.add_many([{"journal_no": journal_no, **row}])
    return journal_no


def entry_row(
    context: Context,
    person: PersonRow,
    seal: PersonSeal,
    *,
    today: date,
    desk: int,
    kind: Kind,
    coins: int,
    ref: int,
    key: str,
    who: str,
    approver: str | None = None,
    consent: str | None = None,
    day: int | None = None,
    original_no: int | None = None,
) -> dict[str, Any]:
    """An entry accepted today, but for its journal number: what can be made before the write lock, of many.

    `day` is the entry's own where that is not today, `approver` who decided what `who` submitted, `key` its business key.
    """
    accepted_day = civil_day(today)
    return {
        "desk": desk,
        "kind": int(kind),
        "account": person.account,
        "person_id": person.id,
        "ref": ref,
        "units": coins,
        "day": accepted_day if day is None else day,
        "coins": coins,
        "accepted_day": accepted_day,
        "accepted_at": context.clock.now(),
        "record_key": context.vault.record_key("boram", key),
        "business_key_sealed": seal.seal("business_key", f"boram\x1f{key}"),
        "who": who,
        "approver": approver,
        "consent": consent,
        "original_no": original_no,
    }


def receipt(context: Context, journal_no: int) -> dict[str, Any]:
    """The signed receipt of an accepted entry. Signing is deterministic: asking again gives the same bytes."""
    with context.journal.read() as unit:
        entry = unit.entries.read(journal_no)
    if entry is None:
        raise NotFound(f"there is no entry {journal_no}", "해당 기록이 없습니다")
    posted_by = entry.accepted_day + POSTED_BY_DAYS
    signature = context.receipts.sign(
        entry.journal_no, entry.desk, entry.kind, entry.account, entry.units, entry.day, posted_by
    )
    return {
        "journal_no": entry.journal_no,
        "desk": entry.desk,
        "kind": entry.kind,
        "account": "0x" + entry.account.hex(),
        "units": entry.units,
        "day": entry.day,
        "posted_by": posted_by,
        "signature": "0x" + signature.hex(),
    }


def is_own_receipt(context: Context, fields: tuple[int, int, int, bytes, int, int, int], signature: bytes) -> bool:
    """Whether a receipt's fields (journal no, desk, kind, account, units, day, posted-by day) were signed here.

    Signing is deterministic, so the signature is made again and compared; what was asked is told to nobody.
    """
    return hmac.compare_digest(context.receipts.sign(*fields), signature)


def receipt_is_kept(context: Context, fields: tuple[int, int, int, bytes, int, int, int]) -> bool:
    """Whether the books have the entry as the receipt says."""
    with context.journal.read() as unit:
        entry = unit.entries.read(fields[0])
    return entry is not None and fields == (
        entry.journal_no, entry.desk, entry.kind, entry.account, entry.units, entry.day,
        entry.accepted_day + POSTED_BY_DAYS,
    )  # fmt: skip
