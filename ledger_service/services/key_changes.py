"""What an approved change of a desk's keys does: the step of a proposal (services/desk_keys.py makes the proposals)."""

from __future__ import annotations

from typing import Any

from ledger_service.domain.batches import BATCH_SIGNATURES_MAX, OFFICE_DESK
from ledger_service.domain.entries import DeskKind
from ledger_service.domain.orders import Order, OrderCode, address_arg
from ledger_service.errors import Invalid, NotFound, Refused
from ledger_service.journal.desk_keys import KeyHistory
from ledger_service.journal.master import DeskRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.context import Context

OPERATOR, ORGANISATION = 0, 1
REVOKED = "its keys are revoked: give it new ones with boram desk rotate"
_ADDRESS_BYTES = 20


class RotationMustWait(Refused):
    """The keys of this desk cannot be changed now: something of it has to land, or be looked at, first."""

    code = "rotation_must_wait"


def rotate_step(context: Context, unit: WriteUnit, step: dict[str, Any]) -> list[Order]:
    """New keys for a desk, from the next batch that is sealed on. The desk's row is locked, so that no batch is sealed in between.

    Batches before it are signed by the old keys, whenever they land; those from it on wait until the order is on the chain. After a revocation
    no old key signs anything, so the new ones begin with the first batch that is not on the chain.
    """
    desk = unit.master.lock_desk(step["desk"])
    require_rotatable(unit, desk, step["desk"])
    assert desk is not None
    history = unit.desk_keys.history()
    last = history.last(desk.number)
    is_revoked = last is not None and last.keys is None
    first_seq = (unit.posts.tip(desk.number)[0] if is_revoked else desk.sealed_seq) + 1
    if step["signers"]:
        custody, threshold = ORGANISATION, step["threshold"]
        signers = [bytes.fromhex(one) for one in step["signers"]]
        require_outside(context, desk.number, signers)
    else:
        custody, threshold = OPERATOR, 1
        signers = [
            context.desk_keys.create(desk.number, history.count(desk.number) + unit.desk_keys.skipped(desk.number) + 1)
        ]
    unit.master.set_custody(desk.number, custody)
    if desk.stopped == REVOKED:
        unit.master.stop_desk(desk.number, None)
    words = [address_arg(one) for one in sorted(signers)]
    return [Order(OrderCode.ROTATE_KEYS, (desk.number, first_seq, custody, threshold, *words))]


def require_rotatable(unit: Unit, desk: DeskRow | None, number: int) -> None:
    """Raise NotFound, RotationMustWait where this desk's keys cannot be changed now."""
    if desk is None or number == OFFICE_DESK:
        raise NotFound(f"there is no desk {number} with a key to change", f"키를 바꿀 {number}번 기관이 없습니다")
    if desk.stopped is not None and desk.stopped != REVOKED:
        raise RotationMustWait(
            f"desk {number} is stopped ({desk.stopped}): look into that first (boram desk adopt {number})",
            f"{number}번 기관이 정지되어 있습니다. 먼저 원인을 확인하세요(boram desk adopt {number})",
        )
    if _is_on_its_way(unit.desk_keys.history(), number):
        raise RotationMustWait(
            f"a change of desk {number}'s keys is on its way to the chain: wait until it is posted",
            f"{number}번 기관의 키 변경이 체인에 기록되는 중입니다. 끝난 뒤 다시 하세요",
        )
    if desk.kind is DeskKind.VENUE and unit.closes.is_closing(number):
        raise RotationMustWait(
            f"a month close of desk {number} is on its way, signed by the present key: wait until it is final",
            f"{number}번 기관의 월 정산이 기록되는 중입니다. 확정된 뒤 다시 하세요",
        )


def require_outside(context: Context, desk: int, signers: list[bytes]) -> None:
    """The keys of an organisation: 1 to 16 different addresses, none of which the operator can sign with."""
    if not 1 <= len(set(signers)) == len(signers) <= BATCH_SIGNATURES_MAX or any(
        len(one) != _ADDRESS_BYTES or not any(one) for one in signers
    ):
        raise Invalid(
            f"an organisation's keys are 1 to {BATCH_SIGNATURES_MAX} different addresses (0x and 40 hexadecimal digits)",
            f"기관의 키는 서로 다른 주소 1~{BATCH_SIGNATURES_MAX}개입니다(0x와 16진수 40자)",
        )
    if any(context.desk_keys.holds(desk, one) for one in signers):
        raise Invalid(
            "one of these keys lies with the operator: the chain would say that only the organisation has it",
            "운영자가 보관하는 키가 들어 있습니다. 기관만 가진 키를 등록해야 합니다",
        )


def _is_on_its_way(history: KeyHistory, desk: int) -> bool:
    last = history.last(desk)
    return last is not None and last.code != OrderCode.REGISTER_DESK and not last.is_on_chain
