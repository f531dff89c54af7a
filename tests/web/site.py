"""The sample district with its pages behind a real HTTP server, and people who are signed in to them."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from ledger_service.domain.actors import Actor
from ledger_service.reads.actors import actor_of_name
from ledger_service.services.cards import change_pin, issue_card
from ledger_service.services.context import Context
from ledger_service.services.doors import door_of
from ledger_service.services.sign_in import ABSOLUTE_SECONDS, Passwords, SignedIn, check_card
from ledger_service.web.ports import SessionEnd, SessionLine
from tests.api.conftest import District
from tests.web.markup import check_markup

COOKIE = "somebody"
AT = "@"  # between somebody and the one page that their session is of


class OpenDoor:
    """Lets in whoever the cookie names: signing in itself is tested where it is written."""

    def __init__(self, context: Context, passwords: Passwords | None = None) -> None:
        self._context = context
        self._passwords = passwords

    def who(self, request: Request, *, is_use: bool = True) -> Actor | None:
        name, _, door = request.cookies.get(COOKIE, "").partition(AT)
        is_here = door in ("", request.url.path)
        return actor_of_name(self._context.journal, name) if name and is_here else None

    def form_token(self, request: Request) -> str:
        name = request.cookies.get(COOKIE)
        return hashlib.sha256(name.encode()).hexdigest() if name else ""

    def sign_in_staff(self, _request: Request, name: str, _password: str, _code: str) -> Callable[[Response], None]:
        return lambda response: response.set_cookie(COOKIE, name)

    def sign_in_resident(self, _request: Request, card_number: str, _pin: str) -> Callable[[Response], None]:
        return lambda response: response.set_cookie(COOKIE, card_number)

    def ends(self, request: Request) -> SessionEnd | None:
        now = self._context.clock.now()
        signed_in = request.cookies.get(COOKIE, "")
        if AT in signed_in:
            return SessionEnd(now + ABSOLUTE_SECONDS, now + ABSOLUTE_SECONDS, ABSOLUTE_SECONDS, at_door=True)
        return SessionEnd(now + 1800, now + 40_000, 1800) if signed_in else None

    def sessions(self, _request: Request) -> Sequence[SessionLine]:
        now = self._context.clock.now()
        return [
            SessionLine("this", now, now, True, False),
            SessionLine("other", now - 600, now - 60, False, True),
            SessionLine("door", now - 600, now - 60, False, False, "/kiosk/1/VOL"),
        ]

    def change_pin(self, _request: Request, actor: Actor, card_number: str, pin: str, new_pin: str) -> None:
        assert self._passwords is not None
        change_pin(self._context, self._passwords, actor, "local", card_number, pin, new_pin)

    def assist(self, request: Request, staff: Actor, card_number: str, pin: str) -> Callable[[Response], None]:
        self.card_holder(request, card_number, pin)
        return lambda _response: None  # a desk's sessions are tested behind the real door

    def open_door(self, _request: Request, clerk: Actor, desk: int, programme: str) -> Callable[[Response], None]:
        return lambda response: response.set_cookie(COOKIE, f"{clerk.name}{AT}{door_of(desk, programme)}")

    def card_holder(self, _request: Request, card_number: str, pin: str) -> str:
        assert self._passwords is not None
        return check_card(self._context, self._passwords, "local", card_number, pin).person_id

    def issue_card(self, registrar: Actor, person_id: str, pin: str) -> str:
        assert self._passwords is not None
        return issue_card(self._context, self._passwords, registrar, person_id, pin)

    def session(self, request: Request) -> str:
        return request.cookies.get(COOKIE) or ""

    def keep(self, _request: Request, signed_in: SignedIn) -> Callable[[Response], None]:
        return lambda response: response.set_cookie(COOKIE, signed_in.actor.name)

    def browser(self, request: Request, way: str) -> str:
        return request.cookies.get(way) or ""

    def new_browser(self, way: str) -> tuple[str, Callable[[Response], None]]:
        return "a browser", lambda response: response.set_cookie(way, "a browser")

    def sign_out(self, _request: Request, response: Response) -> None:
        response.delete_cookie(COOKIE)


@dataclass
class Pages:
    """Running pages."""

    address: str
    open: list[httpx.Client] = field(default_factory=list, kw_only=True)

    def visitor(self, name: str | None = None, language: str = "ko", **cookies: str) -> httpx.Client:
        """A browser of somebody, without its looks."""
        origin = {"origin": self.address, "sec-fetch-site": "same-origin", "accept-language": language}
        jar = cookies | ({COOKIE: name} if name else {})
        client = httpx.Client(
            base_url=self.address, headers=origin, cookies=jar, timeout=30, event_hooks={"response": [check_markup]}
        )
        self.open.append(client)
        return client

    def close(self) -> None:
        for client in self.open:
            client.close()


@dataclass
class Site(Pages):
    """The pages of one district behind the whole application."""

    district: District
    app: FastAPI


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The application on a free port of the loopback."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@dataclass(frozen=True)
class Form:
    """A form of a page as a browser would send it."""

    action: str
    fields: dict[str, str]


def forms(page: str) -> list[Form]:
    """The forms of a page that are sent by POST, without the one that signs out."""
    found = []
    for action, inner in re.findall(r'<form method="post" action="([^"]*)"[^>]*>(.*?)</form>', page, re.DOTALL):
        fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', inner))
        if action != "/sign-out":
            found.append(Form(unescape(action), {name: unescape(value) for name, value in fields.items()}))
    return found


def form(page: httpx.Response, action: str) -> Form:
    """The form of a page whose action contains this."""
    return next(one for one in forms(page.text) if action in one.action)


def send(visitor: httpx.Client, filled: Form, **typed: str) -> httpx.Response:
    """Send a form with what somebody typed, and follow where it leads."""
    return visitor.post(filled.action, data=filled.fields | typed, follow_redirects=True)
