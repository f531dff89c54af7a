"""Crediting: a month's file or a single act is judged, submitted (it reserves), and approved by another person."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.cells import plain_code
from ledger_service.domain.days import civil_day, date_of, month_number
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.records import Judgement, RawRow
from ledger_service.errors import Forbidden, Invalid, NotFound, Refused, Unavailable
from ledger_service.journal.approvals import ApprovalRow
from ledger_service.journal.records import ImportRow, RecordRow, ReservedRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.accept import person_of
from ledger_service.services.activity_file import read_activities
from ledger_service.services.context import Context, Once, run_once, stored_answer
from ledger_service.services.ended import refuse_closed_lines
from ledger_service.services.frozen import refuse_frozen_lines
from ledger_service.services.judging import Judged, judge_rows
from ledger_service.services.ledger_state import refuse_what_is_unread, refuse_when_books_differ
from ledger_service.services.reserve import Claim, reserve_credit, return_credit

SOURCE_DEFAULT = "1365"
SOURCE_LENGTH_MAX = 32
STAGED_ROWS_A_TRANSACTION = 500  # what keeps a charge from waiting behind an import
INTAKE_COUNTER = "intake"  # counts submissions: one that was judged before another was stored is not stored


class NothingToSubmit(Invalid):
    """No row of the file is accepted."""

    code = "nothing_to_submit"


class SamePerson(Forbidden):
    """Who submitted may not decide (DOMAIN rule 10)."""

    code = "same_person"


class NotWaiting(Refused):
    """It was decided before. Fields: status."""

    code = "not_waiting"


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

    Raises the file's own errors (services/activity_file.py).
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
    return _submit(context, actor, once, "import", rows, source, day, as_of_reason, digest)


def submit_rows(
    context: Context, actor: Actor, once: Once | None, rows: Sequence[RawRow], source: str, digest: bytes
) -> dict[str, Any]:
    """Submit rows that the service itself has made, as a file of today; `digest` is the hash of what they were made from."""
    return _submit(context, actor, once, "import", rows, source, context.clock.today(), None, digest)


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
        row = unit.master.desk(desk)
    if row is None or row.kind is not DeskKind.CENTRE:
        raise NotFound(f"there is no centre desk {desk}", f"센터 {desk}번이 없습니다")
    today = context.clock.today()
    with context.journal.write() as unit:
        number = unit.entries.next_numbers(f"record {desk} {today.year}", 1)
        unit.commit()
    raw = _raw_row(f"{row.code}-{today.year}-{number}", row.code, act)
    digest = hashlib.sha256(repr(tuple(raw)).encode()).digest()
    return _submit(context, actor, once, "record", [raw], row.code, today, None, digest)


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


def approve(context: Context, actor: Actor, once: Once | None, approval_id: str) -> dict[str, Any]:
    """Turn a submission's reserved records into entries. Re-checks under the write lock and refuses the whole if anything moved.

    Raises SamePerson, NotWaiting, NotFound, Forbidden, and the limits' errors where the month or year has changed since.
    """
    today = context.clock.today()
    with (
        context.journal.read() as unit
    ):  # a submission's rows do not change: what they add up to, before the write lock
        stored = unit.records.read_import(approval_id)
        claim = _claim_to_move(unit, stored, today)

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, approval_id, ("import", "record"))
        refuse_when_books_differ(unit)
        if stored is None:
            raise NotFound(f"there is no submission {approval_id}", "해당 제출 건이 없습니다")
        shares = unit.records.shares_of(approval_id)
        for share in shares:
            actor.require_desk(share.desk, Role.APPROVER)
        refuse_what_is_unread(
            unit, {share.desk for share in shares}, lambda closed: unit.returning.touches(approval_id, closed)
        )
        if sum(share.coins for share in shares) != stored.coins:
            raise _changed()
        ended = unit.ends.ended_since(approval.submitted_at)
        if ended or unit.accounts.frozen():
            rows_by_account = _claim_of(unit.records.reserved(approval_id)).rows_by_account
            refuse_frozen_lines(unit, rows_by_account)
            refuse_closed_lines(ended, rows_by_account)
        if claim is not None:
            return_credit(unit, claim, date_of(stored.reserved_day))
            reserve_credit(unit, claim, today)
        unit.approvals.move(approval_id, "waiting", "approved", actor.id, context.clock.now(), None)
        entries = sum(share.entries for share in shares)
        first = _accept(context, unit, actor, approval, entries, today)
        unit.audit_log.write(context.clock.now(), actor.id, "approve", approval_id, coins=stored.coins, entries=entries)
        return {
            "id": approval_id,
            "status": "approved",
            "entries": entries,
            "coins": stored.coins,
            "first_journal_no": first,
        }

    answer = run_once(context, actor.id, once, command)
    context.kill_points.reach("after_approval")
    context.wake()
    return answer


def decline(context: Context, actor: Actor, once: Once | None, approval_id: str, reason: str) -> dict[str, Any]:
    """Reject another's submission, or withdraw one's own: its rows are free again."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, approval_id, ("import", "record"), deciding=False)
        own = approval.submitted_by == actor.id
        if not own:
            for share in unit.records.shares_of(approval_id):
                actor.require_desk(share.desk, Role.APPROVER)
        status = "withdrawn" if own else "rejected"
        stored = unit.records.read_import(approval_id)
        if stored is None:
            raise NotFound(f"there is no submission {approval_id}", "해당 제출 건이 없습니다")
        return_credit(unit, _claim_of(unit.records.reserved(approval_id)), date_of(stored.reserved_day))
        unit.records.withdraw(approval_id)
        unit.approvals.move(approval_id, "waiting", status, actor.id, context.clock.now(), reason)
        unit.audit_log.write(context.clock.now(), actor.id, status, approval_id, reason=bool(reason))
        return {"id": approval_id, "status": status}

    return run_once(context, actor.id, once, command)


