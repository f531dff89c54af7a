"""What happens in the months: each act is given to the service and written into the reckoning. Acts are drawn from a fixed seed."""

from __future__ import annotations

import json
from datetime import date
from random import Random

from scripts.year.district import API, CENTRES, FUNDS, RESIDENTS, VENUES, YEAR, Year, console
from scripts.year.reckoning import VALUE_CHANGE, Charge, won_a_coin

RATE_HEAD = "code,name,unit,coins,per_units,effective_from,effective_to,daily_cap_units,min_age,measure,basis"
HEADER = "실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고"
LOTS_OF, OPENED_MONTHS, EXPIRY = date(2023, 12, 15), 12, date(2024, 12, 15)
SAVERS, OPENED = range(6), range(12)
WRONGED, GIVER, WISHER, FROZEN, PARTLY, CLOSED = 12, 13, 14, 15, 16, 20
GIVING_NUMBER, TAKING_NUMBER = 30, 31
WISH_FROM, MERGED_IN, ENDED_IN = 6, 8, 10
CONVERSION_MONTHS = 60
REFUNDS_FIRST, REFUNDS_LATER = (3, 7, 8, 9, 11, 12), (2, 5, 10)
DRAWN = Random(2024)  # noqa: S311  the same year each time


def day_of(month: int) -> date:
    """The day on which a month's acts are done."""
    return date(YEAR + (month - 1) // 12, (month - 1) % 12 + 1, 3)


def set_up(year: Year) -> None:
    """Two of the office load the district and its old balances; then setup ends."""
    service = year.service
    assert service is not None
    for name in ("kim", "lee"):
        service.add_actor(name, "office")
    members = [",".join(year.members[0]), *(",".join(row.values()) for row in year.members)]
    year.load("members", *members)
    year.load("centers", "code,name", *(f"{code},센터 {code}" for code in CENTRES))
    year.load("venues", "code,name,step_coins", *(f"{code},시설 {code},{step}" for code, step in VENUES.items()))
    year.load("funds", "code,name,body", *(f"{code},사업 {code},사회복지공동모금회" for code in FUNDS))
    year.load("programmes", RATE_HEAD, "VOL,자원봉사,minute,3,60,2022-01-01,,480,0,time,조례 제4조")
    year.load("values", "effective_from,krw", "2022-01-01,200")
    desks = [("centre", code) for code in CENTRES] + [("venue", code) for code in VENUES] + [("treasury", "TREASURY")]
    rows = [f"{kind},{code},{YEAR}-{month:02d},20000" for month in range(1, 13) for kind, code in desks]
    year.load("limits", "limit,code,period,coins", *rows, f"budget,,{YEAR},40000", f"person,,{YEAR},5000")
    for who in OPENED:
        year.reckoning.open(who, 20 + 5 * who, LOTS_OF, OPENED_MONTHS)
    lots = [f"{year.members[who]['회원번호']},{20 + 5 * who},{LOTS_OF},{OPENED_MONTHS}" for who in OPENED]
    year.load("balances", "회원번호,coins,lot_day,expiry_months", *lots)
    year.settled()
    opening = year.post("kim", "/orders/opening")
    year.command("approve", opening["id"], "--as", "lee", "--json")
    year.settled()
    service.add_actor("clerk", "clerk", desks=list(CENTRES))
    service.add_actor("approver", "approver", desks=list(CENTRES))
    for venue in VENUES:
        service.add_actor(venue.lower(), "venue", desks=[venue])
    console.print("set up; the ledger is open")


def live(year: Year, month: int) -> None:
    """A month's acts, in this order."""
    change(year, month)
    if month in REFUNDS_FIRST:
        refund(year, month)
    if month == VALUE_CHANGE.month:
        convert(year)
    earn(year, month)
    charge(year, month)
    give(year, month)
    if month in REFUNDS_LATER:
        refund(year, month)
    correct(year, month)
    end_accounts(year, month)
    year.settled()


def change(year: Year, month: int) -> None:
    """What the office changes with notice, and whom it freezes."""
    if month == 3:
        old = "VOL,자원봉사,minute,3,60,2022-01-01,2024-03-31,480,0,time,조례 제4조"
        new = "VOL,자원봉사,minute,5,60,2024-04-01,,480,0,time,조례 제4조(2024-02-20 개정)"
        year.load("programmes", RATE_HEAD, old, new)
    if month == 5:
        year.load("values", "effective_from,krw,choice,basis", "2024-07-01,100,convert,조례 제7조")
        year.load("programmes", RATE_HEAD, f"CONV,가치 전환,coin,1,1,{VALUE_CHANGE},,1000000,0,count,조례 제7조")
    if month == 8:
        year.load("limits", "limit,code,period,coins,effective_from", f"budget,,{YEAR},60000,2024-09-01")
    if month == WISH_FROM:
        year.command("wish", year.person(WISHER), "WARM", "--as", "kim", "--json")
    if month == 9:
        year.same("budget after the supplement", year.get("/budget")["appropriated"], 60_000)
        year.proposed("funds", "end", "WARM")
        year.command("wish", year.person(WISHER), "HOPE", "--as", "kim", "--json")
        named = year.command("gifts", "reassign", year.gifts[8], "HOPE", "--as", "kim", "--json")
        year.same("a gift of the cancelled project", named["fund"], "HOPE")
        year.command("gifts", "certificate", year.gifts[8], str(year.files / "certificate.pdf"), "--as", "kim")
        year.proposed("freeze", year.person(FROZEN), "--until", "2024-09-30", "--reason", "hours in doubt")
        year.settled()
        year.same("freezes", len(year.command("freezes", "--as", "kim", "--json")), 1)
    if month == 10:
        year.until("the freeze did not end", lambda: year.balance(FROZEN)["frozen_until"] is None)
        year.same("freezes", year.command("freezes", "--as", "kim", "--json"), [])


def earn(year: Year, month: int) -> None:
    """Hours on the second of the month, of three centres in one file, imported by a clerk and approved by another."""
    reckoning, worked = year.reckoning, date(YEAR, month, 2)
    drawn = {who: DRAWN.randint(1, 6) for who in range(RESIDENTS)}
    if month > ENDED_IN:
        drawn.pop(CLOSED)
    rows = {who: _row(year, month, who, worked, 9, hours) for who, hours in drawn.items()}
    if month > MERGED_IN:  # the old number earns for whom it stands for, at other hours
        rows[GIVING_NUMBER] = _row(year, month, GIVING_NUMBER, worked, 17, 1)
        drawn[GIVING_NUMBER] = 1
    if month == 9:
        refused = year.command(
            "import", str(year.written("month.csv", HEADER, *rows.values())), "--as", "clerk", code=1
        )
        year.same("a frozen account's row", "frozen" in refused, True)
        rows.pop(FROZEN)
        drawn.pop(FROZEN)
    issued = 0
    for who, hours in drawn.items():
        owner = TAKING_NUMBER if who == GIVING_NUMBER and month > MERGED_IN else who
        source = year.credits[month, who] = ("credit", month, who)
        issued += reckoning.earn(owner, hours, worked, source)
    assert year.service is not None
    submitted = year.service.client("clerk").upload(f"{API}/imports", year.written("month.csv", HEADER, *rows.values()))
    done = year.command("approve", submitted["id"], "--as", "approver", "--json")
    year.same(f"{month}: coins earned", done["coins"], issued)
    year.settled()
    owing = [who for who, purse in reckoning.purses.items() if purse.debt]
    reckoning.settle_debts()
    for who in owing:
        year.until("a debt was not set off", lambda who=who: year.balance(who)["debt"] == reckoning.purses[who].debt)
    if month >= WISH_FROM:
        given = sum(lot.coins for lot in reckoning.purses[WISHER].lots if lot.source == ("credit", month, WISHER))
        reckoning.give(WISHER, FUNDS[month >= 9], given, day_of(month))
        year.until(
            "a wish was not carried out",
            lambda: year.balance(WISHER)["available"] == reckoning.purses[WISHER].coins,
        )


def _row(year: Year, month: int, who: int, worked: date, start: int, hours: int) -> str:
    one = year.members[who]
    identity = f"{one['회원번호']},{one['이름']},{one['생년월일']}"
    centre = CENTRES[(who + month) % len(CENTRES)]
    return f"Y-{month}-{who},{identity},{centre},VOL,{worked},{start:02d}:00,{start + hours:02d}:00,,"


def charge(year: Year, month: int) -> None:
    """Counters take coins, each in its steps."""
    desks = {one["code"]: one["number"] for one in year.get("/desks")["desks"]}
    year.charges[month] = []
    for who in range(len(SAVERS), RESIDENTS):
        venue = list(VENUES)[(who + month) % len(VENUES)]
        step = VENUES[venue]
        coins = min(DRAWN.randint(1, 20), year.reckoning.purses[who].coins) // step * step
        if who == WRONGED:
            coins = year.reckoning.purses[who].coins // step * step
        if not coins or who == WISHER or (month == 8 and venue == "POOL"):
            continue
        body = {"person_id": year.person(who), "desk": desks[venue], "coins": coins}
        if who == FROZEN and month == 9:
            assert year.service is not None
            answer = year.service.client(venue.lower()).try_post(f"{API}/redemptions", body)
            year.same("a charge of a frozen account", answer.json()["code"], "account_frozen")
            continue
        done = year.post(venue.lower(), "/redemptions", body)
        year.charges[month].append(year.reckoning.charge(done["id"], who, venue, coins, day_of(month)))
        year.same(f"{month}: won of a charge", done["krw"], coins * won_a_coin(day_of(month)))
    year.settled()


def give(year: Year, month: int) -> None:
    """A resident gives by command; to the project that goes on."""
    fund = FUNDS[month >= 9]
    coins = min(5, year.reckoning.purses[GIVER].coins)
    if coins:
        made = year.command("gifts", "make", year.person(GIVER), fund, str(coins), "--as", "kim", "--json")
        year.gifts[month] = made["id"]
        year.reckoning.give(GIVER, fund, coins, day_of(month))
    year.settled()


def refund(year: Year, month: int) -> None:
    """Charges of the month before, which is closed. What is issued again depends on their sum at a venue, and not on their order."""
    before = year.charges.get(month - 1, [])
    chosen = [one for one in before if one.venue == "POOL"] if month == 8 else before[:: 2 if month == 12 else 6]
    for one in chosen:
        if one.who == CLOSED and month > ENDED_IN:
            assert year.service is not None
            answer = year.service.client(one.venue.lower()).try_post(f"{API}/redemptions/{one.id}/refund", {"coins": 1})
            year.same("a refund to a closed account", answer.json()["code"], "account_closed")
            continue
        _refund(year, month, one, one.left if month % 2 else (one.left + 1) // 2)
    year.settled()


def _refund(year: Year, month: int, one: Charge, coins: int) -> None:
    heir = TAKING_NUMBER if one.who == GIVING_NUMBER and month > MERGED_IN else one.who
    year.post(one.venue.lower(), f"/redemptions/{one.id}/refund", {"coins": coins})
    year.reckoning.refund(one, heir, coins, day_of(month))


def correct(year: Year, month: int) -> None:
    """A wrong credit that was spent becomes a debt; another is taken back in part."""
    for who, at, part in ((WRONGED, 2, None), (PARTLY, 5, 2)):
        if month != at:
            continue
        entries = year.get(f"/residents/{year.person(who)}/entries")["entries"]
        credits = [one for one in entries if one["kind"] == "credit"]
        number, coins = str(credits[1]["journal_no"]), credits[1]["coins"] if part is None else part
        words = ("correct", number, "--reason", "wrong hours", *(() if part is None else ("--coins", str(part))))
        done = year.proposed(*words)
        year.reckoning.take_back(who, coins, ("credit", month - 1, who))
        year.same("coins of a correction", done["coins"], coins)
        year.settled()
        year.same("the debt that it left", year.balance(who)["debt"], year.reckoning.purses[who].debt)


def convert(year: Year) -> None:
    """The coin is worth half: everybody gets as many again as were out."""
    held = {who: purse.coins - purse.debt for who, purse in year.reckoning.purses.items()}
    coins = year.reckoning.convert(held, CONVERSION_MONTHS)
    words = ("convert", "--value-from", str(VALUE_CHANGE), "--programme", "CONV", "--centre", "SVC")
    done = year.proposed(*words)
    year.same("coins of the conversion", done["coins"], coins)
    year.settled()
    again = year.command("convert", *words[1:5], "--preview", "--as", "kim", "--json")
    year.same("what is left to convert", (again["coins"], again["left"], again["over"]), (0, 0, 0))


def end_accounts(year: Year, month: int) -> None:
    """Two numbers of one person become one; somebody dies, and what is left goes to a project."""
    if month == MERGED_IN:
        done = year.proposed(
            "accounts", "merge", year.person(GIVING_NUMBER), year.person(TAKING_NUMBER), "--note", "registered twice"
        )
        year.same("coins of the merge", done["coins"], year.reckoning.merge(GIVING_NUMBER, TAKING_NUMBER))
    if month == ENDED_IN:
        done = year.proposed(
            "accounts",
            "close",
            year.person(CLOSED),
            "--reason",
            "died",
            "--fund",
            "HOPE",
            "--note",
            "notified by the family",
        )
        year.same("coins of the closure", done["coins"], year.reckoning.close_account(CLOSED, "HOPE", day_of(month)))
    year.settled()


def expect_notices(year: Year, day: date, kind: str) -> None:
    """Who is told on this day that coins expire, and how many; before anything else is done."""
    wanted = {
        year.person(who): purse.by_day()[EXPIRY.isoformat()]
        for who, purse in year.reckoning.purses.items()
        if purse.by_day().get(EXPIRY.isoformat())
    }

    def told() -> dict[str, int]:
        file = year.home / "outbox" / f"notices-{day.isoformat()}.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return {
            one["person_id"]: one["coins"]
            for one in lines
            if one["kind"] == kind and one["expires_on"] == EXPIRY.isoformat()
        }

    year.until(f"nobody was told on {day}", lambda: bool(told()) or not wanted)
    year.same(f"{day}: {kind}", told(), wanted)


def expire(year: Year, today: date) -> None:
    """What counted up to the fifteenth of December is over; one of the expiries was a mistake."""
    lost = year.reckoning.expire(EXPIRY)
    done = year.proposed("expire", "--to", str(EXPIRY))
    year.same("coins that expired", (done["coins"], done["entries"]), (sum(lost.values()), len(lost)))
    year.settled()
    who = min(lost)
    entries = year.get(f"/residents/{year.person(who)}/entries")["entries"]
    number = next(one["journal_no"] for one in entries if one["kind"] == "expire")
    year.proposed("correct", str(number), "--coins", "7", "--reason", "told too late")
    year.reckoning.undo_expiry(who, 7, today)
    year.settled()
