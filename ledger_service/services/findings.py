"""Acknowledging what posting found: the coin office has looked, and says so. It never hides a difference that is still there."""

from __future__ import annotations

from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.errors import NotFound, Refused
from ledger_service.journal.findings import FindingRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.context import Context, Once, run_once

_DESK = "desk "
_REORG = "reorg"


class StillThere(Refused):
    """What was found has not been mended: acknowledging would only hide it."""

    code = "finding_still_there"


class NotOpen(Refused):
    """It was acknowledged before, or is over."""

    code = "finding_not_open"


def acknowledge(context: Context, actor: Actor, once: Once | None, finding_id: int, reason: str) -> dict[str, Any]:
    """Close an open finding or notice with a reason. Posting opens it again if it meets the same once more.

    Raises NotFound, NotOpen, StillThere.
    """
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        found = unit.findings.read(finding_id)
        if found is None:
            raise NotFound(f"there is no finding {finding_id}", "해당 발견 사항이 없습니다")
        _refuse_while_there(unit, found)
        now = context.clock.now()
        if not unit.findings.acknowledge(finding_id, actor.id, reason, now):
            raise NotOpen(
                "it was acknowledged before, or is over by itself", "이미 확인했거나 자동으로 해소된 항목입니다"
            )
        unit.audit_log.write(now, actor.id, "acknowledge", f"finding {finding_id}", of=found.subject)
        return {"id": finding_id, "subject": found.subject, "state": "acknowledged"}

    return run_once(context, actor.id, once, command)


def _refuse_while_there(unit: Unit, found: FindingRow) -> None:
    number = found.subject.removeprefix(_DESK)
    if found.subject.startswith(_DESK) and number.isdigit():
        desk = unit.master.desk(int(number))
        if desk is not None and desk.stopped:
            raise StillThere(
                f"desk {number} is still stopped: look at both sides with boram verify, then boram desk adopt {number}",
                f"{number}번 기관은 아직 정지되어 있습니다. boram verify로 확인한 뒤 boram desk adopt {number}를 실행하세요",
            )
    if found.subject == _REORG and unit.posts.lost_count():
        raise StillThere(
            "batches that were final are not on the chain again yet: wait until they are (boram chain status)",
            "확정되었던 묶음이 아직 체인에 다시 기록되지 않았습니다. 기다려 주세요(boram chain status)",
        )
