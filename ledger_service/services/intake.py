"""What clerks submit: a file or a single act is judged, and its accepted rows are reserved until another person decides (services/credit.py)."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.cells import plain_code
from ledger_service.domain.days import civil_day
from ledger_service.domain.records import RawRow
from ledger_service.errors import Invalid, Unavailable
from ledger_service.journal.records import ImportRow
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.accept import centre_of, person_of
from ledger_service.services.activity_file import read_activities
from ledger_service.services.context import Context, Once, run_once, stored_answer
from ledger_service.services.ended import refuse_closed_lines
from ledger_service.services.frozen import refuse_frozen_lines
from ledger_service.services.judging import Judged, judge_rows
from ledger_service.services.ledger_state import refuse_what_is_unread
from ledger_service.services.reserve import Claim, reserve_credit
from ledger_service.services.staging import drop_left_over, stage, unstage

SOURCE_DEFAULT = "1365"
SOURCES = (SOURCE_DEFAULT, "VMS")  # what the pages offer; the API takes any
SOURCE_LENGTH_MAX = 32
INTAKE_COUNTER = "intake"  # counts submissions: one that was judged before another was stored is not stored


@dataclass(frozen=True, slots=True)
class _Submission:
    """What is submitted: `kind` import or record; `digest` is the hash of what the rows were read or made from."""

    kind: str
    rows: Sequence[RawRow]
    source: str
    as_of: date
    as_of_reason: str | None
    digest: bytes


class NothingToSubmit(Invalid):
    """No row of the file is accepted."""

    code = "nothing_to_submit"


class IntakeOvertaken(Unavailable):
    """This process lost the intake lock, and another submission was stored since this one was judged; nothing was stored."""

    code = "intake_overtaken"

    def __init__(self) -> None:
        super().__init__(
            "another submission came between: send the same one again",
            "그사이 다른 제출이 처리되었습니다. 같은 요청을 다시 보내 주세요",
        )


class AsOfInvalid(Invalid):
    """The import day is later than today, or earlier without an approver's reason."""

    code = "as_of_invalid"


def preview_import(context: Context, actor: Actor, data: bytes, source: str, as_of: date | None) -> Judged:
    """What each row of a file would become now; nothing is stored. Any `as_of` may be given.

    Raises the file's own errors (services/table_errors.py).
    """
    actor.require(Role.CLERK, Role.APPROVER, Role.OFFICE)
    return judge_rows(context, read_activities(data), _plain_source(source), as_of or context.clock.today())


def submit_import(
    context: Context,
    actor: Actor,
    once: Once | None,
    data: bytes,
    source: str,
    as_of: date | None = None,
    as_of_reason: str | None = None,
) -> dict[str, Any]:
    """Judge a file and reserve its accepted rows until another person approves, rejects, or the submitter withdraws.

    Raises NothingToSubmit, AsOfInvalid, Forbidden (a row of a centre that is not the actor's), the limits' errors
    (services/reserve.py), and the file's own errors. Nothing is stored then.
    """
    actor.require(Role.CLERK, Role.APPROVER, Role.OFFICE)
    source = _plain_source(source)
    day = _settled_as_of(context, actor, as_of, as_of_reason)
    rows = read_activities(data)
    digest = hashlib.sha256(data).digest()
    return _submit(context, actor, once, _Submission("import", rows, source, day, as_of_reason, digest))


def submit_rows(
    context: Context, actor: Actor, once: Once | None, rows: Sequence[RawRow], source: str, digest: bytes
) -> dict[str, Any]:
    """Submit rows that the service itself has made, as a file of today; `digest` is the hash of what they were made from."""
    return _submit(context, actor, once, _Submission("import", rows, source, context.clock.today(), None, digest))


def submit_record(
    context: Context, actor: Actor, once: Once | None, desk: int, act: Mapping[str, str]
) -> dict[str, Any]:
    """Submit one act that a clerk typed: judged as a file of one row, numbered `DESK-YYYY-n`.

    `act` has the text cells member_number, name, birth_date, programme, activity_day and start, end or quantity.
    Raises Refused with the row's outcome as its field where the act is not accepted.
    """
    actor.require_desk(desk, Role.CLERK, Role.APPROVER)
    stored = stored_answer(context, actor.id, once)
    if stored is not None:
        return stored
    with context.journal.read() as unit:
        centre = centre_of(unit, desk)
    today = context.clock.today()
    with context.journal.write() as unit:
        number = unit.entries.next_numbers(f"record {desk} {today.year}", 1)
        unit.commit()
    raw = _raw_row(f"{centre.code}-{today.year}-{number}", centre.code, act)
    digest = hashlib.sha256(repr(tuple(raw)).encode()).digest()
    return _submit(context, actor, once, _Submission("record", [raw], centre.code, today, None, digest))


