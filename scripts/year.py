"""A district's year over a real `boram up` whose business date moves on: two people of the office, two counters, six residents.

Opening balances, a rate that rises in April, a coin that is worth half from July, a supplementary budget in September, gifts and a standing wish,
refunds of closed months, and twelve closes. Every sum is compared with a recomputation in this file, which knows nothing of the ledger's code.
Exits 0 when all agree and the audit has no finding.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from scripts.running import Client, DidNotHappen, RunningBoram, boram, clean_environment, running  # noqa: E402

HOME = ROOT / "var" / "year"
FILES = HOME / "files"
SAMPLES = ROOT / "tests" / "samples"
API = "/api/v1"
YEAR = 2024
VENUES = ("GYM", "HALL")
WISHER, GIVER = 4, 5
WISH_FROM = 6
GIFT = 5
OPENINGS = {0: 120, 1: 30, GIVER: 50}
RATE_HEAD = "code,name,unit,coins,per_units,effective_from,effective_to,daily_cap_units,min_age,measure,basis"
HEADER = "실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고"
WAIT_SECONDS_MAX = 60

console = Console()


# The recomputation: what the year comes to, from its acts alone.


def rate_in(month: int) -> int:
    """Coins an hour."""
    return 3 if month < 4 else 5


def value_in(month: int) -> int:
    """Won a coin."""
    return 200 if month < 7 else 100


@dataclass
class Expected:
    """Won and coins as an accountant would add them up by hand."""

    balances: list[int] = field(default_factory=lambda: [OPENINGS.get(place, 0) for place in range(6)])
    issued: int = 0
    taken: int = 0
    refunded: int = 0
    given: int = 0
    burnt: int = 0
    reissued: int = 0
    here: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VENUES, 0))
    due: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*VENUES, "WARM"), 0))
    pool: int = 0
    paid: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*VENUES, "WARM"), 0))

    def earn(self, place: int, coins: int) -> None:
        self.balances[place] += coins
        self.issued += coins

    def charge(self, place: int, venue: str, coins: int, value: int) -> None:
        self.balances[place] -= coins
        self.here[venue] += coins
        self.due[venue] += coins * value
        self.taken += coins

    def refund(self, place: int, venue: str, coins: int, value: int) -> None:
        self.balances[place] += coins
        self.due[venue] -= coins * value
        self.refunded += coins
        from_here = min(coins, self.here[venue])
        self.here[venue] -= from_here
        self.reissued += coins - from_here

    def give(self, place: int, coins: int, value: int) -> None:
        self.balances[place] -= coins
        self.pool += coins
        self.due["WARM"] += coins * value
        self.given += coins

    def close(self) -> dict[str, tuple[int, int]]:
        """(coins, won) of who is paid now; a venue whose refunds outweigh its takings is carried over."""
        paid = {}
        for venue in VENUES:
            if self.due[venue] >= 0 and (self.due[venue] or self.here[venue]):
                paid[venue] = (self.here[venue], self.due[venue])
                self.burnt += self.here[venue]
                self.paid[venue] += self.due[venue]
                self.here[venue] = self.due[venue] = 0
        if self.pool:
            paid["WARM"] = (self.pool, self.due["WARM"])
            self.burnt += self.pool
            self.paid["WARM"] += self.due["WARM"]
            self.pool = self.due["WARM"] = 0
        return paid


# The year


@dataclass
class Year:
    """What the acts of the months need from one another."""

    members: list[dict[str, str]]
    expected: Expected = field(default_factory=Expected)
    charges: dict[tuple[int, int], tuple[str, str, int, int]] = field(default_factory=dict)
    """(month, place) → id, venue, coins, value."""
    mismatches: list[str] = field(default_factory=list)
    closes: int = 0

    def same(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            self.mismatches.append(f"{what}: {found}, not {wanted}")
            console.print(f"  [red]{what}: {found}, not {wanted}[/red]")


# Steps that other money rules add to a month: corrections of a wrong credit, the expiry run of December. Called after the month's acts.
MONTH_STEPS: dict[int, list[Callable[[RunningBoram, Year, int], None]]] = {}


def main() -> int:
    """Live through the year; 0 when every sum agrees."""
    if HOME.exists():
        shutil.rmtree(HOME)
    FILES.mkdir(parents=True)
    with (SAMPLES / "members.csv").open(encoding="utf-8-sig") as file:
        year = Year([row for row, _ in zip(csv.DictReader(file), range(6), strict=False)])
    begun = time.monotonic()
    for month in range(1, 14):
        day = date(YEAR + month // 13, 1 if month == 13 else month, 3)
        with running(HOME, environment="demo", business_date=day.isoformat(), alarm_year_issue_krw="1") as service:
            if month == 1:
                set_up(service, year)
            else:
                close_month(service, year, month - 1)
            if month <= 12:
                live(service, year, month)
                for step in MONTH_STEPS.get(month, []):
                    step(service, year, month)
            else:
                last_look(service, year)
    show(year, time.monotonic() - begun)
    return 1 if year.mismatches else 0


def set_up(service: RunningBoram, year: Year) -> None:
    """Two of the office load the district and its old balances; then setup ends."""
    service.add_actor("kim", "office")
    service.add_actor("lee", "office")
    members = [",".join(year.members[0]), *(",".join(row.values()) for row in year.members)]
    load(service, "members", *members)
    load(service, "centers", "code,name", "SVC,자원봉사센터")
    load(service, "venues", "code,name,step_coins", "GYM,구립 체육관,1", "HALL,자치회관,10")
    load(service, "funds", "code,name,body", "WARM,따뜻한 겨울나기,사회복지공동모금회")
    load(service, "programmes", RATE_HEAD, "VOL,자원봉사,minute,3,60,2022-01-01,,480,0,time,조례 제4조")
    load(service, "values", "effective_from,krw", "2022-01-01,200")
    months = [f"{YEAR}-{month:02d}" for month in range(1, 13)]
    rows = [f"{kind},{code},{month},5000" for month in months for kind, code in (
        ("centre", "SVC"), ("venue", "GYM"), ("venue", "HALL"), ("treasury", "TREASURY"),
    )]  # fmt: skip
    load(service, "limits", "limit,code,period,coins", *rows, f"budget,,{YEAR},2000", f"person,,{YEAR},500")
    lots = [f"{year.members[place]['회원번호']},{coins},2023-06-01,60" for place, coins in OPENINGS.items()]
    load(service, "balances", "회원번호,coins,lot_day,expiry_months", *lots)
    office, second = service.client("kim"), service.client("lee")
    service.wait_until_settled(office)
    opening = office.post(f"{API}/orders/opening")
    second.post(f"{API}/approvals/{opening['id']}/approve")
    service.wait_until_settled(office)
    service.add_actor("clerk", "clerk", desks=["SVC"])
    service.add_actor("approver", "approver", desks=["SVC"])
    for venue in VENUES:
        service.add_actor(venue.lower(), "venue", desks=[venue])
    console.print("set up; the ledger is open")


def live(service: RunningBoram, year: Year, month: int) -> None:
    """A month's acts: earn, spend, give, refund; and what the office changes."""
    expected, value = year.expected, value_in(month)
    office = service.client("kim")
    change(service, month)
    earn(service, year, month)
    service.wait_until_settled(office)
    if month >= WISH_FROM:
        wait_for_wish(service, year, month)
    desks = {one["code"]: one["number"] for one in office.get(f"{API}/desks")["desks"]}
    for place in range(6):
        if place == WISHER and month >= WISH_FROM:
            continue
        venue, coins = VENUES[place % 2], 10 + 10 * (month % 2)
        if month == 8 and venue == "HALL" and place > 1:
            continue
        body = {"person_id": person(service, year, place), "desk": desks[venue], "coins": coins}
        charged = service.client(venue.lower()).post(f"{API}/redemptions", body)
        year.charges[month, place] = (charged["id"], venue, coins, value)
        expected.charge(place, venue, coins, value)
        year.same(f"{month}: won of a charge", charged["krw"], coins * value)
    gift = {"person_id": person(service, year, GIVER), "fund": "WARM", "coins": GIFT}
    office.post(f"{API}/donations", gift)
    expected.give(GIVER, GIFT, value)
    service.wait_until_settled(office)
    refunds = {3: [0], 5: [0, 2], 8: [1, 3, 5], 11: [2]}.get(month, [])
    for place in refunds:  # of the month before, which is closed
        charge_id, venue, coins, then = year.charges[month - 1, place]
        service.client(venue.lower()).post(f"{API}/redemptions/{charge_id}/refund", {"coins": coins})
        expected.refund(place, venue, coins, then)
        service.wait_until_settled(office)
    for place in range(6):
        found = office.get(f"{API}/residents/{person(service, year, place)}/balance")
        year.same(f"{month}: balance of {place}", found["available"], expected.balances[place])
    console.print(f"{YEAR}-{month:02d}: lived, {len(refunds)} refunds of the month before")


