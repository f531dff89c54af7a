"""Does a credit cost more when the books are old? The same file, imported into books of some thousand entries and into books of ten million.

    scripts/bench_growth.py                        10,000 rows three times, 10,000,000 entries in between
    scripts/bench_growth.py --entries 500000       a look in some seconds

The first file makes the books that are copied; the second and the third are measured. The years in between are written by SQL, as final batches of
thirteen more centres, because importing them would take an hour: the indexes and tables have the size that they would have, the chain has not.
To reach: at most 1.5 times the cost. Exit 0 when every total agrees.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ledger_service.services import credit, intake  # noqa: E402
from scripts.benchmarks.books import Books, load_district, open_books  # noqa: E402
from scripts.benchmarks.measure import MONTH, Size, Spent, Stage, Watch, read_spent  # noqa: E402
from scripts.benchmarks.ours import wait_until_final  # noqa: E402
from scripts.benchmarks.posting import WatchedPoster, open_posting  # noqa: E402
from scripts.benchmarks.progress import Telling  # noqa: E402
from scripts.generate_month import Month, Plan, generate  # noqa: E402

FILES = 3
DESK_STEP = 1_000  # a centre's older self
POST_STEP = 1_000_000_000  # places that the chain of this run does not reach
DAYS_A_COPY = 31
DAYS_MAX = 7_000  # older activities come round again
ENTRIES_A_TRANSACTION = 50_000  # the loops go on meanwhile, and wait for their turn


@dataclass(frozen=True, slots=True)
class Figures:
    """One file, from its bytes to the last balance, into books of `entries`."""

    entries: int
    credits: int
    spent: Spent
    bytes: int
    stages: tuple[Stage, ...]

    @property
    def cost(self) -> float:
        """Processor microseconds a credit, anvil's among them."""
        return self.spent.processor / self.credits * 1e6


