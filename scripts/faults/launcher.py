"""A process that has the service's modules loaded and forks `boram` commands from itself: a start then costs what it does and not what it imports.

What is forked is a process of its own, running the command line's own `main`; it can be killed like any other, and dies with the harness. The
launcher is a process apart because the harness has threads, and a process with threads should not fork.

One request a line on stdin, `{"argv": […], "environment": {…}, "log": PATH}`, is answered by `{"pid": …}`; each end by
`{"pid": …, "code": …}`. With `program` another program is started in the same way. `{"at_end": […]}` is a command for later: when the harness ends,
in whatever way, the launcher runs these, last first, and then ends with all that it started. It has a session of its own, so that what
ends the harness does not end it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ledger_service.errors import BoramError

ROOT = Path(__file__).resolve().parents[2]
CRASHED = 70
LOADED = (
    "ledger_service.adapters.logs",
    "ledger_service.commands.checks",
    "ledger_service.commands.up",
    "alembic.ddl",
    "anyio._backends._asyncio",
    "eth_account",
    "eth_hash.backends.pycryptodome",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "uvicorn.protocols.http.auto",
    "uvicorn.lifespan.off",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
)
"""What a start imports, some of it only when it is first used."""
_PR_SET_PDEATHSIG = 1


class Launcher:
    """The harness's side: starts commands and knows how they ended. Safe to share between threads."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.faults.launcher"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        self._asking = threading.Lock()
        self._changed = threading.Condition()
        self._started: list[int] = []
        self._ended: dict[int, int] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, argv: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        """Start `boram ARGV`; its process id."""
        return self._start({"argv": list(argv), "environment": dict(environment), "log": str(log)})

    def start_program(self, program: str, argv: Sequence[str], log: Path) -> int:
        """Start any program by its path; its process id."""
        request = {"program": program, "argv": list(argv), "environment": dict(os.environ), "log": str(log)}
        return self._start(request)

    def at_end(self, *argv: str) -> None:
        """Run a command when the harness has ended, be it killed. What it brings to its end may have ended before."""
        with self._asking:
            self._say({"at_end": argv})

    def _say(self, request: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()

    def _start(self, request: Mapping[str, Any]) -> int:
        with self._asking:
            self._say(request)
            with self._changed:
                if not self._changed.wait_for(lambda: self._started or self._process.poll() is not None, 60):
                    raise RuntimeError("the launcher does not answer")
                return self._started.pop()

    def code_of(self, pid: int) -> int | None:
        """How a process ended (minus the signal's number), or None while it runs."""
        with self._changed:
            return self._ended.get(pid)

    def wait(self, pid: int, seconds: float) -> int | None:
        """The code, as soon as there is one."""
        with self._changed:
            self._changed.wait_for(lambda: pid in self._ended, seconds)
            return self._ended.get(pid)

    def close(self) -> None:
        """End, and everything that was started with it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            with self._changed:
                if "code" in said:
                    self._ended[said["pid"]] = said["code"]
                else:
                    self._ended.pop(said["pid"], None)  # the system gives numbers again
                    self._started.append(said["pid"])
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


def serve() -> None:
    """The launcher's own side."""
    from ledger_service.cli import main

    _load()
    answers, reading = os.dup(1), selectors.DefaultSelector()
    os.dup2(2, 1)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    reading.register(0, selectors.EVENT_READ)
    reading.register(wake_read, selectors.EVENT_READ)
    unread, at_end = b"", []
    while True:
        for key, _ in reading.select():
            got = os.read(key.fd, 65_536)
            if key.fd == wake_read:
                continue
            if not got:
                for command in reversed(at_end):
                    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
                return
            unread += got
            while b"\n" in unread:
                line, unread = unread.split(b"\n", 1)
                request = json.loads(line)
                if "at_end" in request:
                    at_end.append(request["at_end"])
                    continue
                pid = _fork(request, main)
                os.write(answers, json.dumps({"pid": pid}).encode() + b"\n")
        for pid, code in _ended():
            os.write(answers, json.dumps({"pid": pid, "code": code}).encode() + b"\n")


def _load() -> None:
    """Import, and look once at what Python and its libraries remember of classes."""
    from ledger_service.config import read_settings

    for name in LOADED:
        importlib.import_module(name)
    with contextlib.suppress(BoramError):
        read_settings()
    gc.collect()  # else each start does it, over everything that is imported


def _ended() -> list[tuple[int, int]]:
    found = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        found.append((pid, os.waitstatus_to_exitcode(status)))


def _fork(request: dict[str, Any], main: Callable[[], NoReturn]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = CRASHED
    try:
        _become(request)
        if "program" in request:
            os.execv(request["program"], [request["program"], *request["argv"]])  # noqa: S606
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001  a fork must never go on as its parent
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _become(request: dict[str, Any]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, 256)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["boram", *request["argv"]]


if __name__ == "__main__":
    serve()
