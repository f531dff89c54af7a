"""After a round: acknowledged = recorded = on the chain = final, every balance is the model's, nothing is held, and the audit finds nothing."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from scripts.faults.model import CREDIT, DONATE, REDEEM, REFUND, Violation
from scripts.faults.stage import Stage, ask
from scripts.running import clean_environment

KINDS = {1: CREDIT, 2: REDEEM, 3: REFUND, 4: DONATE}
DRAIN_SECONDS_GIVEN_UP = 120
POLL_SECONDS = 0.05
AUDIT_SECONDS_MAX = 120
SAID_SECONDS_MAX = 5
SWEPT_SECONDS_MAX = 12
"""A hold whose time is over goes with the next of the service's rounds, one each five seconds; one that was forgotten lives for longer."""


class Books(Enum):
    """What may be gone from the books, or left over in them (docs/recovery.md)."""

    WHOLE = "nothing: they were never away, or came back from a backup of a quiet moment"
    RESTORED_AS_THEY_WERE_UNDER_LOAD = "holds and submissions of the moment of the backup are there again"


@dataclass(slots=True)
class Verdict:
    """What a round ended in. `drain_seconds`: from its last fault to everything being final."""

    violations: list[Violation] = field(default_factory=list)
    drain_seconds: float = 0.0
    is_final: bool = False
    holds_left: int = 0


def check(stage: Stage, drain_seconds_max: float, books: Books = Books.WHOLE, *, since: float | None = None) -> Verdict:
    """Wait until everything is final, and compare. `since`: the monotonic time when the last fault was over; now where there was none."""
    verdict = Verdict()
    found = _drain(stage, verdict, drain_seconds_max, time.monotonic() if since is None else since)
    if books is not Books.RESTORED_AS_THEY_WERE_UNDER_LOAD:
        _require_no_holds(stage, verdict, found)
    verdict.violations += stage.model.take_violations()
    if not verdict.is_final:
        return verdict
    export = _export(stage)
    lines = [json.loads(line) for line in export.read_text().splitlines()]
    verdict.violations += stage.model.compare(lines, KINDS)
    verdict.violations += _balances(stage, books)
    verdict.violations += _audit(stage, export)
    return verdict


def _drain(stage: Stage, verdict: Verdict, seconds_max: float, since: float) -> Any:
    """The status when everything was final, or nothing more was to be hoped for."""
    begun, token = time.monotonic(), stage.world.tokens["office"]
    found: Any = None
    while time.monotonic() - begun < DRAIN_SECONDS_GIVEN_UP:
        status, said = ask(stage.service.port, "/api/v1/status", token)
        found = said if status == 200 else found
        if status == 200 and found["settled"]:
            verdict.is_final = True
            break
        time.sleep(POLL_SECONDS)
    waited = verdict.drain_seconds = time.monotonic() - since
    deadline = time.monotonic() + SAID_SECONDS_MAX  # a pass says what it found at its end, after it was written
    while found and found["chain_state"] != "ready" and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        found = ask(stage.service.port, "/api/v1/status", token)[1] or found
    if waited > seconds_max:
        verdict.violations.append(Violation("drain", f"not final {waited:.1f} s after the last fault: {found}"))
    if found and found["chain_state"] != "ready":
        detail = f"{found['chain_state']} {found['chain_detail']}"
        verdict.violations.append(Violation("state", f"all is final, and the service says: {detail}"))
    return found


def _require_no_holds(stage: Stage, verdict: Verdict, found: Any) -> None:
    deadline = time.monotonic() + SWEPT_SECONDS_MAX
    while found and found["holds_open"] and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        found = ask(stage.service.port, "/api/v1/status", stage.world.tokens["office"])[1]
    if found and found["holds_open"]:
        verdict.holds_left = found["holds_open"]
        verdict.violations.append(Violation("held", f"{verdict.holds_left} holds are left over"))


def _export(stage: Stage) -> Path:
    """The books, as an auditor is given them."""
    file = stage.home.parent / "books.jsonl"
    connection = http.client.HTTPConnection("127.0.0.1", stage.service.port, timeout=AUDIT_SECONDS_MAX)
    connection.request("GET", "/api/v1/books", headers={
        "authorization": f"Bearer {stage.world.tokens['office']}", "access-reason": "fault harness",
    })  # fmt: skip

    file.write_bytes(connection.getresponse().read())
    connection.close()
    return file


def _balances(stage: Stage, books: Books) -> list[Violation]:
    found = []
    for member, person in stage.world.people.items():
        status, shown = ask(stage.service.port, f"/api/v1/residents/{person}/balance", stage.world.tokens["office"])
        if status != 200:
            found.append(Violation("error", f"the balance of {member} was answered {status}"))
            continue
        expected = stage.model.accounts[member].available
        coins = shown["available"] + (shown["held"] if books is Books.RESTORED_AS_THEY_WERE_UNDER_LOAD else 0)
        if coins != expected:
            found.append(Violation("balance", f"{member} has {coins} coins and not {expected}"))
        left = {name: shown[name] for name in ("held", "pending_credits", "pending_refunds", "waiting_credits")}
        if any(left.values()) and books is not Books.RESTORED_AS_THEY_WERE_UNDER_LOAD:
            found.append(Violation("held", f"{member}: {left}"))
    _, totals = ask(stage.service.port, "/api/v1/totals", stage.world.tokens["office"])
    names = {CREDIT: "credited", REDEEM: "spent", REFUND: "refunded", DONATE: "donated"}
    for kind, name in names.items():
        if totals[name] != stage.model.coins[kind]:
            found.append(Violation("balance", f"{totals[name]} coins are {name} and not {stage.model.coins[kind]}"))
    return found


def _audit(stage: Stage, export: Path) -> list[Violation]:
    """`boram verify` of the chain alone, held against the export."""
    out = stage.home.parent / "verify.json"
    out.unlink(missing_ok=True)
    contract = stage.service.runtime()["contract"]
    arguments = ["verify", "--rpc", stage.rpc_url(), "--contract", contract, "--books", str(export), "--json"]
    pid = stage.launcher.start(arguments, clean_environment(stage.home.parent / "nobody"), out)
    code = stage.launcher.wait(pid, AUDIT_SECONDS_MAX)
    if code == 0:
        return []
    said = out.read_text()
    try:
        findings = json.loads(said)["findings"]
    except (ValueError, KeyError):
        return [Violation("audit", f"boram verify ended with {code}: {said[-500:]}")]
    return [Violation("audit", f"boram verify ended with {code}: {one}") for one in findings[:5] or [""]]
