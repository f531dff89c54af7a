"""The coin office's: master files, orders, desks and rates; and the administrator's: who may act."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Request, Response
from pydantic import Field

from ledger_service.api.guard import new_router
from ledger_service.api.models import DESK_MAX, Answer, Id, Question, responses
from ledger_service.api.ports import ActorPort, ContextPort, OncePort, ports_of
from ledger_service.api.uploads import TableFile, content_of, once_of_upload
from ledger_service.domain.actors import Role
from ledger_service.domain.batches import BATCH_SIGNATURES_MAX
from ledger_service.reads import actors, budget, catalogue
from ledger_service.reads.actors import ActorLine
from ledger_service.reads.budget import Budget
from ledger_service.reads.catalogue import Desks, Programmes
from ledger_service.reads.outside import OutsideEntry, outside_entries
from ledger_service.services import balances, desk_keys, loading, reseal, setup

OFFICE_TAG = "Coin office"
ACTORS_TAG = "Actors"
office_router = new_router(OFFICE_TAG)
actors_router = new_router(ACTORS_TAG, "/actors")

MasterKind = Literal["members", "courses", "centers", "venues", "programmes", "funds", "values", "limits", "balances"]
AnyDesk = Annotated[int, Path(ge=0, le=65_535, description="a desk's number, 0 for the office")]
KeyedDesk = Annotated[int, Path(ge=1, le=DESK_MAX, description="a desk's number")]
RoleName = Literal["clerk", "approver", "venue", "office", "registrar", "auditor", "admin", "resident"]


class Resealed(Answer):
    """The batch that is replaced, and how many entries it has."""

    desk: int
    seq: int
    entries: int


class Loaded(Answer):
    """Members and courses are loaded at once (`added`, `known`; of the known courses those that the file describes otherwise are `differing`);
    the rest becomes a proposal (`id`) for another person.
    """

    added: int | None = None
    known: int | None = None
    differing: int | None = None
    id: Id | None = None
    status: str | None = None
    title: str | None = None
    steps: int | None = None


class Proposed(Answer):
    """A proposal that waits for another person of the coin office."""

    id: Id
    status: str
    title: str
    steps: int


class NewKeys(Question):
    """An organisation's own keys (addresses), of which `threshold` sign; none: the operator makes one and holds it."""

    signers: list[Annotated[str, Field(pattern="^0x[0-9a-f]{40}$")]] = Field(
        default=[], max_length=BATCH_SIGNATURES_MAX
    )
    threshold: int = Field(1, ge=1, le=BATCH_SIGNATURES_MAX)


class Why(Question):
    """Why it is done."""

    reason: str = Field(min_length=1, max_length=desk_keys.REASON_LENGTH_MAX)


class NewActor(Question):
    """Somebody who may act."""

    name: str = Field(pattern=r"^\w[\w.-]{0,63}$", examples=["kim-clerk"], description="the name to sign in with")
    roles: list[RoleName] = Field(min_length=1, max_length=8, examples=[["clerk"]])
    desks: list[Annotated[str, Field(min_length=1, max_length=41)]] = Field(
        default=[],
        max_length=300,
        examples=[["SVC", "venue:YJ"]],
        description="codes of organisations: all their desks, or kind:code for one",
    )
    person_id: Id | None = Field(None, description="of a resident: whose account it is")


class ActorAdded(Answer):
    """The new actor, and the bearer token: shown once, kept nowhere."""

    actor: ActorLine
    token: str


@office_router.post("/master/{kind}", status_code=201, responses=responses(400, 401, 403, 404, 413, 415, 422, 503))
def load_master(request: Request, kind: MasterKind, context: ContextPort, actor: ActorPort, file: TableFile) -> Loaded:
    """Load a file of master data. Rates, desks, funds, values, limits and balances bind all, so they become a proposal."""
    data = content_of(request, file)
    once = once_of_upload(request, data)
    if kind == "members":
        return Loaded(**loading.load_members(context, actor, once, data))
    if kind == "courses":
        return Loaded(**loading.load_courses(context, actor, once, data))
    if kind == "balances":
        return Loaded(**balances.propose_balances(context, actor, once, data))
    return Loaded(**setup.propose_file(context, actor, once, kind, data))


