"""`boram up`: chain, books, loops and API in one process, started in order and stopped in the reverse one.

Outgrown, the same command with `--role api` serves and with `--role post` carries the books to the chain, several of each on PostgreSQL.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

import structlog
import uvicorn

from ledger_service.adapters.home import Runtime, bundles_of
from ledger_service.adapters.keys import SENDER_KEY
from ledger_service.adapters.notices import NoticeFiles
from ledger_service.adapters.sms import SmsFile
from ledger_service.bootstrap.installation import Installation, installed
from ledger_service.bootstrap.surfaces import app_of
from ledger_service.chain.anvil import EmbeddedChain, find_anvil
from ledger_service.chain.contract import LedgerContract
from ledger_service.chain.hexes import hex_of
from ledger_service.chain.rpc import Rpc
from ledger_service.commands import demo
from ledger_service.config import Settings, SettingsInvalid
from ledger_service.domain.notices import Sign
from ledger_service.journal.poster_lease import poster_books
from ledger_service.posting.loops import Poster
from ledger_service.posting.ports import ChainAccess, Deployer, Finality, PostingContext
from ledger_service.posting.progress import Progress
from ledger_service.posting.stand_by import StandBy
from ledger_service.services.chores import Chores
from ledger_service.services.deliver import Delivery
from ledger_service.services.messages import send_messages

CHORES_SECONDS = 5
GRACE_SECONDS = 5
STANDARD_ERROR = 2
KEEP_ALIVE_SECONDS = 30
BACKLOG_CONNECTIONS = 1024
PROJECT_ROOT = Path(__file__).parents[2]

_log = structlog.get_logger("boram.up")

Say = Callable[[str, str], None]
"""Tell a person something, in English and Korean."""


class StopSignals:
    """Ctrl-C and SIGTERM: before serving they end the start, while serving uvicorn takes them, afterwards they are over."""

    def __init__(self) -> None:
        self.serving = False
        self.came = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.came = True
        if not self.serving:
            raise KeyboardInterrupt

    def serve(self) -> None:
        """From now on the server takes them. KeyboardInterrupt where one came already, and Python lost it in a place that cannot raise."""
        self.serving = True
        if self.came:
            raise KeyboardInterrupt

    def wait(self) -> None:
        """Until one comes."""
        while not self.came:
            signal.pause()

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Take the signals, and give them back at the end."""
        before = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}
        hook, sys.unraisablehook = sys.unraisablehook, _quiet_about_interrupts(sys.unraisablehook)
        try:
            yield
        finally:
            sys.unraisablehook = hook
            for number, handler in before.items():
                signal.signal(number, handler)


def _quiet_about_interrupts(
    hook: Callable[[sys.UnraisableHookArgs], object],
) -> Callable[[sys.UnraisableHookArgs], object]:
    """What Python says of an error that it cannot raise, but for Ctrl-C."""
    return lambda found: None if found.exc_type is KeyboardInterrupt else hook(found)


