"""What needs a month to end, or people who help each other: walked over a town hall whose date moves."""

from __future__ import annotations

from dataclasses import dataclass

from ledger_service.domain.actors import Actor, Role
from ledger_service.services import cards
from tests.browser.walks import Walk
from tests.web.month import PASSWORDS, Month

PIN = "314159"
COURSES = "code,venue,name,first_day,last_day,seats,price_krw"


@dataclass
class MonthWalk(Walk):
    """A walk over a hall's pages."""

    month: Month

    def resident(self, place: int = 0) -> tuple[str, str]:
        """A member of the sample with an account: the name they are signed in by, and their member number."""
        books, name = self.month.hall.books, f"resident-{place}"
        if name not in books.actors:
            made = Actor(
                books.context.new_id(), name, frozenset({Role.RESIDENT}), frozenset(), self.month.hall.person(place)
            )
            with books.journal.write() as unit:
                unit.actors.add(made, None, books.clock.now())
                unit.commit()
            books.actors[name] = made
        return name, self.month.hall.members[place]["회원번호"]

    def look(self, *paths: str) -> None:
        """Stop at each of these pages."""
        for path in paths:
            self.open(path)
            self.stop(path.strip("/").replace("/", "-").replace("?", "-"))


def set_up(month: Month) -> None:
    """Two months of a small district: credits, charges, a refund, gifts."""
    hall = month.hall
    hall.earn(list(range(12)), "2024-05-01")
    hall.settle()
    charge = hall.charge("GYM", 0, 30)
    for place in range(1, 7):
        hall.charge("GYM", place, 10 + place)
    hall.refund("GYM", charge, 10)
    hall.charge("HALL", 8, 20)
    hall.settle()


def office(walk: MonthWalk) -> None:
    """The coin office looks at everything, closes a month with a venue, corrects, expires and freezes."""
    hall = walk.month.hall
    hall.settle()
    hall.today("2024-06-03")
    walk.be("office")
    walk.look(
        "/office", "/office/dashboard", "/office/budget", "/office/desks", "/office/rates", "/office/findings",
        "/office/propose", "/account", "/office/objections", "/office/closes", "/office/closes?month=2024-06", "/approvals",
    )  # fmt: skip
    walk.open("/office/propose")
    walk.hand.press(walk.page.locator("summary", has_text="한도"))
    walk.stop("office-propose-columns")
    courses(walk)
    walk.open("/office/closes")
    walk.button("이달 정산 만들기")
    walk.sees("정산하지 않은 곳")
    walk.stop("office-closes-made")
    walk.link("gym")
    walk.sees("사용처가 확인하기를 기다립니다.")
    walk.stop("office-close-prepared")
    venue = f"/desk/{hall.venue('GYM')}/closes"
    walk.be("counter GYM")
    walk.look(venue)
    walk.link("2024년 5월")
    walk.stop("venue-close")
    walk.page.get_by_role("checkbox").check()
    walk.button("counter GYM 이름으로 확인")
    walk.sees("확인했습니다.")
    walk.stop("venue-close-confirmed")
    walk.be("second")
    walk.open("/approvals")
    walk.stop("approvals-close")
    walk.hand.press(walk.page.get_by_role("main").get_by_role("link").filter(has_text="월 정산").last)
    walk.stop("office-close-to-approve")
    walk.button("지급 승인")
    walk.sees("승인했습니다.")
    hall.settle()
    walk.look("/office/closes?month=2024-05")
    walk.sees("지급 파일 받기")
    walk.be("office")
    walk.look("/corrections")
    walk.fill("기록 번호", "1")
    walk.fill("코인", "99")
    walk.fill("까닭", "두 번 입력")
    walk.button("다음")
    walk.stop("correction-refused")
    walk.fill("코인", "35")
    walk.button("다음")
    walk.sees("앞으로 쌓이는 코인에서 갚습니다")
    walk.stop("correction-confirm")
    walk.button("정정 제안하기")
    walk.stop("correction-proposed")
    walk.be("second")
    walk.page.reload()
    walk.stop("correction-to-approve")
    walk.button("승인")
    walk.sees("승인했습니다.")
    walk.look("/corrections")
    hall.settle()
    walk.look("/office/freezes")
    walk.fill("회원번호", hall.members[9]["회원번호"])
    walk.page.get_by_label("정지하는 마지막 날", exact=True).fill("2024-07-01")
    walk.fill("까닭", "계정 두 개")
    walk.button("다음")
    walk.stop("freeze-confirm")
    walk.button("정지 제안하기")
    walk.stop("freeze-proposed")
    walk.be("office")
    walk.page.reload()
    walk.button("승인")
    walk.look("/office/freezes")
    walk.be(walk.resident(9)[0])
    walk.look("/me")
    walk.sees("계정 사용이 정지되어 있습니다")
    ends(walk)
    walk.be("office")
    walk.look("/office/expiry")
    walk.button("먼저 살펴보기")
    walk.stop("expiry-nothing")
    hall.today("2029-05-02")
    hall.settle()
    walk.open("/office/expiry")
    walk.page.get_by_label("이 날까지인 코인", exact=True).fill("2029-05-01")
    walk.button("먼저 살펴보기")
    walk.stop("expiry-preview")
    walk.button("소멸 제안하기")
    walk.sees("제안했습니다")
    walk.stop("expiry-proposed")
    walk.look("/office/expiry")


