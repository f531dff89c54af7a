"""The opening of a term: thousands of sign-ups at once for courses with fewer seats, over HTTP against the real process, posting on.

    scripts/bench_term.py               5,750 sign-ups for 364 courses, as in a district's busiest hour
    scripts/bench_term.py --signups 500 a look

Every sign-up is decided: a seat, or a clear no. Then the books are asked whether a seat was sold twice or a coin lost; exit 1 if so. The clients
share the machine with the service. docs/benchmarks.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import create_engine, text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.bench_charges import SETTINGS, on_sqlite, target_of  # noqa: E402
from scripts.running import RunningBoram  # noqa: E402

COURSES = 364
SIGN_UPS = 5_750
SEATS = 14  # 5,096 in all: some have to go away without
CLIENTS = 32
COINS = 10
PRICE_KRW = 20_000
FIRST_DAY = date.fromisoformat(SETTINGS["business_date"]) + timedelta(days=7)

Wish = tuple[str, str]
"""A course and a person."""


def main() -> int:
    """Set up, sign up, check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--signups", type=int, default=SIGN_UPS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="boram-term-") as name, on_sqlite(Path(name)) as service:
        courses = load_courses(service)
        people = target_of(service).people.read_text().split()
        wishes = random.Random(0).sample(  # noqa: S311 - the same wishes in every run
            [(course, person) for course in courses for person in people], given.signups
        )
        begun = time.monotonic()
        took, outcomes = sign_up(service, wishes)
        seconds = time.monotonic() - begun
        service.wait_until_settled(service.client("office-kim"))
        wrong = what_is_wrong(service, outcomes)
    took.sort()
    print(
        f"{len(wishes):,} sign-ups for {len(courses)} courses of {SEATS} seats, {CLIENTS} clients: all decided in {seconds:.1f} s (to reach: 15)"
    )
    print(
        f"{len(wishes) / seconds:.0f} a second, p50 {took[len(took) // 2] * 1000:.0f} ms, p99 {took[len(took) * 99 // 100] * 1000:.0f} ms"
    )
    print(", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.most_common()))
    print("\n".join(wrong) or "no seat was sold twice, and the coins held are those of the sign-ups")
    return 1 if wrong else 0


def load_courses(service: RunningBoram) -> list[str]:
    """The term's courses; their ids."""
    rows = [
        f"T{number:03},SENIOR,course {number},{FIRST_DAY},{FIRST_DAY + timedelta(days=80)},{SEATS},{PRICE_KRW}"
        for number in range(COURSES)
    ]
    office = service.client("office-kim")
    sent = office.try_upload(
        "/api/v1/master/courses", "\n".join(["code,venue,name,first_day,last_day,seats,price_krw", *rows]).encode()
    )
    assert sent.is_success, sent.text
    found: list[str] = []
    after = ""
    while after is not None:
        page = office.get("/api/v1/courses", after=after)
        found += [one["id"] for one in page["courses"] if one["code"].startswith("T")]
        after = page["next_after"]
    return found


def sign_up(service: RunningBoram, wishes: list[Wish]) -> tuple[list[float], Counter[str]]:
    """All of them, over connections that stay open; seconds each, and what became of them."""
    took: list[float] = []
    outcomes: Counter[str] = Counter()
    token, base = service.client("counter").token, service.http.base_url

    def one_client(mine: list[Wish]) -> None:
        with closing(http.client.HTTPConnection(base.host, base.port or 80)) as connection:
            for course, person in mine:
                body = json.dumps({"course_id": course, "person_id": person, "coins": COINS})
                headers = {
                    "authorization": f"Bearer {token}",
                    "idempotency-key": str(uuid4()),
                    "content-type": "application/json",
                }
                begun = time.monotonic()
                connection.request("POST", "/api/v1/enrolments", body, headers)
                answer = connection.getresponse()
                told: dict[str, Any] = json.loads(answer.read())
                took.append(time.monotonic() - begun)
                outcomes["signed up" if answer.status == 201 else str(told.get("code", answer.status))] += 1

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(one_client, [wishes[at::CLIENTS] for at in range(CLIENTS)]))
    return took, outcomes


def what_is_wrong(service: RunningBoram, outcomes: Counter[str]) -> list[str]:
    """Whatever the books say that the answers do not."""
    engine = create_engine(f"sqlite:///{service.home / 'books.db'}")
    with engine.connect() as books:

        def number(query: str) -> int:
            return int(books.execute(text(query)).scalar_one() or 0)

        signed_up = number("SELECT count(*) FROM enrolments WHERE state = 'held'")
        found = {
            "courses with more sign-ups than seats": number(
                "SELECT count(*) FROM courses WHERE seats_taken > seats OR seats_taken <> "
                "(SELECT count(*) FROM enrolments WHERE course_id = courses.id AND state IN ('held', 'enrolled'))"
            ),
            "sign-ups that were answered and are not there, or the other way round": abs(
                signed_up - outcomes["signed up"]
            ),
            "coins held that are no sign-up's": abs(number("SELECT sum(held) FROM accounts") - signed_up * COINS),
            "residents with more held than they have": number(
                "SELECT count(*) FROM accounts WHERE credited - debited < held"
            ),
        }
    engine.dispose()
    undecided = {
        name: count
        for name, count in outcomes.items()
        if name not in ("signed up", "course_full", "insufficient_coins")
    }
    return [f"{count} {what}" for what, count in {**found, **undecided}.items() if count]


if __name__ == "__main__":
    sys.exit(main())