def change(service: RunningBoram, month: int) -> None:
    """What the office changes with notice: the rate in March, the value in May, the budget and the wish as they come."""
    if month == 3:
        old = "VOL,자원봉사,minute,3,60,2022-01-01,2024-03-31,480,0,time,조례 제4조"
        load(
            service,
            "programmes",
            RATE_HEAD,
            old,
            "VOL,자원봉사,minute,5,60,2024-04-01,,480,0,time,조례 제4조(2024-02-20 개정)",
        )
    if month == 5:
        load(service, "values", "effective_from,krw,choice,basis", "2024-07-01,100,devalue,조례 제7조")
    if month == 8:
        load(service, "limits", "limit,code,period,coins,effective_from", f"budget,,{YEAR},4000,2024-09-01")


def earn(service: RunningBoram, year: Year, month: int) -> None:
    """Eight hours each on the second of the month, imported by a clerk and approved by another."""
    rows = []
    for place, one in enumerate(year.members):
        identity = f"{one['회원번호']},{one['이름']},{one['생년월일']}"
        rows.append(f"Y-{month}-{place},{identity},SVC,VOL,{YEAR}-{month:02d}-02,09:00,17:00,,")
        year.expected.earn(place, 8 * rate_in(month))
    if month == WISH_FROM:
        wish = {"fund": "WARM"}
        service.client("kim").post(f"{API}/residents/{person(service, year, WISHER)}/wish", wish)
    submitted = service.client("clerk").upload(f"{API}/imports", written("month.csv", HEADER, *rows))
    approved = service.client("approver").post(f"{API}/approvals/{submitted['id']}/approve")
    year.same(f"{month}: coins earned", approved["coins"], 6 * 8 * rate_in(month))


