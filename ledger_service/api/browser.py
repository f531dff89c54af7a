"""Browsers: the session cookie, and what keeps other sites from using it.

The cookie is `__Host-boram` with Secure, HttpOnly and SameSite=Lax. On plain HTTP some browsers drop such a cookie, so a demo or test that
listens on the loopback alone has one without the prefix and without Secure (docs/security.md). A bearer token is no cookie: a browser never
sends one by itself, so none of this concerns it.
"""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs, urlsplit

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from ledger_service.api.ports import ports_of
from ledger_service.api.problems import CrossSite, FormTokenMissing
from ledger_service.domain.actors import Actor
from ledger_service.reads.actors import actor_of_session
from ledger_service.services.passkeys import CHALLENGE_SECONDS, PASSKEY
from ledger_service.services.sign_in import SignedIn, new_secret, see_session

COOKIE = "__Host-boram"
COOKIE_ON_LOOPBACK = "boram-on-loopback"
ASSISTED = "-assisted"  # beside the session of the member of staff, who goes on when the resident's is over
FORM_TOKEN_HEADER = "x-form-token"  # noqa: S105
FORM_TOKEN_FIELD = "form_token"  # noqa: S105
SECRET_LENGTH_MAX = 64
SEEN_EVERY_SECONDS = 60  # of an idle limit of half an hour; not every request writes

_OWN_SITE = frozenset({"same-origin", "none"})


async def actor_of_cookie(request: Request) -> Actor | None:
    """Who the session cookie stands for; None without one, or where its session is over. A resident who is assisted goes first."""
    ports = ports_of(request)
    now = ports.context.clock.now()
    for name in reversed(cookie_names(ports.is_loopback_demo)):
        secret = request.cookies.get(name, "")
        if not secret or len(secret) > SECRET_LENGTH_MAX:
            continue
        found = await run_in_threadpool(actor_of_session, ports.context.journal, secret, now)
        if found is None:
            continue
        actor, session = found
        request.state.session, request.state.session_secret = session, secret
        if now - session.seen_at >= SEEN_EVERY_SECONDS:
            await run_in_threadpool(see_session, ports.context, session.id)
        return actor
    return None


def cookie_names(is_loopback_demo: bool) -> tuple[str, str]:
    """What the session cookie is called here, and that of a resident who is assisted."""
    name = COOKIE_ON_LOOPBACK if is_loopback_demo else COOKIE
    return name, name + ASSISTED


def set_session(request: Request, response: Response, signed_in: SignedIn) -> str:
    """Give the browser the session, and the caller its form token."""
    ports = ports_of(request)
    response.set_cookie(
        cookie_names(ports.is_loopback_demo)[signed_in.session.assisted_by is not None],
        signed_in.secret,
        path="/",
        secure=not ports.is_loopback_demo,
        httponly=True,
        samesite="lax",
    )
    if signed_in.session.assisted_by is None:  # who signs in is not the resident who was helped here before
        response.delete_cookie(
            cookie_names(ports.is_loopback_demo)[1],
            path="/",
            secure=not ports.is_loopback_demo,
            httponly=True,
            samesite="lax",
        )
    return ports.context.vault.form_token(signed_in.secret)


def set_passkey_browser(request: Request, response: Response) -> str:
    """A secret of this browser for the minutes in which somebody signs in with a passkey."""
    ports = ports_of(request)
    secret = new_secret(ports.context)
    response.set_cookie(
        cookie_names(ports.is_loopback_demo)[0] + PASSKEY,
        secret,
        max_age=CHALLENGE_SECONDS,
        path="/",
        secure=not ports.is_loopback_demo,
        httponly=True,
        samesite="strict",
    )
    return secret


def passkey_browser(request: Request) -> str:
    """That secret; empty where the browser has none."""
    secret = request.cookies.get(cookie_names(ports_of(request).is_loopback_demo)[0] + PASSKEY, "")
    return secret if len(secret) <= SECRET_LENGTH_MAX else ""


def forget_session(request: Request, response: Response) -> None:
    """Take the cookie back. The session itself is ended in the books."""
    ports = ports_of(request)
    session = request.state.session
    is_assisted = session is not None and session.assisted_by is not None
    response.delete_cookie(
        cookie_names(ports.is_loopback_demo)[is_assisted],
        path="/",
        secure=not ports.is_loopback_demo,
        httponly=True,
        samesite="lax",
    )


def refuse_cross_site(request: Request) -> None:
    """CrossSite where a browser says that another site sent this. Clients that are no browser say nothing, and carry no cookie."""
    fetched = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if fetched is not None:
        if fetched not in _OWN_SITE:
            raise _cross_site()
    elif origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise _cross_site()


def require_form_token(request: Request, body: bytes) -> None:
    """In a session an unsafe request shows where it comes from and carries the session's form token, in a header or a form's field."""
    if "sec-fetch-site" not in request.headers and "origin" not in request.headers:
        raise _cross_site()
    given = request.headers.get(FORM_TOKEN_HEADER, "")
    if not given and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        given = parse_qs(body.decode("utf-8", "replace")).get(FORM_TOKEN_FIELD, [""])[0]
    expected = ports_of(request).context.vault.form_token(request.state.session_secret)
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise FormTokenMissing(
            "this form is not of your session: load the page again", "접속이 바뀌었습니다. 화면을 새로 고쳐 주세요"
        )


def _cross_site() -> CrossSite:
    return CrossSite("another site sent this request", "다른 사이트에서 보낸 요청입니다")
