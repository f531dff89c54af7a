"""Holds, charges, refunds and donations."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Request, Response
from pydantic import Field

from ledger_service.api.guard import new_router
from ledger_service.api.looking import address_of
from ledger_service.api.models import (
    DESK_MAX,
    JOURNAL_NO_MAX,
    ROWS_DEFAULT,
    Answer,
    Code,
    Coins,
    DeskNumber,
    Id,
    IdPath,
    Question,
    RowsMax,
    responses,
)
from ledger_service.api.ports import ActorPort, ContextPort, OncePort, once_without, ports_of
from ledger_service.printing.certificate import certificate_pdf
from ledger_service.reads import donations, residents
from ledger_service.reads import spending as reads
from ledger_service.reads.spending import HoldLine, RedemptionLine, RedemptionsPage
from ledger_service.services import cards, donate, gifts, sign_in, spend
from ledger_service.services.consents import Word

TAG = "Spending"
router = new_router(TAG)


class NewHold(Question):
    """Coins to reserve: 90 seconds at a counter, two days for a sign-up."""

    person_id: Id
    desk: DeskNumber
    coins: Coins
    purpose: Literal["counter", "sign_up"] = "counter"


class Held(Answer):
    """A hold. `expires_at` is UTC seconds."""

    id: Id
    state: str
    coins: int | None = None
    desk: int | None = None
    expires_at: int | None = None


class NewCharge(Question):
    """Coins to take at a counter, hold and capture in one step. The resident's word is a one-time payment code, or card and PIN;
    it becomes the entry's evidence. Who pays is told by it, or by `person_id`: then no consent is on record, and the audit lists it.
    """

    person_id: Id | None = None
    desk: DeskNumber
    coins: Coins
    payment_code: str | None = Field(None, max_length=40, description="shown by the resident: once, within 90 seconds")
    card_number: str | None = Field(None, max_length=40)
    pin: str | None = Field(None, max_length=16)


class NewPayment(Question):
    """Where and for how much the code is to be good; what is not named is whatever it is used for first."""

    desk: DeskNumber | None = None
    coins: Coins | None = None


class Payment(Answer):
    """A code to pay with, once: shown as a QR. `expires_at` is UTC seconds."""

    code: str
    expires_at: int


class Charged(Answer):
    """An accepted charge: final for the venue. `krw` is its worth by the value of the day."""

    id: Id
    hold_id: Id
    coins: int
    krw: int
    journal_no: int
    state: str


class NewRefund(Question):
    """Coins to give back of one charge."""

    coins: Coins
    reason: Literal["counter", "cancelled", "cancelled_by_centre", "mistake"] = "counter"


class Refunded(Answer):
    """An accepted refund: spendable at this venue at once, elsewhere when it is final."""

    id: Id
    redemption_id: Id
    coins: int
    krw: int
    journal_no: int
    state: str


class NewDonation(Question):
    """Coins of a resident for a fund, on their own word or told to staff."""

    person_id: Id
    fund: Code = Field(examples=["LOVE"])
    coins: Coins


class Donated(Answer):
    """An accepted donation."""

    id: Id
    fund: str
    coins: int
    krw: int
    journal_no: int
    state: str


@router.post("/holds", status_code=201, responses=responses(400, 401, 403, 404, 409, 422, 503))
def place_hold(hold: NewHold, context: ContextPort, actor: ActorPort, once: OncePort) -> Held:
    """Reserve coins before a charge. Of parallel holds beyond the balance exactly the affordable ones win."""
    return Held(**spend.place_hold(context, actor, once, hold.person_id, hold.desk, hold.coins, hold.purpose))


@router.get("/holds/{hold_id}", responses=responses(401, 403, 404))
def read_hold(hold_id: IdPath, context: ContextPort, actor: ActorPort) -> HoldLine:
    """One hold of your desk."""
    return reads.hold(context.journal, actor, hold_id)


@router.post("/holds/{hold_id}/release", responses=responses(400, 401, 403, 404, 409, 422))
def release_hold(hold_id: IdPath, context: ContextPort, actor: ActorPort, once: OncePort) -> Held:
    """Free a hold's coins."""
    return Held(**spend.release_hold(context, actor, once, hold_id))


@router.post("/holds/{hold_id}/capture", responses=responses(400, 401, 403, 404, 409, 422, 503))
def capture_hold(hold_id: IdPath, context: ContextPort, actor: ActorPort, once: OncePort) -> Charged:
    """Take a hold's coins."""
    return Charged(**spend.capture_hold(context, actor, once, hold_id))


