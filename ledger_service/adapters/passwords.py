"""argon2id behind the services' port: few computations at once, because each takes 64 MiB and a tenth of a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ledger_service.services.sign_in import SignInBusy

AT_ONCE = 2
WAITING_MAX = 16  # of the threads that all requests share
WAITING_SECONDS_MAX = 10


class Argon2Passwords:
    """Hashes and checks secrets. `light` parameters are for demo and test only."""

    def __init__(self, *, light: bool) -> None:
        self._hasher = (
            PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1)
            if light
            else PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1)
        )
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._waiting = threading.BoundedSemaphore(AT_ONCE + WAITING_MAX)
        self._dummy = self._hasher.hash("nobody")

    def hash(self, secret: str) -> str:
        """A hash to store."""
        with self._slot():
            return self._hasher.hash(secret)

    def verify(self, stored: str | None, secret: str) -> bool:
        """Whether a secret is the stored one. Where there is none the same work is done, and the answer is no."""
        with self._slot():
            try:
                self._hasher.verify(stored or self._dummy, secret)
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._waiting.acquire(blocking=False):
            raise SignInBusy
        try:
            if not self._slots.acquire(timeout=WAITING_SECONDS_MAX):
                raise SignInBusy
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._waiting.release()