def main() -> int:
    """Measure, grow, measure again, and say the ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "--entries", type=int, default=10_000_000, help="how large the books become (default: %(default)s)"
    )
    parser.add_argument("--rows", type=int, default=10_000, help="rows of each file (default: %(default)s)")
    given = parser.parse_args()
    size = Size(given.rows * FILES, 0)
    month = generate(Plan(seed=1, rows=size.rows, members=size.members, month=MONTH))
    with tempfile.TemporaryDirectory(prefix="boram-growth-") as name, Telling() as telling:
        folder = Path(name)
        with open_books(folder, month) as books, open_posting(books, folder) as posting:
            load_district(books, month.files)
            wait_until_final(posting, telling, 1)
            files = _split(month)
            _take_in(books, posting, files[0], folder, telling)
            young = _take_in(books, posting, files[1], folder, telling)
            seconds = _grow(books, given.entries, telling)
            old = _take_in(books, posting, files[2], folder, telling)
            differing = _differing(books, posting)
    print(f"{'entries in the books':>22} {'books':>9} {'credits':>8} {'s':>7} {'processor µs a credit':>22}")
    for one in (young, old):
        print(
            f"{one.entries:22,} {one.bytes / 2**20:5,.0f} MiB {one.credits:8,} {one.spent.wall:7.2f} {one.cost:22,.0f}"
        )
    print(f"{'processor seconds by stage':>32} {'young':>8} {'old':>8}")
    for before, after in zip(sorted(young.stages, key=_name), sorted(old.stages, key=_name), strict=True):
        print(f"{before.name:>32} {before.processor:8.2f} {after.processor:8.2f}")
    print(f"{seconds:.0f} s to write the years in between")
    print(f"cost: {old.cost / young.cost:.2f} times (to reach: 1.5); accounts that differ from the chain: {differing}")
    return 1 if differing else 0


def _name(stage: Stage) -> str:
    return stage.name


def _split(month: Month) -> list[bytes]:
    """The month's file in parts with the same header; a record is in one of them."""
    header, *rows = month.activities.splitlines(keepends=True)
    each = -(-len(rows) // FILES)
    return [b"".join([header, *rows[start : start + each]]) for start in range(0, len(rows), each)]


def _take_in(books: Books, posting: WatchedPoster, file: bytes, folder: Path, telling: Telling) -> Figures:
    with books.context.journal.read() as unit:
        entries = int(unit.connection.execute(text("SELECT max(rowid) FROM entries")).scalar() or 0)
    posting.times.clear()
    watch = Watch()
    started = read_spent(posting.anvil_pid)
    submitted = watch.take("submit", lambda: intake.submit_import(books.context, books.submitter, None, file, "1365"))
    approved = watch.take("approve", lambda: credit.approve(books.context, books.approver, None, submitted["id"]))
    wait_until_final(posting, telling, approved["entries"])
    spent = read_spent(posting.anvil_pid).since(started)
    stages = (*watch.stages, *posting.times.stages)
    return Figures(entries, approved["entries"], spent, (folder / "books.db").stat().st_size, stages)


def _grow(books: Books, entries: int, telling: Telling) -> float:
    """Copy what is there, further and further into the past, until the books have so many entries; seconds."""
    began = time.perf_counter()
    with books.context.journal.read() as unit:
        one_copy = int(unit.connection.execute(text("SELECT count(*) FROM entries")).scalar_one())
    copies = -(-(entries - one_copy) // one_copy)
    telling.begin("the years in between", copies)
    step = max(1, ENTRIES_A_TRANSACTION // one_copy)
    for first in range(1, copies + 1, step):
        last = min(first + step, copies + 1) - 1
        with books.context.journal.write() as unit:
            if first == 1:
                _write(unit.connection, _OLDER_DESKS)
            for statement in (_OLDER_APPROVALS, _OLDER_BATCHES, _OLDER_RECORDS, _OLDER_ENTRIES):
                _write(unit.connection, statement, first=first, last=last, top=one_copy)
            unit.commit()
        telling.reach(last)
    with books.context.journal.write() as unit:  # new journal numbers come after those of the copies
        _write(
            unit.connection, "UPDATE counters SET value = (SELECT max(journal_no) FROM entries) WHERE name = 'journal'"
        )
        _write(unit.connection, "ANALYZE")
        unit.commit()
    return time.perf_counter() - began


def _write(connection: Connection, statement: str, **values: int) -> None:
    fixed = {"desks": DESK_STEP, "posts": POST_STEP, "days": DAYS_A_COPY, "days_max": DAYS_MAX}
    used = {name: value for name, value in (fixed | values).items() if f":{name}" in statement}
    connection.execute(text(statement), used)


def _differing(books: Books, posting: WatchedPoster) -> int:
    """Accounts whose coins in the books are not those on the chain."""
    with books.context.journal.read() as unit:
        rows = unit.connection.execute(text("SELECT address, credited FROM accounts ORDER BY address")).all()
    slots = posting.chain.contract.slots_of([row.address for row in rows], "latest")
    return sum(slot.coins != row.credited for slot, row in zip(slots, rows, strict=True))


_COPIES = "WITH RECURSIVE copy(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM copy WHERE n < :last) "
_OLDER_DESKS = """
INSERT INTO desks (number, kind, code, name, custody, step_coins, sealed_seq, sealed_head, sealed_day, stopped, adopting)
SELECT number + :desks, kind, 'OLD-' || code, name, custody, step_coins, sealed_seq, sealed_head, sealed_day, stopped, adopting
FROM desks WHERE number IN (SELECT DISTINCT desk FROM entries)
"""
_OLDER_BATCHES = (
    _COPIES  # noqa: S608
    + """
INSERT INTO batches (desk, seq, day, previous_head, evidence_root, needs, words, annex, head, audit_head, coins, gas_max, signatures, state,
    sealed_at, post_number, block_number, transaction_hash, skipped)
SELECT desk + :desks, seq + 1000 * n, day - (:days * n) % :days_max, previous_head, evidence_root, needs, words, annex, randomblob(32),
    audit_head, coins, gas_max, signatures, state, sealed_at, :posts + n * 1000000 + post_number, 1, transaction_hash, skipped
FROM batches, copy WHERE desk IN (SELECT number - :desks FROM desks)
"""
)
_OLDER_APPROVALS = (
    _COPIES  # noqa: S608
    + """
INSERT INTO approvals (id, kind, status, submitted_by, submitted_at, decided_by, decided_at)
SELECT printf('%08x', n) || substr(id, 9), kind, status, submitted_by, submitted_at, decided_by, decided_at
FROM approvals, copy WHERE id IN (SELECT import_id FROM records WHERE id <= :top) AND kind = 'import' AND substr(id, 1, 4) <> '0000'
"""
)
_OLDER_RECORDS = (
    _COPIES
    + """
INSERT INTO records (import_id, line, record_key, record_sealed, person_id, desk, rate_id, activity_day, start_minute, end_minute, units,
    counted_units, coins, withdrawn)
SELECT printf('%08x', n) || substr(import_id, 9), line, randomblob(32), record_sealed, person_id, desk + :desks, rate_id,
    activity_day - (:days * n) % :days_max,
    start_minute, end_minute, units, counted_units, coins, withdrawn
FROM records, copy WHERE id <= :top AND desk < :desks
"""
)
_OLDER_ENTRIES = (
    _COPIES
    + """
INSERT INTO entries (journal_no, desk, kind, account, person_id, ref, units, day, coins, accepted_day, accepted_at, record_key,
    business_key_sealed, who, approver, consent, original_no, word_line, seq, position, skip_reason)
SELECT journal_no + :top * n, desk + :desks, kind, account, person_id, ref, units, day - (:days * n) % :days_max, coins,
    accepted_day - (:days * n) % :days_max, accepted_at, randomblob(32), business_key_sealed, who, approver, consent, original_no, word_line,
    seq + 1000 * n, position, skip_reason
FROM entries, copy WHERE journal_no <= :top AND desk < :desks
"""
)

if __name__ == "__main__":
    sys.exit(main())
