"""One district with something of everybody's in it: what a route is called with when it has to work, and what is another's."""

from __future__ import annotations

import csv
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import uuid4

from ledger_service.api.access import PREFIX
from ledger_service.domain.entries import DeskKind
from ledger_service.services import freeze, setup
from tests.access.conftest import PIN, Front
from tests.books import SAMPLES

MEMBER, OTHER, FROZEN = "S100000", "S100013", "S100019"
HEADER = "실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고"

Call = tuple[str, str, Any]
"""Who calls, the path after the prefix, and the body: None, JSON, or a file's bytes."""


class World:
    """Lazily made: each property makes what it names, with the means of the API."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.books = front.books
        self.person = self.books.person(MEMBER)
        self.books.grant(MEMBER, 1_000)

    def done(self, method: str, path: str, name: str, body: Any = None) -> Any:
        answer = self.front.ask(method, path, name, body)
        assert answer.status_code < 300, (method, path, answer.text)
        return answer.json()

    @cached_property
    def gym(self) -> int:
        return self.books.desk(DeskKind.VENUE, "GYM")

    @cached_property
    def member(self) -> dict[str, str]:
        with (SAMPLES / "members.csv").open(encoding="utf-8-sig") as file:
            return next(row for row in csv.DictReader(file) if row["회원번호"] == MEMBER)

    def month(self, number: str, day: str = "2024-04-11") -> bytes:
        one = self.member
        act = f"{number},{MEMBER},{one['이름']},{one['생년월일']},SVC,VOL,{day},09:00,11:00,,"
        return f"{HEADER}\n{act}\n".encode()

    def record(self, day: str = "2024-04-12") -> dict[str, Any]:
        one = self.member
        return {
            "desk": self.books.desk(DeskKind.CENTRE, "SVC"), "member_number": MEMBER, "name": one["이름"],
            "birth_date": one["생년월일"], "programme": "VOL", "activity_day": day, "start": "09:00", "end": "11:00",
        }  # fmt: skip

    @cached_property
    def submission(self) -> str:
        return str(self.done("POST", "/imports", "clerk", self.month("A1"))["id"])

    def hold(self) -> str:
        body = {"person_id": self.person, "desk": self.gym, "coins": 10}
        return str(self.done("POST", "/holds", "counter", body)["id"])

    def charge(self) -> dict[str, Any]:
        body = {"person_id": self.person, "desk": self.gym, "coins": 10}
        return dict(self.done("POST", "/redemptions", "counter", body))

    def gift(self) -> str:
        return str(
            self.done("POST", "/donations", "clerk", {"person_id": self.person, "fund": "WARM", "coins": 1})["id"]
        )

    @cached_property
    def frozen(self) -> str:
        """Somebody whose account two of the office froze."""
        person, context = self.books.person(FROZEN), self.books.context
        until = self.books.clock.today() + timedelta(days=9)
        made = freeze.propose_freeze(context, self.books.office, None, person, until, "asked")
        setup.approve_orders(context, self.books.second, None, made["id"])
        return person

    @cached_property
    def course(self) -> str:
        return str(self.done("GET", "/courses", "hall")["courses"][0]["id"])

    def sign_up(self) -> str:
        body = {"course_id": self.course, "person_id": self.person, "coins": 10}
        return str(self.done("POST", "/enrolments", "hall", body)["id"])

    @cached_property
    def resident(self) -> str:
        """A bearer token for the resident's account, as a test's shortcut."""
        self.front.add("member", *self._resident_role, person_id=self.person)
        return "member"

    @property
    def _resident_role(self) -> tuple[Any, ...]:
        from ledger_service.domain.actors import Role

        return (Role.RESIDENT,)

    def touching(self) -> dict[tuple[str, str], Call]:
        """Every route that touches a resident, with a call of it that works. In this order."""
        person, hold, charge = self.person, self.hold(), self.charge()
        sign_up = self.sign_up()
        new = {"member_number": uuid4().hex[:12], "name": "새주민", "birth_date": "1960-01-01"}
        donated = {"person_id": person, "fund": "WARM", "coins": 1}
        calls: dict[tuple[str, str], Call] = {
            ("POST", "/residents"): ("registrar", "/residents", new),
            ("POST", "/residents/lookup"): ("clerk", "/residents/lookup", {"member_number": MEMBER}),
            ("POST", "/residents/find"): (
                "registrar", "/residents/find", {"name": self.member["이름"], "birth_date": self.member["생년월일"]},
            ),
            ("GET", "/residents/{person_id}"): ("clerk", f"/residents/{person}", None),
            ("GET", "/residents/{person_id}/balance"): ("clerk", f"/residents/{person}/balance", None),
            ("GET", "/residents/{person_id}/entries"): ("coin-office", f"/residents/{person}/entries", None),
            ("GET", "/residents/{person_id}/looks"): ("auditor", f"/residents/{person}/looks", None),
            ("POST", "/residents/{person_id}/cards"): ("registrar", f"/residents/{person}/cards", {"pin": PIN}),
            ("POST", "/residents/{person_id}/cards/block"): ("registrar", f"/residents/{person}/cards/block", None),
            ("POST", "/records"): ("clerk", "/records", self.record()),
            ("POST", "/imports/preview"): ("clerk", "/imports/preview", self.month("B1", "2024-04-13")),
            ("POST", "/imports"): ("clerk", "/imports", self.month("B1", "2024-04-13")),
            ("POST", "/holds"): ("counter", "/holds", {"person_id": person, "desk": self.gym, "coins": 1}),
            ("GET", "/holds/{hold_id}"): ("counter", f"/holds/{hold}", None),
            ("POST", "/holds/{hold_id}/release"): ("counter", f"/holds/{hold}/release", None),
            ("POST", "/holds/{hold_id}/capture"): ("counter", f"/holds/{self.hold()}/capture", None),
            ("POST", "/redemptions"): ("counter", "/redemptions", {"person_id": person, "desk": self.gym, "coins": 1}),
            ("GET", "/redemptions"): ("counter", f"/redemptions?desk={self.gym}", None),
            ("GET", "/redemptions/{redemption_id}"): ("counter", f"/redemptions/{charge['id']}", None),
            ("POST", "/redemptions/{redemption_id}/refund"): (
                "counter", f"/redemptions/{charge['id']}/refund", {"coins": 1},
            ),
            ("POST", "/donations"): ("clerk", "/donations", donated),
            ("POST", "/payment-codes"): (self.resident, "/payment-codes", None),
            ("GET", "/receipts/{journal_no}"): ("coin-office", f"/receipts/{charge['journal_no']}", None),
            ("GET", "/enrolments/{enrolment_id}"): ("hall", f"/enrolments/{sign_up}", None),
            ("POST", "/enrolments/{enrolment_id}/confirm"): ("hall", f"/enrolments/{sign_up}/confirm", None),
            ("POST", "/enrolments/{enrolment_id}/cancel"): ("hall", f"/enrolments/{sign_up}/cancel", {}),
            ("POST", "/enrolments"): (
                "hall", "/enrolments", {"course_id": self.course, "person_id": person, "coins": 10},
            ),
            ("GET", "/residents/{person_id}/own-data"): ("registrar", f"/residents/{person}/own-data", None),
            ("POST", "/residents/{person_id}/forget"): (
                "registrar", f"/residents/{self.books.person(OTHER)}/forget", None,
            ),
            ("GET", "/residents/{person_id}/lots"): ("clerk", f"/residents/{person}/lots", None),
            ("POST", "/residents/{person_id}/wish"): ("clerk", f"/residents/{person}/wish", {"fund": "WARM"}),
            ("POST", "/freezes"): (
                "coin-office", "/freezes", {"person_id": person, "until": "2024-06-30", "reason": "asked"},
            ),
            ("POST", "/freezes/lift"): ("coin-office", "/freezes/lift", {"person_id": self.frozen, "reason": "asked"}),
            ("GET", "/freezes"): ("coin-office", "/freezes", None),
            ("POST", "/closures"): (
                "coin-office", "/closures", {"person_id": person, "reason": "moved_away", "fund": "WARM", "note": "asked"},
            ),
            ("POST", "/merges"): (
                "coin-office", "/merges",
                {"from_person_id": self.books.person("S100021"), "into_person_id": person, "note": "asked"},
            ),
            ("GET", "/access-log"): ("auditor", "/access-log", None),
        }  # fmt: skip
        return {(method, PREFIX + path): call for (method, path), call in calls.items()}
