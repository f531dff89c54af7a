"""Measure how long a lost chain takes to be made again from the books: the embedded one, and one that others run.

    scripts/restore_bench.py                                  1,000 batches of 20 entries
    scripts/restore_bench.py --batches 2000 --entries 500     a million entries

To reach: 1,000 batches in 30 s, a million entries in 120 s. Exit 0 when both chains came out with the same heads, post numbers and skips and
the same balances as before, 2 when something could not run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ledger_service.chain.anvil import EmbeddedChain, find_anvil, fund
from ledger_service.chain.deploy import ensure_factory
from ledger_service.chain.rpc import Rpc
from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import DeskKind, Kind
from ledger_service.errors import BoramError
from ledger_service.journal.people import PersonRow
from ledger_service.posting.loops import Poster
from ledger_service.posting.progress import no_progress
from ledger_service.posting.rebuild import post_again, restore
from scripts.benchmarks.books import Books, load_district, open_books
from scripts.benchmarks.measure import MONTH, ROOT, memory_peaks
from scripts.benchmarks.posting import WatchedPoster, open_posting
from scripts.benchmarks.progress import Telling
from scripts.generate_month import Plan, generate

BATCHES, ENTRIES = 1_000, 20
ENTRIES_PER_PERSON = 20
PEOPLE_MAX = 50_000


def main() -> int:
    """Fill books, lose the chain twice, and print what it took."""
    given = _arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="boram-restore-") as folder, Telling() as telling:
            _measure(given.batches, given.entries, Path(folder), telling)
    except (BoramError, OSError) as error:
        print(f"could not run: {error}", file=sys.stderr)
        return 2
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--batches", type=int, default=BATCHES)
    parser.add_argument("--entries", type=int, default=ENTRIES, help="entries of a batch, up to 500")
    return parser.parse_args()


def _measure(batches: int, entries: int, folder: Path, telling: Telling) -> None:
    people = min(max(batches * entries // ENTRIES_PER_PERSON, 10), PEOPLE_MAX)
    month = generate(Plan(seed=1, rows=10, members=people, month=MONTH, defects_percent=0, odd_spellings_percent=0))
    with open_books(folder, month) as books:
        with open_posting(books, folder) as posting:
            load_district(books, month.files)
            _until_final(posting)
        # The loops are at rest: the steps are called by hand from here on.
        with EmbeddedChain(find_anvil(ROOT), folder / "embedded.log") as anvil, Rpc(anvil.url) as rpc:
            poster = _poster(posting, rpc, anvil)
            poster.prepare()
            _fill(books, poster, batches, entries, telling)
            before = _state(poster)
            print(f"{batches:,} batches of {entries} entries, {people:,} accounts, {before[1]:,} coins")
            anvil.restart()
            _timed("embedded, rebuilt by the next pass", batches * entries, poster.chain_pass)
            _same(before, _state(poster))
            print(
                f"  memory: process {memory_peaks(anvil.pid).process >> 20} MB, anvil {memory_peaks(anvil.pid).anvil >> 20} MB"
            )
            stranger = _poster(posting, rpc, None)
            anvil.restart()
            ensure_factory(rpc)
            fund(rpc, stranger.chain.sender.address)
            _timed("of others, boram chain restore", batches * entries, lambda: _restore(stranger))
            _same(before, _state(stranger))


def _poster(posting: WatchedPoster, rpc: Rpc, embedded: EmbeddedChain | None) -> Poster:
    chain = posting.chain
    contract = type(chain.contract)(rpc, chain.contract.address)
    return Poster(posting.context, replace(chain, rpc=rpc, contract=contract, embedded=embedded))


def _until_final(posting: WatchedPoster) -> None:
    while not posting.is_all_final():
        time.sleep(0.05)


def _restore(poster: Poster) -> int:
    restore(poster.context, poster.chain)
    return post_again(poster.context, poster.chain_pass, no_progress, lambda: False)


def _fill(books: Books, poster: Poster, batches: int, entries: int, telling: Telling) -> None:
    """Batches of credits, one after the other, of all centres in turn."""
    with books.context.journal.read() as unit:
        desks = [desk.number for desk in unit.master.desks() if desk.kind is DeskKind.CENTRE]
        rate = next(one for one in unit.master.rate_versions() if one.programme == "CLASS")
        ids = list(unit.connection.execute(text("SELECT id FROM persons ORDER BY id")).scalars())
        people = [row for row in (unit.people.by_id(person_id) for person_id in ids) if row is not None]
    telling.begin("filling the books", batches)
    for done in range(0, batches, len(desks)):
        for at in range(done, min(done + len(desks), batches)):
            first = at * entries
            chosen = [people[(first + place) % len(people)] for place in range(entries)]
            _accept(books, desks[at % len(desks)], chosen, rate.rate_id)
        poster.books_pass()
        poster.chain_pass()
        telling.reach(done)
    poster.run_until_quiet()


def _accept(books: Books, desk: int, people: Sequence[PersonRow], rate_id: int) -> None:
    context = books.context
    seals = context.vault.of_many(person.id for person in people)
    day = civil_day(MONTH)
    with context.journal.write() as unit:
        first = unit.entries.next_numbers("journal", len(people))
        unit.entries.add_many(
            [
                {
                    "journal_no": number,
                    "desk": desk,
                    "kind": int(Kind.CREDIT),
                    "account": person.account,
                    "person_id": person.id,
                    "ref": rate_id,
                    "units": 1,
                    "day": day,
                    "coins": 1,
                    "accepted_day": civil_day(context.clock.today()),
                    "accepted_at": context.clock.now(),
                    "record_key": context.vault.record_key("bench", str(number)),
                    "business_key_sealed": seals[person.id].seal("business_key", f"bench\x1f{number}"),
                    "who": books.submitter.id,
                    "approver": books.approver.id,
                }
                for number, person in enumerate(people, first)
            ]
        )
        unit.commit()


def _state(poster: Poster) -> tuple[dict[tuple[int, int], tuple[int, int | None]], int, int]:
    with poster.context.journal.read() as unit:
        places = unit.posts.places()
        coins = int(unit.connection.execute(text("SELECT SUM(credited) FROM accounts")).scalar_one())
    return places, coins, poster.chain.contract.totals("latest").supply


def _same(before: object, after: object) -> None:
    if before != after:
        raise BoramError("the chain came out otherwise than before")


def _timed(what: str, entries: int, work: Callable[[], int]) -> None:
    started, processor = time.perf_counter(), time.process_time()
    work()
    seconds = time.perf_counter() - started
    spent = time.process_time() - processor
    print(f"  {what}: {seconds:.1f} s ({spent:.1f} s of this process), {entries / seconds:,.0f} entries/s")


if __name__ == "__main__":
    sys.exit(main())
