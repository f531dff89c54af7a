"""Who looked at a resident lately, in words for the resident."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select

from ledger_service.domain.actors import Actor, Role
from ledger_service.journal.schema import access_log, actors
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault
from ledger_service.reads.residents import require_person


@dataclass(frozen=True, slots=True)
class Look:
    """One look at UTC seconds `at`. `who` is who looked, `beside` who acted for the resident: a helper, or staff.

    `where` is the part of the pages: me, helping, desk, centre, approvals, office, api…
    """

    at: int
    who: str = field(repr=False)
    beside: str | None = field(repr=False)
    beside_is_resident: bool
    where: str


def latest_looks(journal: Journal, vault: Vault, actor: Actor, person_id: str, rows_max: int) -> list[Look]:
    """Those of others, the latest first; NotFound where it is neither oneself nor an auditor who asks."""
    with journal.read() as unit:
        require_person(unit, actor, person_id, Role.AUDITOR)
        own = select(actors.c.id).where(actors.c.person_id == person_id)
        rows = unit.connection.execute(
            select(access_log)
            .where(access_log.c.person_id == person_id)
            .where(access_log.c.assisted_by.is_not(None) | access_log.c.actor_id.not_in(own))
            .order_by(access_log.c.id.desc())
            .limit(rows_max)
        ).all()
        ids = {row.actor_id for row in rows} | {row.assisted_by for row in rows if row.assisted_by}
        known = {
            row.id: row
            for row in unit.connection.execute(
                select(actors.c.id, actors.c.name, actors.c.person_id).where(actors.c.id.in_(ids))
            )
        }
        people = unit.people.by_ids({row.person_id for row in known.values() if row.person_id})
        seals = vault.of_many(one.id for one in people)
    residents = {one.id: seals[one.id].open("name", one.name_sealed) if one.id in seals else "*" for one in people}
    names = {row.id: residents[row.person_id] if row.person_id else row.name for row in known.values()}
    return [
        Look(
            at=row.at,
            who=names.get(row.actor_id, ""),
            beside=names.get(row.assisted_by or ""),
            beside_is_resident=row.assisted_by in known and known[row.assisted_by].person_id is not None,
            where=row.action.partition(" ")[2].strip("/").partition("/")[0],
        )
        for row in rows
    ]
