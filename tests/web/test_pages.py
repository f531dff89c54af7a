"""What stands before and behind the pages: who may, whose form it is, that nothing happens twice, and that every failure is a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from ledger_service.adapters.passwords import Argon2Passwords
from ledger_service.bootstrap.surfaces import app_of
from ledger_service.domain.actors import Role
from ledger_service.errors import NotFound
from ledger_service.journal.schema import access_log, consents
from ledger_service.reads import counter as counter_reads
from ledger_service.reads import statement
from ledger_service.reads.actors import actor_of_name
from ledger_service.services import cards, ledger_state
from ledger_service.services.secret_gate import SecretGate
from ledger_service.web.app import create_pages
from ledger_service.web.brand import Brand
from ledger_service.web.pages import PAGES
from ledger_service.web.ports import WebPorts
from tests.api.conftest import COINS_EACH, act, month
from tests.web.site import OpenDoor, Site, form, forms, send

PEOPLE = {
    Role.CLERK: "clerk",
    Role.APPROVER: "approver",
    Role.VENUE: "counter",
    Role.OFFICE: "office",
    Role.AUDITOR: "auditor",
    Role.ADMIN: "admin",
    Role.REGISTRAR: "registrar",
    Role.RESIDENT: "resident",
}
TURNED_AWAY = "<h1>이 화면은 볼 수 없습니다</h1>"
FILLED = {"journal_no": "1", "desk": "1", "seq": "1"}


def url(path: str) -> str:
    for part in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        path = path.replace(f"{{{part}}}", FILLED.get(part, str(uuid4())))
    return path


def member_number(site: Site, person_id: str) -> str:
    return str(site.district.caller("office").get(f"/residents/{person_id}").json()["member_number"])


def available(site: Site, person_id: str) -> int:
    return int(site.district.caller("office").get(f"/residents/{person_id}/balance").json()["available"])


@pytest.fixture
def own_resident(site: Site, resident: str) -> tuple[str, httpx.Client]:
    """A resident of the test's own: the person, and their browser."""
    name = f"own-{uuid4().hex[:8]}"
    site.district.add(name, ["resident"], person_id=resident)
    return resident, site.visitor(name)


@pytest.mark.parametrize(("method", "path"), sorted(PAGES))
def test_a_page_lets_in_whom_its_row_names_and_nobody_else(site: Site, method: str, path: str) -> None:
    page = PAGES[method, path]
    if path in ("/sign-out", "/view"):
        return
    anonymous = site.visitor().request(method, url(path), data={} if method == "POST" else None)
    is_sent_to_sign_in = anonymous.status_code == 303 and anonymous.headers["location"].startswith("/sign-in?back=")
    if page.roles is not None and page.asked_again:
        assert anonymous.status_code == 401
    else:
        assert is_sent_to_sign_in is (page.roles is not None)
    for role, name in PEOPLE.items():
        visitor = site.visitor(name)
        data = {"form_token": OpenDoor(site.district.installation.context).form_token(_request_of(name))}
        answer = visitor.request(method, url(path), data=data if method == "POST" else None)
        if page.roles is None or role in page.roles:
            assert TURNED_AWAY not in answer.text, f"{role} is let in"
            assert answer.status_code < 500
        else:
            assert (answer.status_code, TURNED_AWAY in answer.text) == (403, True), f"{role} is turned away"


def _request_of(name: str) -> Any:
    class Request:
        cookies = {"somebody": name}  # noqa: RUF012

    return Request()


@pytest.fixture
def charge_page(site: Site, resident: str) -> tuple[httpx.Client, httpx.Response]:
    counter = site.visitor("counter")
    desk = site.district.desk("SENIOR")
    first = form(counter.get(f"/desk/{desk}"), "/charge/confirm")
    return counter, send(counter, first, member_number=member_number(site, resident), coins="12")


