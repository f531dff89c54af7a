"""The API and the pages over an installation: their ports, from settings."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ledger_service.adapters.actors import add_actor
from ledger_service.adapters.databases import DATABASE_ERRORS
from ledger_service.adapters.home import SecretMissing, read_secret
from ledger_service.adapters.keys import SERVICE_KEY
from ledger_service.api.app import create_app
from ledger_service.api.browser import cookie_names
from ledger_service.api.ports import Ports
from ledger_service.bootstrap.installation import Installation
from ledger_service.config import Settings
from ledger_service.domain.actors import Actor, Role
from ledger_service.reads.actors import ActorLine
from ledger_service.services.context import Context
from ledger_service.services.passkeys import RelyingParty
from ledger_service.services.rate_limits import (
    A_MINUTE,
    ADDRESS,
    CODE,
    EXPORT,
    LOOKUP,
    PUBLIC,
    READ,
    UPLOAD,
    WRITE,
    RateLimits,
)
from ledger_service.services.secret_gate import SecretGate
from ledger_service.services.sign_on import Provider
from ledger_service.web.app import create_pages
from ledger_service.web.brand import Brand
from ledger_service.web.plan import read_plan
from ledger_service.web.ports import Door, WebPorts
from ledger_service.web.sessions import SessionDoor

if TYPE_CHECKING:
    from fastapi import FastAPI

SIGN_ON_RETURN = "/sign-in/district/return"
REQUEST_ID_BYTES = 8


def app_of(installation: Installation, door: Door | None = None) -> FastAPI:
    """The API and the pages over an installation. `door` lets people in; one for sessions where none is given."""

    def add(
        by: Actor, name: str, roles: Sequence[Role], desks: Sequence[str], person_id: str | None
    ) -> tuple[ActorLine, str]:
        return add_actor(context, by.id, name, roles, desks, person_id)

    settings, context, passwords = installation.settings, installation.context, installation.passwords
    service_key = installation.keys.address(SERVICE_KEY)
    limits = _rate_limits(settings, context)
    gate, party, sign_on = SecretGate(), _relying_party(settings), _sign_on(settings)
    pages = create_pages(
        WebPorts(
            context=context,
            door=door
            or SessionDoor(
                context,
                passwords,
                cookie_names(settings.is_loopback_demo)[0],
                not settings.is_loopback_demo,
            ),
            brand=_brand(settings),
            service_key=service_key,
            upload_bytes_max=settings.import_bytes_max,
            monotonic=time.monotonic,
            secret_gate=gate,
            passwords=passwords,
            relying_party=party,
            sign_on=sign_on,
            rate_limits=limits,
            database_errors=DATABASE_ERRORS,
            alarms=installation.alarms,
        )
    )
    return create_app(
        Ports(
            context=context,
            add_actor=add,
            new_request_id=lambda: secrets.token_hex(REQUEST_ID_BYTES),
            monotonic=time.monotonic,
            upload_bytes_max=settings.import_bytes_max,
            alarms=installation.alarms,
            service_key=service_key,
            domain=installation.domain,
            passwords=passwords,
            secret_gate=gate,
            relying_party=party,
            sign_on=sign_on,
            rate_limits=limits,
            is_loopback_demo=settings.is_loopback_demo,
            database_errors=DATABASE_ERRORS,
        ),
        pages,
    )


def _relying_party(settings: Settings) -> RelyingParty | None:
    """What passkeys are bound to: the public address, or the browser's own machine in a demo."""
    origins = settings.origins
    if not origins and settings.is_loopback_demo and settings.port:
        origins = (f"http://localhost:{settings.port}",)
    if not origins:
        return None
    domain = settings.passkey_domain or str(urlsplit(origins[0]).hostname)
    return RelyingParty(domain, f"{settings.district_name} {settings.coin_name}", origins)


def _sign_on(settings: Settings) -> Provider | None:
    """The district's own sign-on, if it has one; none of its libraries is loaded without. Raises SecretMissing."""
    secret_file = settings.sign_on_client_secret_file
    if settings.sign_on_issuer is None or settings.sign_on_client_id is None or secret_file is None:
        return None
    from ledger_service.adapters.sign_on import OpenIdProvider

    secret = (read_secret(secret_file) or b"").decode().strip()
    if not secret:
        raise SecretMissing(
            f"there is no client secret at {secret_file} (BORAM_SIGN_ON_CLIENT_SECRET_FILE): write it there (chmod 600)",
            f"{secret_file}에 통합 로그인 비밀 값이 없습니다. 그 자리에 적어 두세요(chmod 600)",
        )
    redirect = f"{settings.origins[0]}{SIGN_ON_RETURN}"
    return OpenIdProvider(settings.sign_on_issuer, settings.sign_on_client_id, secret, redirect)


def _rate_limits(settings: Settings, context: Context) -> RateLimits:
    """Production has limits unless a setting says 0; demo and test only those that are set."""
    set_here = {
        ADDRESS: settings.rate_address, PUBLIC: settings.rate_public, READ: settings.rate_reads,
        WRITE: settings.rate_writes, LOOKUP: settings.rate_lookups, UPLOAD: settings.rate_uploads,
        EXPORT: settings.rate_exports, CODE: settings.rate_codes,
    }  # fmt: skip
    usual = A_MINUTE if settings.environment == "production" else {}
    given = {kind: count for kind, count in set_here.items() if count is not None}
    return RateLimits({**usual, **given}, time.monotonic, context, settings.api_processes)


def _brand(settings: Settings) -> Brand:
    return Brand(
        district=settings.district_name,
        district_en=settings.district_name_en,
        coin=settings.coin_name,
        coin_en=settings.coin_name_en,
        colour=settings.colour,
        help_phone=settings.help_phone,
        logo=settings.logo,
        plan=() if settings.dong_plan is None else read_plan(settings.dong_plan),
    )
