"""What every command needs from outside: the books, keys, a clock, ids, and the ports to what it must not import."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from ledger_service.domain.kill_points import KillPoints
from ledger_service.errors import BoramError, Unavailable
from ledger_service.journal.conflicts import Deadlock
from ledger_service.journal.unit import Journal, WriteUnit
from ledger_service.journal.vault import Vault

IDEMPOTENCY_KEY_LENGTH_MAX = 128
DEADLOCK_TRIES = 5
OPEN_DEBITS_MAX = 100_000  # coins: 10 million won at 100 won a coin, a busy day of a district's venues
POSTED_BY_DAYS = 3  # a receipt promises the chain this many days after acceptance


class BooksBehind(Unavailable):
    """The books were restored from a backup, and posting has not read yet what they miss: nothing is accepted before."""

    code = "books_behind"


class Clock(Protocol):
    """Two clocks: the real one for holds and time-outs, the district's calendar for everything that decides coins."""

    def now(self) -> int:
        """UTC seconds."""
        ...

    def today(self) -> date:
        """The business date: the district's today (Asia/Seoul)."""
        ...


class DeskKeys(Protocol):
    """Where a new desk's signing key comes from."""

    def create(self, desk: int, version: int = 1) -> bytes:
        """Make (or find) the key of a desk and give its 20-byte address; `version` counts the keys that a desk has had."""
        ...

    def holds(self, desk: int, address: bytes) -> bool:
        """Whether the operator holds this key of a desk."""
        ...


class ReceiptSigner(Protocol):
    """Signs what was accepted, so that an omission can be proven (docs/formats.md, Receipt)."""

    def sign(
        self, journal_no: int, desk: int, kind: int, account: bytes, units: int, day: int, posted_by: int
    ) -> bytes:
        """65 bytes over the receipt."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """The ports of the services. `wake` tells the posting loops that there is work; `open_debits_max` is in coins (services/ledger_state.py)."""

    journal: Journal
    vault: Vault
    clock: Clock
    new_id: Callable[[], str]
    random_bytes: Callable[[int], bytes]
    desk_keys: DeskKeys
    receipts: ReceiptSigner
    kill_points: KillPoints
    wake: Callable[[], None]
    open_debits_max: int = OPEN_DEBITS_MAX


@dataclass(frozen=True, slots=True)
class Once:
    """An idempotency key bound to a hash of the request's body (guard 1 of exactly once)."""

    key: str
    body_hash: bytes

    @classmethod
    def of(cls, key: str, *parts: bytes) -> Once:
        """Bind a key to the parts of a request."""
        body = hashlib.sha256()
        for part in parts:
            body.update(len(part).to_bytes(8, "big") + part)
        return cls(key, body.digest())


def run_once(
    context: Context, actor_id: str, once: Once | None, command: Callable[[WriteUnit], dict[str, Any]]
) -> dict[str, Any]:
    """Run a command in one unit of work and commit it with its answer; the same key and body get the stored answer."""
    for _ in range(DEADLOCK_TRIES - 1):
        try:
            return _answered(context, actor_id, once, command)
        except Deadlock:
            continue
    return _answered(context, actor_id, once, command)


def _answered(
    context: Context, actor_id: str, once: Once | None, command: Callable[[WriteUnit], dict[str, Any]]
) -> dict[str, Any]:
    try:
        return _run(context, actor_id, once, command)
    except Deadlock:
        raise
    except BoramError:
        # The same key may have come twice at once: then the other transaction has done it, and that is the answer.
        stored = stored_answer(context, actor_id, once)
        if stored is None:
            raise
        return stored


def _run(
    context: Context, actor_id: str, once: Once | None, command: Callable[[WriteUnit], dict[str, Any]]
) -> dict[str, Any]:
    with context.journal.write() as unit:
        if once is not None:
            stored = unit.idempotency.answer(actor_id, once.key, once.body_hash)
            if stored is not None:
                return dict(stored)
        if unit.returning.is_from_a_backup():
            raise BooksBehind(
                "the books come from a backup and posting has not read yet what they miss: start boram up, or try again in a minute",
                "백업에서 되살린 장부가 원장을 따라잡는 중입니다. 잠시 뒤에 다시 해 주세요",
            )
        answer = command(unit)
        if once is not None:
            unit.idempotency.store(actor_id, once.key, once.body_hash, answer, context.clock.now())
        unit.commit()
    context.kill_points.reach("after_commit")
    return answer


def stored_answer(context: Context, actor_id: str, once: Once | None) -> dict[str, Any] | None:
    """The stored answer of a request, before long work is begun for it."""
    if once is None:
        return None
    with context.journal.read() as unit:
        stored = unit.idempotency.answer(actor_id, once.key, once.body_hash)
    return dict(stored) if stored is not None else None
