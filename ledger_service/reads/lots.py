"""The lots of a resident: what each credit has left, and up to which day it counts (domain/lots.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ledger_service.domain.actors import Actor
from ledger_service.domain.days import date_of
from ledger_service.domain.lots import Lot
from ledger_service.journal.lots import History
from ledger_service.journal.unit import Journal
from ledger_service.reads.residents import BALANCE_ROLES, require_person


@dataclass(frozen=True, slots=True)
class LotLine:
    """Coins of one credit (its journal number). `left` once everything accepted is final, `final_left` as the chain has it now.

    `state` is final where the two agree, else forecast.
    """

    journal_no: int
    expires_on: date
    left: int
    final_left: int
    state: str


@dataclass(frozen=True, slots=True)
class Lots:
    """In the order in which they are spent. `state` is final where every lot is."""

    person_id: str
    state: str
    lots: list[LotLine]


def lots_of(journal: Journal, actor: Actor, person_id: str) -> Lots:
    """The lots that hold coins, or did until what is on its way."""
    with journal.read() as unit:
        person = require_person(unit, actor, person_id, *BALANCE_ROLES)
        history = unit.lots.history(person.account)
    lines = _lines(history, person.account)
    return Lots(person_id, "forecast" if any(line.state == "forecast" for line in lines) else "final", lines)


def _lines(history: History, account: bytes) -> list[LotLine]:
    final = _by_origin(history.folded().lots(account))
    forecast = _by_origin(history.forecast().lots(account))
    lines = []
    for expiry_day, journal_no in sorted({*final, *forecast}):
        now, then = final.get((expiry_day, journal_no), 0), forecast.get((expiry_day, journal_no), 0)
        lines.append(LotLine(journal_no, date_of(expiry_day), then, now, "final" if now == then else "forecast"))
    return lines


def _by_origin(lots: Sequence[Lot]) -> dict[tuple[int, int], int]:
    left: dict[tuple[int, int], int] = {}
    for lot in lots:
        key = lot.expiry_day, lot.credit[2]
        left[key] = left.get(key, 0) + lot.left
    return left
