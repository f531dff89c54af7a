"""The end of an account: closed for good, or merged into another number of the same person. Proposed here, decided by another under /approvals."""

from __future__ import annotations

from starlette.responses import Response

from ledger_service.domain.account_ends import EndReason
from ledger_service.errors import BoramError
from ledger_service.reads import catalogue, residents
from ledger_service.reads.residents import Resident
from ledger_service.services import account_ends
from ledger_service.web.visit import FieldInvalid, Visit

NOTE_LABEL = "메모"
REASONS = [one.name.lower() for one in EndReason]


def home(visit: Visit, error: BoramError | None = None) -> Response:
    """Both forms."""
    return visit.render(
        "treasury/ends.html",
        error.status if error else 200,
        funds=[fund for fund in catalogue.programmes(visit.context.journal).funds if fund.active],
        reasons=REASONS,
        merging="from_number" in visit.fields,
        error=error,
    )


def again(visit: Visit, error: BoramError) -> Response:
    """The forms with what is wrong."""
    return home(visit, error)


def close_confirm(visit: Visit) -> Response:
    """The name, and what becomes of the coins; nothing is proposed yet."""
    who, fund = _who(visit, "member_number"), visit.text("fund")
    names = {one.code: one.name for one in catalogue.programmes(visit.context.journal).funds if one.active}
    if fund and fund not in names:
        raise FieldInvalid("choose a project, or none", "남은 코인이 갈 곳을 골라 주세요", field="fund")
    if visit.text("reason") not in REASONS:
        raise FieldInvalid("choose a reason", "끝내는 까닭을 골라 주세요", field="reason")
    return visit.render(
        "treasury/end_confirm.html",
        who=who,
        into=None,
        coins=_coins(visit, who),
        fund_name=names.get(fund),
        note=visit.required("note", NOTE_LABEL),
        value=_value(visit),
    )


def propose_close(visit: Visit) -> Response:
    """Put a closure before another person."""
    answer = account_ends.propose_closure(
        visit.context,
        visit.me,
        visit.once(),
        _who(visit, "member_number").person_id,
        visit.text("reason"),
        visit.text("fund") or None,
        visit.required("note", NOTE_LABEL),
    )
    return visit.go(f"/approvals/{answer['id']}", done="proposed")


def merge_confirm(visit: Visit) -> Response:
    """Both names, to be sure that it is one person."""
    who, into = _who(visit, "from_number"), _who(visit, "into_number")
    if who.person_id == into.person_id:
        raise FieldInvalid("these are the same account", "서로 다른 회원번호 둘을 적어 주세요", field="into_number")
    return visit.render(
        "treasury/end_confirm.html",
        who=who,
        into=into,
        coins=_coins(visit, who),
        fund_name=None,
        note=visit.required("note", NOTE_LABEL),
        value=_value(visit),
    )


def propose_merge(visit: Visit) -> Response:
    """Put a merge before another person."""
    answer = account_ends.propose_merge(
        visit.context,
        visit.me,
        visit.once(),
        _who(visit, "from_number").person_id,
        _who(visit, "into_number").person_id,
        visit.required("note", NOTE_LABEL),
    )
    return visit.go(f"/approvals/{answer['id']}", done="proposed")


def _who(visit: Visit, field: str) -> Resident:
    return residents.find_resident(visit.context.journal, visit.context.vault, visit.text(field))


def _coins(visit: Visit, who: Resident) -> int:
    return residents.balance(visit.context.journal, visit.me, who.person_id, visit.today).available


def _value(visit: Visit) -> int | None:
    return catalogue.coin_value(visit.context.journal, visit.today)
