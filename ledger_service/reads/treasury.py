"""What the treasury did and is about to do to accounts: expiry runs and freezes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from ledger_service.domain.account_ends import EndReason
from ledger_service.domain.days import date_of
from ledger_service.errors import NotFound
from ledger_service.journal.access_log import note_person
from ledger_service.journal.schema import actors, approvals, expiry_runs, freezes, persons
from ledger_service.journal.unit import Journal, Unit
from ledger_service.journal.vault import Vault
from ledger_service.reads.residents import shown


@dataclass(frozen=True, slots=True)
class RunLine:
    """An expiry run: coins that counted up to `to`, of so many accounts, as they were proposed."""

    id: str
    to: date
    accounts: int
    coins: int
    status: str
    submitted_by: str
    submitted_at: int


@dataclass(frozen=True, slots=True)
class FreezeLine:
    """A standing freeze: up to and with `until`; the resident may object up to `appeal_until`."""

    id: str
    person_id: str
    resident: str
    member_number: str
    reason: str
    since: date
    until: date
    appeal_until: date


@dataclass(frozen=True, slots=True)
class EndedAccount:
    """Whose account is meant, and what it has now."""

    resident: str
    member_number: str
    coins: int
    debt: int


@dataclass(frozen=True, slots=True)
class EndLine:
    """A closure or a merge as it was proposed. `into` of a merge; `fund` and `reason` of a closure (no fund: what is left is burnt)."""

    of: EndedAccount
    into: EndedAccount | None
    fund: str | None
    reason: str | None
    note: str


def account_end(journal: Journal, vault: Vault, end_id: str) -> EndLine:
    """One end, or NotFound. For the coin office: it shows names."""
    with journal.read() as unit:
        end = unit.ends.read(end_id)
        if end is None:
            raise NotFound(f"there is no proposal {end_id}", "해당 제안이 없습니다")
        fund = next((one.name for one in unit.master.funds() if one.number == end.fund), None)
        found = [_ended(unit, vault, one) for one in (end.person_id, end.receiver_id) if one is not None]
    reason = EndReason(end.reason).name.lower() if end.reason else None
    return EndLine(found[0], found[1] if end.receiver_id else None, fund, reason, end.note)


def _ended(unit: Unit, vault: Vault, person_id: str) -> EndedAccount:
    person = unit.people.by_id(person_id)
    assert person is not None  # a foreign key says so
    account = unit.accounts.read(person.account)
    assert account is not None
    who = shown(vault, person)
    return EndedAccount(who.name, who.member_number, account.credited - account.debited, account.debt)


def expiry_runs_of(journal: Journal, rows_max: int) -> list[RunLine]:
    """The latest runs."""
    with journal.read() as unit:
        rows = unit.connection.execute(_RUNS.order_by(expiry_runs.c.id.desc()).limit(rows_max))
        return [
            RunLine(row.id, date_of(row.cut_day), row.accounts, row.coins, row.status, row.name, row.submitted_at)
            for row in rows
        ]


def expiry_run(journal: Journal, run_id: str) -> RunLine:
    """One run, or NotFound."""
    with journal.read() as unit:
        row = unit.connection.execute(_RUNS.where(expiry_runs.c.id == run_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no expiry run {run_id}", "해당 소멸 제안이 없습니다")
    return RunLine(row.id, date_of(row.cut_day), row.accounts, row.coins, row.status, row.name, row.submitted_at)


def standing_freezes(journal: Journal, vault: Vault, rows_max: int) -> list[FreezeLine]:
    """Accounts that nothing is credited to and nothing taken from, by the end of the freeze. For the coin office: it shows names."""
    with journal.read() as unit:
        rows = unit.connection.execute(
            select(freezes, persons.c.name_sealed, persons.c.member_number_sealed)
            .join(persons, persons.c.id == freezes.c.person_id)
            .where(freezes.c.state == "frozen")
            .order_by(freezes.c.end_day, freezes.c.id)
            .limit(rows_max)
        ).all()
    seals = vault.of_many(row.person_id for row in rows)
    found = []
    for row in rows:
        seal = seals.get(row.person_id)
        note_person(row.person_id)
        found.append(
            FreezeLine(
                id=row.id,
                person_id=row.person_id,
                resident=seal.open("name", row.name_sealed) if seal else "*",
                member_number=seal.open("member_number", row.member_number_sealed) if seal else "*",
                reason=row.reason,
                since=date_of(row.first_day),
                until=date_of(row.end_day),
                appeal_until=date_of(row.appeal_day),
            )
        )
    return found


_RUNS = (
    select(expiry_runs, approvals.c.status, approvals.c.submitted_at, actors.c.name)
    .join(approvals, approvals.c.id == expiry_runs.c.id)
    .join(actors, actors.c.id == approvals.c.submitted_by)
)