def test_a_charge_sent_twice_takes_the_coins_once(
    site: Site, resident: str, charge_page: tuple[httpx.Client, httpx.Response]
) -> None:
    counter, page = charge_page
    assert "12코인 (1,200원)" in page.text
    assert available(site, resident) == COINS_EACH  # a step of the form takes nothing
    filled = form(page, "/charge")
    first, again = send(counter, filled), send(counter, filled)
    assert first.url == again.url
    assert "완료되었습니다" in first.text
    assert "28코인 (2,800원)" in first.text
    assert available(site, resident) == COINS_EACH - 12


def test_the_same_form_with_another_amount_is_refused(
    site: Site, resident: str, charge_page: tuple[httpx.Client, httpx.Response]
) -> None:
    counter, page = charge_page
    filled = form(page, "/charge")
    send(counter, filled)
    assert send(counter, filled, coins="13").status_code == 422
    assert available(site, resident) == COINS_EACH - 12


def test_a_card_pays_with_the_pin_that_the_second_step_asks_for(
    site: Site, resident: str, card: Callable[[], str]
) -> None:
    counter, desk = site.visitor("counter"), site.district.desk("SENIOR")
    number = card()
    page = send(counter, form(counter.get(f"/desk/{desk}"), "/charge/confirm"), code=number.lower(), coins="12")
    assert 'name="pin"' in page.text
    filled = form(page, "/charge")
    wrong = send(counter, filled, pin="271828")
    assert (wrong.status_code, "271828" in wrong.text, available(site, resident)) == (401, False, COINS_EACH)
    first, again = (send(counter, filled, pin="314159") for _ in range(2))
    assert first.url == again.url
    assert available(site, resident) == COINS_EACH - 12
    with site.district.installation.journal.read() as unit:
        kinds = unit.connection.execute(select(consents.c.kind).where(consents.c.person_id == resident)).scalars().all()
    assert kinds == ["card_pin"], "the resident's word is on record"


def test_a_secret_is_asked_for_again_and_never_given_back(
    site: Site, resident: str, card: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    counter, desk = site.visitor("counter"), site.district.desk("SENIOR")
    page = send(counter, form(counter.get(f"/desk/{desk}"), "/charge/confirm"), code=card(), coins="12")
    with monkeypatch.context() as patched:
        patched.setattr(ledger_state, "_waited", lambda *_: ledger_state.LEDGER_BEHIND_SECONDS + 1)
        behind = send(counter, form(page, "/charge"), pin="314159")
    assert (behind.status_code, "314159" in behind.text) == (503, False)
    assert "완료되었습니다" in send(counter, form(behind, "/charge"), pin="314159").text
    assert available(site, resident) == COINS_EACH - 12


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"sec-fetch-site": "cross-site"}, None),
        ({"sec-fetch-site": "same-site"}, None),
        ({"sec-fetch-site": "", "origin": "https://evil.example"}, None),
        ({}, ""),
        ({}, "0" * 64),
    ],
)
def test_a_form_from_elsewhere_changes_nothing(
    site: Site,
    resident: str,
    charge_page: tuple[httpx.Client, httpx.Response],
    headers: dict[str, str],
    token: str | None,
) -> None:
    counter, page = charge_page
    filled = form(page, "/charge")
    fields = filled.fields | ({} if token is None else {"form_token": token})
    answer = counter.post(filled.action, data=fields, headers=headers)
    assert answer.status_code == 403
    assert available(site, resident) == COINS_EACH


def test_a_form_that_says_nothing_of_where_it_is_from_is_refused(
    site: Site, resident: str, charge_page: tuple[httpx.Client, httpx.Response]
) -> None:
    counter, page = charge_page
    for name in ("origin", "sec-fetch-site"):
        del counter.headers[name]
    filled = form(page, "/charge")
    assert counter.post(filled.action, data=filled.fields).status_code == 403
    assert available(site, resident) == COINS_EACH