class _Server(uvicorn.Server):
    """Tells when it answers."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()


def run(settings: Settings, say: Say, progress: Progress, *, with_demo: bool = False) -> None:
    """Serve until a signal; with the sample district if asked for. Raises the errors of settings, home, keys, chain and books."""
    faulthandler.enable(STANDARD_ERROR)  # what a crash below Python did last, by file and line: nothing else would tell
    signals = StopSignals()
    with signals.caught(), ExitStack() as stack:
        try:
            _run(settings, say, progress, stack, signals, with_demo)
        except KeyboardInterrupt:
            signals.serving = True  # what follows is the stop: a second Ctrl-C must not tear it
    say("stopped", "종료했습니다")


def _run(
    settings: Settings, say: Say, progress: Progress, stack: ExitStack, signals: StopSignals, with_demo: bool
) -> None:
    if with_demo and settings.dong_plan is None:
        settings = settings.model_copy(update={"dong_plan": demo.DONG_PLAN})
    installation = stack.enter_context(installed(settings))
    if settings.role == "post":
        _post(installation, say, progress, stack)
        signals.wait()
        return
    listener = listen(settings)
    stack.callback(listener.close)
    sign_ins = demo.fill(installation) if with_demo else None
    rpc_url, chain_pid = settings.rpc_url or "", None
    if settings.role == "all":
        rpc_url, chain_pid = _post(installation, say, progress, stack)
    stack.callback(installation.home.clear_runtime, os.getpid())
    address = _address(settings, listener)

    def started() -> None:
        installation.home.write_runtime(
            Runtime(
                address=address,
                pid=os.getpid(),
                rpc_url=rpc_url,
                contract=hex_of(installation.domain.contract),
                chain_pid=chain_pid,
            )
        )
        for english, korean in demo.lines(sign_ins) if sign_ins is not None else ():
            say(english, korean)
        say(f"ready at {address} (Ctrl-C stops)", f"준비되었습니다: {address} (종료: Ctrl-C)")

    config = uvicorn.Config(
        app_of(installation),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=settings.proxy is not None,
        forwarded_allow_ips=settings.proxy or "",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    signals.serve()
    _Server(config, started).run(sockets=[listener])


def _post(installation: Installation, say: Say, progress: Progress, stack: ExitStack) -> tuple[str, int | None]:
    """Post from now on, or stand by; the chain's address, and the embedded one's process."""
    embedded = _embedded(installation) if installation.settings.is_embedded else None
    if embedded is not None:
        stack.enter_context(embedded)
    access = stack.enter_context(chain_access(installation, embedded))
    lease, journal = poster_books(installation.journal.engine, installation.context.new_id(), time.monotonic)
    stack.callback(lease.close)
    context = replace(posting_context(installation), journal=journal or installation.journal)
    posting = StandBy(lease, lambda: Poster(context, access))
    stack.callback(posting.stop)
    first = posting.start(progress, may_wait=embedded is None)
    if first is not None and (report := first.read_back.report).batches:
        say(
            f"read back from the chain and the bundles: {report.batches} batches, {report.entries} entries (what is gone: docs/recovery.md)",
            f"체인과 묶음 파일에서 되살렸습니다: 묶음 {report.batches}건, 기록 {report.entries}건(되살릴 수 없는 것: docs/recovery.md)",
        )
    installation.wake.listener = posting.wake
    stack.enter_context(_chores(installation, posting))
    if installation.settings.role == "post":
        say(
            "posting (Ctrl-C stops)" if posting.is_posting else "standing by: another process posts (Ctrl-C stops)",
            "원장에 기록합니다 (종료: Ctrl-C)"
            if posting.is_posting
            else "대기합니다: 다른 프로세스가 기록 중입니다 (종료: Ctrl-C)",
        )
    return access.rpc.url, embedded.pid if embedded is not None else None


def listen(settings: Settings) -> socket.socket:
    """Where the server is asked. Answers leave at once: an answer in two writes would otherwise wait 40 ms for the client's acknowledgement."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG_CONNECTIONS)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # every connection inherits it
        return listener
    except OSError as error:
        raise SettingsInvalid(
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}): choose another --port (0 takes a free one)",
            f"{settings.host}:{settings.port}에서 받을 수 없습니다({error.strerror}). 다른 --port를 쓰세요(0은 빈 포트)",
            setting="BORAM_PORT",
        ) from error


def _address(settings: Settings, listener: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}"


def _embedded(installation: Installation) -> EmbeddedChain:
    return EmbeddedChain(find_anvil(PROJECT_ROOT), installation.home.logs / "chain.log")


@contextmanager
def chain_access(installation: Installation, embedded: EmbeddedChain | None) -> Iterator[ChainAccess]:
    """The chain that the settings name, or the embedded one."""
    settings = installation.settings
    url = embedded.url if embedded is not None else settings.rpc_url
    assert url is not None  # a chain is embedded or named
    finality = Finality()
    if embedded is None:
        by_depth = settings.chain_finality.isdigit()
        finality = Finality(int(settings.chain_finality)) if by_depth else Finality(tag=settings.chain_finality)
    with Rpc(url) as rpc:
        yield ChainAccess(
            rpc=rpc,
            contract=LedgerContract(rpc, installation.domain.contract),
            sender=installation.keys.signer(SENDER_KEY),
            deployer=Deployer(
                artifact=installation.artifact,
                district=settings.district,
                environment=settings.environment,
                office_keys=installation.office_keys,
                guardian=installation.guardian,
            ),
            finality=finality,
            embedded=embedded,
        )


def posting_context(installation: Installation) -> PostingContext:
    """What posting needs of an installation."""
    return PostingContext(
        journal=installation.journal,
        vault=installation.vault,
        clock=installation.clock,
        random_bytes=os.urandom,
        kill_points=installation.kill_points,
        bundles_folder=bundles_of(installation.settings, installation.home),
        signers=installation.keys,
        domain=installation.domain,
        alarms=installation.alarms,
    )


@contextmanager
def _chores(installation: Installation, posting: StandBy) -> Iterator[None]:
    """A thread that does what nobody asks for: holds end, debts are set off, people are told, messages go to the gateway."""
    stopping = threading.Event()
    gateway = SmsFile(installation.home.folder / "messages.jsonl")
    settings = installation.settings
    sign = Sign(settings.coin_name, settings.help_phone) if settings.sms_notices else None
    chores = Chores(installation.context, Delivery(NoticeFiles(installation.home.outbox), sign))

    def live() -> None:
        while not stopping.wait(CHORES_SECONDS):
            if not posting.is_posting:  # of several processes the poster does them
                continue
            try:
                chores.round()
                send_messages(installation.context, gateway)
            except Exception as error:  # noqa: BLE001  the database may be restarting: the next round tries again
                _log.warning("chores were not done", error=type(error).__name__)

    thread = threading.Thread(target=live, name="chores", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
