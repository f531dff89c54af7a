"""What waits for a second person: the queue, one submission with what stands out, the decision, and its undoing before that."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ledger_service.domain.actors import Role
from ledger_service.errors import BoramError
from ledger_service.reads import catalogue, correcting, residents, review, submissions, treasury
from ledger_service.reads.entries import SETTLED
from ledger_service.reads.paging import PAGE_ROWS_DEFAULT
from ledger_service.reads.submissions import DECIDED_WITHIN_SECONDS
from ledger_service.services.decide import APPROVE, DECLINE
from ledger_service.web import repairs
from ledger_service.web.pages.centre import centre_names
from ledger_service.web.pages.closing import of_approval as closing_page
from ledger_service.web.visit import FieldInvalid, Visit

EARNERS_SHOWN_MAX = 50
REASON_LENGTH_MAX = 200
STATUSES = ("waiting", "approved", "rejected", "withdrawn")


def queue(visit: Visit) -> Response:
    """Oldest first; what is late is marked."""
    status = visit.request.query_params.get("status", "waiting")
    status = status if status in STATUSES else "waiting"
    after = visit.request.query_params.get("after", "")[:36]
    page = submissions.approvals_page(visit.context.journal, visit.me, status, after, PAGE_ROWS_DEFAULT)
    submitted = [one.id for one in page.approvals if one.kind in submissions.SUBMISSION_KINDS]
    due = {one.id: one.submitted_at + DECIDED_WITHIN_SECONDS for one in page.approvals}
    return visit.render(
        "centre/approvals.html",
        status_shown=status,
        statuses=STATUSES,
        page=page,
        marked=review.marked_people(visit.context.journal, visit.me, submitted) if status == "waiting" else {},
        due=due,
        now=visit.now,
        value=catalogue.coin_value(visit.context.journal, visit.today),
        centres=centre_names(visit),
    )


def one(visit: Visit, error: BoramError | None = None) -> Response:
    """One submission or proposal."""
    journal, me, approval_id = visit.context.journal, visit.me, visit.path["approval"]
    line = submissions.approval(journal, me, approval_id)
    if line.kind == "close":
        return closing_page(visit, error)
    done = visit.request.query_params.get("done", "")
    more: dict[str, Any] = {"following": None}
    if done in ("approved", "declined") and me.has(Role.OFFICE, Role.APPROVER):
        more["following"] = submissions.next_to_decide(journal, me)
    if line.kind == "orders":
        more["steps"] = review.proposal_steps(journal, me, approval_id)
        people = {step["person_id"] for step in more["steps"] if "person_id" in step}
        more["people"] = {one: residents.resident(journal, visit.context.vault, me, one) for one in people}
        template = "office/proposal.html"
    elif line.kind not in submissions.SUBMISSION_KINDS:
        template = "treasury/proposal.html"
        if line.kind == "correction":
            more["correction"], more["original"] = correcting.correction(journal, visit.context.vault, me, line.id)
        if line.kind in ("closure", "merge"):
            more["end"] = treasury.account_end(journal, visit.context.vault, line.id)
        if line.kind == "expiry":
            more["run"] = treasury.expiry_run(journal, line.id)
    else:
        template = "centre/submission.html"
        more["centres"] = centre_names(visit) if line.kind == "record" else {}
        more["result"] = submissions.import_result(journal, me, approval_id)
        more["repairs"] = repairs.summed(repairs.of_lines(submissions.refused_lines(journal, me, approval_id)))
        can_review = me.has(Role.CLERK, Role.APPROVER, Role.OFFICE)
        more["review"] = (
            review.review(journal, visit.context.vault, me, approval_id, EARNERS_SHOWN_MAX) if can_review else None
        )
    return visit.render(
        template,
        error.status if error else 200,
        line=line,
        due=line.submitted_at + DECIDED_WITHIN_SECONDS,
        now=visit.now,
        may_decide=line.status == "waiting" and not line.is_mine and _may_decide(visit, line.kind),
        may_withdraw=line.status == "waiting" and line.is_mine,
        done=done,
        value=catalogue.coin_value(journal, visit.today),
        error=error,
        **more,
    )


def recorded(visit: Visit) -> Response:
    """How much of an approved submission is in the ledger: the part of its page that moves."""
    approval_id = visit.path["approval"]
    entries = submissions.entry_states(visit.context.journal, visit.me, approval_id)
    done = sum(entries.get(state, 0) for state in SETTLED)
    if done < sum(entries.values()) and done == visit.number_in_query("done"):
        return Response(status_code=204)  # nothing that has not been told
    return visit.render("centre/recorded.html", entries=entries, approval_id=approval_id)


def repair_list(visit: Visit) -> Response:
    """All rows of a submission that were not taken, as a file."""
    approval_id = visit.path["approval"]
    refused = submissions.refused_lines(visit.context.journal, visit.me, approval_id)
    content = repairs.repair_file(repairs.of_lines(refused))
    return visit.file(content, "text/csv; charset=utf-8", f"repairs-{approval_id}.csv")


def again(visit: Visit, error: BoramError) -> Response:
    """The submission with what is wrong."""
    return one(visit, error)


def approve(visit: Visit) -> Response:
    """Approve it."""
    line = submissions.approval(visit.context.journal, visit.me, visit.path["approval"])
    APPROVE[line.kind](visit.context, visit.me, visit.once(), line.id)
    return visit.go(f"/approvals/{line.id}", done="approved")


def decline(visit: Visit) -> Response:
    """Reject another's, withdraw one's own."""
    line = submissions.approval(visit.context.journal, visit.me, visit.path["approval"])
    reason = visit.text("reason")
    if not line.is_mine and not reason:
        raise FieldInvalid("say why, in a few words", "돌려보내는 까닭을 적어 주세요", field="reason")
    if len(reason) > REASON_LENGTH_MAX:
        raise FieldInvalid(
            f"at most {REASON_LENGTH_MAX} characters", f"{REASON_LENGTH_MAX}자까지 쓸 수 있습니다", field="reason"
        )
    DECLINE[line.kind](visit.context, visit.me, visit.once(), line.id, reason or "withdrawn")
    return visit.go(f"/approvals/{line.id}", done="declined")


def _may_decide(visit: Visit, kind: str) -> bool:
    is_centres = kind in submissions.SUBMISSION_KINDS
    return visit.me.has(Role.OFFICE, Role.APPROVER) if is_centres else visit.me.has(Role.OFFICE)
