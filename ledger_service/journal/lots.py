"""What the lots of accounts are folded from (domain/lots.py): their applied entries, those that are final in the order of the chain.

Nothing about lots is stored. An account has some tens of entries a year, and what is folded is always what the chain says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, text, tuple_

from ledger_service.domain.entries import Kind
from ledger_service.domain.lots import LotFold, Movement, Name, Place, expiry_day_of, fold
from ledger_service.journal.schema import accounts, batches, entries, persons, rates

QUERY_ACCOUNTS_MAX = 500
QUERY_BATCHES_MAX = 200
_PENDING = 2**62  # stands in the place of a post number


@dataclass(slots=True)
class History:
    """An account's applied entries: the final ones in chain order, and those on their way in the order of acceptance."""

    final: list[Movement] = field(default_factory=list)
    pending: list[Movement] = field(default_factory=list)

    def folded(self) -> LotFold:
        """The lots that are final."""
        return fold(self.final)

    def forecast(self) -> LotFold:
        """The lots once everything that was accepted is final."""
        return fold([*self.final, *self.pending])

    def next_expiry(self, account: bytes) -> tuple[int, int] | None:
        """The nearest day up to which coins of an account count, by the forecast, and how many; None where it has none."""
        lots = self.forecast().lots(account)
        if not lots:
            return None
        day = lots[0].expiry_day
        return day, sum(lot.left for lot in lots if lot.expiry_day == day)


@dataclass(frozen=True, slots=True)
class _BatchPlace:
    """A batch: its state, post number (0 before it has one) and day."""

    state: str
    post_number: int
    day: int

    @property
    def is_on_chain(self) -> bool:
        return self.state in ("posted", "final")


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with coins that may have expired."""

    account: bytes
    person_id: str


def name_of(journal_no: int) -> Name:
    """The books call an entry by its journal number: it has one before it has a place on the chain."""
    return 0, 0, journal_no


class Lots:
    """Repository of what lots come from."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def history(self, account: bytes) -> History:
        """One account's entries, and those of the accounts that were merged into it: lots keep their days."""
        return self.histories([account])[account]

    def histories(self, addresses: Iterable[bytes]) -> dict[bytes, History]:
        """Several accounts' entries."""
        wanted = list(addresses)
        months, into = self._expiry_months(), self._merged_into()
        found = {address: History() for address in wanted}
        of_account = _owners(wanted, into)
        read = sorted(of_account)
        everything = self._places() if len(read) > 1 else None
        for start in range(0, len(read), QUERY_ACCOUNTS_MAX):
            rows = self._rows(read[start : start + QUERY_ACCOUNTS_MAX])
            places = self._places({(row.desk, row.seq) for row in rows}) if everything is None else everything
            for row in rows:
                at = places.get((row.desk, row.seq))
                movement = _movement(row, at, months, into)
                for owner in of_account[row.account]:
                    history = found[owner]
                    (history.final if at is not None and at.state == "final" else history.pending).append(movement)
        for history in found.values():
            history.final.sort(key=_place)
            history.pending.sort(key=_place)
        return found

    def group_of(self, account: bytes) -> list[bytes]:
        """An account and those that were merged into it."""
        return sorted(_owners([account], self._merged_into()))

    def coins_before(self, account: bytes, desk: int, seq: int, position: int) -> int:
        """What an account held on the chain before an entry that is there."""
        months, into = self._expiry_months(), self._merged_into()
        rows = self._rows(sorted(_owners([account], into)))
        places = self._places({(desk, seq), *((row.desk, row.seq) for row in rows)})
        until = places[desk, seq].post_number, position
        before = [
            _movement(row, at, months, into)
            for row in rows
            if (at := places.get((row.desk, row.seq))) is not None
            and at.is_on_chain
            and (at.post_number, row.position) < until
        ]
        return fold(sorted(before, key=_place)).coins(account)

    def holders(self, activity_days: Mapping[int, tuple[int, int]], returned: tuple[int, int]) -> list[Holder]:
        """Whoever has free coins, is not frozen, and was credited for a day between the rate's two (or opened a balance, took
        over another number's, or had coins returned between two days): nobody else can hold coins that expire when these do."""
        made = [
            and_(entries.c.kind == Kind.CREDIT, entries.c.ref == rate, entries.c.day.between(first, last))
            for rate, (first, last) in activity_days.items()
        ]
        made.append(entries.c.kind.in_((Kind.OPENING, Kind.MERGE)))
        made.append(and_(entries.c.kind.in_((Kind.REFUND, Kind.CORRECT)), entries.c.accepted_day.between(*returned)))
        rows = self._connection.execute(
            select(persons.c.account, persons.c.id)
            .join(accounts, accounts.c.address == persons.c.account)
            .where(~accounts.c.frozen)
            .where(accounts.c.credited - accounts.c.debited - accounts.c.held - accounts.c.debt > 0)
            .where(accounts.c.address.in_(select(entries.c.account).where(or_(*made))))
            .order_by(persons.c.account)
        )
        return [Holder(*row) for row in rows]

    def all_holders(self) -> list[Holder]:
        """Whoever has coins on the books that no charge has taken."""
        rows = self._connection.execute(
            select(persons.c.account, persons.c.id)
            .join(accounts, accounts.c.address == persons.c.account)
            .where(accounts.c.credited + accounts.c.refunding - accounts.c.debited > 0)
            .order_by(persons.c.account)
        )
        return [Holder(*row) for row in rows]

    def _merged_into(self) -> dict[bytes, bytes]:
        """Accounts that were merged, and into which."""
        receivers = persons.alias("receivers")
        rows = self._connection.execute(
            select(persons.c.account, receivers.c.account)
            .join(receivers, receivers.c.id == persons.c.merged_into)
            .where(text("persons.merged_into IS NOT NULL"))
        )
        return {row[0]: row[1] for row in rows}

    def _expiry_months(self) -> dict[int, int]:
        return {
            row.id: row.expiry_months for row in self._connection.execute(select(rates.c.id, rates.c.expiry_months))
        }

    def _rows(self, addresses: Sequence[bytes]) -> Sequence[Any]:
        """Without their batches, whose rows are long and few: these are read once, not with every entry."""
        return self._connection.execute(
            select(
                entries.c.journal_no, entries.c.desk, entries.c.account, entries.c.kind, entries.c.ref, entries.c.coins,
                entries.c.day, entries.c.accepted_day, entries.c.original_no, entries.c.seq, entries.c.position,
            ).where(entries.c.account.in_(addresses), entries.c.skip_reason.is_(None))
        ).all()  # fmt: skip

    def _places(self, keys: Collection[tuple[int, int | None]] | None = None) -> dict[tuple[int, int], _BatchPlace]:
        """Where these batches (or all) stand on the chain."""
        columns = select(batches.c.desk, batches.c.seq, batches.c.state, batches.c.post_number, batches.c.day)
        if keys is None:
            return _by_key(self._connection.execute(columns))
        wanted = sorted((desk, seq) for desk, seq in keys if seq is not None)
        found: dict[tuple[int, int], _BatchPlace] = {}
        for start in range(0, len(wanted), QUERY_BATCHES_MAX):
            chunk = wanted[start : start + QUERY_BATCHES_MAX]
            found |= _by_key(self._connection.execute(columns.where(tuple_(batches.c.desk, batches.c.seq).in_(chunk))))
        return found