def test_another_residents_things_are_not_there(site: Site, own_resident: tuple[str, httpx.Client]) -> None:
    _, mine = own_resident
    stranger = site.visitor("resident")
    receipt = next(one for one in mine.get("/me/lines").text.split('"') if one.startswith("/receipts/"))
    assert mine.get(receipt).status_code == 200
    assert stranger.get(receipt).status_code == 404
    signed = _sign_up(mine, "아침 요가", "10")
    for path in ("", "/cancel"):
        assert stranger.get(f"{signed}{path}").status_code == 404
    token = form(stranger.get("/donate"), "/donate/confirm").fields["form_token"]
    stolen = stranger.post(f"{signed}/cancel", data={"form_token": token, "key": "k-1"})
    assert stolen.status_code == 404
    assert "결제 대기" in mine.get(signed).text


def test_another_venues_counter_is_not_there(
    site: Site, resident: str, charge_page: tuple[httpx.Client, httpx.Response]
) -> None:
    counter, page = charge_page
    charged = send(counter, form(page, "/charge"))
    other = site.visitor("other-counter")
    for path in (charged.url.path, f"/desk/{site.district.desk('SENIOR')}/today"):
        assert other.get(path).status_code == 404
    assert (
        counter.get(
            charged.url.path.replace(f"/desk/{site.district.desk('SENIOR')}", f"/desk/{site.district.desk('POOL')}")
        ).status_code
        == 404
    )


def test_the_reads_behind_the_pages_refuse_strangers_by_themselves(
    site: Site, resident: str, charge_page: tuple[httpx.Client, httpx.Response]
) -> None:
    counter, page = charge_page
    charge_id = str(send(counter, form(page, "/charge")).url.path).rpartition("/")[2]
    installation = site.district.installation
    journal, vault = installation.journal, installation.context.vault
    stranger, venue = actor_of_name(journal, "resident"), actor_of_name(journal, "other-counter")
    assert stranger is not None
    assert venue is not None
    office = site.district.caller("office").get(f"/residents/{resident}/entries").json()["entries"]
    for who in (stranger, venue):
        with pytest.raises(NotFound):
            statement.statement_line(journal, who, office[0]["journal_no"])
        with pytest.raises(NotFound):
            counter_reads.charge_of(journal, vault, who, charge_id)
        with pytest.raises(NotFound):
            statement.statement(journal, who, resident, None, 10)


def test_no_address_of_a_page_names_a_person(site: Site, resident: str) -> None:
    counter, desk = site.visitor("counter"), site.district.desk("SENIOR")
    number = member_number(site, resident)
    page = send(counter, form(counter.get(f"/desk/{desk}"), "/charge/confirm"), member_number=number, coins="3")
    done = send(counter, form(page, "/charge"))
    for answer in (page, done, *done.history):
        assert number not in str(answer.url) + answer.headers.get("location", "")
        assert resident not in str(answer.url) + answer.headers.get("location", "")


def _sign_up(visitor: httpx.Client, course: str, coins: str) -> str:
    listed = visitor.get("/courses").text
    start = listed.index(f"<h2>{course}</h2>")
    path = listed[listed.index('href="/courses/', start) + 6 :].split('"')[0]
    page = send(visitor, form(visitor.get(path), "/confirm"), coins=coins)
    done = send(visitor, form(page, "/sign-up"))
    assert done.status_code == 200, done.text
    return str(done.url.path)


def test_a_sign_up_holds_and_a_cancellation_says_first_what_comes_back(
    site: Site, own_resident: tuple[str, httpx.Client]
) -> None:
    person, mine = own_resident
    signed = _sign_up(mine, "캘리그라피", "30")
    assert available(site, person) == COINS_EACH - 30
    ask = mine.get(f"{signed}/cancel")
    assert "30코인 (3,000원)" in ask.text
    assert "취소됨" in send(mine, form(ask, "/cancel")).text
    assert available(site, person) == COINS_EACH


