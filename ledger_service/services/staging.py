"""The accepted rows of a submission on their way into the books: nobody acts on them until it is flipped to waiting, in one transaction."""

from __future__ import annotations

from itertools import islice

from ledger_service.domain.actors import Actor
from ledger_service.domain.days import civil_day
from ledger_service.domain.records import Judgement
from ledger_service.journal.records import RecordRow
from ledger_service.services.context import Context
from ledger_service.services.judging import Judged

STAGED_ROWS_A_TRANSACTION = 500  # what keeps a charge from waiting behind an import


def stage(context: Context, actor: Actor, kind: str, approval_id: str, source: str, judged: Judged) -> None:
    """Store the accepted rows in short transactions."""
    with context.journal.write() as unit:
        unit.approvals.add(approval_id, kind, "staging", actor.id, context.clock.now())
        unit.commit()
    accepted = iter(judged.accepted)
    while chunk := list(islice(accepted, STAGED_ROWS_A_TRANSACTION)):
        rows = [_record(approval_id, source, one, judged) for one in chunk]
        with context.journal.write() as unit:
            unit.records.add_many(rows)
            unit.commit()


def unstage(context: Context, approval_id: str) -> None:
    """Remove what was staged of a submission that does not come to wait."""
    with context.journal.write() as unit:
        unit.records.drop_staged(approval_id)
        unit.commit()


def drop_left_over(context: Context) -> int:
    """Remove what a process that died left half staged; how many. The caller holds the intake lock, or is alone on the books."""
    with context.journal.read() as unit:
        left_over = unit.records.staged()
    for approval_id in left_over:
        unstage(context, approval_id)
    return len(left_over)


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