def courses(walk: MonthWalk) -> None:
    """The coin office loads courses, after a file with faults; a venue sees its own."""
    walk.look("/office/courses")
    for name, last, day in (("refused", "2024-05-01", "soon"), ("loaded", "2024-08-30", "2024-06-03")):
        file = f"{COURSES}\nSONG,GYM,노래 교실,{day},{last},20,15000\n".encode()
        upload = {"name": "courses.csv", "mimeType": "text/csv", "buffer": file}
        walk.page.get_by_label("파일", exact=True).set_input_files(upload)
        walk.button("올리기")
        walk.stop(f"office-courses-{name}")
    walk.sees("새 강좌 1개를 넣었습니다.")
    walk.be("counter GYM")
    walk.look(f"/desk/{walk.month.hall.venue('GYM')}/courses")
    walk.sees("노래 교실")
    walk.be("office")


def ends(walk: MonthWalk) -> None:
    """One account is closed, two are merged; both by two people."""
    members, page = walk.month.hall.members, walk.page
    walk.be("office")
    walk.look("/office/accounts")
    walk.fill("회원번호", "S000000")
    page.get_by_role("radio", name="구 밖으로 이사").check()
    walk.hand.fill(page.locator("#close-note"), "전출 확인")
    walk.button("다음")
    walk.sees("해당 회원번호의 주민이 없습니다")
    walk.stop("end-refused")
    walk.fill("회원번호", members[20]["회원번호"])
    walk.button("다음")
    walk.stop("end-confirm")
    walk.button("종료 제안하기")
    walk.stop("end-proposed")
    walk.be("second")
    page.reload()
    walk.stop("end-to-approve")
    walk.button("승인")
    walk.sees("승인했습니다.")
    walk.be("office")
    walk.open("/office/accounts")
    walk.fill("없어질 회원번호", members[21]["회원번호"])
    walk.fill("남을 회원번호", members[22]["회원번호"])
    walk.hand.fill(page.locator("#merge-note"), "같은 분")
    walk.hand.press(page.locator("form[action='/office/accounts/merge/confirm'] button"))
    walk.stop("merge-confirm")
    walk.button("합치기 제안하기")
    walk.sees("제안했습니다")
    walk.stop("merge-proposed")


def own(walk: MonthWalk) -> None:
    """A resident objects and is answered, names a helper, wishes, and sees who looked."""
    name, _ = walk.resident(10)
    friend, number = walk.resident(11)
    walk.be(name)
    walk.look("/me", "/me/wish", "/me/helpers", "/me/objections", "/donate")
    walk.open("/me/wish")
    walk.page.get_by_label("winter").check()
    walk.button("다음")
    walk.stop("wish-confirm")
    walk.button("자동 기부 하기")
    walk.sees("바꾸었습니다.")
    walk.stop("wish-set")
    walk.open("/me")
    walk.hand.press(walk.page.locator("a.line").first)
    walk.stop("receipt")
    walk.link("이 기록에 이의 내기")
    walk.fill("무엇이 어떻게 다른가요?", "두 시간이 아니라 네 시간 했습니다.")
    walk.stop("objection-about")
    walk.button("이의 내기")
    walk.stop("objection-filed")
    walk.be("office")
    walk.look("/office/objections")
    walk.hand.press(walk.page.locator("main a.line").first)
    walk.fill("주민에게 보일 답", "센터에 확인하고 바로잡겠습니다.")
    walk.stop("objection-one")
    walk.button("답하기")
    walk.sees("답했습니다.")
    walk.look("/office/objections?state=over")
    walk.be(name)
    walk.open("/me/objections")
    walk.sees("센터에 확인하고 바로잡겠습니다.")
    walk.stop("objection-answered")
    walk.open("/me/helpers")
    walk.fill("도우미의 회원번호", number)
    walk.fill("도우미의 이름", "다른 이름")
    walk.page.get_by_role("checkbox").check()
    walk.button("도우미로 정하기")
    walk.sees("다른 주민이 없습니다")
    walk.stop("helper-refused")
    walk.fill("도우미의 이름", walk.month.hall.members[11]["이름"])
    walk.button("도우미로 정하기")
    walk.sees("도우미를 정했습니다.")
    walk.stop("helper-named")
    walk.be(friend)
    walk.look("/me/helpers")
    walk.link("코인 보기")
    walk.stop("helping")
    walk.link("강좌 신청하기")
    walk.stop("helping-courses")
    walk.link("yoga")
    walk.stop("helping-sign-up")
    walk.be(name)
    walk.look("/me/looks")
    walk.be(None)
    walk.look("/proof/1", "/proof")
    walk.fill("QR에 담긴 글", "BORAM1:1")
    walk.button("확인하기")
    walk.stop("proof-refused")