def test_what_was_typed_stays_in_the_form_with_what_is_wrong(own_resident: tuple[str, httpx.Client]) -> None:
    _, mine = own_resident
    answer = send(mine, form(mine.get("/donate"), "/donate/confirm"), fund="KIDS", coins="많이")
    assert answer.status_code == 422
    assert 'value="많이"' in answer.text
    assert 'role="alert"' in answer.text
    assert "기부할 코인: 숫자로 적어 주세요" in answer.text


def test_names_are_text_and_nothing_else(site: Site) -> None:
    name = "<b>x</b>&\"'<img src=x onerror=alert(1)>"
    csv = f'code,name,body\nXSS{uuid4().hex[:6]},"{name.replace(chr(34), chr(34) * 2)}",body\n'
    loaded = site.district.caller("office-2").upload("/master/funds", csv.encode()).json()
    page = site.visitor("office").get(f"/approvals/{loaded['id']}").text
    assert "<b>x</b>" not in page
    assert "<img src=x" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_a_clerk_does_not_approve_what_she_submitted_and_may_undo_it(site: Site, newcomer: dict[str, str]) -> None:
    site.district.add(f"both-{newcomer['회원번호']}", ["clerk", "approver"], ["SVC"])
    both = site.visitor(f"both-{newcomer['회원번호']}")
    upload = form(both.get("/centre/file"), "/centre/file")
    file = {"file": ("a.csv", month(act(f"PAGE-{newcomer['회원번호']}", newcomer)), "text/csv")}
    preview = both.post("/centre/file", data=upload.fields | {"action": "preview"}, files=file)
    assert "1줄을 인정하고" in preview.text
    sent = both.post("/centre/file", data=upload.fields | {"action": "submit"}, files=file, follow_redirects=True)
    again = both.post("/centre/file", data=upload.fields | {"action": "submit"}, files=file, follow_redirects=True)
    assert sent.url == again.url
    assert [one.action.rpartition("/")[2] for one in forms(sent.text)] == ["decline"]
    refused = both.post(
        f"{sent.url.path}/approve", data={"form_token": upload.fields["form_token"], "key": str(uuid4())}
    )
    assert (refused.status_code, "제출한 사람은 승인할 수 없습니다" in refused.text) == (403, True)
    assert "제출 취소됨" in send(both, form(sent, "/decline")).text


def test_a_look_at_a_resident_is_written_down(site: Site, resident: str) -> None:
    counter, desk = site.visitor("counter"), site.district.desk("SENIOR")
    number = member_number(site, resident)
    send(counter, form(counter.get(f"/desk/{desk}"), "/charge/confirm"), member_number=number, coins="3")
    with site.district.installation.journal.read() as unit:
        rows = unit.connection.execute(
            select(access_log.c.action).where(access_log.c.person_id == resident).order_by(access_log.c.id)
        ).scalars()
        assert list(rows)[-1] == "POST /desk/{desk}/charge/confirm"


def test_headers_forbid_everything_but_our_own_files(site: Site) -> None:
    answer = site.visitor().get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    style = next(one for one in answer.text.split('"') if one.endswith("boram.css"))
    assert "immutable" in site.visitor().get(style).headers["cache-control"]
    assert site.visitor().get(style.replace("boram.css", "../app.py")).status_code == 404


def test_texts_among_the_assets_are_packed_for_who_takes_them_so(site: Site) -> None:
    path = next(one for one in site.visitor().get("/").text.split('"') if one.endswith("fonts.css"))
    packed = site.visitor().get(path)
    plain = site.visitor().get(path, headers={"accept-encoding": "identity"})
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "accept-encoding")
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    font = site.visitor().get(path.replace("fonts.css", "boram-400-00.woff2"))
    assert "content-encoding" not in font.headers


def test_the_view_is_a_cookie_of_this_browser(site: Site) -> None:
    visitor = site.visitor()
    answer = visitor.get("/view?size=3&lang=en&back=/rates")
    assert (answer.status_code, answer.headers["location"]) == (303, "/rates")
    assert 'lang="en" class="text-3"' in visitor.get("/rates").text
    assert visitor.get("/view?back=//evil.example").headers["location"] == "/"
    assert site.visitor(language="en-GB,en;q=0.9").get("/").headers["content-language"] == "en"


