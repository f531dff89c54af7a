"""A run with marked people: none of their names, numbers, phones, PINs, passwords or codes is found where it must not be."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from ledger_service.api.access import ACCESS
from ledger_service.posting.audit_chain import chain_logs
from tests.access.conftest import PASSWORD, PIN, Front
from tests.access.world import World

NAME, PHONE, NUMBER, STREET = "카나리아순", "010-7313-8642", "CANARY77731", "카나리아동"
CANARY_PIN, CANARY_PASSWORD = "735918", "카나리아 노래를 부른다 77"
BORN = "1957-09-23"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, by structlog and by libraries."""
    stream = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer(ensure_ascii=False)],
        logger_factory=structlog.WriteLoggerFactory(file=stream),
    )
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)
    structlog.reset_defaults()


def run(front: Front) -> tuple[list[str], str, list[str]]:
    """A resident's life at the front door; (secrets, who they are, every answer that others than they and staff with them get)."""
    opened = front.ask(
        "POST", "/residents", "registrar",
        {"member_number": NUMBER, "name": NAME, "birth_date": BORN, "phone": PHONE, "residence": STREET},
    )  # fmt: skip
    person = str(opened.json()["person_id"])
    card = front.ask("POST", f"/residents/{person}/cards", "registrar", {"pin": CANARY_PIN}).json()["card_number"]
    browser = front.browser()
    assert browser.post("/sessions/resident", {"card_number": card, "pin": CANARY_PIN}).status_code == 201
    code = browser.post("/payment-codes").json()["code"]
    front.browser().post("/sessions/phone-code", {"card_number": card})
    front.enrol("counter", CANARY_PASSWORD)
    staff = front.sign_in("counter", CANARY_PASSWORD)
    cookies = [browser.client.cookies["__Host-boram"], staff.client.cookies["__Host-boram"]]
    world = World(front)
    answers = []
    act = f"{NUMBER},{NAME},{BORN},SVC,VOL,2024-04-11,09:00,11:00,,{PHONE}"
    month = f"실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고\nC1,{act}\n".encode()
    submitted = front.ask("POST", "/imports", "clerk", month)
    assert submitted.status_code == 201, submitted.text
    answers.append(submitted.text)
    answers.append(front.ask("POST", f"/approvals/{submitted.json()['id']}/approve", "approver").text)
    charge = {"desk": world.gym, "coins": 5}
    words = (
        {"payment_code": code}, {"card_number": card, "pin": CANARY_PIN}, {"card_number": card, "pin": "000000"},
        {"person_id": NAME}, {"person_id": person, "pin": [CANARY_PIN]}, {"payment_code": PHONE + NAME},
    )  # fmt: skip
    answers += [front.ask("POST", "/redemptions", "counter", charge | word).text for word in words]
    wrong = {"member_number": NUMBER + "9", "name": NAME, "birth_date": PHONE, "extra": NAME}
    answers.append(front.ask("POST", "/residents", "registrar", wrong).text)
    answers.append(front.ask("POST", "/residents/lookup", "clerk", {"member_number": NUMBER + "0"}).text)
    answers.append(
        front.ask("POST", "/sessions/staff", None, {"name": NAME, "password": CANARY_PASSWORD, "code": "1"}).text
    )
    record = world.record() | {"member_number": NUMBER, "name": NAME + "x", "birth_date": BORN}
    answers.append(front.ask("POST", "/records", "clerk", record).text)
    for method, path in sorted(ACCESS):
        if method == "GET" and "{" not in path:
            answers.append(front.ask("GET", path.removeprefix("/api/v1"), "auditor").text)
            answers.append(front.ask("GET", path.removeprefix("/api/v1"), None).text)
    answers.append(front.ask("GET", f"/residents/{person}/looks", "auditor").text)
    answers.append(front.ask("GET", f"/residents/{person}/entries", "auditor").text)
    return [card, card.replace("-", ""), code, *cookies, front.totp["counter"]], person, answers


def test_a_marked_person_is_found_nowhere(front: Front, log: io.StringIO, tmp_path: Path) -> None:
    secrets, person, answers = run(front)
    chain_logs(front.books.journal, 1)
    marks = [NAME, PHONE, PHONE.replace("-", ""), NUMBER, STREET, BORN, CANARY_PIN, CANARY_PASSWORD, *secrets]
    front.books.engine.dispose()
    places = {
        "log": log.getvalue().encode(),
        "answers": "\n".join(answers).encode(),
        **{file.name: file.read_bytes() for file in sorted(tmp_path.iterdir()) if file.is_file()},
    }
    assert any(name.endswith("books.db") for name in places)
    assert len(places["log"]) > 1_000
    assert len(places["answers"]) > 10_000
    for name, data in places.items():
        for mark in marks:
            spellings = {mark.encode(), json.dumps(mark)[1:-1].encode(), mark.encode("utf-16-le"), mark.encode("cp949")}
            found = [one for one in spellings if one in data]
            assert not found, f"{mark} is in {name}"
    assert person.encode() not in places["log"], "a resident's id is no matter of the log either"


def test_the_marks_are_really_there_to_be_found(front: Front) -> None:
    """The other way round: who may see the person does see them, so that the run above marked something."""
    _, person, _ = run(front)
    assert front.ask("GET", f"/residents/{person}", "clerk").json()["name"] == NAME
    assert PIN != CANARY_PIN
    assert PASSWORD != CANARY_PASSWORD
