"""Two hundred at once who sign in or pay by card, at both doors: few slow hashes at a time, so that memory stays where it was."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from ledger_service.adapters.actors import add_actor
from ledger_service.domain.actors import Role
from tests.books import SqliteDistrict

pytestmark = pytest.mark.slow

SIGN_INS, CLIENTS, HASHES_AT_ONCE = 200, 100, 2
HASH_MIB, OWN_MIB = 64, 200


@pytest.fixture
def served(sqlite_district: SqliteDistrict, tmp_path: Path) -> Iterator[tuple[int, str, str]]:
    """Process id and address of a service with the slow hashes of production, and a venue's token."""
    with sqlite_district.copy("district", tmp_path) as books:
        _, token = add_actor(books.context, "system", "counter", [Role.VENUE], ["GYM"], None)
    files = [str(tmp_path / f"district-{part}.db") for part in ("books", "keys")]
    process = subprocess.Popen([sys.executable, "-m", "tests.access.serving", *files], stdout=subprocess.PIPE)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    yield process.pid, f"http://127.0.0.1:{port}", token
    process.terminate()
    process.stdout.close()
    assert process.wait(30) is not None


def peak_mib(pid: int) -> int:
    """The most memory that the process has had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024


def test_two_hundred_sign_ins_at_once_take_the_memory_of_two(served: tuple[int, str, str]) -> None:
    pid, url, token = served
    before = peak_mib(pid)

    def sign_in(place: int) -> tuple[int, str | None]:
        own = {"x-forwarded-for": f"203.0.113.{place}", "origin": url}
        name, password = f"nobody-{place}", "a wrong sentence"
        with httpx.Client(base_url=url, headers=own, timeout=120) as client:
            if place % 4 == 0:
                charge = {"desk": 3, "coins": 1, "card_number": f"7KQM-4XWD-P2RA-{place}", "pin": "000000"}
                key = {"authorization": f"Bearer {token}", "idempotency-key": f"one-{place}"}
                answer = client.post("/api/v1/redemptions", json=charge, headers=key)
            elif place % 2:
                answer = client.post("/sign-in/staff", data={"name": name, "password": password, "code": "000000"})
            else:
                body = {"name": name, "password": password, "code": "000000"}
                answer = client.post("/api/v1/sessions/staff", json=body)
        return answer.status_code, answer.headers.get("retry-after")

    def look(_place: int) -> int:
        return httpx.get(f"{url}/healthz", timeout=120).status_code

    with ThreadPoolExecutor(CLIENTS) as many, ThreadPoolExecutor(2) as others:
        tried = many.map(sign_in, range(SIGN_INS))
        looks = list(others.map(look, range(20)))
        answers = list(tried)
    counted = Counter(status for status, _ in answers)
    assert set(counted) <= {401, 503}
    assert counted[401] >= HASHES_AT_ONCE
    assert all(wait is not None for status, wait in answers if status == 503)
    assert looks == [200] * 20
    assert peak_mib(pid) - before < HASHES_AT_ONCE * HASH_MIB + OWN_MIB, counted
