"""The district of the year: who is in it, how its service is started on a day, and the commands that are given to it."""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from ledger_service.cli import main as boram
from scripts.running import DidNotHappen, RunningBoram, clean_environment, running
from scripts.year.reckoning import Charge, Payee, Purse, Reckoning

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "samples"
API = "/api/v1"
YEAR = 2024
CENTRES = ("SVC", "ZERO", "YOUTH")
VENUES = {"GYM": 1, "HALL": 10, "POOL": 5}
"""Codes, and the steps in which they take coins."""
FUNDS = ("WARM", "HOPE")
RESIDENTS = 40
WAIT_SECONDS_MAX = 300
LOOK_SECONDS = 0.2

console = Console(width=118)  # of the table, also where the output is a file


@dataclass
class Year:
    """The district, the reckoning beside it, and what differs between the two."""

    home: Path
    members: list[dict[str, str]]
    reckoning: Reckoning = field(
        default_factory=lambda: Reckoning(
            {who: Purse() for who in range(RESIDENTS)}, {code: Payee() for code in (*VENUES, *FUNDS)}
        )
    )
    service: RunningBoram | None = None
    ids: dict[int, str] = field(default_factory=dict)
    charges: dict[int, list[Charge]] = field(default_factory=dict)
    credits: dict[tuple[int, int], object] = field(default_factory=dict)
    gifts: dict[int, str] = field(default_factory=dict)
    differs: list[str] = field(default_factory=list)
    compared: int = 0
    rows: list[list[str]] = field(default_factory=list)
    closes: int = 0

    @property
    def files(self) -> Path:
        return self.home / "files"

    @contextmanager
    def on(self, day: date) -> Iterator[RunningBoram]:
        """The service on a business day."""
        self.files.mkdir(parents=True, exist_ok=True)
        with running(self.home, environment="demo", business_date=day.isoformat()) as service:
            self.service = service
            yield service

    def same(self, what: str, found: object, wanted: object) -> None:
        self.compared += 1
        if found != wanted:
            self.differs.append(f"{what}: {found}, not {wanted}")
            console.print(f"  [red]{what}: {found}, not {wanted}[/red]")

    # How things are asked

    def get(self, path: str, **query: Any) -> Any:
        return self._service.client("kim").get(f"{API}{path}", **query)

    def post(self, name: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._service.client(name).post(f"{API}{path}", body)

    def settled(self) -> None:
        self._service.wait_until_settled(self._service.client("kim"))

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait for what the service does by itself."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not holds():
            if time.monotonic() > deadline:
                raise DidNotHappen(what)
            time.sleep(LOOK_SECONDS)
        self.settled()

    def person(self, who: int) -> str:
        if who not in self.ids:
            self.ids[who] = self._service.client("kim").person(self.members[who]["회원번호"])
        return self.ids[who]

    def balance(self, who: int) -> dict[str, Any]:
        return dict(self.get(f"/residents/{self.person(who)}/balance"))

    def command(self, *words: str, code: int = 0) -> Any:
        """A command of the command line, within this process; its JSON where it gives some, and the one line of a refusal."""
        before, argv = dict(os.environ), sys.argv
        out, err = StringIO(), StringIO()
        os.environ.clear()
        os.environ.update(clean_environment(self.home) | {"LANG": "C.UTF-8"})
        sys.argv = ["boram", *words]
        ended: int | str | None = 0
        try:
            with redirect_stdout(out), redirect_stderr(err):
                boram()
        except SystemExit as error:
            ended = error.code
        finally:
            os.environ.clear()
            os.environ.update(before)
            sys.argv = argv
        if ended != code:
            raise DidNotHappen(
                f"boram {' '.join(words)}: exit {ended}: {err.getvalue().strip() or out.getvalue().strip()}"
            )
        if code:
            return err.getvalue().strip()
        return json.loads(out.getvalue()) if "--json" in words else None

    def proposed(self, *words: str) -> dict[str, Any]:
        """What one of the office proposes by command, and another approves by command; the second answer."""
        made = self.command(*words, "--as", "kim", "--json")
        return dict(self.command("approve", made["id"], "--as", "lee", "--json"))

    def load(self, kind: str, *rows: str) -> None:
        """A master file by command; another person approves what is a proposal."""
        answer = self.command("load", kind, str(self.written(f"{kind}.csv", *rows)), "--as", "kim", "--json")
        if answer["id"]:
            self.command("approve", answer["id"], "--as", "lee", "--json")

    def written(self, name: str, *rows: str) -> Path:
        file = self.files / name
        file.write_text("\n".join(rows) + "\n", encoding="utf-8")
        return file

    @property
    def _service(self) -> RunningBoram:
        assert self.service is not None, "the service runs while it is asked"
        return self.service


def new_year(home: Path) -> Year:
    """The first residents of the sample."""
    with (SAMPLES / "members.csv").open(encoding="utf-8-sig") as file:
        return Year(home, [row for row, _ in zip(csv.DictReader(file), range(RESIDENTS), strict=False)])
