"""Steps of a proposal that change what an act earns and what a coin is worth (DOMAIN rules 1, 11 and 12)."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

from ledger_service.domain.days import civil_day, date_of
from ledger_service.domain.orders import OPEN_DAY, Order, OrderCode, text_arg
from ledger_service.domain.rates import Measure, RateVersion
from ledger_service.errors import Invalid, Refused
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.context import Context
from ledger_service.services.steps import NOTICE_DAYS, AlreadyThere, Step, require_notice

VALUE_NOTICE_DAYS = 30


class BasisMissing(Refused):
    """A programme that begins after the opening names no article of the ordinance (DOMAIN rule 1). Fields: programme."""

    code = "basis_missing"


class ChoiceMissing(Refused):
    """A change of the coin's value does not say what becomes of the coins that are out."""

    code = "choice_missing"


def add_rate(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    known = unit.master.rate_versions()
    rate = _rate_from(step["rate"], rate_id=max((one.rate_id for one in known), default=0) + 1)
    same = next((one for one in known if (one.programme, one.first_day) == (rate.programme, rate.first_day)), None)
    if same is not None:
        return _end_rate(context, unit, same, rate)
    require_notice(context, unit, rate.first_day, NOTICE_DAYS)
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
    require_notice(context, unit, rate.last_day + timedelta(days=1), NOTICE_DAYS)
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


def add_value(context: Context, unit: WriteUnit, step: Step) -> list[Order]:
    first, krw, choice = date.fromisoformat(step["first_day"]), step["krw"], step.get("choice", "")
    first_day = civil_day(first)
    if unit.orders.is_sealed():
        if (first_day, krw) in unit.master.coin_values():
            return []
        require_notice(context, unit, first, VALUE_NOTICE_DAYS)
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
    last = max((known for known, _ in unit.master.coin_values()), default=None)
    if last is not None and unit.orders.is_sealed() and last > civil_day(context.clock.today()):
        raise AlreadyThere(  # the contract, too, knows one value that is ahead and no more
            f"the coin's value changes on {date_of(last)} already: wait until then",
            f"코인 가치는 {date_of(last)}에 이미 바뀔 예정입니다. 그 뒤에 다시 하세요",
        )
    if last is not None and last >= first_day:
        raise AlreadyThere("a coin value from that day or later is there already", "이미 정해진 코인 가치입니다")
    unit.master.add_coin_value(first_day, krw, choice, step.get("basis", ""))
    return [Order(OrderCode.COIN_VALUE, (first_day, krw))]


def rate_step(rate: RateVersion) -> dict[str, Any]:
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
