"""The outgrown shape with real processes: two APIs and two posters on one PostgreSQL and one chain that they share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, make_url, text

from ledger_service.chain.anvil import EmbeddedChain, find_anvil, fund
from ledger_service.chain.deploy import ensure_factory
from ledger_service.chain.rpc import Rpc
from ledger_service.chain.signing import keystore_address
from ledger_service.chain.transactions import nonce_of
from scripts.running import Client, RunningBoram, boram, clean_environment, running, start
from tests.e2e.conftest import SETTINGS
from tests.e2e.test_kill import audit
from tests.e2e.town import set_up_small

ROOT = Path(__file__).resolve().parents[2]
HEADER = "실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고"
ROWS = (
    "O1,S100000,하하린,1963-02-09,SVC,VOL,2024-04-11,09:00,17:00,,",
    "O2,S100013,김하환,1992-10-25,YJSW,VOL,2024-04-11,09:00,17:00,,",
)
RESIDENT, OTHER = "S100000", "S100013"
COINS = 40  # eight hours at five coins
AT_ONCE = 64
PRICE = 3


@dataclass
class Outgrown:
    """Two APIs over one set of books, and as many posters as a test starts."""

    settings: dict[str, str]
    home: Path
    apis: list[RunningBoram]
    chain: Rpc
    sender: bytes
    posters: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_poster(self) -> subprocess.Popen[bytes]:
        with (self.home / f"poster-{len(self.posters)}.log").open("ab") as log:
            process = subprocess.Popen(
                [boram(), "up", "--role", "post"],
                env=clean_environment(self.home, **self.settings) | {"LANG": "C"}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.posters.append(process)
        return process

    def client(self, name: str, api: int = 0) -> Client:
        return self.apis[api].client(name)

    def ask_books(self, statement: str) -> Any:
        engine = create_engine(self.settings["database_url"])
        with engine.connect() as connection:
            found = connection.execute(text(statement)).all()
        engine.dispose()
        return found

    def epoch(self) -> int:
        """The epoch of whoever posts: it counts take-overs."""
        return int(self.ask_books("SELECT epoch FROM posting_lease")[0][0])


@pytest.fixture(scope="module")
def outgrown(postgres_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outgrown]:
    home = tmp_path_factory.mktemp("outgrown") / "home"
    server = make_url(postgres_uri).set(drivername="postgresql+psycopg")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("outgrown_books", "outgrown_keys"):
            connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    urls = [
        server.set(database=name).render_as_string(hide_password=False) for name in ("outgrown_books", "outgrown_keys")
    ]
    with ExitStack() as stack:
        chain = stack.enter_context(EmbeddedChain(find_anvil(ROOT), tmp_path_factory.mktemp("chain") / "chain.log"))
        rpc = stack.enter_context(Rpc(chain.url))
        settings = {
            **SETTINGS, "database_url": urls[0], "keys_url": urls[1], "rpc_url": chain.url, "chain_id": "31337",
            "chain_finality": "0",
        }  # fmt: skip
        apis = []
        for _ in range(2):
            api = start(home, **settings, role="api", alive_is_enough=True)
            stack.callback(api.stop)
            apis.append(api)
        sender = keystore_address(home / "keys" / "sender.json")
        ensure_factory(rpc)
        fund(rpc, sender)
        made = Outgrown(settings, home, apis, rpc, sender)
        stack.callback(stop_posters, made)
        made.start_poster()
        set_up_small(apis[0])
        credit(made)
        yield made


def stop_posters(made: Outgrown) -> None:
    for process in made.posters:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


def credit(made: Outgrown) -> None:
    """Submitted at one API, approved at the other."""
    submitted = made.client("clerk", 0).try_upload("/api/v1/imports", "\n".join([HEADER, *ROWS]).encode()).json()
    made.client("approver", 1).post(f"/api/v1/approvals/{submitted['id']}/approve")
    made.apis[1].wait_until_settled(made.client("office", 1))


def desk_of(client: Client) -> int:
    return next(int(one["number"]) for one in client.get("/api/v1/desks")["desks"] if one["code"] == "SENIOR")


def balance(client: Client, member: str) -> dict[str, int]:
    return dict(client.get(f"/api/v1/residents/{client.person(member)}/balance"))


def charge_at_once(
    clients: list[Client], path: str, body: dict[str, Any]
) -> tuple[Counter[tuple[int, str]], list[Any]]:
    """AT_ONCE requests from as many threads, each on a connection of its own, spread over the processes."""

    def one(number: int) -> httpx.Response:
        client = clients[number % len(clients)]
        with httpx.Client(base_url=client.http.base_url, timeout=60) as own:
            return Client(own, client.token).try_post(path, body)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(one, range(AT_ONCE)))
    return (
        Counter((one.status_code, one.json().get("code", "done")) for one in answers),
        [one.json() for one in answers if one.is_success],
    )


def check_holds(clients: list[Client], office: Client, member: str) -> None:
    """Of 64 holds of 3 coins on 40 the 13 that can be paid are there; and so with charges on what a hold left."""
    body = {"person_id": clients[0].person(member), "desk": desk_of(clients[0]), "coins": PRICE}
    affordable = COINS // PRICE
    began = time.monotonic()
    outcomes, held = charge_at_once(clients, "/api/v1/holds", body)
    seconds = time.monotonic() - began
    say(
        f"{AT_ONCE} holds of {PRICE} on {COINS} coins over {len(clients)} process(es): {dict(outcomes)} in {seconds:.2f} s"
    )
    assert outcomes == {(201, "done"): affordable, (409, "insufficient_coins"): AT_ONCE - affordable}
    found = balance(office, member)
    assert (found["available"], found["held"]) == (COINS - affordable * PRICE, affordable * PRICE)
    for hold in held:
        clients[1 % len(clients)].post(f"/api/v1/holds/{hold['id']}/release")
    outcomes, _ = charge_at_once(clients, "/api/v1/redemptions", body)
    say(f"{AT_ONCE} charges of {PRICE} on {COINS} coins over {len(clients)} process(es): {dict(outcomes)}")
    assert outcomes == {(201, "done"): affordable, (409, "insufficient_coins"): AT_ONCE - affordable}
    assert balance(office, member)["available"] == COINS - affordable * PRICE


@pytest.mark.postgres
def test_of_parallel_holds_exactly_the_affordable_ones_succeed_over_two_processes(outgrown: Outgrown) -> None:
    check_holds([outgrown.client("counter", 0), outgrown.client("counter", 1)], outgrown.client("office"), RESIDENT)
    outgrown.apis[0].wait_until_settled(outgrown.client("office"))


def test_of_parallel_holds_exactly_the_affordable_ones_succeed_on_sqlite(home: Path) -> None:
    with running(home, **SETTINGS) as service:
        submitted = service.client("clerk").try_upload("/api/v1/imports", "\n".join([HEADER, *ROWS]).encode()).json()
        service.client("approver").post(f"/api/v1/approvals/{submitted['id']}/approve")
        service.wait_until_settled(service.client("office"))
        check_holds([service.client("counter")], service.client("office"), RESIDENT)


@pytest.mark.postgres
def test_a_poster_that_is_killed_or_frozen_is_taken_over_from_and_never_sends_anything_else(outgrown: Outgrown) -> None:
    first = outgrown.posters[0]
    second = outgrown.start_poster()
    counter, office = outgrown.client("counter"), outgrown.client("office", 1)
    body = {"person_id": counter.person(OTHER), "desk": desk_of(counter), "coins": 1}
    wait_until(lambda: b"standing by" in (outgrown.home / "poster-1.log").read_bytes())

    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    say(f"killed: the stand-by had it on the chain after {charge_until_final(outgrown, body):.1f} s")

    third = outgrown.start_poster()
    wait_until(lambda: b"standing by" in (outgrown.home / "poster-2.log").read_bytes())
    before = outgrown.epoch()
    os.kill(second.pid, signal.SIGSTOP)
    say(f"frozen: the stand-by had it on the chain after {charge_until_final(outgrown, body):.1f} s")
    assert outgrown.epoch() == before + 1
    counter.post("/api/v1/redemptions", body)
    os.kill(second.pid, signal.SIGCONT)
    for _ in range(5):
        charge_until_final(outgrown, body)
    assert outgrown.epoch() == before + 1  # it stands by
    assert (second.poll(), third.poll()) == (None, None)

    calls = outgrown.ask_books(
        "SELECT nonce, count(*) FROM transactions WHERE state <> 'dropped' AND NOT replaces GROUP BY nonce"
    )
    assert all(count == 1 for _, count in calls)
    assert max(nonce for nonce, _ in calls) == nonce_of(outgrown.chain, outgrown.sender, "latest") - 1
    assert outgrown.ask_books("SELECT count(*) FROM transactions WHERE state = 'dropped'")[0][0] == 0
    assert balance(office, OTHER)["available"] == COINS - 8
    code, report = audit(outgrown.apis[0], outgrown.home)
    assert code == 0, report["findings"]


@pytest.mark.postgres
def test_a_process_with_other_secrets_is_refused(outgrown: Outgrown, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "master.key").touch(mode=0o600)
    (other / "master.key").write_text("ab" * 32)
    environment = clean_environment(
        outgrown.home, **outgrown.settings, role="api", master_key_file=str(other / "master.key")
    )
    done = subprocess.run(
        [boram(), "up", "--port", "0"],
        env=environment | {"LANG": "C"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "begun with other secrets or settings (master key)" in done.stderr


def test_sqlite_takes_one_process_and_says_so(tmp_path: Path) -> None:
    for role in ("api", "post"):
        environment = clean_environment(tmp_path, role=role) | {"LANG": "C"}
        done = subprocess.run(
            [boram(), "up", "--port", "0"], env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "SQLite takes one" in done.stderr


def charge_until_final(outgrown: Outgrown, body: dict[str, Any]) -> float:
    """Seconds from a charge to its place on the chain."""
    began = time.monotonic()
    outgrown.client("counter").post("/api/v1/redemptions", body)
    outgrown.apis[0].wait_until_settled(outgrown.client("office"))
    return time.monotonic() - began


def say(figure: str) -> None:
    """Shown with pytest -s."""
    sys.stdout.write(f"{figure}\n")


def wait_until(what: Any) -> None:
    deadline = time.monotonic() + 90  # a process starts in two seconds alone, in twenty where others use the cores
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)