@router.post("/redemptions", status_code=201, responses=responses(400, 401, 403, 404, 409, 422, 429, 503))
def charge(request: Request, new: NewCharge, context: ContextPort, actor: ActorPort, once: OncePort) -> Charged:
    """Charge coins at a counter."""
    word = Word(payment_code=new.payment_code)
    if new.card_number is not None:
        once = once_without(request, "pin")
        card = sign_in.check_card(
            context, ports_of(request).passwords, address_of(request), new.card_number, new.pin or ""
        )
        word = Word(card_person=card.person_id)
    return Charged(**spend.charge(context, actor, once, new.person_id, new.desk, new.coins, word))


@router.post("/payment-codes", status_code=201, responses=responses(401, 403, 404, 422))
def offer_payment(context: ContextPort, actor: ActorPort, wanted: NewPayment | None = None) -> Payment:
    """A code for the counter, good for one charge within 90 seconds; the one before it is over."""
    wanted = wanted or NewPayment()
    offered = cards.offer_payment(context, actor, wanted.desk, wanted.coins)
    return Payment(code=offered.code, expires_at=offered.expires_at)


@router.get("/redemptions", responses=responses(401, 403, 404))
def list_redemptions(
    context: ContextPort,
    actor: ActorPort,
    desk: Annotated[int, Query(ge=1, le=DESK_MAX)],
    before: Annotated[
        int | None, Query(ge=1, le=JOURNAL_NO_MAX, description="the next_before of the page before")
    ] = None,
    limit: RowsMax = ROWS_DEFAULT,
) -> RedemptionsPage:
    """The charges of a venue, newest first."""
    return reads.redemptions_of(context.journal, actor, desk, before, limit)


@router.get("/redemptions/{redemption_id}", responses=responses(401, 403, 404))
def read_redemption(redemption_id: IdPath, context: ContextPort, actor: ActorPort) -> RedemptionLine:
    """One charge of your desk."""
    return reads.redemption(context.journal, actor, redemption_id)


@router.post("/redemptions/{redemption_id}/refund", status_code=201, responses=responses(400, 401, 403, 404, 409, 422))
def refund(redemption_id: IdPath, new: NewRefund, context: ContextPort, actor: ActorPort, once: OncePort) -> Refunded:
    """Give coins of a charge back, in total at most what it took."""
    return Refunded(**spend.refund(context, actor, once, redemption_id, new.coins, new.reason))


@router.post("/donations", status_code=201, responses=responses(400, 401, 403, 404, 409, 422, 503))
def donate_coins(new: NewDonation, context: ContextPort, actor: ActorPort, once: OncePort) -> Donated:
    """Give coins to a fund. It cannot be undone."""
    residents.require_visible(context.journal, actor, new.person_id)
    return Donated(**donate.donate(context, actor, once, new.person_id, new.fund, new.coins))


class Designation(Question):
    """Another project of the same body."""

    fund: Code = Field(examples=["KIDS"])


class Designated(Answer):
    """A gift and the project that it is for now."""

    id: Id
    fund: str
    coins: int


class NewWish(Question):
    """A fund for what is earned from now on; none ends the wish."""

    fund: Code | None = Field(None, examples=["LOVE"])


class Wished(Answer):
    """A resident's standing wish."""

    person_id: Id
    fund: str | None


@router.get(
    "/donations/{donation_id}/certificate",
    response_class=Response,
    responses={**responses(401, 403, 404, 409), 200: {"content": {"application/pdf": {}}}},
)
def read_certificate(donation_id: IdPath, context: ContextPort, actor: ActorPort) -> Response:
    """The certificate of thanks, to print. It is no tax receipt and says so."""
    gift = donations.gift(context.journal, context.vault, actor, donation_id)
    return Response(certificate_pdf(gift, context.clock.now()), media_type="application/pdf")


@router.post("/donations/{donation_id}/reassign", responses=responses(400, 401, 403, 404, 409, 422))
def reassign_donation(
    donation_id: IdPath, new: Designation, context: ContextPort, actor: ActorPort, once: OncePort
) -> Designated:
    """Name another project of the same body, within 30 days after the gift's own was cancelled."""
    return Designated(**gifts.reassign(context, actor, once, donation_id, new.fund))


@router.post("/residents/{person_id}/wish", responses=responses(400, 401, 403, 404, 422))
def set_wish(person_id: IdPath, new: NewWish, context: ContextPort, actor: ActorPort, once: OncePort) -> Wished:
    """Give what is earned from now on to a fund, as soon as it is final; or end that wish."""
    residents.require_visible(context.journal, actor, person_id)
    return Wished(**gifts.set_wish(context, actor, once, person_id, new.fund))
