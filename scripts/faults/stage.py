"""Where a round happens: a district with its services, its chain and its database, made from nothing or copied."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from scripts.faults.launcher import ROOT, Launcher
from scripts.faults.model import COINS_AN_HOUR, Model, Slots
from scripts.faults.world import CENTRE, HEADER, World
from scripts.running import Client, clean_environment

BUSINESS_DATE = "2024-05-02"
SAMPLES, DEMO = ROOT / "tests" / "samples", ROOT / "scripts" / "demo_data"
MEMBERS = 48
FIRST_COINS_DAYS = range(1, 8)
FIRST_HOURS = 8
"""Eight hours on each of these days are every member's first coins, final before the load begins."""
LOAD_DAYS = (8, 30)
READY_SECONDS_MAX = 120
POLL_SECONDS = 0.03
"""More often would take the cores from what is waited for."""
WORN_HOURS = 4_000
WORN_OPERATIONS = 1_200
"""Of an embedded chain, which every start makes again from its books."""
TREASURY_CODE = "TREASURY"
VENUES = ("SENIOR", "YOUTH")


class StageBroken(RuntimeError):
    """A stage could not be made or brought back."""


class StageMissing(RuntimeError):
    """This system does not let us make such a stage; its rounds are left out, and the report says so."""


class Service:
    """One `boram up` on a home, started as often as it is killed."""

    def __init__(self, launcher: Launcher, home: Path, settings: dict[str, str], port: int | None = None) -> None:
        self.launcher, self.home, self.settings = launcher, home, settings
        self.port = port or free_port()
        self.log = home.parent / f"{home.name}.log"
        self.pid: int | None = None
        self.kills = 0
        self.last_code: int | None = None

    def start(self, **settings: str) -> None:
        """Start; `wait` says when it is ready."""
        (self.home / "runtime.json").unlink(missing_ok=True)
        environment = clean_environment(self.home, **(self.settings | settings))
        self.pid = self.launcher.start(["up", "--port", str(self.port)], environment, self.log)

    def wait(self, seconds: float = READY_SECONDS_MAX) -> None:
        """Until /readyz says so. Raises StageBroken where it ended or took too long."""
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if self.has_ended():
                raise StageBroken(f"boram up ended with {self.last_code}: see {self.log}")
            if time.monotonic() > deadline:
                raise StageBroken(f"not ready after {seconds} s: {self.readiness()}")
            time.sleep(POLL_SECONDS)

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        return self.readiness()[0] == 200

    def readiness(self) -> tuple[int, Any]:
        """What /readyz says; 0 where nothing answers."""
        return ask(self.port, "/readyz")

    def has_ended(self) -> bool:
        """Whether the process is gone."""
        if self.pid is None:
            return True
        self.last_code = self.launcher.code_of(self.pid)
        return self.last_code is not None

    def kill(self) -> None:
        """kill -9, and wait until it is gone. Not where it ended by itself: its number may be another process's by now."""
        assert self.pid is not None
        if not self.has_ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.reap()

    def reap(self) -> None:
        """Wait for the end of a process that is killed or kills itself."""
        assert self.pid is not None
        if self.launcher.wait(self.pid, 60) is None:
            raise StageBroken(f"process {self.pid} does not end")
        self.last_code = self.launcher.code_of(self.pid)
        self.pid = None
        self.kills += 1

    def stop(self) -> int:
        """As Ctrl-C does; its exit code."""
        if self.pid is None:
            return 0
        if not self.has_ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGINT)
        code = self.launcher.wait(self.pid, 60)
        if code is None:
            self.kill()
            return -int(signal.SIGKILL)
        self.pid = None
        return code

    def signal(self, number: int) -> None:
        """Send any other signal."""
        if not self.has_ended():
            assert self.pid is not None
            os.kill(self.pid, number)

    def runtime(self) -> dict[str, Any]:
        """What it says of itself."""
        found: dict[str, Any] = json.loads((self.home / "runtime.json").read_text())
        return found


