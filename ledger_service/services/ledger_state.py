"""What commands do when the chain is far behind, or does not agree with the books: charges and crediting stop by one rule each."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ledger_service.domain.days import date_of
from ledger_service.errors import Unavailable
from ledger_service.journal.unit import Unit
from ledger_service.services.context import Context

LEDGER_BEHIND_SECONDS = 24 * 3600  # charges stop when the oldest unposted entry or batch is older
DEBITS_COUNT_AFTER_SECONDS = 60  # what is on its way for less is no sign of a chain that is down
DIFFERING_STATES = frozenset({"findings", "books_differ", "chain_lies", "wrong_chain"})


class LedgerBehind(Unavailable):
    """The chain has not taken anything for too long; charges wait until it does."""

    code = "ledger_behind"


class BooksDiffer(Unavailable):
    """Posting has found that chain and books do not agree; no coins are issued until a person has looked."""

    code = "books_differ"


class BundleMissing(Unavailable):
    """A desk's bundle was not found when the books were read back: what it credited is not known record by record. Fields: desks."""

    code = "bundle_missing"


def refuse_what_is_unread(
    unit: Unit, desks: Collection[int], touches: Callable[[Collection[tuple[int, int]]], bool]
) -> None:
    """Nothing is credited by a desk whose bundle is missing, nor by anybody on the activity days that it credited: records could come twice.

    `touches` says whether something of what is submitted lies in one of these ranges of civil days.
    """
    missing = unit.outside.all("missing")
    days = {(row.first_day, row.last_day) for row in missing if row.first_day is not None and row.last_day is not None}
    named = sorted({row.desk for row in missing})
    if missing and (set(named) & set(desks) or touches(days)):
        spans = ", ".join(f"{date_of(first)}..{date_of(last)}" for first, last in sorted(days))
        raise BundleMissing(
            f"bundles of desks {named} are missing, which credited activities of {spans}: nothing is credited by these desks, nor on these days, "
            "until the bundles are back (boram doctor)",
            f"{named}번 기관의 묶음 파일이 없어 그 기관의 적립과 활동일 {spans}의 적립을 멈췄습니다. 코인 담당 부서에 알려 주세요",
            desks=named,
        )


def refuse_when_behind(context: Context, unit: Unit, coins: int) -> None:
    """Charges stop when the chain has taken nothing for a day, or when the debits that wait for it, with these coins, pass the set sum.

    Credits do not. A desk that was stopped, or whose organisation signs by itself, waits alone: it says nothing of the chain.
    """
    if _waited(context, unit, ()) <= DEBITS_COUNT_AFTER_SECONDS:
        return
    alone = [desk.number for desk in unit.master.desks() if desk.stopped or desk.custody]
    waited = _waited(context, unit, alone)
    if waited > LEDGER_BEHIND_SECONDS:
        raise LedgerBehind(
            "the ledger's chain has not answered for a day: charges wait, try again later",
            "원장 기록이 하루 넘게 밀려 있어 잠시 사용할 수 없습니다. 나중에 다시 해 주세요",
        )
    if waited > DEBITS_COUNT_AFTER_SECONDS and unit.backlog.debits(alone) + coins > context.open_debits_max:
        raise LedgerBehind(
            "the ledger's chain does not answer, and as many coins wait for it as may: charges wait, try again later",
            "원장 기록이 밀려 있고 기다리는 코인이 정해진 합계에 이르러 잠시 사용할 수 없습니다. 나중에 다시 해 주세요",
        )


def _waited(context: Context, unit: Unit, but_desks: Collection[int]) -> int:
    """Seconds that the oldest entry in no batch, or batch not on the chain, has waited; 0 where nothing waits."""
    oldest_at = unit.backlog.oldest_at(but_desks)
    return context.clock.now() - oldest_at if oldest_at is not None else 0


def refuse_when_books_differ(unit: Unit) -> None:
    """Crediting stops while books and chain do not agree; charges go on (DOMAIN rule 31)."""
    status = unit.chain_marks.status()
    if status is not None and status.state in DIFFERING_STATES:
        raise BooksDiffer(
            "chain and books do not agree: nothing is credited until the coin office has looked (boram doctor)",
            "원장과 장부가 맞지 않아 적립을 멈췄습니다. 코인 담당 부서에 알려 주세요",
        )
