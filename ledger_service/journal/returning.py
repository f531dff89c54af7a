"""Rows that come back into lost books from the chain and the bundles, and what is looked up on the way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger_service.journal.chunks import chunks
from ledger_service.journal.entries import Entries, EntryRow
from ledger_service.journal.records import ReservedRow
from ledger_service.journal.schema import (
    accounts,
    actors,
    approvals,
    counters,
    entries,
    holds,
    imports,
    order_proposals,
    orders,
    persons,
    records,
    redemptions,
)
from ledger_service.journal.spending import HoldRow, RedemptionRow

QUERY_KEYS_MAX = 500
UNFINISHED = "reading back"
FROM_A_BACKUP = 2


@dataclass(frozen=True, slots=True)
class HalfImport:
    """A submission that waits in the books although the chain has credits of it: another person approved it before the books were lost."""

    id: str
    approver: str | None
    reserved_day: int


class Returning:
    """Repository of what comes back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dialect = sqlite if connection.dialect.name == "sqlite" else postgresql

    def people_of(self, addresses: Iterable[bytes]) -> dict[bytes, str]:
        """The people of accounts, as far as the books know them."""
        found: dict[bytes, str] = {}
        for chunk in chunks(sorted(set(addresses)), QUERY_KEYS_MAX):
            rows = self._connection.execute(select(persons.c.account, persons.c.id).where(persons.c.account.in_(chunk)))
            found.update((row.account, row.id) for row in rows)
        return found

    def known_accounts(self, addresses: Iterable[bytes]) -> set[bytes]:
        """Those of the addresses that are accounts of the books."""
        found: set[bytes] = set()
        for chunk in chunks(sorted(set(addresses)), QUERY_KEYS_MAX):
            found.update(
                self._connection.execute(select(accounts.c.address).where(accounts.c.address.in_(chunk))).scalars()
            )
        return found

    def known_actors(self, ids: Iterable[str]) -> set[str]:
        """Those of the ids that are actors of the books."""
        wanted = sorted(set(ids))
        return set(self._connection.execute(select(actors.c.id).where(actors.c.id.in_(wanted))).scalars())

    def add_lost_actor(self, actor_id: str, now: int) -> None:
        """Write: somebody who acted once and of whom the books know the id only; nobody can act as them."""
        self._connection.execute(
            insert(actors).values(
                id=actor_id,
                name=f"lost {actor_id}",
                roles="",
                desks="",
                created_at=now,
                revoked_at=now,
            )
        )

    def add_approval(self, approval_id: str, kind: str, submitted_by: str, decided_by: str | None, at: int) -> None:
        """Write: a decision that was taken, unless the books have it."""
        statement = self._dialect.insert(approvals).values(
            id=approval_id,
            kind=kind,
            status="approved",
            submitted_by=submitted_by,
            submitted_at=at,
            decided_by=decided_by if decided_by != submitted_by else None,
            decided_at=at,
        )
        self._connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]))

    def add_proposal(self, proposal_id: str, submitted_by: str, title: str, at: int) -> None:
        """Write: a proposal of orders of which nothing is left but that it was approved, unless the books have it."""
        self.add_approval(proposal_id, "orders", submitted_by, None, at)
        statement = self._dialect.insert(order_proposals).values(id=proposal_id, title=title, content='{"steps": []}')
        self._connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]))

    def known_proposals(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that are decisions of the books."""
        return set(self._connection.execute(select(approvals.c.id).where(approvals.c.id.in_(ids))).scalars())

    def waiting_order(self, proposal_id: str, code: int, args: str) -> int | None:
        """An order of a proposal that the books have and no batch has taken."""
        return self._connection.execute(
            select(orders.c.id)
            .where(orders.c.proposal_id == proposal_id, orders.c.code == code, orders.c.args == args)
            .where(orders.c.seq.is_(None))
            .order_by(orders.c.id)
            .limit(1)
        ).scalar_one_or_none()

    def place_order(self, order_id: int, seq: int, day: int, position: int) -> None:
        """Write: an order stands in this place of a batch of a day."""
        values = {"seq": seq, "day": day, "position": position}
        self._connection.execute(update(orders).where(orders.c.id == order_id).values(values))

    def entries_numbered(self, numbers: Iterable[int]) -> dict[int, EntryRow]:
        """Entries by journal number."""
        found: dict[int, EntryRow] = {}
        for chunk in chunks(sorted(set(numbers)), QUERY_KEYS_MAX):
            rows = self._connection.execute(select(entries).where(entries.c.journal_no.in_(chunk)))
            found.update((row.journal_no, EntryRow(**row._mapping)) for row in rows)
        return found

    def number_at(self, desk: int, seq: int, position: int) -> int | None:
        """The journal number of the entry at a place."""
        return self._connection.execute(
            select(entries.c.journal_no).where(
                entries.c.desk == desk, entries.c.seq == seq, entries.c.position == position
            )
        ).scalar_one_or_none()

    def open_refund(self, account: bytes, coins: int, original_no: int) -> bool:
        """Whether the books accepted such a refund and no batch has taken it."""
        return bool(
            self._connection.execute(
                select(
                    exists().where(
                        entries.c.account == account,
                        entries.c.coins == coins,
                        entries.c.original_no == original_no,
                        entries.c.seq.is_(None),
                    )
                )
            ).scalar_one()
        )

    def place(self, journal_no: int, seq: int, position: int) -> None:
        """Write: an entry that the books have and no batch had taken."""
        self._connection.execute(
            update(entries).where(entries.c.journal_no == journal_no).values(seq=seq, position=position)
        )

    def unplace(self, desk: int, after_seq: int) -> int:
        """Write: the entries of a desk's batches beyond a sequence number wait for a batch again; how many."""
        return self._connection.execute(
            update(entries)
            .where(entries.c.desk == desk, entries.c.seq > after_seq)
            .values(seq=None, position=None, skip_reason=None)
        ).rowcount

    def unplace_orders(self, after_seq: int) -> int:
        """Write: the same for orders of desk 0."""
        return self._connection.execute(
            update(orders).where(orders.c.seq > after_seq).values(seq=None, position=None, skip_reason=None)
        ).rowcount

    def accept(self, debited: Mapping[bytes, int], refunding: Mapping[bytes, int]) -> None:
        """Write: what acceptance once did to accounts."""
        for address in sorted(debited.keys() | refunding.keys()):
            self._connection.execute(
                update(accounts)
                .where(accounts.c.address == address)
                .values(
                    debited=accounts.c.debited + debited.get(address, 0),
                    refunding=accounts.c.refunding + refunding.get(address, 0),
                )
            )

    def end_account(self, address: bytes) -> None:
        """Write: an account that was closed or merged away."""
        self._connection.execute(update(accounts).where(accounts.c.address == address).values(closed=True))

    def begin(self) -> None:
        """Write: something came back, and what closes reading back is still to be done, by another process if this one ends before."""
        Entries(self._connection).raise_counter(UNFINISHED, 1)

    def begin_from_a_backup(self) -> None:
        """Write: these books are of a backup. Nothing may be accepted until a poster has read what they miss."""
        Entries(self._connection).raise_counter(UNFINISHED, FROM_A_BACKUP)

    def is_from_a_backup(self) -> bool:
        """Whether no poster has read yet what books of a backup miss."""
        return self._state() >= FROM_A_BACKUP

    def end(self) -> None:
        """Write: it is done."""
        self._connection.execute(update(counters).where(counters.c.name == UNFINISHED).values(value=0))

    def is_unfinished(self) -> bool:
        """Whether something came back since it was done last."""
        return self._state() > 0

    def _state(self) -> int:
        return Entries(self._connection).last_number(UNFINISHED)

    def open_holds_of(self, account: bytes) -> list[HoldRow]:
        """Holds of an account that are not ended."""
        rows = self._connection.execute(
            select(holds).where(holds.c.account == account, holds.c.state == "held").order_by(holds.c.created_at)
        )
        return [HoldRow(**row._mapping) for row in rows]

    def redemption_of(self, journal_no: int) -> RedemptionRow | None:
        """The charge of an entry."""
        row = self._connection.execute(select(redemptions).where(redemptions.c.journal_no == journal_no)).one_or_none()
        return RedemptionRow(**row._mapping) if row else None

    def half_imports(self) -> list[HalfImport]:
        """Submissions that wait here and of which the chain has credits."""
        rows = self._connection.execute(
            select(approvals.c.id, func.max(entries.c.approver).label("approver"), imports.c.reserved_day)
            .select_from(
                approvals.join(imports, imports.c.id == approvals.c.id)
                .join(records, records.c.import_id == approvals.c.id)
                .join(entries, entries.c.record_key == records.c.record_key)
            )
            .where(approvals.c.status == "waiting", ~records.c.withdrawn)
            .group_by(approvals.c.id, imports.c.reserved_day)
        )
        return [HalfImport(row.id, row.approver, row.reserved_day) for row in rows]

    def without_entry(self, import_id: str) -> list[ReservedRow]:
        """The records of a submission that earn coins and are no entries."""
        rows = self._connection.execute(
            select(records.c.line, records.c.desk, persons.c.account, records.c.coins)
            .join(persons, persons.c.id == records.c.person_id)
            .where(records.c.import_id == import_id, records.c.coins > 0, ~records.c.withdrawn)
            .where(~exists().where(entries.c.record_key == records.c.record_key))
        )
        return [ReservedRow(*row) for row in rows]

    def withdraw_without_entry(self, import_id: str) -> None:
        """Write: free the records that `without_entry` names."""
        self._connection.execute(
            update(records)
            .where(records.c.import_id == import_id, records.c.coins > 0, ~records.c.withdrawn)
            .where(~exists().where(entries.c.record_key == records.c.record_key))
            .values(withdrawn=True)
        )

    def touches(self, import_id: str, days: Collection[tuple[int, int]]) -> bool:
        """Whether a submission has a record of one of these ranges of activity days."""
        return any(
            self._connection.execute(
                select(
                    exists().where(
                        records.c.import_id == import_id,
                        records.c.activity_day.between(first, last),
                        ~records.c.withdrawn,
                    )
                )
            ).scalar_one()
            for first, last in days
        )
