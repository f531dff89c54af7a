"""A resident's courses: sign up with coins in two steps, and cancel after being told what comes back."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.domain.prices import rest_krw
from ledger_service.errors import BoramError, Refused
from ledger_service.reads import catalogue, residents
from ledger_service.reads import sign_ups as reads
from ledger_service.reads.catalogue import CourseLine
from ledger_service.services import enrol as service
from ledger_service.services.enrol import too_many_coins
from ledger_service.services.spend import SIGN_UP_HELD_DAYS, too_few, wrong_step
from ledger_service.web.following import following
from ledger_service.web.visit import Visit

SIGN_UPS_SHOWN_MAX = 100


def form(visit: Visit, error: BoramError | None = None) -> Response:
    """How many coins; the most that price and balance allow is filled in."""
    course = _course(visit)
    balance = residents.balance(visit.context.journal, visit.me, visit.person_id, visit.today)
    spendable = _spendable(visit, course)
    return visit.render(
        "resident/sign_up.html",
        error.status if error else 200,
        course=course,
        place=_place(visit, course),
        balance=balance,
        most=min(course.coins_max, spendable - spendable % course.step_coins),
        value=balance.krw_per_coin,
        error=error,
    )


def form_again(visit: Visit, error: BoramError) -> Response:
    """The form with what is wrong."""
    return form(visit, error)


def confirm(visit: Visit) -> Response:
    """The amount in big type, once more, before anything happens."""
    course = _course(visit)
    coins = visit.whole("coins", "사용할 코인")
    then = following(visit, f"{visit.courses_base}/{course.id}/sign-up", {"coins": str(coins)})
    if then.done is not None:
        return visit.go(f"{visit.own_base}/sign-ups/{then.done['id']}", done="before")
    balance = residents.balance(visit.context.journal, visit.me, visit.person_id, visit.today)
    if coins > course.coins_max:
        raise too_many_coins(course.coins_max)
    if coins % course.step_coins:
        raise wrong_step(course.step_coins)
    spendable = _spendable(visit, course)
    if coins > spendable:
        raise too_few(spendable, coins)
    if balance.krw_per_coin is None:
        raise Refused("no coin value is in force today", "오늘 적용되는 코인 가치가 없습니다")
    return visit.render(
        "resident/sign_up_confirm.html",
        course=course,
        place=_place(visit, course),
        coins=coins,
        rest=rest_krw(course.price_krw, coins, balance.krw_per_coin),
        after=max(balance.available - coins, 0),  # what the venue is giving back may pay some of it
        held_days=SIGN_UP_HELD_DAYS,
        next=then,
        value=balance.krw_per_coin,
    )


def enrol(visit: Visit) -> Response:
    """Take the seat and reserve the coins."""
    answer = service.enrol(
        visit.context,
        visit.me,
        visit.once(),
        visit.path["course"],
        visit.person_id,
        visit.whole("coins", "사용할 코인"),
    )
    return visit.go(f"{visit.own_base}/sign-ups/{answer['id']}", done="1")


def sign_ups(visit: Visit) -> Response:
    """All of them."""
    found = reads.sign_ups_of(visit.context.journal, visit.me, visit.person_id, visit.today, SIGN_UPS_SHOWN_MAX)
    return visit.render("resident/sign_ups.html", sign_ups=found, value=_value(visit))


def sign_up(visit: Visit) -> Response:
    """One of them, and what to do next."""
    found = reads.sign_up(visit.context.journal, visit.me, visit.path["sign_up"], visit.today)
    done = visit.request.query_params.get("done", "")
    return visit.render("resident/sign_up_done.html", one=found, done=done, value=_value(visit))


def ask_cancel(visit: Visit, error: BoramError | None = None) -> Response:
    """What comes back, before it is cancelled."""
    found = reads.sign_up(visit.context.journal, visit.me, visit.path["sign_up"], visit.today)
    return visit.render(
        "resident/sign_up_cancel.html", error.status if error else 200, one=found, error=error, value=_value(visit)
    )


def cancel_again(visit: Visit, error: BoramError) -> Response:
    """The same with what is wrong."""
    return ask_cancel(visit, error)


def cancel(visit: Visit) -> Response:
    """Cancel it."""
    service.cancel_enrolment(visit.context, visit.me, visit.once(), visit.path["sign_up"])
    return visit.go(f"{visit.own_base}/sign-ups/{visit.path['sign_up']}", done="cancelled")


def _course(visit: Visit) -> CourseLine:
    return catalogue.course(visit.context.journal, visit.path["course"], visit.today)


def _place(visit: Visit, course: CourseLine) -> str:
    return next(one.name for one in catalogue.places(visit.context.journal) if one.number == course.desk)


def _spendable(visit: Visit, course: CourseLine) -> int:
    return residents.spendable_at(visit.context.journal, visit.me, visit.person_id, course.desk)


def _value(visit: Visit) -> int | None:
    return catalogue.coin_value(visit.context.journal, visit.today)
