"""The registrar's: residents are opened by a document that was looked at, given cards, and lose them. No address names anybody."""

from __future__ import annotations

import re

from starlette.responses import Response

from ledger_service.errors import BoramError, NotFound
from ledger_service.reads import residents
from ledger_service.reads.residents import Resident
from ledger_service.services import cards
from ledger_service.web.receipt_code import code_svg
from ledger_service.web.visit import Visit

NAME_LABEL, NUMBER_LABEL, BIRTH_LABEL = "이름", "회원번호", "생년월일"
_PERSON = re.compile(r"[0-9a-f-]{36}")


def home(visit: Visit, error: BoramError | None = None) -> Response:
    """Find somebody, or open somebody."""
    return visit.render("registrar/home.html", error.status if error else 200, error=error)


def home_again(visit: Visit, error: BoramError) -> Response:
    """The forms with what is wrong."""
    return home(visit, error)


def find(
    visit: Visit, error: BoramError | None = None, *, is_new: bool = False, blocked: int | None = None
) -> Response:
    """Whom a member number is of, and what can be done for them."""
    context = visit.context
    who = residents.find_resident(context.journal, context.vault, visit.text("member_number"))
    return _one(visit, who, error, is_new=is_new, blocked=blocked)


def find_again(visit: Visit, error: BoramError) -> Response:
    """The resident with what is wrong; where there is none, the forms."""
    try:
        return find(visit, error)
    except BoramError:
        return home(visit, error)


def search(visit: Visit) -> Response:
    """Who has the name and the birth date of an identity card: for somebody who lost card and number."""
    name, born = visit.required("searched_name", NAME_LABEL), visit.day("searched_birth_date", BIRTH_LABEL)
    context = visit.context
    found = residents.find_by_identity(context.journal, context.vault, visit.me, name, born)
    return visit.render("registrar/found.html", found=found, name=name, born=born)


def choose(visit: Visit) -> Response:
    """One of those who were found."""
    person, context = visit.text("person"), visit.context
    if not _PERSON.fullmatch(person):
        raise NotFound("there is no such resident", "해당 주민이 없습니다")
    return _one(visit, residents.resident(context.journal, context.vault, visit.me, person))


def _one(
    visit: Visit, who: Resident, error: BoramError | None = None, *, is_new: bool = False, blocked: int | None = None
) -> Response:
    return visit.render(
        "registrar/one.html", error.status if error else 200, who=who, is_new=is_new, blocked=blocked, error=error
    )


def open_resident(visit: Visit) -> Response:
    """Open somebody; a card comes next."""
    new = cards.NewResident(
        visit.required("member_number", NUMBER_LABEL),
        visit.required("name", NAME_LABEL),
        visit.day("birth_date", BIRTH_LABEL),
        visit.text("phone"),
        visit.text("residence"),
    )
    cards.open_resident(visit.context, visit.me, visit.once(), new)
    return find(visit, is_new=True)


def issue(visit: Visit) -> Response:
    """A card with the PIN that the resident has just typed. Its number is shown here and nowhere else."""
    context = visit.context
    who = residents.find_resident(context.journal, context.vault, visit.text("member_number"))
    number = visit.ports.door.issue_card(visit.me, who.person_id, visit.text("pin"))
    return visit.render("registrar/card.html", who=who, number=number, svg=code_svg(number, visit.say("카드 QR")))


def block(visit: Visit) -> Response:
    """A lost card is good for nothing from now on."""
    context = visit.context
    who = residents.find_resident(context.journal, context.vault, visit.text("member_number"))
    return find(visit, blocked=cards.block_cards(context, visit.me, who.person_id))
