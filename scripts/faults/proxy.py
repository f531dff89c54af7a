"""Between the service and its node: an HTTP proxy that loses, delays, repeats, cuts and forges what passes through it."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scripts.faults.stage import StageBroken, free_port

FAULTS = ("lose request", "lose reply", "bad gateway", "hang", "repeat", "reorder", "truncate", "wrong id", "lie")
HANG_SECONDS = 1.5
LOOK = b"eth_chainId"
LATE_SECONDS = 0.2
NODE_SECONDS_MAX = 60
LIED_ABOUT = frozenset(
    {
        "eth_getLogs", "eth_call", "eth_getTransactionReceipt", "eth_getBlockByNumber", "eth_chainId",
        "eth_getTransactionCount", "eth_blockNumber",
    }
)  # fmt: skip


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_request: object) -> None:
        """A client that was killed is no error of ours."""


class Proxy:
    """Forwards to one node. `percent` is how often each kind of fault meets a request; 0 lets everything pass."""

    def __init__(self, node_port: int) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.percent: dict[str, float] = dict.fromkeys(FAULTS, 0.0)
        self.only = ""
        """The method whose requests alone meet faults; all do where it is empty."""
        self._interruption: tuple[str, Callable[[], None], threading.Event] | None = None
        self.tally: Counter[str] = Counter()
        self.looks = 0
        """How many passes of the service began: each begins with a look whether this is its chain."""
        self.dice = random.Random(0)  # noqa: S311
        self._node_port = node_port
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", self.port), self._handler())
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def calm(self) -> None:
        """Let everything pass from now on."""
        self.percent = dict.fromkeys(FAULTS, 0.0)

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()

    def fault(self, body: bytes) -> str | None:
        """Which fault meets this request."""
        if self.only.encode() not in body:
            return None
        with self._lock:
            at = self.dice.uniform(0, 100)
            for name, percent in self.percent.items():
                at -= percent
                if at < 0:
                    self.tally[name] += 1
                    return name
        return None

    def interrupt(self, method: str, act: Callable[[], None], seconds: float) -> None:
        """Do something once, before the next request for a method is forwarded; returns when it is done. Raises StageBroken."""
        done = threading.Event()
        self._interruption = method, act, done
        if not done.wait(seconds):
            raise StageBroken(f"{method} was not asked for {seconds} s")

    def meet(self, body: bytes) -> None:
        """Do what was to happen before this request."""
        with self._lock:
            self.looks += LOOK in body
            if self._interruption is None or self._interruption[0].encode() not in body:
                return
            _, act, done = self._interruption
            self._interruption = None
        try:
            act()
        finally:
            done.set()

    def forward(self, body: bytes) -> bytes:
        """What the node says."""
        connection = http.client.HTTPConnection("127.0.0.1", self._node_port, timeout=NODE_SECONDS_MAX)
        try:
            connection.request("POST", "/", body, {"content-type": "application/json"})
            return connection.getresponse().read()
        finally:
            connection.close()

    def lied(self, body: bytes, reply: bytes) -> bytes:
        """The reply with one answer forged, where it is about something that can be."""
        asked, said = json.loads(body), json.loads(reply)
        calls, answers = (asked, said) if isinstance(asked, list) else ([asked], [said])
        methods = {call["id"]: call["method"] for call in calls}
        able = [one for one in answers if methods.get(one.get("id")) in LIED_ABOUT and one.get("result")]
        if not able:
            return reply
        with self._lock:
            chosen = self.dice.choice(able)
            method = methods[chosen["id"]]
            chosen["result"] = forge(method, chosen["result"], self.dice)
            self.tally[f"lied: {method}"] += 1
        return json.dumps(said).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                with contextlib.suppress(OSError, http.client.HTTPException):
                    pass_on(proxy, body, self._answer, self._cut)

            def log_message(self, *_words: object) -> None:
                pass

            def _answer(self, status: int, content: bytes, length: int | None = None) -> None:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content) if length is None else length))
                self.end_headers()
                self.wfile.write(content)
                if length is not None:
                    self._cut()

            def _cut(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(2)

        return Handler


def pass_on(proxy: Proxy, body: bytes, answer: Callable[..., None], cut: Callable[[], None]) -> None:
    """One request, with what the dice do to it."""
    proxy.meet(body)
    fault = proxy.fault(body)
    if fault == "lose request":
        cut()
        return
    if fault == "reorder":  # what comes after it goes first
        time.sleep(LATE_SECONDS)
    if fault == "repeat":
        proxy.forward(body)
    reply = proxy.forward(body)
    if fault == "hang":
        time.sleep(HANG_SECONDS)
    if fault in ("lose reply", "hang"):
        cut()
    elif fault == "bad gateway":
        answer(502, b"bad gateway")
    elif fault == "truncate":
        answer(200, reply[: len(reply) // 2], len(reply))
    elif fault == "wrong id":
        answer(200, _renumbered(reply))
    elif fault == "lie":
        answer(200, proxy.lied(body, reply))
    else:
        answer(200, reply)


def _renumbered(reply: bytes) -> bytes:
    said = json.loads(reply)
    for one in said if isinstance(said, list) else [said]:
        one["id"] = (one.get("id") or 0) + 1_000_000
    return json.dumps(said).encode()


def forge(method: str, result: Any, dice: random.Random) -> Any:
    """Another answer than the node's."""
    if method == "eth_getLogs":
        return _forged_logs(result, dice)
    if method in ("eth_blockNumber", "eth_getTransactionCount"):
        return hex(max(0, int(result, 16) + dice.choice((-2, -1, 1, 2))))
    if method == "eth_chainId":
        return "0x1"
    if method == "eth_getTransactionReceipt":
        name = dice.choice(("status", "transactionHash", "blockHash"))
        forged = {"status": "0x0" if result.get("status") == "0x1" else "0x1"}.get(name, "0x" + "ab" * 32)
        return result | {name: forged}
    if method == "eth_getBlockByNumber":
        return result | {"hash": "0x" + "cd" * 32}
    return _flipped(result, dice)


def _forged_logs(logs: list[dict[str, Any]], dice: random.Random) -> list[dict[str, Any]]:
    if not logs:
        return logs
    at = dice.randrange(len(logs))
    kind = dice.choice(("left out", "other data", "none"))
    if kind == "none":
        return []
    if kind == "left out":
        return logs[:at] + logs[at + 1 :]
    return [*logs[:at], logs[at] | {"data": _flipped(logs[at]["data"], dice)}, *logs[at + 1 :]]


def _flipped(text: str, dice: random.Random) -> str:
    """One hexadecimal digit of the last word that is not the same."""
    if len(text) <= 2:
        return text
    at = dice.randrange(max(2, len(text) - 64), len(text))
    return text[:at] + ("1" if text[at] == "0" else "0") + text[at + 1 :]