def submit_act_of(
    context: Context, actor: Actor, once: Once | None, desk: int, person_id: str, act: Mapping[str, str]
) -> dict[str, Any]:
    """Submit one act of a resident whom the clerk has before them: the name that the books hold was shown to the clerk, so that number,
    name and birth date need not be typed. `act` has programme, activity_day and start, end or quantity.
    """
    actor.require_desk(desk, Role.CLERK, Role.APPROVER)
    with context.journal.read() as unit:
        person = person_of(unit, person_id)
    seal = context.vault.of(person.id)
    identity = {
        "member_number": seal.open("member_number", person.member_number_sealed),
        "name": seal.open("name", person.name_sealed),
        "birth_date": seal.open("birth_date", person.birth_date_sealed),
    }
    return submit_record(context, actor, once, desk, {**act, **identity})


def _submit(context: Context, actor: Actor, once: Once | None, given: _Submission) -> dict[str, Any]:
    with context.journal.intake_lock:
        stored = stored_answer(context, actor.id, once)
        if stored is not None:
            return stored
        round_no = _begin_intake(context)
        judged = judge_rows(context, given.rows, given.source, given.as_of)
        accepted = judged.accepted
        if not accepted:
            raise _nothing(judged)
        for center in {one.center for one in accepted}:
            actor.require_desk(judged.desks[center], Role.CLERK, Role.APPROVER)
        with context.journal.read() as unit:
            days = {civil_day(one.activity_day) for one in accepted if one.activity_day is not None}
            refuse_what_is_unread(
                unit,
                {judged.desks[one.center] for one in accepted},
                lambda closed: any(first <= day <= last for first, last in closed for day in days),
            )
        approval_id = context.new_id()
        claim = Claim.of(judged.reserved())  # this and the outcomes before the write lock
        outcomes = zlib.compress(json.dumps(judged.stored_outcomes()).encode())

        def command(unit: WriteUnit) -> dict[str, Any]:
            if unit.entries.next_numbers(INTAKE_COUNTER, 1) != round_no:
                raise IntakeOvertaken
            today = context.clock.today()
            refuse_frozen_lines(unit, claim.rows_by_account)
            refuse_closed_lines(unit.accounts.closed(), claim.rows_by_account)
            reserve_credit(unit, claim, today)
            coins = claim.coins
            unit.records.add_import(
                ImportRow(
                    approval_id, given.source, civil_day(given.as_of), given.as_of_reason, given.digest, civil_day(today),
                    len(given.rows), len(accepted), coins, outcomes,
                )
            )  # fmt: skip
            unit.approvals.move(approval_id, "staging", "waiting", None, context.clock.now(), None)
            unit.audit_log.write(
                context.clock.now(), actor.id, f"submit {given.kind}", approval_id,
                rows=len(given.rows), accepted=len(accepted), coins=coins, file=given.digest.hex(),
            )  # fmt: skip
            return {
                "id": approval_id, "status": "waiting", "rows": len(given.rows), "accepted_rows": len(accepted),
                "coins": coins, "outcomes": judged.counts(),
            }  # fmt: skip

        try:
            stage(context, actor, given.kind, approval_id, given.source, judged)
            answer = run_once(context, actor.id, once, command)
        except BaseException:
            unstage(context, approval_id)
            raise
    context.kill_points.reach("after_submit")
    return answer


def _begin_intake(context: Context) -> int:
    """Under the intake lock: the number that this submission has to take when it is stored."""
    drop_left_over(context)
    with context.journal.read() as unit:
        return unit.entries.last_number(INTAKE_COUNTER) + 1


def _settled_as_of(context: Context, actor: Actor, as_of: date | None, reason: str | None) -> date:
    today = context.clock.today()
    if as_of is None or as_of == today:
        return today
    if as_of > today:
        raise AsOfInvalid(
            f"as_of {as_of} is later than today ({today}): give today's date or none",
            f"기준일 {as_of}은 오늘({today})보다 늦을 수 없습니다",
        )
    if not reason or not actor.has(Role.APPROVER, Role.OFFICE):
        raise AsOfInvalid(
            f"as_of {as_of} is earlier than today ({today}): only an approver may choose it, with a reason",
            f"지난 기준일({as_of})은 승인 담당자가 사유를 적어야 쓸 수 있습니다",
        )
    return as_of


def _plain_source(source: str) -> str:
    plain = plain_code(source)
    if not plain or len(plain) > SOURCE_LENGTH_MAX:
        raise Invalid(f"a source is 1 to {SOURCE_LENGTH_MAX} characters", f"출처는 1~{SOURCE_LENGTH_MAX}자입니다")
    return plain


def _raw_row(number: str, center: str, act: Mapping[str, str]) -> RawRow:
    def cell(name: str) -> str:
        return act.get(name, "")

    return RawRow(
        1, number, cell("member_number"), cell("name"), cell("birth_date"), center, cell("programme"),
        cell("activity_day"), cell("start"), cell("end"), cell("quantity"),
    )  # fmt: skip


def _nothing(judged: Judged) -> NothingToSubmit:
    counts = judged.counts()
    listed = ", ".join(f"{outcome} {count}" for outcome, count in counts.items()) or "no rows"
    return NothingToSubmit(
        f"no row is accepted ({listed}): nothing was submitted",
        f"인정되는 행이 없어 제출하지 않았습니다({listed})",
        outcomes=counts,
    )
