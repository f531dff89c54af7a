"""A real `boram up` as a child process, and a client that speaks HTTP to it. For the demo and the end-to-end tests."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

READY_SECONDS_MAX = 300
STOP_SECONDS_MAX = 120
SETTLED_SECONDS_MAX = 300
REQUEST_SECONDS_MAX = 60
POLL_SECONDS = 0.05


class DidNotHappen(RuntimeError):
    """Something that was waited for did not come in time."""


@dataclass(frozen=True)
class Client:
    """One actor's view of the API. Every POST gets an idempotency key of its own unless one is given."""

    http: httpx.Client
    token: str

    def get(self, path: str, **params: Any) -> Any:
        """A GET that has to succeed."""
        return self._answer(self.http.get(path, params=params, headers=self._headers()))

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Any:
        """A POST that has to succeed."""
        return self._answer(self.try_post(path, body, key=key))

    def try_post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> httpx.Response:
        """A POST whose answer may be a problem."""
        headers = self._headers() | {"idempotency-key": key or str(uuid4())}
        return self.http.post(path, json=body, headers=headers)

    def upload(self, path: str, file: Path, *, key: str | None = None, **form: str) -> Any:
        """Send a file; it has to be taken."""
        return self._answer(self.try_upload(path, file.read_bytes(), key=key, **form))

    def try_upload(self, path: str, data: bytes, *, key: str | None = None, **form: str) -> httpx.Response:
        """Send a file; the answer may be a problem."""
        headers = self._headers() | {"idempotency-key": key or str(uuid4())}
        return self.http.post(path, files={"file": ("upload", data)}, data=form, headers=headers)

    def person(self, member_number: str) -> str:
        """The id of a member."""
        return str(self.post("/api/v1/residents/lookup", {"member_number": member_number})["person_id"])

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def _answer(self, response: httpx.Response) -> Any:
        if response.is_error:
            raise DidNotHappen(
                f"{response.request.method} {response.request.url.path}: {response.status_code} {response.text}"
            )
        return response.json()


@dataclass
class RunningBoram:
    """A started service: its process, its home and its address."""

    home: Path
    process: subprocess.Popen[bytes]
    runtime: dict[str, Any]
    http: httpx.Client

    def client(self, name: str) -> Client:
        """The client of an actor whose token lies in the home."""
        return Client(self.http, (self.home / "tokens" / name).read_text().strip())

    def add_actor(self, name: str, *roles: str, desks: list[str] | None = None) -> Client:
        """Let the administrator add somebody; the token is kept in the home, for `--as NAME` and `client`."""
        body = {"name": name, "roles": list(roles), "desks": desks or []}
        token = self.client("admin").post("/api/v1/actors", body)["token"]
        file = self.home / "tokens" / name
        file.touch(mode=0o600)
        file.write_text(token)
        return Client(self.http, token)

    def wait_until_settled(self, client: Client) -> None:
        """Until everything accepted is final on the chain."""
        deadline = time.monotonic() + SETTLED_SECONDS_MAX
        while not (status := client.get("/api/v1/status"))["settled"]:
            if time.monotonic() > deadline:
                raise DidNotHappen(f"not settled after {SETTLED_SECONDS_MAX} s: {status}")
            if self.process.poll() is not None:
                raise DidNotHappen(f"boram up ended with {self.process.returncode} before all was final")
            time.sleep(POLL_SECONDS)

    def stop(self) -> int:
        """Ask it to stop, as Ctrl-C does; its exit code."""
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=STOP_SECONDS_MAX)


def boram() -> str:
    """The command beside the interpreter that runs this."""
    return str(Path(sys.executable).with_name("boram"))


def clean_environment(home: Path, **settings: str) -> dict[str, str]:
    """This environment without settings of other homes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BORAM_")}
    return kept | {"BORAM_HOME": str(home)} | {f"BORAM_{name.upper()}": value for name, value in settings.items()}


def start(home: Path, *, alive_is_enough: bool = False, **settings: str) -> RunningBoram:
    """Start `boram up` on a home and wait until it is ready, or answers at all. Its log is `HOME/service.log`."""
    home.mkdir(parents=True, exist_ok=True)
    environment = clean_environment(home, **settings)
    with (home / "service.log").open("ab") as log:
        process = subprocess.Popen(
            [boram(), "up", "--port", "0"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DidNotHappen(f"boram up ended with {process.returncode}: see {home / 'service.log'}")
        runtime = _runtime(home, process.pid)
        if runtime is not None:
            http = httpx.Client(base_url=runtime["address"], timeout=REQUEST_SECONDS_MAX)
            if _is_ready(http, "/healthz" if alive_is_enough else "/readyz"):
                return RunningBoram(home, process, runtime, http)
            http.close()
        time.sleep(POLL_SECONDS)
    process.kill()
    process.wait()
    raise DidNotHappen(f"boram up was not ready after {READY_SECONDS_MAX} s: see {home / 'service.log'}")


@contextmanager
def running(home: Path, **settings: str) -> Iterator[RunningBoram]:
    """A service that is stopped at the end, whatever happens."""
    service = start(home, **settings)
    try:
        yield service
    finally:
        service.http.close()
        if service.process.poll() is None:
            service.stop()


@dataclass(frozen=True)
class Demo:
    """A running `boram up --demo`, and the sign-ins that it printed."""

    home: Path
    address: str
    cards: list[str]
    pin: str
    passwords: dict[str, str]


@contextmanager
def running_demo(home: Path) -> Iterator[Demo]:
    """The sample district with its pages; stopped at the end. What it says is in `HOME.txt`."""
    said, deadline = home.with_suffix(".txt"), time.monotonic() + READY_SECONDS_MAX
    command = [boram(), "up", "--demo", "--home", str(home), "--port", "0"]
    with said.open("w") as log:
        process = subprocess.Popen(
            command, env=clean_environment(home) | {"LANG": "C.UTF-8"}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        while "ready at " not in (text := said.read_text()):
            if process.poll() is not None or time.monotonic() > deadline:
                raise DidNotHappen(f"boram up --demo was not ready:\n{text}")
            time.sleep(POLL_SECONDS)
        cards = re.findall(r"resident: card (\S+), PIN (\d+)", text)
        passwords = dict(re.findall(r"staff: (\S+), password (\S+),", text))
        yield Demo(home, re.findall(r"ready at (\S+)", text)[0], [card for card, _ in cards], cards[0][1], passwords)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=STOP_SECONDS_MAX)


def _runtime(home: Path, pid: int) -> dict[str, Any] | None:
    try:
        found = json.loads((home / "runtime.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return found if found.get("pid") == pid else None


def _is_ready(http: httpx.Client, path: str) -> bool:
    try:
        return http.get(path).is_success
    except httpx.HTTPError:
        return False
