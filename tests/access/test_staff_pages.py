"""The administrator's pages, and taking up an invitation: behind the real door, as browsers send the forms."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import unescape

import httpx
import pyotp
import pytest
from starlette.testclient import TestClient

from ledger_service.domain.actors import Role
from ledger_service.services.passkeys import RelyingParty
from tests.access.conftest import HOST, PASSWORD, Front
from tests.access.device import PRESENT, Device
from tests.access.test_sign_on import pages_of
from tests.web.site import form

DOMAIN = "boram.example"


@dataclass
class House:
    """The pages with passkeys, and the administrator who has signed in to them."""

    front: Front

    def __post_init__(self) -> None:
        self.pages = pages_of(self.front, relying_party=RelyingParty(DOMAIN, "Boram", (HOST,)))
        self.front.add("chief", Role.ADMIN)
        self.front.enrol("chief")

    def browser(self) -> TestClient:
        own = {"origin": HOST, "sec-fetch-site": "same-origin", "accept-language": "en"}
        return TestClient(self.pages, base_url=HOST, headers=own)

    def sign_in(self, name: str, password: str, code: str) -> TestClient:
        browser = self.browser()
        answer = browser.post("/sign-in/staff", data={"name": name, "password": password, "code": code})
        assert answer.status_code == 200, answer.text
        return browser

    def admin(self) -> TestClient:
        browser = self.sign_in("chief", PASSWORD, self.front.code("chief"))
        assert "/staff" in browser.get("/sign-in").url.path
        return browser

    def invitation(self, admin: TestClient, name: str) -> str:
        link = re.search(rf'<a href="(/staff/[^"]+)">{name}</a>', admin.get("/staff").text)
        assert link is not None
        invited = send(admin, admin.get(link[1]), "/invitation")
        shown = re.search(r'<strong class="big-code">([^<]+)</strong>', invited.text)
        assert shown is not None
        assert shown[1] not in str(invited.url)
        assert shown[1] not in admin.get(link[1]).text, "told once"
        return shown[1]


def send(browser: TestClient, page: httpx.Response, action: str, **typed: str) -> httpx.Response:
    filled = form(page, action)
    answer: httpx.Response = browser.post(filled.action, data=filled.fields | typed)
    return answer


@pytest.fixture
def house(front: Front) -> House:
    return House(front)


def test_an_invitation_becomes_an_account_with_password_and_app(house: House) -> None:
    secret, guest = house.invitation(house.admin(), "clerk"), house.browser()
    weak = send(guest, guest.get("/invitation"), "/invitation", secret=secret, password="short")
    assert weak.status_code == 422
    assert secret not in weak.text
    second = send(guest, guest.get("/invitation"), "/invitation", secret=secret, password=PASSWORD)
    told = re.search(r'<strong class="big-code">([A-Z2-7]{32})</strong>', second.text)
    assert told is not None
    wrong = send(guest, second, "/invitation/confirm", code="000000")
    assert (wrong.status_code, told[1] in wrong.text) == (401, False)
    totp = pyotp.TOTP(told[1])
    done = send(guest, wrong, "/invitation/confirm", code=totp.at(house.front.books.clock.now()))
    assert done.url.path == "/sign-in"
    house.front.books.clock.seconds += 30
    clerk = house.sign_in("clerk", PASSWORD, totp.at(house.front.books.clock.now()))
    assert clerk.get("/centre").status_code == 200
    again = send(house.browser(), guest.get("/invitation"), "/invitation", secret=secret, password=PASSWORD)
    assert again.status_code == 401, "used"


@pytest.mark.parametrize("flags", [Device(HOST, DOMAIN).flags, PRESENT])
def test_an_invitation_becomes_an_account_with_password_and_passkey(house: House, flags: int) -> None:
    secret, guest = house.invitation(house.admin(), "clerk"), house.browser()
    second = send(guest, guest.get("/invitation"), "/invitation", secret=secret, password=PASSWORD)
    device = Device(HOST, DOMAIN, flags=flags)
    asking = send(guest, second, "/invitation/passkey")
    assert "script-src 'self'" in asking.headers["content-security-policy"]
    made = send(guest, asking, "/passkey/confirm", credential=json.dumps(device.create(options(asking))), name="key")
    assert made.url.path == "/sign-in/passkey", made.text
    alone = guest.get("/sign-in/passkey")
    answer = send(guest, alone, "/sign-in/passkey", credential=json.dumps(device.get(options(alone))))
    assert answer.status_code == (200 if flags != PRESENT else 401)
    browser = house.browser()
    beside = browser.get("/sign-in/passkey")
    shown = {"credential": json.dumps(device.get(options(beside))), "name": "clerk", "password": PASSWORD}
    assert send(browser, beside, "/sign-in/passkey", **shown).url.path == "/centre"


def options(page: httpx.Response) -> dict[str, object]:
    found = re.search(r'data-options="([^"]*)"', page.text)
    assert found is not None
    return dict(json.loads(unescape(found[1])))


def test_an_administrator_ends_sessions_and_sees_no_residents(house: House) -> None:
    house.front.card("S100000")
    house.front.enrol("clerk")
    clerk = house.sign_in("clerk", PASSWORD, house.front.code("clerk"))
    admin = house.admin()
    assert "resident" not in admin.get("/staff").text
    page = admin.get(f"/staff/{house.front.id_of('clerk')}")
    assert send(admin, page, "/sessions/end").status_code == 200
    assert clerk.get("/centre", follow_redirects=False).status_code == 303
    own = admin.get(f"/staff/{house.front.id_of('chief')}")
    assert send(admin, own, "/invitation").status_code == 409, "one's own account is another administrator's"
    with house.front.books.journal.read() as unit:
        resident = unit.actors.of_person(house.front.books.person("S100000"))
    assert resident is not None
    assert admin.get(f"/staff/{resident.id}").status_code == 404
