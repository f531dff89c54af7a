"""Loading what binds nobody: people, who are not on the chain, and courses. Neither needs a second person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import DeskKind
from ledger_service.errors import Forbidden
from ledger_service.journal.courses import CourseRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.cards import NewResident, new_person
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.master_file import PROBLEMS_MAX, MasterFileInvalid, Problem
from ledger_service.services.organisation_files import CourseFileRow, read_courses
from ledger_service.services.people_files import read_members

MEMBERS_A_TRANSACTION = 1_000


def load_members(context: Context, actor: Actor, once: Once | None, data: bytes) -> dict[str, Any]:
    """Add the people of a file, each with a random account and a key of their own; those already known are left as they are."""
    actor.require(Role.OFFICE, Role.REGISTRAR)
    members = read_members(data)
    with context.journal.read() as unit:
        if unit.orders.is_sealed():  # who opens residents must not be who credits them
            actor.require(Role.REGISTRAR)
    with context.journal.intake_lock:
        index = {member.member_number: context.vault.member_index(member.member_number) for member in members}
        with context.journal.read() as unit:
            known = {row.member_number_index for row in unit.people.by_member_index(index.values())}
        fresh = [member for member in members if index[member.member_number] not in known]
        ids = [context.new_id() for _ in fresh]
        seals = context.vault.create(ids)
        rows = [
            new_person(
                context,
                person_id,
                seals[person_id],
                NewResident(
                    member.member_number,
                    member.name,
                    member.birth_date,
                    member.phone,
                    f"{member.neighbourhood}\x1f{member.qualification}",
                ),
            )
            for person_id, member in zip(ids, fresh, strict=True)
        ]

        def command(unit: WriteUnit) -> dict[str, Any]:
            for start in range(0, len(rows), MEMBERS_A_TRANSACTION):
                chunk = rows[start : start + MEMBERS_A_TRANSACTION]
                unit.accounts.open_many(row.account for row in chunk)
                unit.people.add_many(chunk, context.clock.now())
            unit.audit_log.write(context.clock.now(), actor.id, "load members", "members", added=len(rows))
            return {"added": len(rows), "known": len(members) - len(rows)}

        return run_once(context, actor.id, once, command)


def load_courses(context: Context, actor: Actor, once: Once | None, data: bytes) -> dict[str, Any]:
    """Add the courses of a file; one whose code is known is left as it is, and counted as `differing` where the file says otherwise.

    Raises MasterFileInvalid, Forbidden for another organisation's venue, and what `read_table` raises.
    """
    actor.require(Role.OFFICE, Role.VENUE)
    courses = read_courses(data)

    def command(unit: WriteUnit) -> dict[str, Any]:
        added = differing = 0
        desks = _desks_of(unit, actor, courses)
        for row in courses:
            wanted = CourseRow(
                context.new_id(), row.code, desks[row.venue], row.name, civil_day(row.first_day),
                civil_day(row.last_day), row.seats, 0, row.price_krw,
            )  # fmt: skip
            known = unit.courses.course_of_code(row.code)
            if known is None:
                unit.courses.add_course(wanted)
                added += 1
            elif known != replace(wanted, id=known.id, seats_taken=known.seats_taken):
                differing += 1
        unit.audit_log.write(context.clock.now(), actor.id, "load courses", "courses", added=added)
        return {"added": added, "known": len(courses) - added, "differing": differing}

    return run_once(context, actor.id, once, command)


def _desks_of(unit: Unit, actor: Actor, courses: Sequence[CourseFileRow]) -> dict[str, int]:
    """The venues of a file, which are all there and the actor's, by code."""
    desks, problems = dict[str, int](), list[Problem]()
    for row in courses:
        venue = unit.master.desk_of_code(DeskKind.VENUE, row.venue)
        if venue is None:
            problems.append(Problem(row.line, "venue", "is not a venue's code", "사용처의 코드가 아닙니다"))
            continue
        try:
            actor.require_desk(venue.number, Role.VENUE)
        except Forbidden as error:
            raise Forbidden(f"line {row.line}: {error.message}", f"{row.line}번째 줄: {error.message_ko}") from error
        desks[row.venue] = venue.number
    if problems:
        raise MasterFileInvalid(problems[:PROBLEMS_MAX])
    return desks
