"""The one gate before whatever computes a slow hash, API and pages alike: whoever waits does so without a thread, and the rest goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from ledger_service.services.sign_in import SignInBusy

AT_ONCE = 2
WAITING_MAX = 256


class SecretGate:
    """Two at a time in one event loop, and some who wait; SignInBusy for more."""

    def __init__(self) -> None:
        self._gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
        self._lock = threading.Lock()
        self._inside = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place."""
        with self._lock:
            if self._inside >= AT_ONCE + WAITING_MAX:
                raise SignInBusy
            self._inside += 1
            gate = self._gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
        try:
            async with gate:
                yield
        finally:
            with self._lock:
                self._inside -= 1
