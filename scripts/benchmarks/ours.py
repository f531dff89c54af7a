"""Ours: the bytes of a month's file become coins that are final on the chain and in the books."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from ledger_service.domain.batches import BATCH_ENTRIES_MAX
from ledger_service.errors import Unavailable
from ledger_service.services import credit, intake
from scripts.benchmarks.books import Books, load_district, open_books
from scripts.benchmarks.ledger import gas_used
from scripts.benchmarks.measure import Agreement, Memory, Size, Spent, Stage, Watch, memory_peaks, read_spent
from scripts.benchmarks.posting import WatchedPoster, open_posting
from scripts.benchmarks.progress import Telling
from scripts.generate_month import Month

SOURCE = "1365"
POLL_SECONDS = 0.02
STILL_SECONDS_MAX = 60.0


class PostingStandsStill(Unavailable):
    """Something waits, and nothing moves any more."""

    code = "posting_stands_still"


@dataclass(frozen=True, slots=True)
class OursResult:
    """`spent` is from the file's bytes to the last balance in the books; gas is per credit, new accounts among them.

    The last four stages run in two threads beside each other.
    """

    rows: int
    credits: int
    coins: int
    batches: int
    blocks: int
    spent: Spent
    gas: float
    stages: tuple[Stage, ...]
    memory: Memory
    agreements: tuple[Agreement, ...]

    @property
    def rows_per_second(self) -> float:
        """Rows of the file, also those that are not accepted."""
        return self.rows / self.spent.wall

    @property
    def credits_per_second(self) -> float:
        """Rows that became coins: what the other parts count."""
        return self.credits / self.spent.wall


def measure_ours(size: Size, month: Month, folder: Path, telling: Telling) -> OursResult:
    """Import, approve and post a month on fresh books and a fresh chain; setup is not counted."""
    with open_books(folder, month) as books, open_posting(books, folder) as posting:
        telling.begin("ours: setting up", 1)
        load_district(books, month.files)
        wait_until_final(posting, telling, 1)
        first_block, first_post = posting.block_number(), posting.posts()
        posting.times.clear()
        watch = Watch()
        started = read_spent(posting.anvil_pid)
        submitted = _submit(books, month, watch, telling)
        telling.begin("ours: approving", submitted["accepted_rows"])
        approved = watch.take("approve", lambda: credit.approve(books.context, books.approver, None, submitted["id"]))
        wait_until_final(posting, telling, approved["entries"])
        spent = read_spent(posting.anvil_pid).since(started)
        memory = memory_peaks(posting.anvil_pid)
        last_block = posting.block_number()
        return OursResult(
            rows=size.rows,
            credits=approved["entries"],
            coins=approved["coins"],
            batches=posting.posts() - first_post,
            blocks=last_block - first_block,
            spent=spent,
            gas=gas_used(posting.chain.rpc, first_block + 1, last_block) / approved["entries"],
            stages=(*watch.stages, *posting.times.stages),
            memory=memory,
            agreements=_agreements(books, posting, approved["coins"]),
        )


def _submit(books: Books, month: Month, watch: Watch, telling: Telling) -> dict[str, Any]:
    """One command judges, stages and flips. It draws its id when all rows are judged: there the stages are told apart."""
    wall, processor = time.perf_counter(), time.thread_time()
    judged: list[tuple[float, float]] = []
    books.bell.id_drawn = lambda: judged.append((time.perf_counter(), time.thread_time()))
    telling.begin("ours: judging and staging", month.activities.count(b"\n"))
    submitted = intake.submit_import(books.context, books.submitter, None, month.activities, SOURCE)
    judged_wall, judged_processor = judged[0]
    watch.add("judge", judged_wall - wall, judged_processor - processor)
    watch.add("stage + flip", time.perf_counter() - judged_wall, time.thread_time() - judged_processor)
    return submitted


def wait_until_final(posting: WatchedPoster, telling: Telling, entries: int) -> None:
    """Until every accepted entry and order is final. Raises PostingStandsStill."""
    before = posts = posting.posts()
    moved = time.monotonic()
    telling.begin("ours: to final, in batches", -(-entries // BATCH_ENTRIES_MAX))
    while not posting.is_all_final():
        if time.monotonic() - moved > STILL_SECONDS_MAX:
            raise PostingStandsStill(f"posting stands still: {posting.says()}")
        time.sleep(POLL_SECONDS)
        if posting.posts() != posts:
            posts, moved = posting.posts(), time.monotonic()
            telling.reach(posts - before)


def _agreements(books: Books, posting: WatchedPoster, coins: int) -> tuple[Agreement, ...]:
    with books.context.journal.read() as unit:
        rows = unit.connection.execute(text("SELECT address, credited FROM accounts ORDER BY address")).all()
    contract = posting.chain.contract
    slots = contract.slots_of([row.address for row in rows], "latest")
    differing = sum(slot.coins != row.credited for slot, row in zip(slots, rows, strict=True))
    return (
        Agreement("ours: coins in the books", coins, sum(row.credited for row in rows)),
        Agreement("ours: coins of all accounts on the chain", coins, sum(slot.coins for slot in slots)),
        Agreement("ours: supply", coins, contract.totals("latest").supply),
        Agreement("ours: accounts that differ", 0, differing),
        Agreement("ours: findings", 0, len(posting.findings.all())),
    )