def waiting(
    unit: WriteUnit, actor: Actor, approval_id: str, kinds: tuple[str, ...], *, deciding: bool = True
) -> ApprovalRow:
    """The approval, locked, if it waits and this actor may decide it; NotFound, NotWaiting or SamePerson otherwise."""
    approval = unit.approvals.lock(approval_id)
    if approval is None or approval.kind not in kinds or approval.status == "staging":
        raise NotFound(f"there is nothing to approve with the id {approval_id}", "승인할 항목이 없습니다")
    if approval.status != "waiting":
        raise NotWaiting(
            f"it is {approval.status} already", f"이미 처리된 항목입니다({approval.status})", status=approval.status
        )
    if deciding and approval.submitted_by == actor.id:
        raise SamePerson(
            "who submitted may not approve: another person has to",
            "제출한 사람은 승인할 수 없습니다. 다른 분이 승인해야 합니다",
        )
    return approval


def _submit(
    context: Context,
    actor: Actor,
    once: Once | None,
    kind: str,
    rows: Sequence[RawRow],
    source: str,
    as_of: date,
    as_of_reason: str | None,
    digest: bytes,
) -> dict[str, Any]:
    with context.journal.intake_lock:
        stored = stored_answer(context, actor.id, once)
        if stored is not None:
            return stored
        round_no = _begin_intake(context)
        judged = judge_rows(context, rows, source, as_of)
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
        claim = _claim_of(judged.reserved())  # this and the outcomes before the write lock
        outcomes = zlib.compress(json.dumps(judged.outcomes()).encode())

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
                    approval_id, source, civil_day(as_of), as_of_reason, digest, civil_day(today), len(rows),
                    len(accepted), coins, outcomes,
                )
            )  # fmt: skip
            unit.approvals.move(approval_id, "staging", "waiting", None, context.clock.now(), None)
            unit.audit_log.write(
                context.clock.now(), actor.id, f"submit {kind}", approval_id,
                rows=len(rows), accepted=len(accepted), coins=coins, file=digest.hex(),
            )  # fmt: skip
            return {
                "id": approval_id, "status": "waiting", "rows": len(rows), "accepted_rows": len(accepted),
                "coins": coins, "outcomes": judged.counts(),
            }  # fmt: skip

        try:
            _stage(context, actor, kind, approval_id, source, judged)
            answer = run_once(context, actor.id, once, command)
        except BaseException:
            _unstage(context, approval_id)
            raise
    context.kill_points.reach("after_submit")
    return answer


