"""The pages over a town hall whose date moves: what needs a month to end, or coins to expire."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from ledger_service.adapters.passwords import Argon2Passwords
from ledger_service.domain.actors import Role
from ledger_service.domain.entries import DeskKind
from ledger_service.services.secret_gate import SecretGate
from ledger_service.web.app import create_pages
from ledger_service.web.brand import Brand
from ledger_service.web.ports import WebPorts
from ledger_service.web.remembered import KEPT_SECONDS
from tests.books import Books
from tests.integration.posting.hall import Hall
from tests.web.site import OpenDoor, Pages, form, send, served

PASSWORDS = Argon2Passwords(light=True)
BRAND = Brand("서초구", "Seocho-gu", "보람코인", "Boram coin", "#0b50d0", "02-000-0000")


@dataclass
class Month(Pages):
    """The running pages, and the hall behind them."""

    hall: Hall
    skipped: list[float]  # seconds that the clock of remembered sums is ahead

    def forget_sums(self) -> None:
        """What is worked out once a minute is worked out anew."""
        self.skipped.append(KEPT_SECONDS)

    def send(self, name: str, page: str, action: str, **typed: str) -> httpx.Response:
        """Open a page as somebody, fill its form and send it."""
        visitor = self.visitor(name)
        shown = visitor.get(page, follow_redirects=True)
        assert shown.status_code == 200, shown.text
        return send(visitor, form(shown, action), **typed)


class QuietHall(Hall):
    """The same without a chain: what is accepted stays on its way, and coins are granted."""

    def settle(self) -> None:
        for member in self.members[:1]:
            self.books.grant(member["회원번호"], 40)


def quiet_hall(books: Books, members: list[dict[str, str]]) -> Hall:
    """A hall over the sample district's books, for pages that no chain decides."""
    nothing: Any = None
    return QuietHall(books, nothing, nothing, members)


@contextmanager
def open_month(hall: Hall) -> Iterator[Month]:
    """Serve the hall's pages; people of every kind are there."""
    books, skipped = hall.books, list[float]()
    centre = frozenset({books.desk(DeskKind.CENTRE, "SVC")})
    books.actor("clerk", Role.CLERK, desks=centre)
    books.actor("approver", Role.APPROVER, desks=centre)
    books.actor("auditor", Role.AUDITOR)
    books.actor("registrar", Role.REGISTRAR)
    assert books.office.name == "office"
    assert books.second.name == "second"
    for code in ("GYM", "HALL"):
        hall.counter(code)
    pages = create_pages(
        WebPorts(
            context=books.context,
            door=OpenDoor(books.context, PASSWORDS),
            brand=BRAND,
            service_key=bytes(20),
            upload_bytes_max=1_000_000,
            monotonic=lambda: time.monotonic() + sum(skipped),
            secret_gate=SecretGate(),
            passwords=PASSWORDS,
        )
    )
    with served(pages) as address:
        made = Month(address, hall, skipped)
        yield made
        made.close()