class BrokenClock:
    def now(self) -> int:
        raise RuntimeError("the name is 하하린")

    def today(self) -> date:
        raise RuntimeError("the name is 하하린")


class SlowBooks:
    def now(self) -> int:
        raise OperationalError("select 하하린", {}, Exception())

    def today(self) -> date:
        return date(2024, 5, 2)


def broken(site: Site, **context: Any) -> TestClient:
    installation = site.district.installation
    brand = Brand("서초구", "Seocho-gu", "보람코인", "Boram coin", "#0b50d0", "02-000-0000")
    ports = WebPorts(
        context=replace(installation.context, **context),
        door=OpenDoor(installation.context),
        brand=brand,
        service_key=bytes(20),
        upload_bytes_max=1_000_000,
        monotonic=lambda: 0.0,
        secret_gate=SecretGate(),
        passwords=Argon2Passwords(light=True),
        database_errors=(OperationalError,),
    )
    return TestClient(create_pages(ports), raise_server_exceptions=False)


def test_our_own_fault_is_a_page_that_says_nothing_of_it(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    answer = broken(site, clock=BrokenClock()).get("/")
    assert answer.status_code == 500
    assert "하하린" not in answer.text + capsys.readouterr().out


def test_books_that_do_not_answer_are_a_503_that_can_be_sent_again(site: Site) -> None:
    answer = broken(site, clock=SlowBooks()).get("/verify")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "문의 번호" in answer.text


def test_a_ledger_behind_stops_the_charge_and_the_page_sends_the_same_form_again(
    site: Site, resident: str, charge_page: tuple[httpx.Client, httpx.Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    counter, page = charge_page
    with monkeypatch.context() as patched:
        patched.setattr(ledger_state, "_waited", lambda *_: ledger_state.LEDGER_BEHIND_SECONDS + 1)
        behind = send(counter, form(page, "/charge"))
    assert behind.status_code == 503
    assert "지금까지의 코인은 그대로 있습니다" in behind.text
    assert available(site, resident) == COINS_EACH
    done = send(counter, form(behind, "/charge"))
    assert "완료되었습니다" in done.text
    assert available(site, resident) == COINS_EACH - 12


def test_what_is_not_the_apis_is_a_page_and_the_api_stays_the_api(site: Site) -> None:
    visitor = site.visitor()
    assert visitor.get("/nothing").headers["content-type"].startswith("text/html")
    assert visitor.get("/api/v1/nothing").headers["content-type"] == "application/problem+json"
    assert visitor.delete("/api/v1/batches").status_code == 405
    assert visitor.post("/rates", data={}).status_code == 405
    assert visitor.get("/healthz").status_code == 200


def test_a_body_that_is_too_large_is_refused_before_it_is_read(site: Site) -> None:
    answer = site.visitor("resident").post("/donate", data={"coins": "1" * 100_000})
    assert (answer.status_code, "보낸 내용이 너무 큽니다" in answer.text) == (413, True)


@pytest.fixture
def card(site: Site, resident: str) -> Callable[[], str]:
    installation = site.district.installation
    registrar = actor_of_name(installation.journal, "registrar")
    assert registrar is not None
    return lambda: cards.issue_card(installation.context, installation.passwords, registrar, resident, "314159")


def test_a_resident_signs_in_with_card_and_pin_and_out_again(site: Site, card: Callable[[], str]) -> None:
    app = app_of(site.district.installation)  # with its own door
    visitor = TestClient(app, headers={"origin": "http://testserver"})
    asked = visitor.get("/me", follow_redirects=False)
    assert asked.headers["location"] == "/sign-in?back=%2Fme"
    number = card()
    wrong = visitor.post("/sign-in/resident", data={"card_number": number, "pin": "271828"})
    assert (wrong.status_code, 'role="alert"' in wrong.text, "271828" in wrong.text) == (401, True, False)
    home = visitor.post("/sign-in/resident", data={"card_number": number, "pin": "314159", "back": "//evil.example"})
    assert home.url.path == "/"
    assert "40코인 (4,000원)" in visitor.get("/me").text
    cookie = next(iter(visitor.cookies.jar))
    assert cookie.has_nonstandard_attr("HttpOnly")
    token = forms(visitor.get("/donate").text)[0].fields["form_token"]
    assert visitor.post("/sign-out", data={"form_token": "x"}).status_code == 403
    assert visitor.post("/sign-out", data={"form_token": token}).url.path == "/"
    visitor.cookies.set(cookie.name, cookie.value or "")
    assert visitor.get("/me", follow_redirects=False).status_code == 303, "the session is over in the books too"


def test_a_form_of_another_session_is_refused(site: Site, card: Callable[[], str]) -> None:
    app = app_of(site.district.installation)
    first, second = (TestClient(app, headers={"origin": "http://testserver"}) for _ in range(2))
    number = card()
    for visitor in (first, second):
        visitor.post("/sign-in/resident", data={"card_number": number, "pin": "314159"})
    stolen = form(second.get("/donate"), "/donate/confirm")
    assert first.post("/donate/confirm", data=stolen.fields | {"fund": "KIDS", "coins": "1"}).status_code == 403


def test_the_templates_are_in_the_package() -> None:
    import ledger_service.web

    static = Path(ledger_service.web.__file__).parent / "static"
    assert {"boram.css", "fonts.css", "icon.svg"} <= {file.name for file in static.iterdir()}
    assert sum(file.stat().st_size for file in static.glob("*.woff2")) < 600_000


def test_the_step_before_sent_again_shows_what_was_taken_and_another_amount_is_a_new_charge(
    site: Site, resident: str
) -> None:
    counter, desk = site.visitor("counter"), site.district.desk("SENIOR")
    first = form(counter.get(f"/desk/{desk}"), "/charge/confirm")
    typed = {"member_number": member_number(site, resident), "coins": "12"}
    charged = send(counter, form(send(counter, first, **typed), "/charge"))
    again = send(counter, first, **typed)
    assert again.url.path == charged.url.path
    assert "두 번 받지 않았습니다" in again.text
    other = send(counter, first, **typed | {"coins": "5"})
    assert "두 번" not in other.text
    assert send(counter, form(other, "/charge")).url.path != charged.url.path
    anew = form(counter.get(f"/desk/{desk}"), "/charge/confirm")  # the next guest, who pays as much
    assert send(counter, form(send(counter, anew, **typed), "/charge")).url.path != charged.url.path
    assert available(site, resident) == COINS_EACH - 12 - 5 - 12


def test_a_refund_and_a_gift_asked_for_again_are_shown_and_not_repeated(
    site: Site, own_resident: tuple[str, httpx.Client]
) -> None:
    person, mine = own_resident
    counter, desk = site.visitor("counter"), site.district.desk("SENIOR")
    first = form(counter.get(f"/desk/{desk}"), "/charge/confirm")
    asked = send(counter, first, member_number=member_number(site, person), coins="12")
    back = form(send(counter, form(asked, "/charge")), "/refund/confirm")
    send(counter, form(send(counter, back, coins="4", reason="counter"), "/refund"))
    assert "두 번 환불하지 않았습니다" in send(counter, back, coins="4", reason="counter").text
    gift = form(mine.get("/donate"), "/donate/confirm")
    given = send(mine, form(send(mine, gift, fund="WINTER", coins="3"), "/donate"))
    repeated = send(mine, gift, fund="WINTER", coins="3")
    assert (repeated.url.path, "두 번 기부하지 않았습니다" in repeated.text) == (given.url.path, True)
    assert available(site, person) == COINS_EACH - 12 - 3, "what comes back is spendable here only, until it is final"
