"""Steps of a proposal about desks and projects: who they are, that the ledger opens, and what becomes of a stopped desk."""

from __future__ import annotations

from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import DeskKind, Kind
from ledger_service.domain.orders import Order, OrderCode, address_arg
from ledger_service.errors import NotFound, Refused
from ledger_service.journal.master_changes import Change, Decision
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.context import Context
from ledger_service.services.opening import open_order
from ledger_service.services.steps import AlreadyThere, Step


class DeskNotStopped(Refused):
    """Nothing of this desk waits for a person."""

    code = "desk_not_stopped"


def add_desk(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    kind = DeskKind[step["kind"]]
    known = unit.master.desk_of_code(kind, step["code"])
    if known is not None:
        require_changeable(unit, step)
        if not step.get("if_missing"):
            _change(context, unit, step, known.number)  # at another place: nothing that the contract knows
        return []
    number = unit.master.next_desk_number()
    unit.master.add_desk(number, kind, step["code"], step["name"], 0, step.get("step_coins", 1), step.get("dong", ""))
    signer = context.desk_keys.create(number)
    return [Order(OrderCode.REGISTER_DESK, (number, int(kind), 0, 1, address_arg(signer)))]


def is_so(unit: Unit, step: Step) -> bool:
    """Whether the books have the desk or the open fund of a step as it says: a file that changes one line may hold them all."""
    if step["step"] == "desk":
        desk = unit.master.desk_of_code(DeskKind[step["kind"]], step["code"])
        asked = (step["name"], step.get("step_coins", 1), step.get("dong", ""))
        return desk is not None and (step.get("if_missing", False) or asked == (desk.name, desk.step_coins, desk.dong))
    if step["step"] == "fund":
        fund = unit.master.fund_of_code(step["code"])
        asked_of = (step["name"], step["body"], step.get("goal_coins"))
        return fund is not None and fund.active and asked_of == (fund.name, fund.body, fund.goal_coins)
    return False


def require_changeable(unit: Unit, step: Step) -> None:
    """Of a desk that is there its dong may change, of an open fund its goal. Raises AlreadyThere for anything else."""
    if step["step"] == "desk":
        desk = unit.master.desk_of_code(DeskKind[step["kind"]], step["code"])
        stays = (step["name"], step.get("step_coins", 1))
        if desk is None or step.get("if_missing") or ((desk.name, desk.step_coins) == stays and not is_so(unit, step)):
            return
        what, text, text_ko = step["kind"], "only its dong can be changed", "동만 바꿀 수 있습니다"
    elif step["step"] == "fund":
        fund = unit.master.fund_of_code(step["code"])
        stays = (step["name"], step["body"])
        if fund is None or (fund.active and (fund.name, fund.body) == stays and not is_so(unit, step)):
            return
        what, text, text_ko = (
            "FUND",
            "only the goal of an open one can be changed",
            "열린 모금의 목표만 바꿀 수 있습니다",
        )
    else:
        return
    raise AlreadyThere(
        f"{what.lower()} {step['code']} is there already: {text}",
        f"{step['code']}은(는) 이미 있습니다. {text_ko}",
        kind=what,
        code=step["code"],
    )


def add_fund(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    known = unit.master.fund_of_code(step["code"])
    if known is not None:
        require_changeable(unit, step)
        _change(context, unit, step, known.number)  # the same project with another goal: the contract knows none
        return []
    number = unit.entries.next_numbers("fund", 1)
    unit.master.add_fund(number, step["code"], step["name"], step["body"], step.get("goal_coins"))
    return [Order(OrderCode.FUND, (number, 1))]


def end_fund(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    fund = unit.master.fund_of_code(step["code"])
    if fund is None or not fund.active:
        raise NotFound(f"there is no open fund {step['code']}", f"{step['code']} 모금이 없거나 이미 끝났습니다")
    unit.master.end_fund(fund.number, civil_day(context.clock.today()))
    return [Order(OrderCode.FUND, (fund.number, 0))]


def _change(context: Context, unit: WriteUnit, step: Step, number: int) -> None:
    """Write: what a step changes of a venue or project that is there, so that the log tells of it: no order does."""
    decision = Decision(step["proposal"], step["by"], context.clock.now())
    asked = {name: value for name, value in step.items() if name not in ("proposal", "by")}
    unit.master_changes.make(Change(decision, number, asked))


def open_ledger(context: Context, _unit: WriteUnit, _step: Step) -> list[Order]:
    return [open_order(civil_day(context.clock.today()))]


def seal(_context: Context, unit: WriteUnit, _step: Step) -> list[Order]:
    if unit.entries.has_unfinal(Kind.OPENING):
        raise Refused(
            "opening balances are not final on the chain yet: approve the opening when they are",
            "이월 잔액이 아직 확정되지 않았습니다. 확정된 뒤 원장을 열어 주세요",
        )
    return [Order(OrderCode.SEAL, ())]


def require_stopped(unit: Unit, number: int) -> None:
    desk = unit.master.desk(number)
    if desk is None:
        raise NotFound(f"there is no desk {number}", f"{number}번 기관이 없습니다")
    if not desk.stopped:
        raise DeskNotStopped(
            f"desk {number} is not stopped: there is nothing to adopt", f"{number}번 기관은 멈춰 있지 않습니다"
        )


def adopt(_context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    require_stopped(unit, step["desk"])
    unit.master.set_adopting(step["desk"], adopting=True)
    return []