def wait_for_wish(service: RunningBoram, year: Year, month: int) -> None:
    """The standing wish gives the month's coins as soon as they are final."""
    coins = 8 * rate_in(month)
    year.expected.give(WISHER, coins, value_in(month))
    office, deadline = service.client("kim"), time.monotonic() + WAIT_SECONDS_MAX
    path = f"{API}/residents/{person(service, year, WISHER)}/balance"
    while office.get(path)["available"] != year.expected.balances[WISHER]:
        if time.monotonic() > deadline:
            raise DidNotHappen("the standing wish was not carried out")
        time.sleep(0.5)


def close_month(service: RunningBoram, year: Year, month: int) -> None:
    """Close by command: prepared, confirmed by each venue, approved, printed, paid; a closed month before stays as it was."""
    name = f"{YEAR}-{month:02d}"
    made = command("close", name, "--as", "kim", "--json")
    wanted = year.expected.close()
    year.same(f"{name}: closes", {one["code"]: (one["coins"], one["krw"]) for one in made["closes"]}, wanted)
    for one in made["closes"]:
        if one["code"] in VENUES:
            command("closes", "confirm", one["id"], "--as", one["code"].lower(), "--json")
        command("approve", one["id"], "--as", "lee", "--json")
    office = service.client("kim")
    service.wait_until_settled(office)
    paid = office.get(f"{API}/closes/payments/{name}")
    year.same(f"{name}: paid", sum(one["krw"] for one in paid["payments"]), sum(krw for _, krw in wanted.values()))
    year.same(f"{name}: waiting for the chain", paid["not_final"], 0)
    for one in made["closes"]:
        command("closes", "statement", one["id"], str(FILES / f"{name}-{one['code']}.pdf"), "--as", "kim")
    command("closes", "payments", name, str(FILES / f"{name}.csv"), "--as", "kim")
    year.same(f"{name}: check", command("check", "--as", "kim", "--json")["state"], "holds")
    year.closes += len(made["closes"])
    told = ", ".join(f"{code} {krw:,}" for code, (_, krw) in wanted.items())
    console.print(f"{name}: closed ({told} won)")


