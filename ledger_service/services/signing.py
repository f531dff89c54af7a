"""Handing batches to an organisation that keeps its own key, and taking its signatures. The service only relays: it checks, and cannot sign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.batches import Domain
from ledger_service.domain.handover import BATCHES_MAX, written
from ledger_service.errors import NotFound
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.context import Context, Once, run_once


def waiting_batches(context: Context, actor: Actor, domain: Domain, desk: int) -> dict[str, Any]:
    """The file of a desk's batches that wait for its signature."""
    with context.journal.read() as unit:
        _require_desk(unit, actor, desk)
        rows = [row for row in unit.batches.sealed(BATCHES_MAX) if row.batch.desk == desk]
    return written(domain, desk, [row.batch for row in rows])


def offer_signatures(
    context: Context, actor: Actor, once: Once | None, desk: int, offered: Sequence[tuple[int, bytes, Sequence[bytes]]]
) -> dict[str, Any]:
    """Take signatures as (seq, head, signatures); the posting loop checks them against the desk's keys before it uses any."""

    def command(unit: WriteUnit) -> dict[str, Any]:
        _require_desk(unit, actor, desk)
        heads = {row.batch.seq: row.head for row in unit.batches.sealed(BATCHES_MAX) if row.batch.desk == desk}
        now, taken = context.clock.now(), 0
        for seq, head, signatures in offered:
            if heads.get(seq) != head:
                raise NotFound(
                    f"no batch {seq} of desk {desk} with this head waits for a signature",
                    f"{desk}번 기관에 서명을 기다리는 {seq}번 묶음이 없거나 내용이 다릅니다",
                )
            taken += sum(unit.offers.offer(desk, seq, head, one, actor.id, now) for one in signatures)
        unit.audit_log.write(now, actor.id, "offer signatures", str(desk), batches=len(offered), taken=taken)
        return {"desk": desk, "taken": taken}

    answer = run_once(context, actor.id, once, command)
    context.wake()
    return answer


def _require_desk(unit: Unit, actor: Actor, desk: int) -> None:
    if unit.master.desk(desk) is None or (desk not in actor.desks and not actor.has(Role.OFFICE)):
        raise NotFound(f"there is no desk {desk}", f"{desk}번 기관이 없습니다")
