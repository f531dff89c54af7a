"""A process of its own that serves API and pages over a district's books with the slow hashes of production; it prints its port."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path
from uuid import uuid4

import uvicorn
from fastapi import FastAPI

from ledger_service.adapters.actors import add_actor
from ledger_service.adapters.passwords import Argon2Passwords
from ledger_service.api.app import create_app
from ledger_service.api.ports import Ports
from ledger_service.domain.batches import Domain
from ledger_service.journal.engine import open_engine
from ledger_service.services.context import Context
from ledger_service.services.passkeys import RelyingParty
from ledger_service.services.secret_gate import SecretGate
from ledger_service.web.app import create_pages
from ledger_service.web.brand import Brand
from ledger_service.web.ports import WebPorts
from ledger_service.web.sessions import SessionDoor
from tests.books import open_books

COOKIE = "boram-on-loopback"
PROXY = "127.0.0.1"  # what it says of others' addresses is believed


def whole_app(context: Context, passwords: Argon2Passwords, party: RelyingParty | None = None) -> FastAPI:
    """API and pages over a district's books, with real sessions and one gate for both."""
    gate = SecretGate()
    pages = create_pages(
        WebPorts(
            context=context,
            door=SessionDoor(context, passwords, COOKIE, False),
            brand=Brand("서초구", "Seocho-gu", "보람코인", "Boram coin", "#0b50d0", "02-000-0000"),
            service_key=bytes(20),
            upload_bytes_max=1 << 20,
            monotonic=time.monotonic,
            secret_gate=gate,
            passwords=passwords,
            relying_party=party,
        )
    )
    return create_app(
        Ports(
            context=context,
            add_actor=lambda by, *rest: add_actor(context, by.id, *rest),
            new_request_id=lambda: uuid4().hex[:16],
            monotonic=time.monotonic,
            upload_bytes_max=1 << 20,
            service_key=bytes(20),
            domain=Domain(31_337, b"\x11" * 20),
            passwords=passwords,
            secret_gate=gate,
            relying_party=party,
            is_loopback_demo=True,
        ),
        pages,
    )


def serve(books_file: Path, keys_file: Path) -> None:
    books = open_books(open_engine(f"sqlite:///{books_file}"), open_engine(f"sqlite:///{keys_file}"))
    app = whole_app(books.context, Argon2Passwords(light=False))
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, proxy_headers=True, forwarded_allow_ips=PROXY)
    )
    server.run(sockets=[listening])


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]))
