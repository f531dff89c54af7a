"""What the treasury does to accounts: expiry, corrections, freezes, ends. Each is a proposal that another person approves (POST /approvals/…)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ledger_service.api.guard import new_router
from ledger_service.api.models import Answer, Code, Coins, Day, Id, Question, responses
from ledger_service.api.ports import ActorPort, ContextPort, OncePort
from ledger_service.reads import freezes
from ledger_service.reads.freezes import FreezeLine
from ledger_service.services import account_ends, convert, correct, expire, freeze

TAG = "Treasury"
router = new_router(TAG)

ReasonText = Annotated[str, Field(min_length=1, max_length=200, description="no personal data")]


class ExpiryTo(Question):
    """Coins count up to and with their day; the run takes those whose day is not after this one, which is past."""

    to: Day


class ExpiryPreview(Answer):
    """What a run would take now."""

    to: date
    accounts: int
    coins: int


class ExpiryProposed(ExpiryPreview):
    """A run that waits for another person. Approval takes of nobody more."""

    id: Id
    status: str


class NewCorrection(Question):
    """The credit to take back or the expiry to undo: its journal number, or desk/seq/index on the chain; without coins, all that is left of it."""

    entry: str = Field(pattern=correct.ENTRY_PATTERN, examples=["1204", "1/17/3"])
    coins: Coins | None = None
    reason: ReasonText


class CorrectionProposed(Answer):
    """A correction that waits for another person of the coin office; `restores` an expiry, else takes a credit back."""

    id: Id
    status: str
    original_no: int
    coins: int
    restores: bool


class NewFreeze(Question):
    """Whom to freeze, up to and with which day, and why."""

    person_id: Id
    until: Day
    reason: ReasonText


class Lift(Question):
    """Whose freeze to end before its day, and why."""

    person_id: Id
    reason: ReasonText


class FreezeProposed(Answer):
    """A proposal that waits for another person. The resident may object within `appeal_days` of its approval."""

    id: Id
    status: str
    title: str
    appeal_days: int


class NewClosure(Question):
    """Whose account ends and why; its balance goes to `fund`, or is burnt where none is named."""

    person_id: Id
    reason: Literal["moved_away", "died", "own_wish", "fraud"]
    fund: Code | None = None
    note: ReasonText


class NewMerge(Question):
    """Two member numbers of one person: the first one's coins and debt go to the second, which stays."""

    from_person_id: Id
    into_person_id: Id
    note: ReasonText


class ConversionOf(Question):
    """The first day of the value that converts, and the programme that makes up for it: one coin a unit, on that day."""

    value_from: Day
    programme: Code


class NewConversion(ConversionOf):
    """The same, and the centre (its code) in whose name it is credited."""

    centre: Code


class ConversionPreview(Answer):
    """Whom a run would give coins now. `left` waits for the caps of later months; `over` people have got more than they should."""

    value_from: date
    old_krw: int
    new_krw: int
    accounts: int
    coins: int
    left: int
    over: int


class ConversionProposed(ConversionPreview):
    """A submission like a centre's file: another person approves it."""

    id: Id
    status: str
    accepted_rows: int
    outcomes: dict[str, int]


class EndProposed(Answer):
    """The end of an account that waits for another person of the coin office."""

    id: Id
    status: str
    title: str


@router.post("/expiries/preview", responses=responses(401, 403, 409, 422))
def preview_expiry(run: ExpiryTo, context: ContextPort, actor: ActorPort) -> ExpiryPreview:
    """How many accounts and coins a run would take; nothing is stored."""
    return ExpiryPreview(**expire.preview_expiry(context, actor, run.to))


@router.post("/expiries", status_code=201, responses=responses(400, 401, 403, 409, 422))
def propose_expiry(run: ExpiryTo, context: ContextPort, actor: ActorPort, once: OncePort) -> ExpiryProposed:
    """Propose an expiry run. It wants every desk final up to its day."""
    return ExpiryProposed(**expire.propose_expiry(context, actor, once, run.to))


@router.post("/corrections", status_code=201, responses=responses(400, 401, 403, 404, 409, 422))
def propose_correction(
    new: NewCorrection, context: ContextPort, actor: ActorPort, once: OncePort
) -> CorrectionProposed:
    """Propose to take a wrong credit back, or to undo an expiry, in part or whole."""
    return CorrectionProposed(**correct.propose_correction(context, actor, once, new.entry, new.coins, new.reason))


@router.post("/freezes", status_code=201, responses=responses(400, 401, 403, 404, 422))
def propose_freeze(new: NewFreeze, context: ContextPort, actor: ActorPort, once: OncePort) -> FreezeProposed:
    """Propose to freeze an account: once approved nothing is credited to it or taken from it, up to and with the day."""
    return FreezeProposed(**freeze.propose_freeze(context, actor, once, new.person_id, new.until, new.reason))


@router.post("/freezes/lift", status_code=201, responses=responses(400, 401, 403, 404, 409, 422))
def propose_lift(lift: Lift, context: ContextPort, actor: ActorPort, once: OncePort) -> FreezeProposed:
    """Propose to end a freeze before its day."""
    return FreezeProposed(**freeze.propose_unfreeze(context, actor, once, lift.person_id, lift.reason))


@router.get("/freezes", responses=responses(401, 403))
def list_freezes(context: ContextPort) -> list[FreezeLine]:
    """The accounts that are frozen now, the next to end first."""
    return freezes.freezes(context.journal)


@router.post("/closures", status_code=201, responses=responses(400, 401, 403, 404, 409, 422))
def propose_closure(new: NewClosure, context: ContextPort, actor: ActorPort, once: OncePort) -> EndProposed:
    """Propose to close an account for good. Approval wants everything of it settled and final."""
    return EndProposed(
        **account_ends.propose_closure(context, actor, once, new.person_id, new.reason, new.fund, new.note)
    )


@router.post("/merges", status_code=201, responses=responses(400, 401, 403, 404, 409, 422))
def propose_merge(new: NewMerge, context: ContextPort, actor: ActorPort, once: OncePort) -> EndProposed:
    """Propose that two member numbers are one person. Approval wants everything of both settled and final."""
    return EndProposed(
        **account_ends.propose_merge(context, actor, once, new.from_person_id, new.into_person_id, new.note)
    )


@router.post("/conversions/preview", responses=responses(401, 403, 404, 409, 422))
def preview_conversion(run: ConversionOf, context: ContextPort, actor: ActorPort) -> ConversionPreview:
    """What a change of the coin's value that says `convert` still owes, and to how many; nothing is stored."""
    return ConversionPreview(**convert.preview_conversion(context, actor, run.value_from, run.programme))


@router.post("/conversions", status_code=201, responses=responses(400, 401, 403, 404, 409, 422, 503))
def propose_conversion(
    run: NewConversion, context: ContextPort, actor: ActorPort, once: OncePort
) -> ConversionProposed:
    """Submit what the change still owes. It may be repeated: it gives what is missing."""
    return ConversionProposed(
        **convert.propose_conversion(context, actor, once, run.value_from, run.programme, run.centre)
    )
