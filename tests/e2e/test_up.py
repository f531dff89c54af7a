"""`boram up` as people use it: one credit to final, a clean stop, the same balance after it; commands find it while it runs."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from scripts.running import STOP_SECONDS_MAX, RunningBoram, boram, clean_environment, running
from tests.e2e.conftest import SETTINGS

FILE = """실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고
UP-1,S100000,하하린,1963-02-09,SVC,CLASS,2024-04-10,,,1,
"""
TOLD_SECONDS_MAX = 60


def command(home: Path, *arguments: str, code: int = 0) -> str:
    environment = clean_environment(home, **SETTINGS) | {"LANG": "C"}
    done = subprocess.run([boram(), *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def balance(service: RunningBoram) -> int:
    office = service.client("office")
    return int(office.get(f"/api/v1/residents/{office.person('S100000')}/balance")["available"])


def credit(service: RunningBoram) -> None:
    submitted = service.client("clerk").try_upload("/api/v1/imports", FILE.encode()).json()
    service.client("approver").post(f"/api/v1/approvals/{submitted['id']}/approve")
    service.wait_until_settled(service.client("office"))


def first_message(home: Path) -> dict[str, str]:
    """What the gateway is given first."""
    path, end = home / "messages.jsonl", time.monotonic() + TOLD_SECONDS_MAX
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < end, "nobody was told"
        time.sleep(0.1)
    return dict(json.loads(path.read_text().splitlines()[0]))


def test_a_credit_is_final_told_and_survives_a_clean_stop(home: Path) -> None:
    with running(home, **SETTINGS, sms_notices="true") as service:
        credit(service)
        credited = balance(service)
        assert credited > 0
        told = first_message(home)
        assert told["phone"] == "010-4439-2537"
        assert f"{credited}코인 적립, 남은 {credited}코인" in told["text"]
        service.http.close()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=STOP_SECONDS_MAX) == 0
        assert not (home / "runtime.json").exists()
        assert not Path(f"/proc/{service.runtime['chain_pid']}").exists()
    with running(home, **SETTINGS) as again:
        assert balance(again) == credited
        assert again.stop() == 0


def test_commands_find_the_service_and_a_second_one_is_refused(home: Path) -> None:
    with running(home, **SETTINGS) as service:
        assert stat.S_IMODE((home / "runtime.json").stat().st_mode) == 0o600
        refused = command(home, "up", "--port", "0", code=2)
        assert service.runtime["address"] in refused

        file = home.parent / "month.csv"
        file.write_text(FILE)
        assert "1 of 1 rows accepted" in command(home, "import", str(file), "--as", "clerk")
        waiting = json.loads(command(home, "approvals", "--as", "approver", "--json"))["approvals"]
        command(home, "approve", waiting[0]["id"], "--as", "approver")
        service.wait_until_settled(service.client("office"))
        found = json.loads(command(home, "balance", "--member", "S100000", "--as", "office", "--json"))
        assert found["available"] == balance(service)
        assert json.loads(command(home, "chain", "status", "--as", "office", "--json"))["settled"] is True
        assert json.loads(command(home, "doctor", "--json"))["holds"] is True
        assert "The ledger holds" in command(home, "verify")
        books = home.parent / "books.jsonl"
        command(home, "books", "export", str(books), "--reason", "a test", "--as", "office")
        assert '"type":"totals"' in books.read_text().splitlines()[-1]
        assert json.loads(command(home, "verify", "--books", str(books), "--json"))["findings"] == []


@pytest.mark.slow
def test_ctrl_c_while_starting_ends_cleanly_too(home: Path) -> None:
    environment = clean_environment(home, **SETTINGS)
    (home / "logs" / "chain.log").unlink()
    process = subprocess.Popen(
        [boram(), "up", "--port", "0"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while not (home / "logs" / "chain.log").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=STOP_SECONDS_MAX)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    with running(home, **SETTINGS) as again:
        assert balance(again) == 0


def test_a_port_that_is_taken_is_said_and_nothing_is_left(home: Path) -> None:
    with running(home, **SETTINGS) as service:
        port = service.runtime["address"].rpartition(":")[2]
        other = home.parent / "other"
        assert "--port" in command(other, "up", "--port", port, code=2)
        assert not (other / "runtime.json").exists()


def test_a_crash_below_python_says_where_it_was(home: Path) -> None:
    with running(home, **SETTINGS) as service:
        service.process.send_signal(signal.SIGSEGV)
        assert service.process.wait(timeout=STOP_SECONDS_MAX) == -signal.SIGSEGV
    said = (home / "service.log").read_text()
    assert "Fatal Python error: Segmentation fault" in said
    assert "commands/up.py" in said
