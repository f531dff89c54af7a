"""What commands do when the chain is far behind, or does not agree with the books: charges and crediting stop by one rule each."""

from __future__ import annotations

from collections.abc import Collection

from ledger_service.errors import Unavailable
from ledger_service.journal.unit import Unit
from ledger_service.services.context import Context

LEDGER_BEHIND_SECONDS = 24 * 3600  # charges stop when the oldest unposted entry or batch is older
DIFFERING_STATES = frozenset({"findings", "books_differ", "chain_lies", "wrong_chain"})


class LedgerBehind(Unavailable):
    """The chain has not taken anything for too long; charges wait until it does."""

    code = "ledger_behind"


class BooksDiffer(Unavailable):
    """Posting has found that chain and books do not agree; no coins are issued until a person has looked."""

    code = "books_differ"


def refuse_when_behind(context: Context, unit: Unit) -> None:
    """Charges stop when the chain has taken nothing for a day; credits do not.

    A desk that was stopped, or whose organisation signs by itself, waits alone: it says nothing of the chain.
    """
    if not _is_old(context, unit, ()):
        return
    alone = [desk.number for desk in unit.master.desks() if desk.stopped or desk.custody]
    if _is_old(context, unit, alone):
        raise LedgerBehind(
            "the ledger's chain has not answered for a day: charges wait, try again later",
            "원장 기록이 하루 넘게 밀려 있어 잠시 사용할 수 없습니다. 나중에 다시 해 주세요",
        )


def _is_old(context: Context, unit: Unit, but_desks: Collection[int]) -> bool:
    since = (unit.entries.oldest_unsealed_at(but_desks), unit.batches.oldest_unposted_at(but_desks))
    return any(one is not None and context.clock.now() - one > LEDGER_BEHIND_SECONDS for one in since)


def refuse_when_books_differ(unit: Unit) -> None:
    """Crediting stops while books and chain do not agree; charges go on (DOMAIN rule 31)."""
    status = unit.chain_marks.status()
    if status is not None and status.state in DIFFERING_STATES:
        raise BooksDiffer(
            "chain and books do not agree: nothing is credited until the coin office has looked (boram doctor)",
            "원장과 장부가 맞지 않아 적립을 멈췄습니다. 코인 담당 부서에 알려 주세요",
        )
