"""The three-way check (DOMAIN rule 31): the books' balances = the chain's supply = credited + opened + reissued + restored - burnt.

Done by the thread that follows the chain, so that books and chain stand at the same block: every hour, on each new business day, at every start,
and when somebody asks. A difference is a finding, which stops crediting and closes until a later check holds; it says in which sum, batch and
account it lies.
Batches that are not in the books are counted by their words, and each is a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from ledger_service.chain.codec import BATCH_TOPICS, BatchPosted
from ledger_service.chain.contract import LedgerContract, Totals
from ledger_service.chain.hexes import hex_of, number_of
from ledger_service.chain.rpc import read_answer
from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.domain.days import civil_day, date_of
from ledger_service.domain.entries import DeskKind, Kind, desk_account, fund_account
from ledger_service.domain.ids import uuid7
from ledger_service.journal.checks import ON_CHAIN
from ledger_service.journal.unit import Unit
from ledger_service.posting.findings import Findings
from ledger_service.posting.outside_sums import OutsideSums, outside_sums
from ledger_service.posting.ports import ChainAccess, PostingContext

SUBJECT = "three-way check"
THRESHOLDS = "thresholds"
OPENING = "open until"
OPENING_WARNED_DAYS = 7
OUTSIDE = "three-way check outside"
ACCOUNTS_A_READ = 1_000
BLOCKS_A_READ = 2_000
SECONDS_BETWEEN = 3_600  # promise P4: noticed within the hour
BLOCKS_BEHIND_MAX = 32  # a node may have let go of the state of an older block
DIFFERENCES_MAX = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """Where books and chain do not agree, and by how much."""

    where: str
    books: int
    chain: int

    def __str__(self) -> str:
        return f"{self.where}: books {self.books:,}, chain {self.chain:,}"


@dataclass(frozen=True, slots=True)
class _Books:
    """The books' side."""

    credited: int
    opened: int
    reissued: int
    people: int
    payees: dict[str, tuple[bytes, int, int]]
    """Account, coins and won due of each venue and fund."""

    @property
    def balances(self) -> int:
        return self.people + sum(coins for _, coins, _ in self.payees.values())