@dataclass
class Stage:
    """What a round works on. `closers` end what it brought along, last first."""

    kind: str
    launcher: Launcher
    home: Path
    services: list[Service]
    model: Model
    world: World
    posters: list[Service] = field(default_factory=list)
    """Services that only carry the books to the chain and answer nobody."""
    chain: Any = None
    proxy: Any = None
    postgres: Any = None
    lied_to_until: int = 0
    """The block up to which its node gave false answers."""
    is_restored: bool = False
    """Whether its books came from a backup: what was not final by then is not the model's."""
    closers: list[Callable[[], None]] = field(default_factory=list)

    @property
    def is_worn(self) -> bool:
        """Whether it is no place for another round: its books are long, its hours nearly used up, or it was restored."""
        is_long = self.kind == "embedded" and self.model.operations > WORN_OPERATIONS
        return self.world.slots.next > WORN_HOURS or is_long or self.is_restored

    @property
    def service(self) -> Service:
        """The first service."""
        return self.services[0]

    def ports(self) -> list[int]:
        """Where the load may ask."""
        return [one.port for one in self.services if one.pid is not None]

    def rpc_url(self) -> str:
        """The chain itself, past every proxy."""
        return str(self.chain.url) if self.chain is not None else str(self.service.runtime()["rpc_url"])

    def close(self) -> None:
        """End everything; the home is left to whoever made it."""
        for service in (*self.services, *self.posters):
            if service.pid is not None:
                service.signal(signal.SIGCONT)
                service.kill()
        while self.closers:
            self.closers.pop()()


class Template:
    """A district on the embedded chain, made once and copied for each stage."""

    def __init__(self, launcher: Launcher, folder: Path) -> None:
        self._launcher = launcher
        self.home = folder / "template"
        self._known = folder / "template.json"
        self._model: Model | None = None
        self._world: dict[str, Any] = {}

    def make(self) -> None:
        """Found the district."""
        self.home.mkdir(parents=True)
        service = Service(self._launcher, self.home, SETTINGS)
        service.start()
        try:
            service.wait()
            self._model = Model()
            self._world = found_district(service, self._model)
        finally:
            service.stop()

    def stage(self, folder: Path, **settings: str) -> Stage:
        """A copy of it; the folder may be there."""
        assert self._model is not None
        home = folder / "home"
        shutil.copytree(self.home, home, dirs_exist_ok=True)
        model = copied(self._model)
        service = Service(self._launcher, home, SETTINGS | settings)
        return Stage("embedded", self._launcher, home, [service], model, world_of(self._world))

    def keys_into(self, home: Path) -> None:
        """The secrets of the template in a home without books."""
        home.mkdir(parents=True, mode=0o700)
        for name in ("keys", "secrets"):
            shutil.copytree(self.home / name, home / name)
        for desk_key in (home / "keys").glob("desk-*.json"):
            desk_key.unlink()


SETTINGS = {"environment": "test", "business_date": BUSINESS_DATE}


def copied(model: Model) -> Model:
    """A model that begins where another is."""
    new = Model()
    for member, account in model.accounts.items():
        mine = new.accounts[member]
        mine.credited, mine.spent, mine.refunded, mine.donated = (
            account.credited, account.spent, account.refunded, account.donated,
        )  # fmt: skip
    new.entries = dict(model.entries)
    new.counts, new.coins = model.counts.copy(), model.coins.copy()
    return new


def found_district(service: Service, model: Model) -> dict[str, Any]:
    """Load the master data, seal the setup, and credit every member's first coins; what the clients need to know."""
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=60) as http:
        admin = Client(http, (service.home / "tokens" / "admin").read_text().strip())

        def actor(name: str, *roles: str, desks: Sequence[str] = ()) -> Client:
            token = admin.post("/api/v1/actors", {"name": name, "roles": list(roles), "desks": list(desks)})["token"]
            (service.home / "tokens" / name).write_text(token)
            (service.home / "tokens" / name).chmod(0o600)
            return Client(http, token)

        office, second = actor("office", "office"), actor("second", "office")
        rows = _members()
        for kind, data in _master_files(rows):
            loaded = office._answer(office.try_upload(f"/api/v1/master/{kind}", data))
            if loaded["id"]:
                second.post(f"/api/v1/approvals/{loaded['id']}/approve")
        second.post(f"/api/v1/approvals/{office.post('/api/v1/orders/opening')['id']}/approve")
        venues = [row["code"] for row in csv.DictReader((DEMO / "venues.csv").open(encoding="utf-8"))]
        clerk = actor("clerk", "clerk", desks=[CENTRE])
        approver, _ = actor("approver", "approver", desks=[CENTRE]), actor("approver-two", "approver", desks=[CENTRE])
        counter = actor("counter", "venue", desks=venues)
        wait_until(lambda: office.get("/api/v1/status")["settled"], "the setup is on the chain")
        _first_coins(clerk, approver, rows, model)
        wait_until(lambda: office.get("/api/v1/status")["settled"], "the first coins are final")
        desks = {desk["code"]: desk["number"] for desk in office.get("/api/v1/desks")["desks"]}
        return {
            "tokens": {
                name: (service.home / "tokens" / name).read_text()
                for name in ("office", "clerk", "approver", "approver-two", "counter")
            },
            "people": {row["회원번호"]: counter.person(row["회원번호"]) for row in rows},
            "rows": {row["회원번호"]: (row["이름"], row["생년월일"]) for row in rows},
            "desks": desks,
            "courses": [course["id"] for course in counter.get("/api/v1/courses")["courses"]],
        }


