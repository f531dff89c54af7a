"""Each person's whole flow, once: what they press and type, with a stop at every page and state on the way.

A walk knows pages only by what a person sees: labels, buttons, links. How it presses (a mouse, or the keyboard alone) is the hand's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import pyotp
from playwright.sync_api import Locator, Page

from ledger_service.services.sign_in import TOTP_SECONDS
from tests.api.conftest import act, members, month

TABS_MAX = 150
_numbers = itertools.count(1)
_newcomers = itertools.count(300)  # places in the members' file that no other test takes


class Hand(Protocol):
    """How somebody works a page."""

    def press(self, what: Locator) -> None:
        """Press what opens another page."""

    def press_here(self, what: Locator) -> None:
        """Press what changes this page."""

    def fill(self, what: Locator, text: str) -> None: ...

    def slide(self, what: Locator, start: int, to: int) -> None: ...


class Mouse:
    """Presses and types as everybody does."""

    def press_here(self, what: Locator) -> None:
        what.click()

    def press(self, what: Locator) -> None:
        if what.evaluate("one => one.tagName") == "SUMMARY":
            self.press_here(what)
            return
        # A click does not wait for the answer, and the page before may read like the one after.
        with what.page.expect_navigation():
            what.click()

    def fill(self, what: Locator, text: str) -> None:
        what.fill(text)

    def slide(self, what: Locator, start: int, to: int) -> None:
        assert what.input_value() == str(start)
        box = what.bounding_box()
        assert box is not None
        most = int(what.get_attribute("max") or 0)
        thumb = what.evaluate("one => 4 * parseFloat(getComputedStyle(document.documentElement).fontSize)")
        what.click(position={"x": thumb / 2 + (box["width"] - thumb) * to / most, "y": box["height"] / 2})
        assert what.input_value() == str(to)


class Keys:
    """Tab, Enter, Space and letters; nothing else."""

    def press_here(self, what: Locator) -> None:
        self._reach(what)
        what.page.keyboard.press("Enter")

    def press(self, what: Locator) -> None:
        self._reach(what)
        if what.evaluate("one => one.tagName") == "SUMMARY":
            self.press_here(what)
            return
        with what.page.expect_navigation():
            what.page.keyboard.press("Enter")

    def fill(self, what: Locator, text: str) -> None:
        self._reach(what)
        kind = what.get_attribute("type")
        if kind in ("date", "time"):
            what.fill(text)  # its parts are spinners of the browser's own
            return
        what.page.keyboard.press("Control+A")
        what.page.keyboard.press("Delete")
        what.page.keyboard.type(text)

    def slide(self, what: Locator, start: int, to: int) -> None:
        self._reach(what)
        for _ in range(abs(to - start)):
            what.page.keyboard.press("ArrowRight" if to > start else "ArrowLeft")
        assert what.input_value() == str(to)

    def _reach(self, what: Locator) -> None:
        for _ in range(TABS_MAX):
            if what.evaluate("one => one === document.activeElement"):
                return
            what.page.keyboard.press("Tab")
        raise AssertionError(f"{what} is not reached with the keyboard")


@dataclass
class Walk:
    """One browser page, where it goes and what happens at its stops."""

    page: Page
    site: Any
    hand: Hand
    stop: Callable[[str], None]

    def open(self, path: str) -> None:
        self.page.goto(self.site.address + path)

    def be(self, name: str | None) -> None:
        """Become somebody: the cookie of a session."""
        self.page.context.clear_cookies(name="somebody")
        if name is not None:
            self.page.context.add_cookies([{"name": "somebody", "value": name, "url": self.site.address}])

    def button(self, name: str) -> None:
        self.hand.press(self.page.get_by_role("main").get_by_role("button", name=name).first)

    def link(self, name: str) -> None:
        self.hand.press(self.page.get_by_role("main").get_by_role("link", name=name).first)

    def fill(self, label: str, text: str) -> None:
        self.hand.fill(self.page.get_by_label(label, exact=True), text)

    def choose(self, value: str) -> None:
        """Choose a project to give to."""
        self.page.locator(f"input[name=fund][value={value}]").check()

    def slide(self, label: str, to: int, *, of: int) -> None:
        """Move a slider that stands at `of`."""
        self.hand.slide(self.page.get_by_label(label, exact=True), of, to)

    def sees(self, text: str) -> None:
        assert text in self.page.inner_text("body"), f"{text!r} is not on {self.page.url}"

    def resident(self) -> tuple[str, str]:
        """Somebody with 40 coins whom no other walk knows: the name they are signed in by, and their member number."""
        district = self.site.district
        person = next(district.residents)
        number = district.caller("office").get(f"/residents/{person}").json()["member_number"]
        name = f"resident-{next(_numbers)}"
        district.add(name, ["resident"], person_id=person)
        return name, number


def everybody(walk: Walk) -> None:
    """What anybody may see."""
    walk.be(None)
    for path, name in (
        ("/", "home"), ("/impact", "impact"), ("/rates", "rates"), ("/places", "places"), ("/courses", "courses"),
        ("/verify", "verify"), ("/verify/1/1", "batch"), ("/sign-in", "sign-in"), ("/sign-in?staff=1", "sign-in-staff"),
        ("/proof", "proof"), ("/offline", "offline"), ("/nothing", "404"),
    ):  # fmt: skip
        walk.open(path)
        walk.stop(f"public-{name}")


def resident(walk: Walk) -> None:
    """Look at the balance, sign up for a course and cancel it, give, and keep the receipt."""
    name, _ = walk.resident()
    walk.be(name)
    walk.open("/me")
    walk.sees("40코인 (4,000원)")
    walk.stop("resident-balance")
    walk.link("강좌에 쓰기")
    walk.stop("resident-courses")
    walk.link("아침 요가 신청")
    walk.fill("사용할 코인", "15")
    walk.stop("resident-sign-up")
    walk.button("다음")
    walk.sees("10코인 단위로 받습니다")
    walk.stop("resident-sign-up-refused")
    walk.fill("사용할 코인", "２０")  # full-width digits, as a Korean keyboard may give them
    walk.button("다음")
    walk.sees("20코인 (2,000원)")
    walk.stop("resident-sign-up-confirm")
    walk.button("신청하기")
    walk.sees("신청했습니다.")
    walk.stop("resident-sign-up-done")
    walk.open("/me")
    walk.sees("20코인 (2,000원)")
    walk.stop("resident-balance-waiting")
    walk.open("/me/sign-ups")
    walk.stop("resident-sign-ups")
    walk.link("아침 요가")
    walk.link("신청 취소")
    walk.stop("resident-cancel")
    walk.button("취소하기")
    walk.sees("취소됨")
    walk.stop("resident-cancelled")
    walk.open("/donate")
    walk.choose("WINTER")
    walk.fill("또는 숫자로 적기", "500")
    walk.stop("resident-donate")
    walk.button("다음")
    walk.sees("쓸 수 있는 코인은 40코인입니다")
    walk.stop("resident-donate-refused")
    walk.fill("또는 숫자로 적기", "")
    walk.button("다음")
    walk.sees("숫자로 적어 주세요")  # a slider that was left alone gives nothing
    walk.button("10코인 (1,000원)")
    walk.sees("10코인 (1,000원)")
    walk.link("고치기")
    walk.slide("막대로 고르기", 5, of=10)
    walk.stop("resident-donate-slid")
    walk.button("다음")
    walk.sees("5코인 (500원)")
    walk.stop("resident-donate-confirm")
    walk.button("기부하기")
    walk.sees("기부했습니다.")
    walk.stop("resident-receipt")
    walk.link("모든 내역 보기")
    walk.stop("resident-lines")
    walk.open("/me/security")
    walk.stop("resident-security")
    walk.open("/me")
    walk.button("창구에서 쓸 QR 보기")
    walk.stop("resident-payment")
    walk.open("/office")
    walk.sees("이 화면은 볼 수 없습니다")
    walk.stop("resident-403")


def newcomer(walk: Walk) -> None:
    """A resident with nothing yet."""
    member = members()[next(_newcomers)]
    name = f"resident-{next(_numbers)}"
    walk.site.district.add(name, ["resident"], person_id=walk.site.district.person(member["회원번호"]))
    walk.be(name)
    for path in ("/me", "/me/lines", "/me/sign-ups"):
        walk.open(path)
        walk.stop(f"newcomer{path.replace('/', '-')}")


def centre(walk: Walk) -> None:
    """A clerk enters an act, looks at a file, submits it, withdraws it; an approver decides."""
    fresh = members()[next(_newcomers)]
    walk.be("clerk")
    walk.open("/centre")
    walk.stop("centre-home")
    walk.link("활동 한 건 입력")
    walk.stop("centre-act")
    walk.fill("회원번호나 카드 번호", "S000000")
    walk.button("다음")
    walk.sees("해당 회원번호의 주민이 없습니다")
    walk.stop("centre-act-refused")
    walk.fill("회원번호나 카드 번호", fresh["회원번호"])
    walk.button("다음")
    walk.sees(f"{fresh['이름']} 님이 맞나요?")
    walk.fill("시작", "09:00")
    walk.fill("끝", "11:00")
    walk.stop("centre-act-confirm")
    walk.button("제출")
    walk.sees("제출했습니다.")
    walk.stop("centre-act-submitted")
    walk.button("제출 취소")
    walk.sees("제출 취소됨")
    walk.stop("centre-act-withdrawn")
    file = month(
        act(f"WALK-{next(_numbers)}", members()[next(_newcomers)]),
        act(f"WALK-{next(_numbers)}", members()[next(_newcomers)], hours="09:00,10:00"),
        act(f"WALK-{next(_numbers)}", fresh | {"생년월일": "1900-01-01"}),
        act(f"WALK-{next(_numbers)}", fresh, hours="18:00,10:00"),
    )
    walk.open("/centre/file")
    walk.stop("centre-file")
    walk.hand.press(walk.page.locator("summary").first)
    walk.stop("centre-file-columns")
    upload = {"name": "4월.csv", "mimeType": "text/csv", "buffer": file}
    walk.page.get_by_label("파일", exact=True).set_input_files(upload)
    if walk.page.evaluate("'htmx' in window"):
        walk.hand.press_here(walk.page.get_by_role("button", name="먼저 살펴보기"))
        walk.page.get_by_role("heading", name="살펴본 결과").wait_for()
    else:
        walk.button("먼저 살펴보기")
        walk.page.get_by_label("파일", exact=True).set_input_files(upload)
    walk.sees("생년월일이 명부와 다릅니다")
    walk.stop("centre-preview")
    walk.button("제출")
    walk.sees("제출했습니다.")
    walk.stop("centre-file-submitted")
    walk.be("approver")
    walk.open("/approvals")
    walk.stop("approver-queue")
    walk.hand.press(walk.page.get_by_role("main").get_by_role("link").filter(has_text="파일").last)
    walk.sees("하루 한도를 채움")
    walk.stop("approver-one")
    walk.button("45코인 승인")
    walk.sees("승인했습니다.")
    walk.stop("approver-approved")
    walk.open("/approvals?status=rejected")
    walk.stop("approver-empty")


def venue(walk: Walk) -> None:
    """A counter takes coins, gives some back, and confirms a sign-up."""
    name, number = walk.resident()
    walk.be("counter")
    walk.open("/desk")
    walk.stop("venue-choose")
    walk.link("구민체육센터")
    walk.stop("venue-charge")
    walk.fill("회원번호", number)
    walk.fill("받을 코인", "1,000")
    walk.button("다음")
    walk.sees("쓸 수 있는 코인은 40코인입니다")
    walk.stop("venue-charge-refused")
    walk.fill("받을 코인", "30")
    walk.button("다음")
    walk.sees("30코인 (3,000원)")
    walk.stop("venue-charge-confirm")
    walk.button("30코인 받기")
    walk.sees("완료되었습니다")
    walk.stop("venue-charged")
    walk.hand.press(walk.page.locator("summary"))
    walk.fill("환불할 코인", "10")
    walk.stop("venue-refund")
    walk.button("다음")
    walk.stop("venue-refund-confirm")
    walk.button("10코인 환불")
    walk.sees("환불했습니다.")
    walk.stop("venue-refunded")
    walk.link("영수증 인쇄")
    walk.stop("venue-receipt")
    walk.be(name)
    walk.open("/courses")
    walk.link("아쿠아로빅 신청")
    walk.fill("사용할 코인", "10")
    walk.button("다음")
    walk.button("신청하기")
    walk.be("counter")
    walk.open("/desk")
    walk.link("구민체육센터")
    walk.link("오늘 받은 것")
    walk.stop("venue-today")
    walk.link("수강 신청")
    walk.stop("venue-sign-ups")
    walk.hand.press(walk.page.get_by_role("rowheader").get_by_role("link").first)  # those to be paid come first
    walk.stop("venue-sign-up")
    walk.button("받았음, 수강 확정")
    walk.sees("수강이 확정되었습니다.")
    walk.stop("venue-sign-up-paid")


def office(walk: Walk) -> None:
    """The coin office looks at the ledger and decides a change that a colleague proposed."""
    code = f"WALK{next(_numbers)}"
    proposal = f"code,name,body\n{code},마을 도서관 책 나눔,사회복지공동모금회\n".encode()
    loaded = walk.site.district.caller("office-2").upload("/master/funds", proposal)
    assert loaded.status_code == 201, loaded.text
    walk.be("office")
    for path in ("/office", "/office/desks", "/approvals"):
        walk.open(path)
        walk.stop(f"office{path.removeprefix('/office').replace('/', '-')}")
    walk.hand.press(walk.page.get_by_role("main").get_by_role("link").filter(has_text="운영 변경").last)
    walk.sees("마을 도서관 책 나눔")
    walk.stop("office-proposal")
    walk.button("승인")
    walk.sees("승인했습니다.")
    walk.stop("office-proposal-approved")


def staff(walk: Walk) -> None:
    """The administrator invites somebody, who sets a password and a second factor."""
    name = f"invited-{next(_numbers)}"
    walk.site.district.add(name, ["auditor"])
    walk.be("admin")
    walk.open("/staff")
    walk.stop("staff")
    walk.link(name)
    walk.stop("staff-one")
    walk.button("초대하기")
    secret = walk.page.locator(".big-code").inner_text()
    walk.stop("staff-invited")
    walk.be(None)
    walk.open("/invitation")
    walk.fill("초대 번호", secret)
    walk.fill("새 비밀번호", "short")
    walk.stop("invitation")
    walk.fill("새 비밀번호", "a sentence that is long enough")
    walk.button("다음")
    walk.stop("invitation-second")
    factor = walk.page.locator(".big-code").inner_text()
    walk.fill("인증 앱의 숫자 6자리", pyotp.TOTP(factor, interval=TOTP_SECONDS).now())
    walk.button("마치기")
    walk.stop("invitation-done")


WALKS = {walk.__name__: walk for walk in (everybody, resident, newcomer, centre, venue, office, staff)}
