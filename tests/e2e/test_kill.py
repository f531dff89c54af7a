"""kill -9 at every named point and a restart end in the same balances: nothing lost, nothing twice."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger_service.domain.kill_points import KILL_POINTS
from scripts.running import Client, RunningBoram, boram, clean_environment, running, start
from tests.e2e.conftest import SETTINGS

QUICK = ("after_commit", "after_store", "before_mark")  # the sample of faults and make faults reach the others, too
HEADER = "실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고"
ROWS = (
    "K1,S100000,하하린,1963-02-09,SVC,CLASS,2024-04-10,,,1,",
    "K2,S100000,하하린,1963-02-09,SVC,VOL,2024-04-11,09:00,12:00,,",
    "K3,S100013,김하환,1992-10-25,YJSW,VOL,2024-04-11,09:00,12:00,,",
)
CREDITED = {"S100000": 16, "S100013": 15}


def attempt(client: Client, path: str, body: dict[str, Any] | None, key: str) -> dict[str, Any] | None:
    """The answer, or None where the service died under the request."""
    try:
        response = client.try_post(path, body, key=key)
    except httpx.TransportError:
        return None
    assert response.is_success, response.text
    return dict(response.json())


def submit(client: Client) -> dict[str, Any] | None:
    try:
        response = client.try_upload("/api/v1/imports", "\n".join([HEADER, *ROWS]).encode(), key="submit")
    except httpx.TransportError:
        return None
    assert response.is_success, response.text
    return dict(response.json())


def work(service: RunningBoram) -> bool:
    """The whole job, each request with a fixed key; False as soon as the service is gone. Sending it again finishes it."""
    clerk, approver, office, counter = (service.client(name) for name in ("clerk", "approver", "office", "counter"))
    submitted = submit(clerk)
    if submitted is None or attempt(approver, f"/api/v1/approvals/{submitted['id']}/approve", None, "approve") is None:
        return False
    try:
        service.wait_until_settled(office)
        person = counter.person("S100000")
        desk = next(one["number"] for one in office.get("/api/v1/desks")["desks"] if one["code"] == "SENIOR")
        body = {"person_id": person, "desk": desk, "coins": 6}
        if attempt(counter, "/api/v1/redemptions", body, "charge") is None:
            return False
        service.wait_until_settled(office)
    except (httpx.TransportError, RuntimeError):
        return False
    return True


def balances(service: RunningBoram) -> dict[str, int]:
    office = service.client("office")
    return {
        member: office.get(f"/api/v1/residents/{office.person(member)}/balance")["available"] for member in CREDITED
    }


def audit(service: RunningBoram, home: Path) -> tuple[int, Any]:
    done = subprocess.run(
        [boram(), "verify", "--rpc", service.runtime["rpc_url"], "--contract", service.runtime["contract"], "--json"],
        capture_output=True, text=True, env=clean_environment(home.parent / "nobody"), check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize(
    "point", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in KILL_POINTS]
)
def test_a_kill_at_a_named_point_loses_and_doubles_nothing(home: Path, point: str) -> None:
    service = start(home, **SETTINGS, kill_at=point)
    assert not work(service), f"{point} was never reached"
    assert service.process.wait(timeout=60) == -9
    service.http.close()

    with running(home, **SETTINGS) as again:
        assert work(again)
        assert balances(again) == {"S100000": CREDITED["S100000"] - 6, "S100013": CREDITED["S100013"]}
        totals = again.client("office").get("/api/v1/totals")
        assert (totals["credited"], totals["spent"], totals["final_outstanding"]) == (31, 6, 25)
        code, report = audit(again, home)
        assert code == 0, report["findings"]
