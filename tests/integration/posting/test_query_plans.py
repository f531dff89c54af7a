"""No command or pass reads a table that grows from end to end: it would be as fast as ever in a test, and stand still after some years.

A day of a district is lived through on SQLite, every statement is written down, and SQLite is asked how it finds its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from ledger_service.adapters.notices import NoticeFiles
from ledger_service.adapters.sms import SmsFile
from ledger_service.domain.notices import Sign
from ledger_service.reads.counter import charges_of_day, sum_of_day
from ledger_service.reads.entries import entries_of
from ledger_service.reads.residents import balance
from ledger_service.services import spend, staging
from ledger_service.services.deliver import Delivery, deliver_notices
from ledger_service.services.frozen import lift_freezes
from ledger_service.services.gifts import carry_out_wishes
from ledger_service.services.messages import send_messages
from ledger_service.services.notify import queue_move_notices
from ledger_service.services.set_off import set_off_debts
from tests.integration.posting.hall import Hall

GROWING = (
    "access_log",
    "audit_log",
    "batches",
    "entries",
    "holds",
    "idempotency",
    "messages",
    "notices",
    "records",
    "redemptions",
    "refunds",
    "transactions",
)
SCAN = re.compile(rf"^SCAN ({'|'.join(GROWING)})\b")


@contextmanager
def statements() -> Iterator[dict[str, tuple[Engine, Any]]]:
    """What is executed meanwhile, once each, with its engine and parameters."""
    found: dict[str, tuple[Engine, Any]] = {}

    def note(connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        found.setdefault(statement, (connection.engine, parameters[0] if many else parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def partial_indexes(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
        )
        return set(rows.scalars())


def scans(found: dict[str, tuple[Engine, Any]]) -> list[str]:
    """Statements that read a growing table whole, with the step that does. A partial index holds what is open, which is little."""
    bad = []
    partial = partial_indexes(next(iter(found.values()))[0])
    for statement, (engine, parameters) in found.items():
        if not statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            continue
        with engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        bad += [
            f"{row[3]}: {' '.join(statement.split())}"
            for row in plan
            if SCAN.match(row[3]) and row[3].split()[-1] not in partial
        ]
    return bad


def a_day(hall: Hall, folder: Path) -> None:
    context, books = hall.books.context, hall.books
    hall.earn([0, 1, 2], "2024-04-11")
    hall.settle()
    charge = hall.charge("GYM", 0, 10)
    hall.refund("GYM", charge, 4)
    hold = spend.place_hold(context, hall.counter("GYM"), None, hall.person(1), hall.venue("GYM"), 10)
    spend.release_hold(context, hall.counter("GYM"), None, hold["id"])
    for chore in (spend.expire_holds, lift_freezes, set_off_debts, carry_out_wishes, queue_move_notices):
        chore(context)
    hall.settle()
    queue_move_notices(context)
    deliver_notices(context, Delivery(NoticeFiles(folder), Sign("보람코인", "02-000-0000")))
    send_messages(context, SmsFile(folder / "messages.jsonl"))
    staging.drop_left_over(context)
    balance(books.journal, books.office, hall.person(0), books.clock.today())
    entries_of(books.journal, books.office, hall.person(0), None, 50)
    charges_of_day(books.journal, books.context.vault, hall.counter("GYM"), hall.venue("GYM"), books.clock.today(), 50)
    sum_of_day(books.journal, hall.counter("GYM"), hall.venue("GYM"), books.clock.today())


@pytest.mark.parametrize("books", ["sqlite"], indirect=True)
def test_a_day_reads_no_growing_table_whole(hall: Hall, tmp_path: Path) -> None:
    with statements() as found:
        a_day(hall, tmp_path)
    assert len(found) > 100, "the day was written down"
    found_scans = scans(found)
    assert not found_scans, "\n".join(found_scans)
