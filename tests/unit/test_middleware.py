"""What is around every request, where there is nobody left to be answered."""

from __future__ import annotations

import asyncio
import itertools
from types import SimpleNamespace
from typing import Any

import structlog
from starlette.requests import ClientDisconnect

from ledger_service.api.middleware import Accounting


async def leaves(_scope: Any, _receive: Any, _send: Any) -> None:
    raise ClientDisconnect


def test_a_client_that_left_before_its_body_came_is_no_error_of_ours() -> None:
    sent: list[Any] = []
    ports: Any = SimpleNamespace(
        new_request_id=lambda: "0b5c1f2e7a9d4c38", monotonic=itertools.count().__next__, is_loopback_demo=True
    )

    async def send(message: Any) -> None:
        sent.append(message)

    with structlog.testing.capture_logs() as lines:
        asyncio.run(Accounting(leaves, ports)({"type": "http", "method": "POST"}, None, send))  # type: ignore[arg-type]
    assert sent == []
    assert [(line["log_level"], line["status"]) for line in lines] == [("info", 499)]