@office_router.post("/orders/opening", status_code=201, responses=responses(400, 401, 403, 422))
def propose_opening(context: ContextPort, actor: ActorPort, once: OncePort) -> Proposed:
    """Propose to end setup: the ledger opens, a month at a time, and is sealed. Afterwards every change needs its notice."""
    return Proposed(**setup.propose_opening(context, actor, once))


@office_router.post("/funds/{code}/end", status_code=201, responses=responses(400, 401, 403, 422))
def propose_fund_end(
    code: Annotated[str, Path(min_length=1, max_length=32, examples=["LOVE"])],
    context: ContextPort,
    actor: ActorPort,
    once: OncePort,
) -> Proposed:
    """Propose to cancel a donation project. Its givers may then name another project of the same body for 30 days."""
    return Proposed(**setup.propose_fund_end(context, actor, once, code))


@office_router.get("/desks", responses=responses(401, 403))
def list_desks(context: ContextPort) -> Desks:
    """Every desk with what is left of this month's limit, and the year's budget."""
    return catalogue.desks(context.journal, context.clock.today())


@office_router.get("/budget", responses=responses(401, 403))
def read_budget(request: Request, context: ContextPort) -> Budget:
    """What may still be issued: appropriated, reserved, issued, left; by programme and by centre; and the thresholds reached."""
    return budget.budget(context.journal, context.clock.today(), ports_of(request).alarms)


@office_router.post("/desks/{desk}/adoption", status_code=201, responses=responses(400, 401, 403, 404, 409, 422))
def propose_adoption(desk: AnyDesk, context: ContextPort, actor: ActorPort, once: OncePort) -> Proposed:
    """Propose to take the chain's batches of a stopped desk for true: somebody else held its key. Another person approves."""
    return Proposed(**setup.propose_adoption(context, actor, once, desk))


@office_router.post("/desks/{desk}/rotation", status_code=201, responses=responses(400, 401, 403, 404, 409, 422))
def propose_rotation(desk: KeyedDesk, new: NewKeys, context: ContextPort, actor: ActorPort, once: OncePort) -> Proposed:
    """Propose new keys for a desk, from its next batch on. Without `signers` the operator makes and holds the key. Another person approves."""
    signers = [bytes.fromhex(one[2:]) for one in new.signers]
    return Proposed(**desk_keys.propose_rotation(context, actor, once, desk, signers, new.threshold))


@office_router.post("/desks/{desk}/revocation", status_code=201, responses=responses(400, 401, 403, 404, 409, 422))
def revoke_keys(desk: KeyedDesk, why: Why, context: ContextPort, actor: ActorPort, once: OncePort) -> Proposed:
    """Take a desk's keys away, at once: one person is enough. What it accepted waits for new keys."""
    return Proposed(**desk_keys.revoke_keys(context, actor, once, desk, why.reason))


@office_router.post("/desks/{desk}/reseal", responses=responses(400, 401, 403, 404, 409, 422))
def reseal_batch(desk: AnyDesk, context: ContextPort, actor: ActorPort, once: OncePort) -> Resealed:
    """Seal anew the batch that a desk has not signed for more than three working days. Whichever lands counts."""
    return Resealed(**reseal.reseal(context, actor, once, desk))


@office_router.get("/outside-entries", responses=responses(401, 403))
def list_outside_entries(context: ContextPort) -> list[OutsideEntry]:
    """Entries on the chain that nobody here accepted (`foreign`: to be corrected), or whose bundle is missing."""
    return outside_entries(context.journal)


@office_router.get("/programmes")
def list_programmes(context: ContextPort) -> Programmes:
    """The public rate table, coin values and funds."""
    return catalogue.programmes(context.journal)


@actors_router.get("", responses=responses(401, 403))
def list_actors(context: ContextPort) -> list[ActorLine]:
    """Everybody who may act, by name."""
    return actors.actor_lines(context.journal)


@actors_router.get("/me", responses=responses(401))
def read_me(actor: ActorPort) -> ActorLine:
    """Whose token this is."""
    return actors.line_of(actor)


@actors_router.post("", status_code=201, responses=responses(401, 403, 404, 409, 422))
def add_actor(request: Request, response: Response, new: NewActor, actor: ActorPort) -> ActorAdded:
    """Add somebody who may act. The token is in this answer only; a name is given once."""
    roles = [Role(role) for role in new.roles]
    line, token = ports_of(request).add_actor(actor, new.name, roles, new.desks, new.person_id)
    response.headers["cache-control"] = "no-store"
    return ActorAdded(actor=line, token=token)
