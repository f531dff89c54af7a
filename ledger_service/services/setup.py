"""Master data and orders: one person of the coin office proposes, another approves, and desk 0's next batch carries it.

A proposal's content is a list of steps, each naming one thing to put in force; approving writes the books and queues the contract's orders in
the same transaction. People are not on the chain: loading members needs no approval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day, date_of, month_number
from ledger_service.domain.entries import DeskKind, Kind
from ledger_service.domain.orders import OPEN_DAY, Order, OrderCode, address_arg, encode_orders, text_arg
from ledger_service.domain.rates import Measure, RateVersion
from ledger_service.errors import Invalid, NotFound, Refused
from ledger_service.journal.courses import CourseRow
from ledger_service.journal.people import PersonRow
from ledger_service.journal.unit import Unit, WriteUnit
from ledger_service.services.cards import new_account
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.credit import waiting
from ledger_service.services.frozen import freeze_step, unfreeze_step
from ledger_service.services.key_changes import rotate_step
from ledger_service.services.master_file import (
    read_centers,
    read_courses,
    read_funds,
    read_limits,
    read_members,
    read_programmes,
    read_values,
    read_venues,
)
from ledger_service.services.opening import open_order

NOTICE_DAYS = 7  # of a rate or limit once setup is sealed; the contract asks for the same
VALUE_NOTICE_DAYS = 30
MEMBERS_A_TRANSACTION = 1_000
TREASURY_CODE = "TREASURY"

Step = dict[str, Any]
_WITH_NOTICE = frozenset({"rate", "value", "limit"})


class NoticeTooShort(Refused):
    """Once setup is sealed, a change takes effect some days ahead, never at once or backwards (DOMAIN rule 11). Fields: earliest."""

    code = "notice_too_short"


class BasisMissing(Refused):
    """A programme that begins after the opening names no article of the ordinance (DOMAIN rule 1). Fields: programme."""

    code = "basis_missing"


class ChoiceMissing(Refused):
    """A change of the coin's value does not say what becomes of the coins that are out."""

    code = "choice_missing"


class BelowReserved(Refused):
    """A limit below what was promised already. Fields: reserved."""

    code = "below_reserved"


class DeskNotStopped(Refused):
    """Nothing of this desk waits for a person."""

    code = "desk_not_stopped"


class AlreadyThere(Refused):
    """What a proposal would put in force exists. Fields: kind, code."""

    code = "already_there"


def load_members(context: Context, actor: Actor, once: Once | None, data: bytes) -> dict[str, Any]:
    """Add the people of a file, each with a random account and a key of their own; those already known are left as they are."""
    actor.require(Role.OFFICE, Role.REGISTRAR)
    members = read_members(data)
    with context.journal.read() as unit:
        if unit.orders.is_sealed():  # who opens residents must not be who credits them
            actor.require(Role.REGISTRAR)
    with context.journal.intake_lock:
        index = {member.member_number: context.vault.member_index(member.member_number) for member in members}
        with context.journal.read() as unit:
            known = {row.member_number_index for row in unit.people.by_member_index(index.values())}
        fresh = [member for member in members if index[member.member_number] not in known]
        ids = [context.new_id() for _ in fresh]
        seals = context.vault.create(ids)
        rows = [
            PersonRow(
                id=person_id,
                account=new_account(context),
                member_number_index=index[member.member_number],
                member_number_sealed=seals[person_id].seal("member_number", member.member_number),
                name_sealed=seals[person_id].seal("name", member.name),
                birth_date_sealed=seals[person_id].seal("birth_date", member.birth_date.isoformat()),
                phone_sealed=seals[person_id].seal("phone", member.phone),
                residence_sealed=seals[person_id].seal(
                    "residence", f"{member.neighbourhood}\x1f{member.qualification}"
                ),
            )
            for person_id, member in zip(ids, fresh, strict=True)
        ]

        def command(unit: WriteUnit) -> dict[str, Any]:
            for start in range(0, len(rows), MEMBERS_A_TRANSACTION):
                chunk = rows[start : start + MEMBERS_A_TRANSACTION]
                unit.accounts.open_many(row.account for row in chunk)
                unit.people.add_many(chunk, context.clock.now())
            unit.audit_log.write(context.clock.now(), actor.id, "load members", "members", added=len(rows))
            return {"added": len(rows), "known": len(members) - len(rows)}

        return run_once(context, actor.id, once, command)