def _by_key(rows: Iterable[Row[Any]]) -> dict[tuple[int, int], _BatchPlace]:
    return {(row.desk, row.seq): _BatchPlace(row.state, abs(row.post_number or 0), row.day) for row in rows}


def _place(movement: Movement) -> Place:
    return movement.place


def _owners(wanted: Iterable[bytes], into: Mapping[bytes, bytes]) -> dict[bytes, list[bytes]]:
    """The accounts whose entries are read, and for which of the wanted ones."""
    givers: dict[bytes, list[bytes]] = {}
    for giver, receiver in into.items():
        givers.setdefault(receiver, []).append(giver)
    owners: dict[bytes, list[bytes]] = {}
    for account in wanted:
        group = [account]
        for member in group:
            owners.setdefault(member, []).append(account)
            group += givers.get(member, ())
    return owners


def _movement(
    row: Row[Any], at: _BatchPlace | None, months: Mapping[int, int], into: Mapping[bytes, bytes]
) -> Movement:
    day, expiry_day = row.day, 0
    if row.kind == Kind.CREDIT:
        expiry_day = expiry_day_of(day, months[row.ref])
    elif row.kind == Kind.OPENING:
        expiry_day = expiry_day_of(day, row.ref)
    elif row.kind == Kind.CORRECT:  # its own day is not in its word, which the chain's fold cannot see
        day = row.accepted_day if at is None else at.day
    return Movement(
        place=(at.post_number, row.position) if at is not None and at.is_on_chain else (_PENDING, row.journal_no),
        name=name_of(row.journal_no),
        account=row.account,
        kind=row.kind,
        coins=row.coins,
        day=day,
        expiry_day=expiry_day,
        original=None if row.original_no is None else name_of(row.original_no),
        receiver=into.get(row.account) if row.kind == Kind.MERGE and row.ref == 0 else None,
    )