def door(walk: MonthWalk) -> None:
    """A registrar gives a card; its holder comes and goes at a centre; a card pays at the counter."""
    books, hall = walk.month.hall.books, walk.month.hall
    walk.be("registrar")
    walk.look("/registrar")
    walk.fill("신분증의 이름", hall.members[2]["이름"])
    walk.page.get_by_label("신분증의 생년월일", exact=True).fill("1901-01-01")
    walk.button("이름과 생년월일로 찾기")
    walk.sees("모두 같은 주민이 없습니다")
    walk.stop("registrar-not-found")
    walk.page.get_by_label("신분증의 생년월일", exact=True).fill(hall.members[2]["생년월일"])
    walk.button("이름과 생년월일로 찾기")
    walk.stop("registrar-found")
    walk.button("끝자리")
    walk.sees(hall.members[2]["회원번호"])
    walk.open("/registrar")
    walk.page.locator("#found_number").fill(hall.members[2]["회원번호"])
    walk.button("찾기")
    walk.stop("registrar-one")
    walk.fill("새 비밀번호 숫자 6자리", "111111")
    walk.button("카드 만들기")
    walk.sees("추측하기 쉬운")
    walk.stop("registrar-weak")
    walk.fill("새 비밀번호 숫자 6자리", PIN)
    walk.button("카드 만들기")
    walk.stop("registrar-card")
    number = cards.issue_card(books.context, PASSWORDS, books.actors["registrar"], hall.person(2), PIN)
    walk.be("clerk")
    walk.look("/centre", "/kiosk", "/assist", "/centre/attendance")
    opens_door(walk)
    walk.stop("kiosk-door")
    walk.fill("카드를 읽혀 주세요", number)
    walk.button("확인")
    walk.sees("어서 오세요")
    walk.stop("kiosk-came")
    walk.open("/centre/attendance")
    walk.sees("직원 로그인")  # the device is nobody on every other page
    walk.be("clerk")
    walk.look("/centre/attendance", "/account")
    opens_door(walk)
    walk.fill("카드를 읽혀 주세요", "AAAA")
    walk.button("확인")
    walk.stop("kiosk-refused")
    books.clock.seconds += 5400
    walk.fill("카드를 읽혀 주세요", number)
    walk.button("확인")
    walk.stop("kiosk-went")
    walk.be("clerk")
    walk.look("/centre/attendance", "/corrections")
    walk.be("counter GYM")
    walk.open(f"/desk/{hall.venue('GYM')}")
    walk.fill("결제 번호나 카드 번호", number)
    walk.fill("받을 코인", "5")
    walk.button("다음")
    walk.stop("charge-card")
    walk.fill("비밀번호 숫자 6자리", "271828")
    walk.button("5코인 받기")
    walk.sees("입력하신 정보가 맞지 않습니다")
    walk.stop("charge-card-wrong")
    walk.fill("비밀번호 숫자 6자리", PIN)
    walk.button("5코인 받기")
    walk.sees("완료되었습니다")
    walk.stop("charge-card-done")


def opens_door(walk: MonthWalk) -> None:
    """The clerk presses the activity; from then on the device has this page alone."""
    walk.open("/kiosk")
    walk.hand.press(walk.page.get_by_role("main").get_by_role("button").first)


MONTH_WALKS = {walk.__name__: walk for walk in (door, own, office)}  # the office's ends in 2029
