"""Asking for a batch to be sealed anew that its organisation has not signed for more than three working days."""

from __future__ import annotations

from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.batches import SIGNATURE_WORKING_DAYS_MAX
from ledger_service.domain.days import working_days_since
from ledger_service.errors import NotFound, Refused
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.context import Context, Once, run_once


class NotOut(Refused):
    """The desk has no batch that waits for its signature."""

    code = "not_out_for_signature"


class NotOutLongEnough(Refused):
    """The organisation still has time to sign. Fields: working_days."""

    code = "not_out_long_enough"


def reseal(context: Context, actor: Actor, once: Once | None, desk: int) -> dict[str, Any]:
    """Have posting replace the batch that waits for a desk's signature, at the same sequence number.

    No coin moves by it: the same entries are sealed again, with those that came since. If the organisation signs and posts the old batch after all,
    whichever lands first counts, and the rest waits for the next one. Raises NotFound, NotOut, NotOutLongEnough.
    """
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        row = unit.master.desk(desk)
        if row is None:
            raise NotFound(f"there is no desk {desk}", f"{desk}번 기관이 없습니다")
        batch = unit.batches.read(desk, row.sealed_seq)
        if batch is None or batch.state != "sealed" or row.stopped:
            raise NotOut(
                f"no batch of desk {desk} waits for its signature", f"{desk}번 기관에 서명을 기다리는 묶음이 없습니다"
            )
        days = working_days_since(batch.sealed_at, context.clock.now())
        if days <= SIGNATURE_WORKING_DAYS_MAX:
            raise NotOutLongEnough(
                f"batch {batch.batch.seq} of desk {desk} has been out for {days} working days: it can be sealed anew after more than "
                f"{SIGNATURE_WORKING_DAYS_MAX}",
                f"{desk}번 기관의 {batch.batch.seq}번 묶음은 서명을 기다린 지 {days}일(근무일)입니다. "
                f"{SIGNATURE_WORKING_DAYS_MAX}일이 지나야 다시 만들 수 있습니다",
                working_days=days,
            )
        unit.master.set_resealing(desk, resealing=True)
        unit.audit_log.write(
            context.clock.now(), actor.id, "reseal", f"batch {desk}/{batch.batch.seq}", head=f"0x{batch.head.hex()}"
        )
        return {"desk": desk, "seq": batch.batch.seq, "entries": batch.batch.count}

    answer = run_once(context, actor.id, once, command)
    context.wake()
    return answer
