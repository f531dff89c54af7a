"""The whole main job on the sample month, over HTTP against a real `boram up`: earn, spend, give, refund, verify.

Prints one table and exits 0 when every total is the golden one (scripts/demo_data/golden.json) and the audit has no finding.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from ledger_service.chain.rpc import Rpc  # noqa: E402
from scripts.running import Client, DidNotHappen, RunningBoram, boram, clean_environment, running  # noqa: E402

HOME = ROOT / "var" / "demo"
DATA = ROOT / "scripts" / "demo_data"
SAMPLES = ROOT / "tests" / "samples"
BUSINESS_DATE = "2024-05-02"
MASTER_FILES = (
    ("members", SAMPLES / "members.csv"),
    ("centers", SAMPLES / "centers.csv"),
    ("venues", DATA / "venues.csv"),
    ("programmes", SAMPLES / "programmes.csv"),
    ("funds", DATA / "funds.csv"),
    ("values", DATA / "values.csv"),
    ("limits", DATA / "limits.csv"),
    ("courses", DATA / "courses.csv"),
)

console = Console()


@dataclass
class Story:
    """What the demo has seen, for the table at the end."""

    outcomes: dict[str, int] = field(default_factory=dict)
    totals: dict[str, Any] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    batches: int = 0
    gas: int = 0
    findings: list[Any] = field(default_factory=list)

    def golden(self) -> dict[str, Any]:
        """The part that is the same in every run."""
        totals = {name: self.totals[name] for name in ("credited", "spent", "refunded", "donated", "outstanding")}
        return {
            "outcomes": self.outcomes,
            "totals": totals,
            "acts": dict(sorted(self.counts.items())),
            "findings": len(self.findings),
        }


def main() -> int:
    """Run the demo; 0 when all is as it should be."""
    if HOME.exists():
        shutil.rmtree(HOME)
    story, begun = Story(), time.monotonic()
    with running(HOME, environment="demo", business_date=BUSINESS_DATE) as service:
        say("boram up", f"{service.http.base_url} (API page: /docs), chain and database in {HOME.relative_to(ROOT)}")
        with timed(story, "set up"):
            office, second = set_up(service)
        with timed(story, "credit the month"):
            credit_month(service, office, story)
        with timed(story, "spend, refund, give"):
            spend(service, office, story)
        story.totals = office.get("/api/v1/totals")
        story.batches, story.gas = on_chain(service, second)
        with timed(story, "verify"):
            story.findings = verify(service)
    story.seconds["all"] = time.monotonic() - begun
    show(story)
    return compare(story)


def set_up(service: RunningBoram) -> tuple[Client, Client]:
    """Two people of the coin office load the district: one proposes, the other approves; then setup is sealed."""
    office = service.add_actor("office-kim", "office")
    second = service.add_actor("office-lee", "office")
    for kind, file in MASTER_FILES:
        loaded = office.upload(f"/api/v1/master/{kind}", file)
        if loaded["id"]:
            second.post(f"/api/v1/approvals/{loaded['id']}/approve")
        amount = f"{loaded['added']} added" if loaded["id"] is None else f"{loaded['steps']} proposed and approved"
        say(f"load {kind}", amount)
    opening = office.post("/api/v1/orders/opening")
    second.post(f"/api/v1/approvals/{opening['id']}/approve")
    service.wait_until_settled(office)
    say("open", "every order is on the chain, setup is sealed")
    return office, second


def credit_month(service: RunningBoram, office: Client, story: Story) -> None:
    """A clerk uploads the month, another person approves, the chain makes it final."""
    centres = [row["code"] for row in csv.DictReader((SAMPLES / "centers.csv").open(encoding="utf-8-sig"))]
    clerk = service.add_actor("clerk-park", "clerk", "approver", desks=centres)
    approver = service.add_actor("approver-choi", "approver", desks=centres)
    file = SAMPLES / "activities-2024-04.csv"
    submitted = clerk.upload("/api/v1/imports", file)
    story.outcomes = submitted["outcomes"]
    say("import", f"{submitted['rows']} rows, {submitted['accepted_rows']} accepted, {submitted['coins']} coins wait")
    refused = clerk.try_post(f"/api/v1/approvals/{submitted['id']}/approve")
    say("approve it oneself", problem(refused))
    approved = approver.post(f"/api/v1/approvals/{submitted['id']}/approve")
    story.counts["credited_rows"] = approved["entries"]
    again = clerk.try_upload("/api/v1/imports", file.read_bytes())
    say("import it again", problem(again))
    service.wait_until_settled(office)
    say("credit", f"{approved['coins']} coins for {approved['entries']} rows are final on the chain")


def spend(service: RunningBoram, office: Client, story: Story) -> None:
    """Classes, counters, refunds, donations, as DATA/acts.csv lists them."""
    venues = [row["code"] for row in csv.DictReader((DATA / "venues.csv").open(encoding="utf-8"))]
    counter = service.add_actor("counter-jung", "venue", desks=venues)
    desks = {desk["code"]: desk["number"] for desk in office.get("/api/v1/desks")["desks"]}
    courses = {course["code"]: course["id"] for course in counter.get("/api/v1/courses")["courses"]}
    for act in csv.DictReader((DATA / "acts.csv").open(encoding="utf-8")):
        person, coins = counter.person(act["member"]), int(act["coins"])
        if act["act"] == "sign_up":
            sign_up(counter, courses[act["at"]], person, coins, act["then"], story)
        elif act["act"] == "charge":
            charge(counter, desks[act["at"]], person, coins, act["then"], story)
        else:
            counter.post("/api/v1/donations", {"person_id": person, "fund": act["at"], "coins": coins})
            story.counts["donations"] += 1
    service.wait_until_settled(office)
    listed = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in story.counts.items())
    say("spend", f"{listed}: all final")


def sign_up(counter: Client, course_id: str, person: str, coins: int, then: str, story: Story) -> None:
    """Take a seat with coins; the won rest is paid at the desk; one of them cancels before the start."""
    signed = counter.post("/api/v1/enrolments", {"course_id": course_id, "person_id": person, "coins": coins})
    story.counts["sign_ups"] += 1
    if signed["rest_krw"]:
        counter.post(f"/api/v1/enrolments/{signed['id']}/confirm")
    if then == "cancel":
        cancelled = counter.post(f"/api/v1/enrolments/{signed['id']}/cancel", {})
        story.counts["cancelled_sign_ups"] += 1
        say("cancel a class", f"{cancelled['refunded_coins']} coins and {cancelled['refunded_krw']:,} won come back")


def charge(counter: Client, desk: int, person: str, coins: int, then: str, story: Story) -> None:
    """Charge at a counter; some are refunded in part, and one asks for more than there is."""
    body = {"person_id": person, "desk": desk, "coins": coins}
    if then == "refused":
        say("charge too much", problem(counter.try_post("/api/v1/redemptions", body)))
        story.counts["refused_charges"] += 1
        return
    charged = counter.post("/api/v1/redemptions", body)
    story.counts["charges"] += 1
    if then:
        counter.post(f"/api/v1/redemptions/{charged['id']}/refund", {"coins": int(then)})
        story.counts["refunds"] += 1


def on_chain(service: RunningBoram, client: Client) -> tuple[int, int]:
    """How many batches were posted, and the gas of their transactions."""
    transactions, batches, after = set(), 0, None
    while True:
        page = client.get("/api/v1/batches", limit=200, **({"after": after} if after else {}))
        batches += len(page["batches"])
        transactions |= {batch["transaction_hash"] for batch in page["batches"]}
        after = page["next_after"]
        if after is None:
            break
    with closing(Rpc(service.runtime["rpc_url"])) as rpc:
        receipts = [rpc.call("eth_getTransactionReceipt", [one]) for one in sorted(transactions)]
    return batches, sum(int(receipt["gasUsed"], 16) for receipt in receipts)


def verify(service: RunningBoram) -> list[Any]:
    """The independent audit, from the chain alone, as an outsider runs it."""
    contract, rpc_url = service.runtime["contract"], service.runtime["rpc_url"]
    done = subprocess.run(
        [boram(), "verify", "--rpc", rpc_url, "--contract", contract, "--json"],
        capture_output=True, text=True, env=clean_environment(HOME / "nobody"), check=False,
    )  # fmt: skip
    if done.returncode not in (0, 1):
        raise DidNotHappen(f"boram verify could not run: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    say("verify", f"exit {done.returncode}, {len(report['findings'])} findings")
    return list(report["findings"])


def show(story: Story) -> None:
    """The summary table."""
    table = Table(title="Boram demo: April 2024 of a sample district", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for outcome, count in story.outcomes.items():
        table.add_row(f"rows {outcome}", f"{count:,}")
    table.add_section()
    for name in ("credited", "spent", "refunded", "donated", "outstanding"):
        table.add_row(f"coins {name}", f"{story.totals[name]:,}")
    table.add_section()
    table.add_row("credited rows", f"{story.counts['credited_rows']:,}")
    table.add_row("batches on the chain", f"{story.batches:,}")
    table.add_row("gas", f"{story.gas:,}")
    for name, seconds in story.seconds.items():
        table.add_row(f"seconds: {name}", f"{seconds:.1f}")
    table.add_row("findings of the audit", f"{len(story.findings)}")
    console.print(table)


def compare(story: Story) -> int:
    """0 when the totals are the golden ones; otherwise says what differs."""
    golden, found = json.loads((DATA / "golden.json").read_text()), story.golden()
    for name in golden.keys() | found.keys():
        if golden.get(name) != found.get(name):
            console.print(f"[red]{name} differs[/red]: expected {golden.get(name)}, found {found.get(name)}")
    if golden != found:
        return 1
    console.print(f"All totals are as expected. Look around: boram up --home {HOME.relative_to(ROOT)}")
    return 0


def problem(response: Any) -> str:
    """What a refused request was told."""
    answer = response.json()
    return f"refused ({response.status_code} {answer['code']}): {answer['detail_ko']}"


def say(what: str, how: str) -> None:
    """One line of progress."""
    console.print(f"[bold]{what:<20}[/bold] {how}", highlight=False, soft_wrap=True)


class timed:  # noqa: N801
    """Notes how long a part took."""

    def __init__(self, story: Story, name: str) -> None:
        self._story, self._name = story, name

    def __enter__(self) -> None:
        self._begun = time.monotonic()

    def __exit__(self, *_error: object) -> None:
        self._story.seconds[self._name] = time.monotonic() - self._begun


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DidNotHappen as error:
        console.print(f"[red]The demo stopped:[/red] {error}", highlight=False)
        sys.exit(2)
