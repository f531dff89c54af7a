"""What is another's is not there: every route with an id, for every role that sees only its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from ledger_service.api.access import ACCESS, PREFIX
from ledger_service.domain.actors import Role
from ledger_service.domain.entries import DeskKind
from ledger_service.journal.passkeys import PasskeyRow
from tests.access.conftest import Front
from tests.access.world import OTHER, World

TABLE = Path(__file__).parents[2] / "docs" / "access.md"
# Routes whose "own" is decided by who asks alone: no id of another's can be put in.
NOTHING_TO_NAME = {
    "/approvals", "/closes", "/payment-codes", "/sessions", "/sessions/current", "/sessions/end", "/sessions/end-all",
    "/sessions/password", "/sessions/passkeys", "/sessions/passkeys/options", "/actors/me",
}  # fmt: skip


def own_cells() -> list[tuple[str, str, Role]]:
    """(method, path, role) of the table's cells that say `own`."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    roles = [Role(cell.strip()) for cell in lines[0].split("|")[4:-2]]
    found = []
    for line in lines[1:]:
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        path = cells[1].strip("`").removeprefix(PREFIX)
        found += [
            (cells[0], path, role)
            for role, cell in zip(roles, cells[3:-1], strict=True)
            if cell == "own" and path not in NOTHING_TO_NAME
        ]
    return found


class Others:
    """Somebody else's ids, and a caller of each role to whom they are another's."""

    callers: ClassVar = {
        Role.CLERK: "other-clerk",
        Role.APPROVER: "other-clerk",
        Role.VENUE: "other-venue",
        Role.RESIDENT: "other",
    }

    def __init__(self, front: Front) -> None:
        self.front = front
        self.world = world = World(front)
        front.add("other-venue", Role.VENUE, desks=("treasury:TREASURY",))
        front.add("other", Role.RESIDENT, person_id=front.books.person(OTHER))
        front.enrol("clerk")
        self.session = front.sign_in("clerk").get("/sessions").json()[0]["id"]
        self.card = front.card("S100000")
        charge = world.charge()
        self.ids = {
            "import_id": world.submission, "approval_id": world.submission, "person_id": world.person,
            "hold_id": world.hold(), "redemption_id": charge["id"], "journal_no": charge["journal_no"],
            "close_id": str(uuid4()), "donation_id": world.gift(),
            "desk": front.books.desk(DeskKind.CENTRE, "SVC"), "enrolment_id": world.sign_up(), "session_id": self.session,
            "passkey_id": self.passkey_of("clerk"),
        }  # fmt: skip

    def passkey_of(self, name: str) -> str:
        owner = self.front.ask("GET", "/actors/me", name).json()["id"]
        row = PasskeyRow(str(uuid4()), owner, b"a device's key", b"its public key", 0, "phone", 0, None)
        with self.front.books.journal.write() as unit:
            unit.passkeys.add(row)
            unit.commit()
        return row.id

    def body(self, path: str) -> Any:
        person, gym = self.world.person, self.world.gym
        return {
            "/approvals/{approval_id}/reject": {"reason": "no"},
            "/redemptions/{redemption_id}/refund": {"coins": 1},
            "/enrolments/{enrolment_id}/cancel": {},
            "/desks/{desk}/signatures": {
                "batches": [{"seq": 1, "head": "0x" + "00" * 32, "signatures": ["0x" + "00" * 65]}]
            },
            "/donations/{donation_id}/reassign": {"fund": "LOVE"},
            "/residents/{person_id}/wish": {"fund": "WARM"},
            "/corrections": {"entry": str(self.ids["journal_no"]), "reason": "no"},
            "/donations": {"person_id": person, "fund": "WARM", "coins": 1},
            "/records": self.world.record(),
            "/imports": self.world.month("X1", "2024-04-20"),
            "/holds": {"person_id": person, "desk": gym, "coins": 1},
            "/redemptions": {"person_id": person, "desk": gym, "coins": 1},
            "/enrolments": {"course_id": self.world.course, "person_id": person, "coins": 10},
            "/master/{kind}": b"code,venue,name,first_day,last_day,seats,price_krw\nX,HALL,x,2024-06-01,2024-08-31,2,100\n",
            "/sessions/pin": {"card_number": self.card, "pin": "271828", "new_pin": "141421"},
        }.get(path)

    def call(self, method: str, path: str, role: Role) -> Any:
        target = re.sub(r"{(\w+)}", lambda match: str(self.ids.get(match[1], "courses")), path)
        if (method, path) == ("GET", "/redemptions"):
            target += f"?desk={self.world.gym}"
        name = self.callers.get(role, "auditor" if role is Role.AUDITOR else role.value)
        name = {"office": "coin-office", "registrar": "registrar", "admin": "admin"}.get(name, name)
        return self.front.ask(method, target, name, self.body(path) if method != "GET" else None)


# A desk is public, so that of another is refused as such; so is a card that is not one's own.
BY_BODY = {
    "/records",
    "/imports",
    "/holds",
    "/redemptions",
    "/enrolments",
    "/master/{kind}",
    "/sessions/pin",
}


def test_anothers_ids_answer_404_for_every_role_that_sees_only_its_own(front: Front) -> None:
    others = Others(front)
    cells = own_cells()
    assert len(cells) > 40
    wrong = []
    for method, path, role in cells:
        answer = others.call(method, path, role)
        expected = {403, 404} if path in BY_BODY and method == "POST" else {404}
        if answer.status_code not in expected:
            wrong.append((method, path, role, answer.status_code, answer.text[:200]))
    assert wrong == []


def test_every_route_with_an_id_is_own_or_open_to_the_role_on_purpose(front: Front) -> None:
    """Where a role may use a route with an id and its cell says `yes`, it sees everybody's: these and no others."""
    own = set(own_cells())
    everybodys = {
        (method, path.removeprefix(PREFIX), role)
        for (method, path), rule in ACCESS.items()
        if re.search(r"{(?!kind)\w+}", path)
        for role in rule.roles or ()
        if (method, path.removeprefix(PREFIX), role) not in own
    }
    open_roles = {Role.OFFICE, Role.AUDITOR, Role.ADMIN}
    at_a_desk = {Role.CLERK, Role.APPROVER, Role.VENUE, Role.REGISTRAR}  # whoever stands before them
    for method, path, role in everybodys:
        assert role in open_roles or (role in at_a_desk and path.startswith("/residents/")), (method, path, role)


def test_a_list_has_only_ones_own(front: Front) -> None:
    world = World(front)
    assert world.submission in [one["id"] for one in front.ask("GET", "/approvals", "approver").json()["approvals"]]
    assert front.ask("GET", "/approvals", "other-clerk").json()["approvals"] == []


@pytest.mark.parametrize("kind", ["import", "record", "orders"])
def test_nobody_approves_their_own_act_whatever_their_roles(front: Front, kind: str) -> None:
    world = World(front)
    front.add("both", Role.CLERK, Role.APPROVER, Role.OFFICE, desks=("SVC",))
    made = {
        "import": lambda: front.ask("POST", "/imports", "both", world.month("K1")),
        "record": lambda: front.ask("POST", "/records", "both", world.record()),
        "orders": lambda: front.ask("POST", "/master/funds", "both", b"code,name,body\nNEW,new,chest\n"),
    }[kind]()
    assert made.status_code == 201, made.text
    refused = front.ask("POST", f"/approvals/{made.json()['id']}/approve", "both")
    assert (refused.status_code, refused.json()["code"]) == (403, "same_person")
    assert front.ask("POST", f"/approvals/{made.json()['id']}/approve", "coin-office").status_code == 200