def drop_left_over(context: Context) -> int:
    """Remove what a process that died left half staged; how many. The caller holds the intake lock, or is alone on the books."""
    with context.journal.read() as unit:
        left_over = unit.records.staged()
    for approval_id in left_over:
        _unstage(context, approval_id)
    return len(left_over)


def _begin_intake(context: Context) -> int:
    """Under the intake lock: the number that this submission has to take when it is stored."""
    drop_left_over(context)
    with context.journal.read() as unit:
        return unit.entries.last_number(INTAKE_COUNTER) + 1


def _stage(context: Context, actor: Actor, kind: str, approval_id: str, source: str, judged: Judged) -> None:
    """Store the accepted rows in short transactions; nobody acts on them until the submission is flipped to waiting."""
    with context.journal.write() as unit:
        unit.approvals.add(approval_id, kind, "staging", actor.id, context.clock.now())
        unit.commit()
    accepted = iter(judged.accepted)
    while chunk := list(islice(accepted, STAGED_ROWS_A_TRANSACTION)):
        rows = [_record(approval_id, source, one, judged) for one in chunk]
        with context.journal.write() as unit:
            unit.records.add_many(rows)
            unit.commit()


def _unstage(context: Context, approval_id: str) -> None:
    with context.journal.write() as unit:
        unit.records.drop_staged(approval_id)
        unit.commit()


def _record(approval_id: str, source: str, one: Judgement, judged: Judged) -> RecordRow:
    assert one.person_id is not None and one.rate_id is not None and one.activity_day is not None  # it is accepted
    return RecordRow(
        import_id=approval_id,
        line=one.line,
        record_key=judged.record_keys[one.record_number],
        record_sealed=judged.seals[one.person_id].seal("business_key", f"{source}\x1f{one.record_number}"),
        person_id=one.person_id,
        desk=judged.desks[one.center],
        rate_id=one.rate_id,
        activity_day=civil_day(one.activity_day),
        start_minute=one.start_minute,
        end_minute=one.end_minute,
        units=one.units,
        counted_units=one.counted_units,
        coins=one.coins,
    )


def _claim_to_move(unit: Unit, stored: ImportRow | None, today: date) -> Claim | None:
    """What was reserved in another month. The chain counts a credit in the month of its batch, which is that of approval."""
    if stored is None or month_number(date_of(stored.reserved_day)) == month_number(today):
        return None
    return _claim_of(unit.records.reserved(stored.id))


def _accept(
    context: Context, unit: WriteUnit, actor: Actor, approval: ApprovalRow, entries: int, today: date
) -> int | None:
    if not entries:
        return None
    first = unit.entries.next_numbers("journal", entries)
    added = unit.entries.add_reserved(
        approval.id,
        first,
        accepted_day=civil_day(today),
        accepted_at=context.clock.now(),
        who=approval.submitted_by,
        approver=actor.id,
    )
    if added != entries:
        raise _changed()
    return first


def _changed() -> Refused:
    return Refused(
        "the submission changed while it was being approved: look at it again and approve once more",
        "승인하는 동안 내용이 바뀌었습니다. 다시 확인한 뒤 승인해 주세요",
    )


def _claim_of(rows: Sequence[ReservedRow]) -> Claim:
    by_desk: Counter[int] = Counter()
    by_account: Counter[bytes] = Counter()
    rows_by_desk: dict[int, list[tuple[int, int]]] = {}
    rows_by_account: dict[bytes, list[tuple[int, int]]] = {}
    for row in rows:
        by_desk[row.desk] += row.coins
        by_account[row.account] += row.coins
        rows_by_desk.setdefault(row.desk, []).append((row.line, row.coins))
        rows_by_account.setdefault(row.account, []).append((row.line, row.coins))
    return Claim(by_desk, by_account, rows_by_desk, rows_by_account)


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
