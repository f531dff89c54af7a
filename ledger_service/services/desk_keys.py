"""Changing a desk's keys: two persons of the coin office give it new ones, one person alone takes them away at once.

As the contract has it: *rotate* wants two office keys, *revoke* one. A stolen key is revoked first, and replaced afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.domain.days import civil_day
from ledger_service.domain.orders import Order, OrderCode
from ledger_service.errors import Invalid, NotFound, Refused
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.key_changes import REVOKED, require_outside, require_rotatable
from ledger_service.services.setup import propose

REASON_LENGTH_MAX = 200


class RevokedAlready(Refused):
    """This desk has no key that could be revoked."""

    code = "revoked_already"


def propose_rotation(
    context: Context, actor: Actor, once: Once | None, desk: int, signers: Sequence[bytes] = (), threshold: int = 1
) -> dict[str, Any]:
    """Propose new keys for a desk: one that the operator makes and holds, or the organisation's own (`signers`, of whom `threshold` sign).

    Raises NotFound, RotationMustWait, Invalid.
    """
    actor.require(Role.OFFICE)
    with context.journal.read() as unit:
        require_rotatable(unit, unit.master.desk(desk), desk)
    if signers:
        require_outside(context, desk, list(signers))
        if not 1 <= threshold <= len(signers):
            raise Invalid(
                f"of {len(signers)} keys, 1 to {len(signers)} sign",
                f"서명에 필요한 키는 1~{len(signers)}개입니다",
            )
    step = {"step": "rotate", "desk": desk, "signers": [one.hex() for one in signers], "threshold": threshold}
    holder = "the organisation" if signers else "the operator"
    return propose(context, actor, once, f"new keys for desk {desk}, held by {holder}", [step])


def revoke_keys(context: Context, actor: Actor, once: Once | None, desk: int, reason: str) -> dict[str, Any]:
    """Take a desk's keys away, at once and by one person: nothing it signs lands any more. What was accepted waits for new keys.

    Raises NotFound, RevokedAlready.
    """
    actor.require(Role.OFFICE)
    if not reason.strip() or len(reason) > REASON_LENGTH_MAX:
        raise Invalid(
            f"a reason has 1 to {REASON_LENGTH_MAX} characters", f"사유를 {REASON_LENGTH_MAX}자 안에서 적어 주세요"
        )

    def command(unit: WriteUnit) -> dict[str, Any]:
        row = unit.master.lock_desk(desk)
        if row is None or desk == OFFICE_DESK:
            raise NotFound(
                f"there is no desk {desk} with a key to revoke", f"폐기할 키가 있는 {desk}번 기관이 없습니다"
            )
        last = unit.desk_keys.history().last(desk)
        if last is not None and last.keys is None:
            raise RevokedAlready(
                f"the keys of desk {desk} are revoked already", f"{desk}번 기관의 키는 이미 폐기되었습니다"
            )
        revocation_id, now = context.new_id(), context.clock.now()
        title = f"revoke the keys of desk {desk}"
        unit.approvals.add(revocation_id, "orders", "approved", actor.id, now)
        unit.orders.propose(revocation_id, title, {"steps": [{"step": "revoke", "desk": desk, "reason": reason}]})
        unit.orders.add_many(revocation_id, [Order(OrderCode.REVOKE_KEYS, (desk,))], civil_day(context.clock.today()))
        if row.stopped is None:
            unit.master.stop_desk(desk, REVOKED)
        unit.audit_log.write(now, actor.id, "revoke keys", f"desk {desk}", reason=reason)
        return {"id": revocation_id, "status": "approved", "title": title, "steps": 1}

    answer = run_once(context, actor.id, once, command)
    context.wake()
    return answer