class ThreeWay:
    """Checks when it is time."""

    def __init__(self, context: PostingContext, chain: ChainAccess, findings: Findings) -> None:
        self._context = context
        self._contract: LedgerContract = chain.contract
        self._findings = findings
        self._checked_on: date | None = None
        self._checked_at = 0

    def check_step(self) -> int:
        """Check if it is time and the books can be summed up now; how many checks were done."""
        context = self._context
        today, now = context.clock.today(), context.clock.now()
        is_due = self._checked_on != today or now - self._checked_at >= SECONDS_BETWEEN
        with context.journal.read_moment() as unit:
            asked = unit.checks.waiting()
            if not asked and not is_due:
                return 0
            last = unit.chain_marks.last_block()
            if last is None or unit.checks.has_open_corrections() or unit.posts.lost_count():
                return 0
            outside = outside_sums(unit)
            books = _books(unit, outside)
        latest = read_answer(number_of, self._contract.rpc.call("eth_blockNumber"))
        if latest > last[0] + BLOCKS_BEHIND_MAX:
            return 0
        block, totals = last[0], self._contract.totals(last[0])
        found = list(self._differences(books, totals, block, outside))
        if found:  # what stops crediting has to be said twice: while a block comes in, a node may answer about the one before with its state
            totals = self._contract.totals(block)
            again = set(self._differences(books, totals, block, outside))
            found = [one for one in found if one in again]
        differences = [str(one) for one in found]
        detail = {
            "block": block,
            "balances": books.balances,
            "chain": asdict(totals) | {"supply": totals.supply},
            "differences": differences,
            "outside": outside.lines,
        }
        coins = max((abs(one.books - one.chain) for one in found), default=0)
        self._findings.measures.set("reconciliation_difference_coins", coins)
        self._write(asked, "differs" if differences else "holds", detail)
        if differences:
            self._findings.add(SUBJECT, "books and chain differ: " + "; ".join(differences))
        else:
            self._findings.clear(SUBJECT)
        self._say_what_is_outside(outside)
        self._watch_thresholds(books, today)
        self._watch_opening(today)
        self._checked_on, self._checked_at = today, now
        return 1

    def _say_what_is_outside(self, outside: OutsideSums) -> None:
        """What the books know by its words alone, and what of it could not be compared."""
        if not outside.lines:
            self._findings.clear(OUTSIDE)
            return
        opaque = f"; balances are not compared, because of {', '.join(outside.opaque)}" if outside.opaque else ""
        self._findings.notice(OUTSIDE, f"on the chain and not in the books: {'; '.join(outside.lines)}{opaque}")

    def _watch_opening(self, today: date) -> None:
        """The service extends the time in which desks may seal. Where that fails, a person has a week to find out why."""
        status = self._contract.status("latest")
        left = status.open_until - civil_day(today)
        if status.is_sealed and left < OPENING_WARNED_DAYS:
            self._findings.notice(
                OPENING,
                f"the ledger takes batches up to {date_of(status.open_until)} only, {max(left, 0)} days from now: see that the office's "
                "orders are signed",
            )
        else:
            self._findings.clear(OPENING)

    def _watch_thresholds(self, books: _Books, today: date) -> None:
        """Reached thresholds are notices: a person decides, nothing stops (DOMAIN rule 8)."""
        with self._context.journal.read() as unit:
            value = unit.master.coin_value(civil_day(today)) or 0
            issued = unit.checks.credited_between(civil_day(date(today.year, 1, 1)), civil_day(today))
        raised = self._context.alarms.raised(books.people * value, issued * value, today.year)
        if raised:
            self._findings.notice(THRESHOLDS, "; ".join(english for english, _ in raised))
        else:
            self._findings.clear(THRESHOLDS)

    def _write(self, asked: list[str], state: str, detail: dict[str, Any]) -> None:
        context = self._context
        now = context.clock.now()
        with context.journal.write() as unit:
            if not asked:
                asked = [uuid7(now * 1000, context.random_bytes(10))]
                unit.checks.ask(asked[0], civil_day(context.clock.today()), None, now)
            unit.checks.finish(asked, state, detail, now)
            unit.commit()

    def _differences(self, books: _Books, totals: Totals, block: int, outside: OutsideSums) -> Iterator[Difference]:
        pairs = (
            ("credited", books.credited, totals.credited),
            ("opened", books.opened, totals.opened),
            ("reissued", totals.reissued if outside.opaque else books.reissued, totals.reissued),
        )
        found = [Difference(where, ours, theirs) for where, ours, theirs in pairs if ours != theirs]
        names = [] if outside.opaque else sorted(books.payees)
        addresses = [books.payees[name][0] for name in names]
        for name, slot, due in zip(
            names, self._contract.slots_of(addresses, block), self._contract.krw_due_of(addresses, block), strict=True
        ):
            _, coins, krw = books.payees[name]
            if coins != slot.coins:
                found.append(Difference(f"coins of {name}", coins, slot.coins))
            if krw != due:
                found.append(Difference(f"won due to {name}", krw, due))
        if books.balances != totals.supply and not outside.opaque:
            found.append(Difference("supply", books.balances, totals.supply))
            found.extend(self._accounts(block))
        if found:
            found.extend(self._batches(block))
        yield from found

    def _batches(self, block: int) -> Iterator[Difference]:
        """Which batches moved other coins than the books say: looked up only when something differs. By desk and sequence."""
        with self._context.journal.read() as unit:
            identity = unit.chain_marks.identity()
            keys = [key for key, (_, _) in unit.posts.places().items() if key[0] != OFFICE_DESK]
            outside = set(unit.outside.of(keys))
            sums = unit.checks.coins_of_batches()
        first, named = identity.deploy_block if identity else 0, 0
        for start in range(first, block + 1, BLOCKS_A_READ):
            events = self._contract.logs(start, min(start + BLOCKS_A_READ - 1, block), BATCH_TOPICS)
            for event in events:
                if not isinstance(event, BatchPosted) or event.desk == OFFICE_DESK:
                    continue
                key = event.desk, event.seq
                ours = sums.get(key, 0)
                if key not in outside and ours != event.coins_applied and named < DIFFERENCES_MAX:
                    named += 1
                    yield Difference(f"batch {event.seq} of desk {event.desk}", ours, event.coins_applied)

    def _accounts(self, block: int) -> Iterator[Difference]:
        """Which residents' balances differ: looked up only when the sum does."""
        named, after = 0, b""
        while named < DIFFERENCES_MAX:
            with self._context.journal.read() as unit:
                rows = unit.checks.settled_accounts(after, ACCOUNTS_A_READ)
            if not rows:
                return
            after = rows[-1][0]
            for (address, coins), slot in zip(
                rows, self._contract.slots_of([one for one, _ in rows], block), strict=True
            ):
                if coins != slot.coins and named < DIFFERENCES_MAX:
                    named += 1
                    yield Difference(f"account {hex_of(address)}", coins, slot.coins)


def _books(unit: Unit, outside: OutsideSums) -> _Books:
    coins = unit.checks.coins_of_kinds()
    payees: dict[str, tuple[bytes, int, int]] = {}
    reissued = 0
    for desk in unit.master.desks():
        if desk.kind is DeskKind.VENUE:
            account = unit.closes.venue_account(desk.number, ON_CHAIN)
            reissued += account.sums.reissued
            due = account.sums.krw - account.settled_krw
            payees[f"venue {desk.number}"] = (desk_account(desk.number), account.balance, due)
    for fund in unit.master.funds():
        moved = unit.closes.fund_movements(fund.number, ON_CHAIN)
        signs = [(-1 if one.kind == Kind.MONTH_CLOSE else 1, one) for one in moved]
        payees[f"fund {fund.number}"] = (
            fund_account(fund.number), sum(sign * one.coins for sign, one in signs), sum(sign * one.krw for sign, one in signs),
        )  # fmt: skip
    payees = {
        name: (account, coins_here + outside.coins[account], krw + outside.krw[account])
        for name, (account, coins_here, krw) in payees.items()
    }
    return _Books(
        credited=coins.get(Kind.CREDIT, 0) + outside.credited,
        opened=coins.get(Kind.OPENING, 0) + outside.opened,
        reissued=reissued,
        people=unit.checks.people_coins(),
        payees=payees,
    )