def load_courses(context: Context, actor: Actor, once: Once | None, data: bytes) -> dict[str, Any]:
    """Add the courses of a file; one whose code is known is left as it is."""
    actor.require(Role.OFFICE, Role.VENUE)
    courses = read_courses(data)

    def command(unit: WriteUnit) -> dict[str, Any]:
        added = 0
        for row in courses:
            venue = unit.master.desk_of_code(DeskKind.VENUE, row.venue)
            if venue is None:
                raise NotFound(
                    f"line {row.line}: there is no venue {row.venue}", f"{row.line}번째 줄: 사용처가 없습니다"
                )
            actor.require_desk(venue.number, Role.VENUE)
            if unit.courses.course_of_code(row.code) is not None:
                continue
            unit.courses.add_course(
                CourseRow(
                    context.new_id(), row.code, venue.number, row.name, civil_day(row.first_day),
                    civil_day(row.last_day), row.seats, 0, row.price_krw,
                )
            )  # fmt: skip
            added += 1
        unit.audit_log.write(context.clock.now(), actor.id, "load courses", "courses", added=added)
        return {"added": added, "known": len(courses) - added}

    return run_once(context, actor.id, once, command)


def propose_file(context: Context, actor: Actor, once: Once | None, kind: str, data: bytes) -> dict[str, Any]:
    """Propose what a master file holds: centers, venues, programmes, funds, values or limits."""
    reader = _FILE_STEPS.get(kind)
    if reader is None:
        raise Invalid(f"a master file is one of {', '.join(_FILE_STEPS)}", "알 수 없는 기준 정보 파일입니다")
    steps = _changes(context, actor, reader(data))
    if not steps:
        raise Invalid("the file changes nothing: nothing was proposed", "바뀌는 내용이 없어 제안하지 않았습니다")
    return propose(context, actor, once, f"{kind} ({len(steps)})", steps)


def _changes(context: Context, actor: Actor, steps: Sequence[Step]) -> Sequence[Step]:
    """Once the ledger is open, the steps that would change something; what could not be approved is refused at once."""
    actor.require(Role.OFFICE)
    with context.journal.write() as unit:  # never committed: a rehearsal
        if not unit.orders.is_sealed():
            return steps
        return [step for step in steps if step["step"] not in _WITH_NOTICE or _apply(context, unit, step)]


def propose_opening(context: Context, actor: Actor, once: Once | None) -> dict[str, Any]:
    """Propose to end setup: open the ledger, for a month at a time (services/opening.py), and seal it. After it, every change needs its notice."""
    return propose(context, actor, once, "open and seal", [{"step": "open"}, {"step": "seal"}])


def propose_fund_end(context: Context, actor: Actor, once: Once | None, code: str) -> dict[str, Any]:
    """Propose to cancel a donation project. Its givers may then name another project of the same body for 30 days."""
    return propose(context, actor, once, f"end fund {code}", [{"step": "end_fund", "code": code}])


def propose_adoption(context: Context, actor: Actor, once: Once | None, desk: int) -> dict[str, Any]:
    """Propose to take what the chain has of a stopped desk, and to seal anew what of ours it does not have. It moves coins: two people decide.

    Raises NotFound, DeskNotStopped.
    """
    with context.journal.read() as unit:
        _require_stopped(unit, desk)
    return propose(context, actor, once, f"adopt desk {desk}", [{"step": "adopt", "desk": desk}])


