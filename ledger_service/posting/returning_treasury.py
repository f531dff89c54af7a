"""What comes back with the treasury's entries: corrections with their debts, runs, gifts, closes; and people's acts that are no entries."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from ledger_service.journal.entries import EntryRow
from ledger_service.journal.kept_rows import Rows, actors_in, merged
from ledger_service.journal.loose_acts import COUNTER
from ledger_service.journal.people import PersonRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.journal.vault import PersonSeal
from ledger_service.posting.bundles import BundleContent
from ledger_service.posting.keepsakes import person_from

PERSONAL = "rows"
APPROVED = "approved"


def personal_rows(content: BundleContent, seals: Mapping[str, PersonSeal]) -> dict[str, Rows]:
    """What a bundle keeps of people beside entries, by person; nothing of those who are forgotten."""
    found: dict[str, list[Rows]] = {}
    for one in content.personal:
        if one["id"] in seals:
            opened = seals[one["id"]].open(PERSONAL, b64decode(one["sealed"]))
            found.setdefault(one["id"], []).append(orjson.loads(opened))
    return {person_id: merged(parts) for person_id, parts in found.items()}


def opened_people(content: BundleContent, seals: Mapping[str, PersonSeal]) -> list[PersonRow]:
    """The rows of people that a bundle keeps, but of those who are forgotten."""
    return [
        person_from(seals[one["id"]].open("person", b64decode(one["sealed"])))
        for one in content.people
        if one["id"] in seals
    ]


def put_rows(unit: WriteUnit, rows: Rows, now: int) -> None:
    """Write: rows as they were, and whoever they name that the books do not know any more."""
    named = actors_in(rows) | {
        orjson.loads(act["content"])["by"] for act in rows.get("loose_acts", ()) if act["kind"] == "wish"
    }
    add_lost_actors(unit, named, now)
    unit.kept_rows.put({**rows, "closes": [{**close, "state": APPROVED} for close in rows.get("closes", ())]})
    if acts := rows.get("loose_acts"):
        unit.entries.raise_counter(COUNTER, max(act["id"] for act in acts))


def put_personal(unit: WriteUnit, personal: Mapping[str, Rows], now: int) -> None:
    """Write: what a bundle keeps of people whom the books know; of somebody they do not nothing can be kept."""
    known = {person.id for person in unit.people.by_ids(personal)}
    put_rows(unit, merged(rows for person_id, rows in personal.items() if person_id in known), now)


def add_lost_actors(unit: WriteUnit, ids: Iterable[str], now: int) -> None:
    """Write: those who acted and of whom only the id is left."""
    wanted = set(ids)
    for actor_id in sorted(wanted - unit.returning.known_actors(wanted)):
        unit.returning.add_lost_actor(actor_id, now)


def taken_of(act: Mapping[str, Any], original: EntryRow | None) -> int | None:
    """What a correction took when it was accepted: nothing where it gave an expiry back; None where that is not known."""
    rows = act.get("rows", {}).get("corrections")
    if not rows or original is None:
        return None
    return 0 if rows[0]["restores"] else int(rows[0]["taken"])


def original_entry(unit: Unit, journal_no: int | None) -> EntryRow | None:
    """The entry that a correction or refund undoes."""
    return None if journal_no is None else unit.entries.read(journal_no)
