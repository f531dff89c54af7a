"""Three-way checks, and what the books say that the chain must hold: sums of what the chain has of them, up to the last block that was read."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, case, func, insert, not_, or_, select, update

from ledger_service.domain.effects import BRINGING, TAKING
from ledger_service.domain.entries import Kind, desk_account, fund_account
from ledger_service.journal.places import ENTRY_NOT_FINAL, ITS_BATCH
from ledger_service.journal.schema import accounts, batches, checks, entries

ON_CHAIN = ("posted", "final")
# Accounts of venues and funds: their row stands for nothing but the name that a month close needs.
RESERVED = or_(*(accounts.c.address.between(make(0), make(2**16 - 1)) for make in (desk_account, fund_account)))


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check. `detail` is what was compared once it is done."""

    id: str
    day: int
    requested_by: str | None
    requested_at: int
    state: str
    done_at: int | None
    detail: dict[str, Any] | None


class Checks:
    """Repository of checks and of the sums that they compare."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, check_id: str, day: int, actor_id: str | None, now: int) -> None:
        """Write: a check to be done."""
        self._connection.execute(
            insert(checks).values(id=check_id, day=day, requested_by=actor_id, requested_at=now, state="waiting")
        )

    def read(self, check_id: str) -> CheckRow | None:
        """One check."""
        row = self._connection.execute(select(checks).where(checks.c.id == check_id)).one_or_none()
        return _check(row) if row else None

    def latest(self, rows_max: int) -> list[CheckRow]:
        """The last checks, newest first."""
        rows = self._connection.execute(
            select(checks).order_by(checks.c.requested_at.desc(), checks.c.id.desc()).limit(rows_max)
        )
        return [_check(row) for row in rows]

    def waiting(self) -> list[str]:
        """The checks that somebody waits for."""
        return list(self._connection.execute(select(checks.c.id).where(checks.c.state == "waiting")).scalars())

    def finish(self, check_ids: Sequence[str], state: str, detail: dict[str, Any], now: int) -> None:
        """Write: what was found."""
        told = json.dumps(detail, sort_keys=True, separators=(",", ":"))
        self._connection.execute(
            update(checks).where(checks.c.id.in_(check_ids)).values(state=state, detail=told, done_at=now)
        )

    # Sums

    def coins_of_kinds(self) -> dict[int, int]:
        """Coins of the applied entries that are on the chain, by kind."""
        rows = self._connection.execute(
            select(entries.c.kind, func.sum(entries.c.coins))
            .where(entries.c.seq.is_not(None), entries.c.skip_reason.is_(None))
            .group_by(entries.c.kind)
        )
        coins = {int(row[0]): int(row[1]) for row in rows}
        for kind, applied in self._off_chain(applied_only=True):
            coins[kind] -= applied
        return coins

    def coins_of_batches(self) -> dict[tuple[int, int], int]:
        """What the books say that each batch moved: coins of its entries that the chain did not skip. A scan."""
        rows = self._connection.execute(
            select(entries.c.desk, entries.c.seq, func.sum(entries.c.coins))
            .where(entries.c.seq.is_not(None), entries.c.skip_reason.is_(None))
            .group_by(entries.c.desk, entries.c.seq)
        )
        return {(row[0], row[1]): int(row[2]) for row in rows}

    def credited_between(self, first_day: int, last_day: int) -> int:
        """Coins of credits accepted within these days, but those that the chain skipped."""
        total = self._connection.execute(
            select(func.coalesce(func.sum(entries.c.coins), 0))
            .where(entries.c.kind == Kind.CREDIT, entries.c.skip_reason.is_(None))
            .where(entries.c.accepted_day.between(first_day, last_day))
        ).scalar_one()
        return int(total)

    def has_open_corrections(self) -> bool:
        """Whether a correction is not final: what it takes is known then, and balances cannot be compared before."""
        found = (
            select(entries.c.journal_no)
            .outerjoin(batches, ITS_BATCH)
            .where(entries.c.kind == Kind.CORRECT, ENTRY_NOT_FINAL)
            .limit(1)
        )
        return self._connection.execute(found).first() is not None

    def people_coins(self) -> int:
        """What all residents together hold on the chain: final coins, with what is posted, without debits that are on their way."""
        final = self._connection.execute(
            select(func.coalesce(func.sum(accounts.c.credited - accounts.c.debited), 0)).where(not_(RESERVED))
        ).scalar_one()
        on_way = sum(coins for kind, coins in self._off_chain() if kind in TAKING)
        posted = self._connection.execute(
            select(func.coalesce(func.sum(case((_counts_late(), entries.c.coins), else_=0)), 0)).select_from(
                entries.join(batches, and_(ITS_BATCH, batches.c.state == "posted"))
            )
        ).scalar_one()
        return int(final) + on_way + int(posted)

    def settled_accounts(self, after: bytes, rows_max: int) -> list[tuple[bytes, int]]:
        """(address, coins) of residents of whom nothing is on its way, by address."""
        open_entries = select(entries.c.account).outerjoin(batches, ITS_BATCH).where(ENTRY_NOT_FINAL)
        rows = self._connection.execute(
            select(accounts.c.address, accounts.c.credited - accounts.c.debited)
            .where(accounts.c.address > after, not_(RESERVED), accounts.c.address.not_in(open_entries))
            .order_by(accounts.c.address)
            .limit(rows_max)
        )
        return [(row[0], int(row[1])) for row in rows]

    def _off_chain(self, *, applied_only: bool = False) -> list[tuple[int, int]]:
        """(kind, coins) of accepted entries that the chain does not have; `applied_only`: of those that a batch has taken."""
        waiting = select(entries.c.kind, func.sum(entries.c.coins)).where(entries.c.seq.is_(None))
        sealed = select(entries.c.kind, func.sum(entries.c.coins)).join(
            batches, and_(ITS_BATCH, batches.c.state.in_(("sealed", "signed")))
        )
        asked: Collection[Any] = (sealed,) if applied_only else (waiting, sealed)
        return [
            (int(row[0]), int(row[1]))
            for query in asked
            for row in self._connection.execute(query.group_by(entries.c.kind))
        ]


def _counts_late() -> Any:
    """Of a batch that is posted and not final: coins that came in, or did not go out."""
    came = and_(entries.c.kind.in_(BRINGING), entries.c.skip_reason.is_(None))
    stayed = and_(entries.c.kind.in_(TAKING), entries.c.skip_reason.is_not(None))
    moved = entries.c.kind == Kind.MERGE  # taken from the one at acceptance; with the other, or back, once it is final
    return or_(came, stayed, moved)


def _check(row: Any) -> CheckRow:
    return CheckRow(
        row.id, row.day, row.requested_by, row.requested_at, row.state, row.done_at,
        json.loads(row.detail) if row.detail else None,
    )  # fmt: skip