def propose(context: Context, actor: Actor, once: Once | None, title: str, steps: Sequence[Step]) -> dict[str, Any]:
    """Put steps before another person of the coin office."""
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        proposal_id = context.new_id()
        unit.approvals.add(proposal_id, "orders", "waiting", actor.id, context.clock.now())
        unit.orders.propose(proposal_id, title, {"steps": list(steps)})
        unit.audit_log.write(context.clock.now(), actor.id, "propose", proposal_id, title=title)
        return {"id": proposal_id, "status": "waiting", "title": title, "steps": len(steps)}

    return run_once(context, actor.id, once, command)


def approve_orders(context: Context, actor: Actor, once: Once | None, proposal_id: str) -> dict[str, Any]:
    """Put a proposal in force: the books change and its orders wait for desk 0's next batch.

    Raises SamePerson, NotWaiting, NotFound, AlreadyThere, OrderUnencodable; then nothing changes.
    """
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        waiting(unit, actor, proposal_id, ("orders",))
        found = unit.orders.proposal(proposal_id)
        if found is None:
            raise NotFound(f"there is no proposal {proposal_id}", "해당 제안이 없습니다")
        title, content = found
        steps = [{**step, "proposal": proposal_id} for step in content["steps"]]
        orders = [order for step in steps for order in _apply(context, unit, step)]
        encode_orders(orders)  # an order that does not encode would keep desk 0's batch from ever being sealed
        unit.orders.add_many(proposal_id, orders)
        unit.approvals.move(proposal_id, "waiting", "approved", actor.id, context.clock.now(), None)
        unit.audit_log.write(context.clock.now(), actor.id, "approve", proposal_id, title=title, orders=len(orders))
        changes_value = any(order.code == OrderCode.COIN_VALUE for order in orders) and unit.orders.is_sealed()
        open_venues = _not_closed(unit) if changes_value else []
        return {
            "id": proposal_id, "status": "approved", "title": title, "orders": len(orders), "not_closed": open_venues,
        }  # fmt: skip

    answer = run_once(context, actor.id, once, command)
    context.kill_points.reach("after_approval")
    context.wake()
    return answer


def _not_closed(unit: WriteUnit) -> list[str]:
    """Venues with charges that no month close has settled: their coins keep the value of their own day."""
    venues = [desk for desk in unit.master.desks() if desk.kind is DeskKind.VENUE]
    return [desk.code for desk in venues if unit.closes.venue_account(desk.number).balance]


def decline_orders(context: Context, actor: Actor, once: Once | None, proposal_id: str, reason: str) -> dict[str, Any]:
    """Reject another's proposal or withdraw one's own."""
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, proposal_id, ("orders",), deciding=False)
        status = "withdrawn" if approval.submitted_by == actor.id else "rejected"
        unit.approvals.move(proposal_id, "waiting", status, actor.id, context.clock.now(), reason)
        unit.audit_log.write(context.clock.now(), actor.id, status, proposal_id)
        return {"id": proposal_id, "status": status}

    return run_once(context, actor.id, once, command)