def world_of(known: dict[str, Any]) -> World:
    """What the clients know, with hours that nobody has done yet."""
    return World(
        known["tokens"], known["people"], known["rows"], known["desks"], tuple(known["courses"]),
        known["desks"][CENTRE], Slots(list(known["rows"]), *LOAD_DAYS),
        tuple(known["desks"][code] for code in VENUES),
    )  # fmt: skip


def _members() -> list[dict[str, str]]:
    with (SAMPLES / "members.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))[:MEMBERS]


def _master_files(rows: list[dict[str, str]]) -> list[tuple[str, bytes]]:
    members = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)])
    limits = [f"{kind},{code},2024-05,9000000" for kind, code in _desks()]
    limits = ["limit,code,period,coins", "budget,,2024,90000000", "person,,2024,9000000", *limits]
    courses = ["code,venue,name,first_day,last_day,seats,price_krw"]
    courses += [f"C{n},BANPO1,강좌 {n},2024-05-07,2024-07-31,5000,{1000 if n % 2 else 20000}" for n in range(120)]
    return [
        ("members", members.encode()),
        ("centers", (SAMPLES / "centers.csv").read_bytes()),
        ("venues", (DEMO / "venues.csv").read_bytes()),
        ("programmes", (SAMPLES / "programmes.csv").read_bytes()),
        ("funds", (DEMO / "funds.csv").read_bytes()),
        ("values", (DEMO / "values.csv").read_bytes()),
        ("limits", "\n".join(limits).encode()),
        ("courses", "\n".join(courses).encode()),
    ]


def _desks() -> list[tuple[str, str]]:
    with (DEMO / "venues.csv").open(encoding="utf-8") as file:
        venues = [("venue", row["code"]) for row in csv.DictReader(file)]
    return [("centre", CENTRE), *venues, ("treasury", TREASURY_CODE)]


def _first_coins(clerk: Client, approver: Client, rows: list[dict[str, str]], model: Model) -> None:
    lines = [HEADER]
    for row in rows:
        for day in FIRST_COINS_DAYS:
            member = row["회원번호"]
            person = f"{member},{row['이름']},{row['생년월일']}"
            lines.append(f"A{member}-{day},{person},{CENTRE},VOL,2024-04-{day:02},09:00,17:00,,")
    members = [row["회원번호"] for row in rows for _ in FIRST_COINS_DAYS]
    submitted = clerk._answer(clerk.try_upload("/api/v1/imports", "\n".join(lines).encode()))
    done = approver.post(f"/api/v1/approvals/{submitted['id']}/approve")
    if done["entries"] != len(members):
        raise StageBroken(f"{done['entries']} of {len(members)} first days were accepted")
    model.credit(members, COINS_AN_HOUR * FIRST_HOURS, done["first_journal_no"], "the first coins")


def wait_until(holds: Callable[[], bool], what: str, seconds: float = READY_SECONDS_MAX) -> float:
    """Until something holds; the seconds it took. Raises StageBroken."""
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > seconds:
            raise StageBroken(f"not after {seconds} s: {what}")
        time.sleep(POLL_SECONDS)
    return time.monotonic() - begun


def free_port() -> int:
    """A port that nobody listens on, and that the system does not give to a client of ours meanwhile."""
    with _ports_lock:
        while True:
            port = next(_ports)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with contextlib.suppress(OSError):
                    probe.bind(("127.0.0.1", port))
                    return port


_ports_lock = threading.Lock()
_ports = iter(range(20_000 + os.getpid() * 7_919 % 11_000, 32_000))  # far from those of another run


def ask(port: int, path: str, token: str | None = None) -> tuple[int, Any]:
    """One GET on a connection of its own; status 0 where nothing answers."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"authorization": f"Bearer {token}"} if token else {})
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if content else None
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None
    finally:
        connection.close()
