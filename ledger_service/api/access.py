"""Who may call what: one row for each route. A route without a row is refused to everybody."""

from __future__ import annotations

from dataclasses import dataclass

from ledger_service.domain.actors import Role
from ledger_service.services.rate_limits import CODE, EXPORT, LOOKUP, UPLOAD

PREFIX = "/api/v1"
EVERYBODY_SIGNED_IN = frozenset(Role)

_CLERK, _APPROVER, _VENUE, _OFFICE = Role.CLERK, Role.APPROVER, Role.VENUE, Role.OFFICE
_AUDITOR, _ADMIN, _RESIDENT, _REGISTRAR = Role.AUDITOR, Role.ADMIN, Role.RESIDENT, Role.REGISTRAR


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks for. `roles` None: open to the public. `keyed`: it moves money or changes the books, and wants an
    Idempotency-Key. `upload`: its body may be a file. `loopback`: a caller on this machine needs no token.
    `reasoned`: it takes data away in bulk, and wants an Access-Reason.
    `checks_secret`: a slow hash is computed, so that few are at once; where there is a `gate_field`, only for a body that has it. `looks_up`:
    it answers for any member number; `prints`: a file is made for it; `gives_code`: it makes a code to pay with; of these, of uploads and of
    exports few are asked a minute. `watched`: machines ask it all the time, and it says little.
    """

    roles: frozenset[Role] | None
    keyed: bool = False
    upload: bool = False
    loopback: bool = False
    reasoned: bool = False
    checks_secret: bool = False
    gate_field: str | None = None
    looks_up: bool = False
    prints: bool = False
    gives_code: bool = False
    watched: bool = False

    @property
    def counted(self) -> list[str]:
        """The kinds of requests that are counted for all processes together (services/rate_limits.py)."""
        kinds = {
            LOOKUP: self.looks_up,
            UPLOAD: self.upload,
            EXPORT: self.reasoned or self.prints,
            CODE: self.gives_code,
        }
        return [kind for kind, is_counted in kinds.items() if is_counted]


def _only(*roles: Role) -> Rule:
    return Rule(frozenset(roles))


def _keyed(*roles: Role) -> Rule:
    return Rule(frozenset(roles), keyed=True)


def _upload(*roles: Role) -> Rule:
    return Rule(frozenset(roles), keyed=True, upload=True)


_PUBLIC = Rule(None)
_SIGN_IN = Rule(None, checks_secret=True)

ACCESS: dict[tuple[str, str], Rule] = {
    ("GET", "/healthz"): Rule(None, watched=True),
    ("GET", "/readyz"): Rule(None, watched=True),
    ("GET", "/metrics"): Rule(frozenset((_OFFICE, _AUDITOR, _ADMIN)), loopback=True, watched=True),
    ("GET", "/docs"): _PUBLIC,
    ("GET", f"{PREFIX}/openapi.json"): _PUBLIC,
    ("POST", f"{PREFIX}/records"): Rule(frozenset((_CLERK, _APPROVER, _OFFICE)), keyed=True, looks_up=True),
    ("POST", f"{PREFIX}/imports"): _upload(_CLERK, _APPROVER, _OFFICE),
    ("POST", f"{PREFIX}/imports/preview"): Rule(frozenset((_CLERK, _APPROVER, _OFFICE)), upload=True),
    ("GET", f"{PREFIX}/imports/{{import_id}}"): _only(_CLERK, _APPROVER, _OFFICE, _AUDITOR),
    ("GET", f"{PREFIX}/imports/{{import_id}}/lines"): _only(_CLERK, _APPROVER, _OFFICE, _AUDITOR),
    ("GET", f"{PREFIX}/approvals"): _only(_CLERK, _APPROVER, _OFFICE, _AUDITOR),
    ("GET", f"{PREFIX}/approvals/{{approval_id}}"): _only(_CLERK, _APPROVER, _OFFICE, _AUDITOR),
    ("POST", f"{PREFIX}/approvals/{{approval_id}}/approve"): _keyed(_APPROVER, _OFFICE),
    ("POST", f"{PREFIX}/approvals/{{approval_id}}/reject"): _keyed(_CLERK, _APPROVER, _OFFICE),
    ("POST", f"{PREFIX}/residents"): _keyed(_REGISTRAR),
    ("POST", f"{PREFIX}/residents/lookup"): Rule(
        frozenset((_CLERK, _APPROVER, _VENUE, _OFFICE, _REGISTRAR)), looks_up=True
    ),
    ("POST", f"{PREFIX}/residents/find"): Rule(frozenset((_REGISTRAR,)), looks_up=True),
    ("POST", f"{PREFIX}/residents/{{person_id}}/cards"): Rule(frozenset((_REGISTRAR,)), checks_secret=True),
    ("POST", f"{PREFIX}/residents/{{person_id}}/cards/block"): _only(_REGISTRAR, _OFFICE, _RESIDENT),
    ("GET", f"{PREFIX}/residents/{{person_id}}"): _only(_CLERK, _APPROVER, _VENUE, _OFFICE, _REGISTRAR, _RESIDENT),
    ("GET", f"{PREFIX}/residents/{{person_id}}/balance"): _only(_CLERK, _APPROVER, _VENUE, _OFFICE, _RESIDENT),
    ("GET", f"{PREFIX}/residents/{{person_id}}/entries"): _only(_OFFICE, _AUDITOR, _RESIDENT),
    ("GET", f"{PREFIX}/residents/{{person_id}}/lots"): _only(_CLERK, _APPROVER, _VENUE, _OFFICE, _RESIDENT),
    ("POST", f"{PREFIX}/expiries/preview"): _only(_OFFICE, _AUDITOR),
    ("POST", f"{PREFIX}/expiries"): _keyed(_OFFICE),
    ("POST", f"{PREFIX}/corrections"): _keyed(_CLERK, _APPROVER, _OFFICE),
    ("GET", f"{PREFIX}/freezes"): _only(_OFFICE, _AUDITOR),
    ("POST", f"{PREFIX}/freezes"): _keyed(_OFFICE),
    ("POST", f"{PREFIX}/freezes/lift"): _keyed(_OFFICE),
    ("POST", f"{PREFIX}/closures"): _keyed(_OFFICE),
    ("POST", f"{PREFIX}/conversions/preview"): _only(_OFFICE, _AUDITOR),
    ("POST", f"{PREFIX}/conversions"): _keyed(_OFFICE),
    ("POST", f"{PREFIX}/merges"): _keyed(_OFFICE),
    ("POST", f"{PREFIX}/holds"): _keyed(_VENUE, _OFFICE),
    ("GET", f"{PREFIX}/holds/{{hold_id}}"): _only(_VENUE, _OFFICE, _AUDITOR),
    ("POST", f"{PREFIX}/holds/{{hold_id}}/release"): _keyed(_VENUE, _OFFICE),
    ("POST", f"{PREFIX}/holds/{{hold_id}}/capture"): _keyed(_VENUE, _OFFICE),
    ("POST", f"{PREFIX}/redemptions"): Rule(
        frozenset((_VENUE, _OFFICE)), keyed=True, checks_secret=True, gate_field="card_number"
    ),
    ("POST", f"{PREFIX}/payment-codes"): Rule(frozenset((_RESIDENT,)), gives_code=True),
    ("GET", f"{PREFIX}/redemptions"): _only(_VENUE, _OFFICE, _AUDITOR),
    ("GET", f"{PREFIX}/redemptions/{{redemption_id}}"): _only(_VENUE, _OFFICE, _AUDITOR),
    ("POST", f"{PREFIX}/redemptions/{{redemption_id}}/refund"): _keyed(_VENUE, _OFFICE),
    ("POST", f"{PREFIX}/donations"): _keyed(_RESIDENT, _CLERK, _APPROVER, _VENUE, _OFFICE),
    ("GET", f"{PREFIX}/donations/{{donation_id}}/certificate"): Rule(frozenset((_RESIDENT, _OFFICE)), prints=True),
    ("POST", f"{PREFIX}/donations/{{donation_id}}/reassign"): _keyed(_RESIDENT, _OFFICE),
    ("POST", f"{PREFIX}/residents/{{person_id}}/wish"): _keyed(_RESIDENT, _CLERK, _APPROVER, _VENUE, _OFFICE),
    ("POST", f"{PREFIX}/funds/{{code}}/end"): _keyed(_OFFICE),
    ("GET", f"{PREFIX}/courses"): _PUBLIC,
    ("POST", f"{PREFIX}/enrolments"): _keyed(_RESIDENT, _VENUE, _OFFICE),
    ("GET", f"{PREFIX}/enrolments/{{enrolment_id}}"): _only(_RESIDENT, _VENUE, _OFFICE, _AUDITOR),
    ("POST", f"{PREFIX}/enrolments/{{enrolment_id}}/confirm"): _keyed(_VENUE, _OFFICE),
    ("POST", f"{PREFIX}/enrolments/{{enrolment_id}}/cancel"): _keyed(_RESIDENT, _VENUE, _OFFICE),
    ("POST", f"{PREFIX}/closes"): _keyed(_OFFICE),
    ("GET", f"{PREFIX}/closes"): _only(_VENUE, _OFFICE, _AUDITOR),
    ("POST", f"{PREFIX}/closes/{{close_id}}/confirm"): _keyed(_VENUE, _OFFICE),
    ("GET", f"{PREFIX}/closes/{{close_id}}/statement"): Rule(frozenset((_VENUE, _OFFICE, _AUDITOR)), prints=True),
    ("GET", f"{PREFIX}/closes/payments/{{month}}"): _only(_OFFICE, _AUDITOR),
    ("GET", f"{PREFIX}/closes/payments/{{month}}/file"): Rule(frozenset((_OFFICE, _AUDITOR)), prints=True),
    ("POST", f"{PREFIX}/master/{{kind}}"): _upload(_OFFICE, _VENUE, _REGISTRAR),
    ("POST", f"{PREFIX}/orders/opening"): _keyed(_OFFICE),
    ("GET", f"{PREFIX}/desks"): _only(_CLERK, _APPROVER, _VENUE, _OFFICE, _AUDITOR),
    ("GET", f"{PREFIX}/budget"): _only(_CLERK, _APPROVER, _OFFICE, _AUDITOR),
    ("POST", f"{PREFIX}/desks/{{desk}}/adoption"): _keyed(_OFFICE),
    ("POST", f"{PREFIX}/desks/{{desk}}/reseal"): _keyed(_OFFICE),
    ("POST", f"{PREFIX}/desks/{{desk}}/rotation"): _keyed(_OFFICE),
    ("POST", f"{PREFIX}/desks/{{desk}}/revocation"): _keyed(_OFFICE),
    ("GET", f"{PREFIX}/outside-entries"): _only(_OFFICE, _AUDITOR),
    ("GET", f"{PREFIX}/desks/{{desk}}/waiting"): _only(_APPROVER, _VENUE, _OFFICE),
    ("POST", f"{PREFIX}/desks/{{desk}}/signatures"): _keyed(_APPROVER, _VENUE, _OFFICE),
    ("GET", f"{PREFIX}/programmes"): _PUBLIC,
    ("GET", f"{PREFIX}/batches"): _PUBLIC,
    ("GET", f"{PREFIX}/receipts/{{journal_no}}"): Rule(EVERYBODY_SIGNED_IN - {_ADMIN, _REGISTRAR}),
    ("GET", f"{PREFIX}/books"): Rule(frozenset((_OFFICE, _AUDITOR)), reasoned=True),
    ("GET", f"{PREFIX}/findings"): _only(_OFFICE, _AUDITOR),
    ("POST", f"{PREFIX}/findings/{{finding_id}}/acknowledge"): _keyed(_OFFICE),
    ("GET", f"{PREFIX}/access-log"): Rule(frozenset((_AUDITOR,)), reasoned=True),
    ("GET", f"{PREFIX}/access-log.csv"): Rule(frozenset((_AUDITOR,)), reasoned=True),
    ("POST", f"{PREFIX}/residents/{{person_id}}/forget"): _keyed(_REGISTRAR),
    ("GET", f"{PREFIX}/residents/{{person_id}}/own-data"): Rule(frozenset((_RESIDENT, _REGISTRAR)), reasoned=True),
    ("GET", f"{PREFIX}/residents/{{person_id}}/looks"): _only(_RESIDENT, _AUDITOR),
    ("GET", f"{PREFIX}/totals"): _only(_OFFICE, _AUDITOR),
    ("POST", f"{PREFIX}/checks"): _keyed(_OFFICE, _AUDITOR),
    ("GET", f"{PREFIX}/checks"): _only(_OFFICE, _AUDITOR),
    ("GET", f"{PREFIX}/checks/{{check_id}}"): _only(_OFFICE, _AUDITOR),
    ("GET", f"{PREFIX}/status"): Rule(EVERYBODY_SIGNED_IN - {_RESIDENT}),
    ("GET", f"{PREFIX}/actors"): _only(_ADMIN, _AUDITOR),
    ("POST", f"{PREFIX}/actors"): _only(_ADMIN),
    ("GET", f"{PREFIX}/actors/me"): Rule(EVERYBODY_SIGNED_IN),
    ("POST", f"{PREFIX}/actors/{{actor_id}}/invitation"): _only(_ADMIN),
    ("POST", f"{PREFIX}/actors/{{actor_id}}/roles"): _only(_ADMIN),
    ("POST", f"{PREFIX}/actors/{{actor_id}}/sign-on"): _only(_ADMIN),
    ("POST", f"{PREFIX}/actors/{{actor_id}}/sign-on/remove"): _only(_ADMIN),
    ("POST", f"{PREFIX}/actors/{{actor_id}}/revoke"): _only(_ADMIN),
    ("POST", f"{PREFIX}/actors/{{actor_id}}/sessions/end"): _only(_ADMIN),
    ("GET", f"{PREFIX}/actors/{{actor_id}}/tokens"): _only(_ADMIN, _AUDITOR),
    ("POST", f"{PREFIX}/actors/{{actor_id}}/tokens"): _only(_ADMIN),
    ("POST", f"{PREFIX}/actors/{{actor_id}}/tokens/{{token_id}}/revoke"): _only(_ADMIN),
    ("POST", f"{PREFIX}/invitations/accept"): _SIGN_IN,
    ("POST", f"{PREFIX}/invitations/confirm"): _SIGN_IN,
    ("POST", f"{PREFIX}/invitations/passkey/options"): _PUBLIC,
    ("POST", f"{PREFIX}/invitations/passkey"): _PUBLIC,
    ("POST", f"{PREFIX}/sessions/staff"): _SIGN_IN,
    ("POST", f"{PREFIX}/sessions/staff/passkey"): _SIGN_IN,
    ("POST", f"{PREFIX}/sessions/resident"): _SIGN_IN,
    ("POST", f"{PREFIX}/sessions/phone-code"): _SIGN_IN,
    ("POST", f"{PREFIX}/sessions/assisted"): Rule(frozenset((_CLERK, _APPROVER, _VENUE, _OFFICE)), checks_secret=True),
    ("POST", f"{PREFIX}/sessions/passkey/options"): _PUBLIC,
    ("POST", f"{PREFIX}/sessions/passkey"): _PUBLIC,
    ("GET", f"{PREFIX}/sessions/passkeys"): Rule(EVERYBODY_SIGNED_IN - {_RESIDENT}),
    ("POST", f"{PREFIX}/sessions/passkeys/options"): Rule(EVERYBODY_SIGNED_IN - {_RESIDENT}, checks_secret=True),
    ("POST", f"{PREFIX}/sessions/passkeys"): Rule(EVERYBODY_SIGNED_IN - {_RESIDENT}),
    ("POST", f"{PREFIX}/sessions/passkeys/{{passkey_id}}/revoke"): Rule(EVERYBODY_SIGNED_IN - {_RESIDENT}),
    ("GET", f"{PREFIX}/sessions"): Rule(EVERYBODY_SIGNED_IN),
    ("GET", f"{PREFIX}/sessions/current"): Rule(EVERYBODY_SIGNED_IN),
    ("POST", f"{PREFIX}/sessions/end"): Rule(EVERYBODY_SIGNED_IN),
    ("POST", f"{PREFIX}/sessions/end-all"): Rule(EVERYBODY_SIGNED_IN),
    ("POST", f"{PREFIX}/sessions/{{session_id}}/end"): Rule(EVERYBODY_SIGNED_IN),
    ("POST", f"{PREFIX}/sessions/password"): Rule(EVERYBODY_SIGNED_IN - {_RESIDENT}, checks_secret=True),
    ("POST", f"{PREFIX}/sessions/pin"): Rule(frozenset((_RESIDENT,)), checks_secret=True),
}