def _apply(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    return _STEPS[step["step"]](context, unit, step)


def _require_notice(context: Context, unit: WriteUnit, first_day: date, days: int) -> None:
    earliest = context.clock.today() + timedelta(days=days)
    if first_day < earliest and unit.orders.is_sealed():
        raise NoticeTooShort(
            f"setup is sealed: this can take effect on {earliest} at the earliest, not on {first_day}",
            f"설정이 확정되어 {earliest}부터 적용할 수 있습니다({first_day} 불가)",
            earliest=earliest.isoformat(),
        )


def _add_desk(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    kind = DeskKind[step["kind"]]
    if unit.master.desk_of_code(kind, step["code"]) is not None:
        if step.get("if_missing"):
            return []
        raise AlreadyThere(
            f"{step['kind'].lower()} {step['code']} is there already", f"{step['code']}은(는) 이미 있습니다",
            kind=step["kind"], code=step["code"],
        )  # fmt: skip
    number = unit.master.next_desk_number()
    unit.master.add_desk(number, kind, step["code"], step["name"], 0, step.get("step_coins", 1))
    signer = context.desk_keys.create(number)
    return [Order(OrderCode.REGISTER_DESK, (number, int(kind), 0, 1, address_arg(signer)))]


def _add_rate(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    known = unit.master.rate_versions()
    rate = _rate_from(step["rate"], rate_id=max((one.rate_id for one in known), default=0) + 1)
    same = next((one for one in known if (one.programme, one.first_day) == (rate.programme, rate.first_day)), None)
    if same is not None:
        return _end_rate(context, unit, same, rate)
    _require_notice(context, unit, rate.first_day, NOTICE_DAYS)
    if unit.orders.is_sealed() and not rate.basis:
        raise BasisMissing(
            f"programme {rate.programme} from {rate.first_day} names no basis: give the ordinance's article in the column basis",
            f"{rate.programme} 활동({rate.first_day}부터)의 근거가 없습니다. basis 칸에 조례 조항을 적어 주세요",
            programme=rate.programme,
        )
    unit.master.add_rate(rate)
    unit.master.rate_table()  # refuses versions that share a day
    return [_rate_order(rate)]


def _end_rate(context: Context, unit: WriteUnit, known: RateVersion, rate: RateVersion) -> list[Order]:
    """A version that is there may end earlier, with notice; everything else of it stays as it is (DOMAIN rule 11)."""
    is_same = replace(rate, rate_id=known.rate_id, last_day=known.last_day, basis=known.basis) == known
    if not is_same or not unit.orders.is_sealed():
        raise AlreadyThere(
            f"programme {rate.programme} has a version from {rate.first_day} already",
            f"{rate.programme} 활동은 {rate.first_day}부터의 기준이 이미 있습니다",
            kind="RATE", code=rate.programme,
        )  # fmt: skip
    if rate.last_day == known.last_day:
        return []
    if rate.last_day is None or (known.last_day is not None and rate.last_day > known.last_day):
        raise AlreadyThere(
            f"programme {rate.programme}: the version from {rate.first_day} cannot be made longer; add a new one",
            f"{rate.programme} 활동: {rate.first_day}부터의 기준은 늘릴 수 없습니다. 새 기준을 추가하세요",
            kind="RATE", code=rate.programme,
        )  # fmt: skip
    _require_notice(context, unit, rate.last_day + timedelta(days=1), NOTICE_DAYS)
    unit.master.end_rate(known.rate_id, civil_day(rate.last_day))
    return [_rate_order(replace(known, last_day=rate.last_day))]


def _rate_order(rate: RateVersion) -> Order:
    last_day = civil_day(rate.last_day) if rate.last_day else OPEN_DAY
    return Order(
        OrderCode.RATE,
        (
            rate.rate_id, text_arg(rate.programme), civil_day(rate.first_day), last_day, rate.coins, rate.per_units,
            rate.units_max, rate.expiry_months,
        ),
    )  # fmt: skip


def _add_value(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    first, krw, choice = date.fromisoformat(step["first_day"]), step["krw"], step.get("choice", "")
    first_day = civil_day(first)
    if unit.orders.is_sealed():
        if (first_day, krw) in unit.master.coin_values():
            return []
        _require_notice(context, unit, first, VALUE_NOTICE_DAYS)
        if not choice:
            raise ChoiceMissing(
                "a change of the coin's value says what becomes of the coins that are out: devalue or convert, in the column choice",
                "코인 가치를 바꿀 때는 이미 발행된 코인을 어떻게 할지(devalue 또는 convert) choice 칸에 적어야 합니다",
            )
    if choice == "convert" and krw >= (unit.master.coin_value(first_day - 1) or 0):
        raise Invalid(
            "a conversion makes up for a loss: this value is not lower than the one before, so the choice is devalue",
            "전환은 가치가 낮아질 때만 할 수 있습니다. devalue를 고르세요",
        )
    if any(known >= first_day for known, _ in unit.master.coin_values()):
        raise AlreadyThere("a coin value from that day or later is there already", "이미 정해진 코인 가치입니다")
    unit.master.add_coin_value(first_day, krw, choice, step.get("basis", ""))
    return [Order(OrderCode.COIN_VALUE, (first_day, krw))]


def _set_limit(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    period, coins = date.fromisoformat(step["first_day"]), step["coins"]
    effective = step.get("effective_from")
    first = date.fromisoformat(effective) if effective else period
    limit = _limit_of(unit, step, period)
    if unit.orders.is_sealed() and limit.as_of(first) == coins:
        return []
    _require_notice(context, unit, first, NOTICE_DAYS)
    today, first_day = civil_day(context.clock.today()), civil_day(first)
    if limit.ahead is not None and limit.ahead > today and unit.orders.is_sealed():
        raise AlreadyThere(
            f"the limit {step['limit']} {step['code']} changes on {date_of(limit.ahead)} already: wait until then",
            f"{step['limit']} {step['code']} 한도는 {date_of(limit.ahead)}에 이미 바뀔 예정입니다. 그 뒤에 다시 하세요",
            kind="LIMIT", code=step["code"],
        )  # fmt: skip
    if coins < limit.reserved:
        raise BelowReserved(
            f"{limit.reserved} coins of this limit are promised already: it cannot be {coins}",
            f"이 한도에서 이미 {limit.reserved}코인이 사용되었거나 예약되어 {coins}코인으로 줄일 수 없습니다",
            reserved=limit.reserved,
        )
    limit.put(coins, first_day if unit.orders.is_sealed() or effective else None, today)
    return [Order(limit.code, (*limit.key, coins, first_day))]


@dataclass(frozen=True, slots=True)
class _Limit:
    """One limit as the books have it. `ahead` is the first day of its last version; `put` writes another."""

    code: OrderCode
    key: tuple[int, ...]
    reserved: int
    ahead: int | None
    as_of: Callable[[date], int]
    put: Callable[[int, int | None, int], None]


def _limit_of(unit: WriteUnit, step: Step, period: date) -> _Limit:
    limits, year = unit.limits, period.year

    def ahead(table: str, **key: int) -> int | None:
        found = limits.ahead(table, **key)
        return found[0] if found else None

    if step["limit"] == "budget":
        return _Limit(
            OrderCode.BUDGET, (year,), limits.budget(year).reserved, ahead("budgets", year=year),
            lambda day: limits.budget(year, day=civil_day(day)).coins,
            lambda coins, day, today: limits.set_budget(year, coins, next_day=day, today=today),
        )  # fmt: skip
    if step["limit"] == "person":
        return _Limit(
            OrderCode.PERSON_CAP, (year,), 0, ahead("person_caps", year=year),
            lambda day: limits.person_cap(year, day=civil_day(day)),
            lambda coins, day, today: limits.set_person_cap(year, coins, next_day=day, today=today),
        )  # fmt: skip
    desk = unit.master.desk_of_code(DeskKind[step["limit"].upper()], step["code"])
    if desk is None:
        raise NotFound(f"there is no {step['limit']} {step['code']}", f"{step['code']} 기관이 없습니다")
    number, month = desk.number, month_number(period)
    return _Limit(
        OrderCode.DESK_LIMIT, (number, month), limits.desk_limit(number, month).reserved,
        ahead("desk_limits", desk=number, month=month),
        lambda day: limits.desk_limit(number, month, day=civil_day(day)).coins,
        lambda coins, day, today: limits.set_desk_limit(number, month, coins, next_day=day, today=today),
    )  # fmt: skip


def _add_fund(_context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    if unit.master.fund_of_code(step["code"]) is not None:
        raise AlreadyThere(
            f"fund {step['code']} is there already",
            f"{step['code']} 모금은 이미 있습니다",
            kind="FUND",
            code=step["code"],
        )
    number = unit.entries.next_numbers("fund", 1)
    unit.master.add_fund(number, step["code"], step["name"], step["body"])
    return [Order(OrderCode.FUND, (number, 1))]


def _end_fund(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    fund = unit.master.fund_of_code(step["code"])
    if fund is None or not fund.active:
        raise NotFound(f"there is no open fund {step['code']}", f"{step['code']} 모금이 없거나 이미 끝났습니다")
    unit.master.end_fund(fund.number, civil_day(context.clock.today()))
    return [Order(OrderCode.FUND, (fund.number, 0))]


def _open(context: Context, _unit: WriteUnit, _step: Step) -> list[Order]:
    return [open_order(civil_day(context.clock.today()))]


def _seal(_context: Context, unit: WriteUnit, _step: Step) -> list[Order]:
    if unit.entries.has_unfinal(Kind.OPENING):
        raise Refused(
            "opening balances are not final on the chain yet: approve the opening when they are",
            "이월 잔액이 아직 확정되지 않았습니다. 확정된 뒤 원장을 열어 주세요",
        )
    return [Order(OrderCode.SEAL, ())]


def _require_stopped(unit: Unit, number: int) -> None:
    desk = unit.master.desk(number)
    if desk is None:
        raise NotFound(f"there is no desk {number}", f"{number}번 기관이 없습니다")
    if not desk.stopped:
        raise DeskNotStopped(
            f"desk {number} is not stopped: there is nothing to adopt", f"{number}번 기관은 멈춰 있지 않습니다"
        )


def _adopt(_context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    _require_stopped(unit, step["desk"])
    unit.master.set_adopting(step["desk"], adopting=True)
    return []


_STEPS: dict[str, Callable[[Context, WriteUnit, Step], list[Order]]] = {
    "desk": _add_desk,
    "rate": _add_rate,
    "value": _add_value,
    "limit": _set_limit,
    "fund": _add_fund,
    "end_fund": _end_fund,
    "open": _open,
    "seal": _seal,
    "adopt": _adopt,
    "freeze": freeze_step,
    "unfreeze": unfreeze_step,
    "rotate": rotate_step,
}

_FILE_STEPS: dict[str, Callable[[bytes], list[Step]]] = {
    "centers": lambda data: [
        {"step": "desk", "kind": "CENTRE", "code": row.code, "name": row.name} for row in read_centers(data)
    ],
    "venues": lambda data: [
        {"step": "desk", "kind": "VENUE", "code": row.code, "name": row.name, "step_coins": row.step_coins}
        for row in read_venues(data)
    ],
    "programmes": lambda data: [{"step": "rate", "rate": _rate_step(rate)} for rate in read_programmes(data)],
    "funds": lambda data: [
        {"step": "desk", "kind": "TREASURY", "code": TREASURY_CODE, "name": "코인 담당 부서", "if_missing": True},
        *({"step": "fund", "code": row.code, "name": row.name, "body": row.body} for row in read_funds(data)),
    ],
    "values": lambda data: [
        {
            "step": "value",
            "first_day": row.first_day.isoformat(),
            "krw": row.krw,
            "choice": row.choice,
            "basis": row.basis,
        }
        for row in read_values(data)
    ],
    "limits": lambda data: [
        {
            "step": "limit",
            "limit": row.limit,
            "code": row.code,
            "first_day": row.first_day.isoformat(),
            "coins": row.coins,
            "effective_from": row.effective_from.isoformat() if row.effective_from else None,
        }
        for row in read_limits(data)
    ],
}


def _rate_step(rate: RateVersion) -> dict[str, Any]:
    return {
        **{name: value for name, value in asdict(rate).items() if name != "rate_id"},
        "first_day": rate.first_day.isoformat(),
        "last_day": rate.last_day.isoformat() if rate.last_day else None,
        "measure": rate.measure.value,
    }


def _rate_from(values: dict[str, Any], rate_id: int) -> RateVersion:
    return RateVersion(
        **{
            **values,
            "rate_id": rate_id,
            "first_day": date.fromisoformat(values["first_day"]),
            "last_day": date.fromisoformat(values["last_day"]) if values["last_day"] else None,
            "measure": Measure(values["measure"]),
        }
    )