def last_look(service: RunningBoram, year: Year) -> None:
    """The year's sums, the meter, and the audit from the chain with the books beside it."""
    office, expected = service.client("kim"), year.expected
    totals = office.get(f"{API}/totals")
    for name, wanted in (
        ("credited", expected.issued),
        ("spent", expected.taken),
        ("refunded", expected.refunded),
        ("donated", expected.given),
    ):
        year.same(name, totals[name], wanted)
    by_month = [office.get(f"{API}/closes", month=f"{YEAR}-{month:02d}") for month in range(1, 13)]
    for code, wanted in expected.paid.items():
        year.same(
            f"paid to {code}", sum(one["krw"] for closes in by_month for one in closes if one["code"] == code), wanted
        )
    check = command("check", "--as", "kim", "--json")
    year.same("supply", check["supply"], sum(expected.balances) + sum(expected.here.values()) + expected.pool)
    for name, wanted in (
        ("opened", sum(OPENINGS.values())),
        ("reissued", expected.reissued),
        ("burnt", expected.burnt),
    ):
        year.same(name, check[name], wanted)
    command("books", "export", str(FILES / "books.jsonl"), "--as", "kim")
    runtime = service.runtime
    report = command(
        "verify", "--rpc", runtime["rpc_url"], "--contract", runtime["contract"], "--books", str(FILES / "books.jsonl"), "--json",
    )  # fmt: skip
    year.same("findings of the audit", report["findings"], [])


def load(service: RunningBoram, kind: str, *rows: str) -> None:
    """A master file by command; another person approves what is a proposal."""
    answer = command("load", kind, str(written(f"{kind}.csv", *rows)), "--as", "kim", "--json")
    if answer["id"]:
        service.client("lee").post(f"{API}/approvals/{answer['id']}/approve")


def person(service: RunningBoram, year: Year, place: int) -> str:
    """The id of one of the six."""
    return lookup(service.client("kim"), year.members[place]["회원번호"])


_known: dict[str, str] = {}


def lookup(client: Client, member: str) -> str:
    """A member's id, asked for once."""
    if member not in _known:
        _known[member] = client.person(member)
    return _known[member]


def written(name: str, *rows: str) -> Path:
    """A file with these lines."""
    file = FILES / name
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


def command(*words: str) -> Any:
    """A `boram` command that has to succeed; its JSON where it gives some."""
    done = subprocess.run([boram(), *words], capture_output=True, text=True, env=clean_environment(HOME), check=False)
    if done.returncode != 0:
        raise DidNotHappen(
            f"boram {' '.join(words)}: exit {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
        )
    return json.loads(done.stdout) if "--json" in words else None


def show(year: Year, seconds: float) -> None:
    """One table of the year."""
    expected = year.expected
    table = Table(title=f"{YEAR}: {year.closes} closes in {seconds:.0f} s")
    table.add_column("")
    table.add_column("", justify="right")
    for name in ("issued", "taken", "refunded", "given", "burnt", "reissued"):
        table.add_row(f"coins {name}", f"{getattr(expected, name):,}")
    for code, krw in expected.paid.items():
        table.add_row(f"won paid to {code}", f"{krw:,}")
    table.add_row("sums that differ", str(len(year.mismatches)))
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(main())
