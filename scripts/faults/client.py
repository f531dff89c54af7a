"""How the load speaks to the service: each request with its key, once or several times at once, again until it is known what became of it."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from scripts.faults.model import Model

COPIES = (1, 1, 1, 2, 2, 3, 4)
SETTLE_SECONDS_MAX = 180
ANSWER_SECONDS_MAX = 60
PAUSE_SECONDS = 0.05
PAUSE_SECONDS_MAX = 0.5
LOST_ANSWERS_PERCENT = 5
OTHER_BODIES_PERCENT = 4

Addresses = Callable[[], list[int]]
"""The ports of the services that may be asked."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request with its key. `other` is another body for the same path, which the same key must not take."""

    name: str
    token: str
    path: str
    key: str
    body: bytes
    content_type: str = "application/json"
    other: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: Any = field(default=None)

    @property
    def is_done(self) -> bool:
        """Acknowledged."""
        return 200 <= self.status < 300

    @property
    def is_passing(self) -> bool:
        """Not now: nothing is known of the request."""
        return self.status == 503

    @property
    def is_refusal(self) -> bool:
        """Refused for good; two that did the same at the same moment (a late copy is one) have to look again."""
        return 400 <= self.status < 500 and self.code != "row_conflict"

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


class Abandoned(RuntimeError):
    """A request was not answered for so long that the round is over."""


class Wire:
    """One connection of one thread."""

    def __init__(self, addresses: Addresses, dice: random.Random) -> None:
        self._addresses = addresses
        self._dice = dice
        self._connection: http.client.HTTPConnection | None = None

    def exchange(self, request: Request, *, other: bool = False, listen: bool = True) -> Answer | None:
        """Send once; None where no whole answer came."""
        headers = {
            "authorization": f"Bearer {request.token}",
            "idempotency-key": request.key,
            "content-type": request.content_type,
        }
        body = request.other if other else request.body
        return self._exchange("POST", request.path, body, headers, listen=listen)

    def get(self, path: str, token: str) -> Answer | None:
        """Ask; None where no whole answer came."""
        return self._exchange("GET", path, None, {"authorization": f"Bearer {token}"}, listen=True)

    def close(self) -> None:
        """Leave."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], *, listen: bool
    ) -> Answer | None:
        ports = self._addresses()
        if not ports:
            return None
        try:
            if self._connection is None or self._connection.port not in ports:
                self.close()
                port = self._dice.choice(ports)
                self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS_MAX)
            self._connection.request(method, path, body, headers)
            if not listen:
                self.close()
                return None
            response = self._connection.getresponse()
            content = response.read()
            return Answer(response.status, json.loads(content) if content else None)
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return None


class Sender:
    """One client: sends each request one to four times, and again until it is settled."""

    def __init__(self, addresses: Addresses, model: Model, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311
        self.model = model
        self._addresses = addresses
        self._wire = Wire(addresses, self.dice)
        self._copies = ThreadPoolExecutor(max(COPIES) - 1, thread_name_prefix="copy")
        self._local = threading.local()
        self.is_given_up = False
        self.quiet_since: float | None = None
        """When the last fault was: a request that is killed again and again on a slow machine is late, and not lost."""

    def settle(self, request: Request) -> Answer:
        """The answer that stands. Of several copies all successes must say the same."""
        if self.dice.randrange(100) < LOST_ANSWERS_PERCENT:
            self._wire.exchange(request, listen=False)
        copies = self.dice.choice(COPIES)
        futures = [self._copies.submit(self._copy, request) for _ in range(copies - 1)]
        answers = [self._wire.exchange(request), *(future.result() for future in futures)]
        self.model.sent += copies
        answer = self._definite(request, answers)
        if answer.is_done and request.other is not None and self.dice.randrange(100) < OTHER_BODIES_PERCENT:
            self._try_other(request)
        return answer

    def close(self) -> None:
        """Leave."""
        self._wire.close()
        self._copies.shutdown()

    def _copy(self, request: Request) -> Answer | None:
        wire = getattr(self._local, "wire", None)
        if wire is None:
            wire = self._local.wire = Wire(self._addresses, random.Random(id(self._local)))  # noqa: S311
        found: Answer | None = wire.exchange(request)
        return found

    def _definite(self, request: Request, answers: list[Answer | None]) -> Answer:
        """A refusal counts only when it comes to a request that is alone on its way: a copy may be late."""
        pause, alone = PAUSE_SECONDS, len(answers) == 1
        while True:
            known = [one for one in answers if one is not None]
            for one in known:
                self.model.refused_for_now += one.is_passing
                if one.status >= 500 and not one.is_passing:
                    self.model.violate("error", f"{request.path} was answered {one.status} {one.code}", request.name)
            done = [one for one in known if one.is_done]
            if done:
                if any(one.body != done[0].body for one in done):
                    self.model.violate("doubled", "one key got two answers", request.name)
                self.model.acknowledged()
                return done[0]
            if alone and known and known[-1].is_refusal:
                return known[-1]
            if self.is_given_up:
                raise Abandoned(request.name)
            if self.quiet_since is not None and time.monotonic() - self.quiet_since > SETTLE_SECONDS_MAX:
                self.model.violate(
                    "lost", f"not answered {SETTLE_SECONDS_MAX} s after the last fault: {known[-1:]}", request.name
                )
                raise Abandoned(request.name)
            if not (known and not alone and all(not one.is_passing for one in known)):
                time.sleep(pause)
                pause = min(pause * 2, PAUSE_SECONDS_MAX)
            answers, alone = [self._wire.exchange(request)], True

    def _try_other(self, request: Request) -> None:
        answer = self._wire.exchange(request, other=True)
        if answer is not None and not answer.is_passing and answer.code != "idempotency_key_reused":
            self.model.violate("doubled", f"a used key took another body: {answer.status} {answer.code}", request.name)
