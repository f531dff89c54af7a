"""Objections: a resident says that a line is wrong or missing, and the coin office answers within two weeks.

What the resident writes and what the office answers is personal, so both are sealed under the resident's key and stand in no log.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.cells import is_plain_text
from ledger_service.domain.days import civil_day
from ledger_service.errors import Forbidden, Invalid, NotFound, Refused
from ledger_service.journal.objections import ObjectionRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.accept import person_of
from ledger_service.services.context import Context, Once, run_once

ANSWER_DAYS = 14
TEXT_LENGTH_MAX = 1000
OPEN_MAX = 20
TEXT_COLUMN, ANSWER_COLUMN = "objection", "objection_answer"


class TooManyObjections(Refused):
    """As many objections wait for an answer as one resident may have. Fields: limit."""

    code = "too_many_objections"


class ObjectionOver(Refused):
    """It was answered or withdrawn before."""

    code = "objection_over"


def file_objection(
    context: Context, actor: Actor, once: Once | None, person_id: str, journal_no: int | None, text: str
) -> dict[str, Any]:
    """Object to a line of one's own (`journal_no`), or say that one is missing (None). Raises NotFound, TooManyObjections."""
    if actor.person_id != person_id or not actor.has(Role.RESIDENT):
        raise Forbidden("a resident objects for themselves", "이의는 본인만 낼 수 있습니다")
    words = _words(text)

    def command(unit: WriteUnit) -> dict[str, Any]:
        person = person_of(unit, person_id)
        if journal_no is not None:
            entry = unit.entries.read(journal_no)
            if entry is None or entry.person_id != person_id:
                raise NotFound(f"there is no entry {journal_no}", "해당 기록이 없습니다")
        unit.accounts.lock(person.account)  # so that two at once count each other
        if unit.objections.open_of_person(person_id) >= OPEN_MAX:
            raise TooManyObjections(
                f"{OPEN_MAX} objections wait for an answer: please wait for one of them",
                f"답을 기다리는 이의가 {OPEN_MAX}건입니다. 답을 받은 뒤에 내 주세요",
                limit=OPEN_MAX,
            )
        now, objection_id = context.clock.now(), context.new_id()
        due = context.clock.today() + timedelta(days=ANSWER_DAYS)
        sealed = context.vault.of(person_id).seal(TEXT_COLUMN, words)
        unit.objections.add(
            ObjectionRow(
                objection_id, person_id, journal_no, sealed, "open", actor.id, now, civil_day(due), None, None, None
            )
        )
        unit.audit_log.write(now, actor.id, "object", objection_id, person=person_id)
        return {"id": objection_id, "state": "open", "due": due.isoformat()}

    return run_once(context, actor.id, once, command)


def withdraw_objection(context: Context, actor: Actor, once: Once | None, objection_id: str) -> dict[str, Any]:
    """Take one's own objection back. Raises NotFound, ObjectionOver."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        row = unit.objections.read(objection_id)
        if row is None or actor.person_id is None or row.person_id != actor.person_id:
            raise _absent()
        if not unit.objections.withdraw(objection_id):
            raise _over()
        unit.audit_log.write(context.clock.now(), actor.id, "withdraw objection", objection_id)
        return {"id": objection_id, "state": "withdrawn"}

    return run_once(context, actor.id, once, command)


def answer_objection(context: Context, actor: Actor, once: Once | None, objection_id: str, text: str) -> dict[str, Any]:
    """Answer a resident. Raises NotFound, ObjectionOver."""
    actor.require(Role.OFFICE)
    words = _words(text)

    def command(unit: WriteUnit) -> dict[str, Any]:
        row = unit.objections.read(objection_id)
        if row is None:
            raise _absent()
        person_of(unit, row.person_id)
        now = context.clock.now()
        sealed = context.vault.of(row.person_id).seal(ANSWER_COLUMN, words)
        if not unit.objections.answer(objection_id, sealed, actor.id, now):
            raise _over()
        unit.audit_log.write(now, actor.id, "answer objection", objection_id)
        return {"id": objection_id, "state": "answered"}

    return run_once(context, actor.id, once, command)


def _words(text: str) -> str:
    words = text.replace("\r\n", "\n").strip()
    if not 0 < len(words) <= TEXT_LENGTH_MAX or not is_plain_text(words.replace("\n", " ")):
        raise Invalid(f"write 1 to {TEXT_LENGTH_MAX} characters", f"내용을 {TEXT_LENGTH_MAX}자 안에서 적어 주세요")
    return words


def _absent() -> NotFound:
    return NotFound("there is no such objection", "해당 이의가 없습니다")


def _over() -> ObjectionOver:
    return ObjectionOver("it was answered or withdrawn before", "이미 답했거나 제출을 취소한 이의입니다")
