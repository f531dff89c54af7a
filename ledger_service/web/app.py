"""The pages as one ASGI application: a table of addresses, and what stands before and behind every page.

Before it: who asks, whether they may, that a form comes from one of our own pages. Behind it: every failure ends in a page in plain words
with the number to ask with. What is not in the table is not there.
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlsplit

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ledger_service.domain.actors import Actor
from ledger_service.domain.addresses import network_of
from ledger_service.errors import BoramError, Forbidden, Invalid, NotFound
from ledger_service.reads.entries import SETTLED
from ledger_service.services.helping import acting_for
from ledger_service.services.looks import looked
from ledger_service.services.rate_limits import ADDRESS, PUBLIC, READ, WRITE
from ledger_service.web import errors
from ledger_service.web.assets import Assets
from ledger_service.web.formats import UNITS_KO
from ledger_service.web.outcomes import FAULTS, OUTCOMES, REPAIRS
from ledger_service.web.pages import PAGES
from ledger_service.web.pages.table import Page
from ledger_service.web.ports import WebPorts
from ledger_service.web.remembered import remembered_dongs, remembered_impact
from ledger_service.web.sessions import address_of
from ledger_service.web.visit import Upload, View, Visit, is_part, unbroken

FORM_BYTES_MAX = 64 * 1024
UPLOAD_OVERHEAD_BYTES = 64 * 1024
UPLOADS_AT_ONCE = 4  # as many again as the API takes
FIELDS_MAX = 100
FRAMES_MAX = 8
TEMPLATES = Path(__file__).parent / "templates"
SIGN_IN = "/sign-in"
NO_ROUTE = "none"  # what somebody typed is in no log, metric or row of the access log
LOOK_REASON = "page"  # why somebody was looked at: the page that was opened, which the row names

_log = structlog.get_logger("boram.web")


class ForeignForm(Forbidden):
    """A form that did not come from one of our own pages, or from an earlier session."""

    code = "foreign_form"


class FormTooLarge(BoramError):
    """A form or file with more bytes than the page takes. Fields: limit."""

    code = "form_too_large"
    status = 413


@dataclass(frozen=True, slots=True)
class Pages:
    """What all requests share."""

    ports: WebPorts
    environment: Environment
    assets: Assets
    upload_slots: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(UPLOADS_AT_ONCE))

    def endpoint(self, path: str, pages: Mapping[str, Page]) -> Callable[[Request], Any]:
        """The endpoint of one address: its methods and their pages."""

        async def serve(request: Request) -> Response:
            request.state.route = path
            page = pages[request.method if request.method != "HEAD" else "GET"]
            return await self._answer(request, page)

        return serve

    async def _answer(self, request: Request, page: Page) -> Response:
        fields: Mapping[str, str] = {}
        files: Mapping[str, Upload] = {}
        try:
            if page.upload:
                return await self._with_file(request, page)
            if request.method == "POST":
                fields, files = await self._form(request, page)
            async with self.ports.secret_gate.place() if page.checks_secret else nullcontext():
                return await run_in_threadpool(self._respond, request, page, fields, files)
        except BoramError as error:
            return await run_in_threadpool(self._failed, request, page, fields, files, error)
        except self.ports.database_errors as error:
            _log.warning("database", error=type(error).__name__, request_id=_request_id(request))
            return await run_in_threadpool(self._failed, request, page, fields, files, errors.database_busy())
        except Exception as error:  # noqa: BLE001  the last place that can still answer with a page
            _log_unexpected(request, error)
            return await run_in_threadpool(self._failed, request, page, fields, files, errors.internal())

    async def _with_file(self, request: Request, page: Page) -> Response:
        """A form that may hold a file: nothing of a stranger's is read, and few are in memory at once."""
        actor = await run_in_threadpool(self.ports.door.who, request)
        if actor is None:
            if is_part(request):
                return await run_in_threadpool(self._signed_out, request)
            return RedirectResponse(f"{SIGN_IN}?" + errors.back_query(form_page(request)), 303)
        if page.roles is not None and not actor.has(*page.roles):
            raise errors.not_for(page.roles)
        if not self.upload_slots.acquire(blocking=False):
            raise errors.files_busy()
        try:
            fields, files = await self._form(request, page)
            return await run_in_threadpool(self._respond, request, page, fields, files)
        finally:
            self.upload_slots.release()

    def _respond(
        self, request: Request, page: Page, fields: Mapping[str, str], files: Mapping[str, Upload]
    ) -> Response:
        limits, address = self.ports.rate_limits, network_of(address_of(request))
        limits.require(ADDRESS, address)
        actor = self._who(request, page)
        if actor is None:
            if page.knows_who:  # what pages ask for by themselves is counted by address alone
                limits.require(PUBLIC, address)
        else:
            request.state.actor_id = actor.id
            limits.require(WRITE if request.method == "POST" else READ, actor.id)
            for kind in page.counted:
                limits.require(kind, actor.id)
        visit = self._visit(request, actor, fields, files)
        if page.roles is not None:
            if actor is None:
                if page.asked_again or is_part(request):
                    return self._signed_out(request)
                staff = "&staff=1" if visit.is_unattended else ""  # no resident is asked for card and PIN at a door
                return RedirectResponse(f"{SIGN_IN}?{errors.back_query(visit.here())}{staff}", 303)
            if not actor.has(*page.roles):
                raise errors.not_for(page.roles)
        if request.method == "POST":
            self._require_own_form(request, visit)
        if actor is None:
            return self._served(visit, page)
        if page.helps is not None:
            actor, visit.helped = acting_for(self.ports.context, actor, visit.path["grant"])
            visit.actor = actor
            if page.helps == "sign_up" and not visit.helped.may_sign_up:
                raise NotFound("you may look, and not sign up", "보는 것만 허락받았습니다")
        action = f"{request.method} {request.state.route}"
        with looked(self.ports.context, actor, address_of(request), action, LOOK_REASON):
            return self._served(visit, page)

    def _signed_out(self, request: Request) -> Response:
        """What a script is told instead of the page for signing in, which it would put into the middle of another."""
        return self._visit(request, None, {}, {}).render("signed_out.html", 401)

    def _served(self, visit: Visit, page: Page) -> Response:
        try:
            return page.handler(visit)
        except BoramError as error:
            if page.again is None or error.status >= 500 or error.status == 403:
                raise
            return errors.with_wait(page.again(visit, error), error)

    def _failed(
        self,
        request: Request,
        page: Page,
        fields: Mapping[str, str],
        files: Mapping[str, Upload],
        error: BoramError,
    ) -> Response:
        """The error's page. Where even that fails, one without a look into the books."""
        try:
            actor = self._who(request, page)
            return errors.page(self._visit(request, actor, fields, files), error, resend=not files)
        except Exception as second:  # noqa: BLE001  the books may be what fails
            if not isinstance(second, self.ports.database_errors):
                _log_unexpected(request, second)
            return errors.page(self._visit(request, None, {}, {}), error, resend=False, bare=True)

    def _who(self, request: Request, page: Page) -> Actor | None:
        return self.ports.door.who(request, is_use=not page.asked_again) if page.knows_who else None

    def _visit(
        self, request: Request, actor: Actor | None, fields: Mapping[str, str], files: Mapping[str, Upload]
    ) -> Visit:
        path = {name: str(value) for name, value in request.path_params.items()}
        return Visit(
            request,
            self.ports,
            self.environment,
            View.of(request),
            actor,
            fields,
            files,
            path,
            self.assets.address,
            form_page(request),
        )

    async def _form(self, request: Request, page: Page) -> tuple[Mapping[str, str], Mapping[str, Upload]]:
        limit = self.ports.upload_bytes_max + UPLOAD_OVERHEAD_BYTES if page.upload else FORM_BYTES_MAX
        announced = request.headers.get("content-length", "")
        if not (announced.isascii() and announced.isdigit() and int(announced[:20]) <= limit):
            raise _too_large(limit)
        try:
            form = await request.form(max_files=1 if page.upload else 0, max_fields=FIELDS_MAX)
        except HTTPException as error:
            raise Invalid(
                "the form cannot be read: open the page again", "양식을 읽을 수 없습니다. 페이지를 다시 열어 주세요"
            ) from error
        fields, files = {}, {}
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files[name] = Upload(value.filename or "", await value.read())
            else:
                fields[name] = value
        await form.close()
        return fields, files

    def _require_own_form(self, request: Request, visit: Visit) -> None:
        """Where the browser says that the form comes from, and the session's own token in it. One of the two headers has to be there."""
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site is not None:
            is_own = site in ("same-origin", "none")
        else:
            is_own = origin is not None and urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
        expected, given = self.ports.door.form_token(request), visit.fields.get("form_token", "")
        if not is_own or not secrets.compare_digest(expected.encode(), given.encode()):
            raise ForeignForm(
                "this form is not from a page of this session: open the page again and send it once more",
                "이 양식은 지금 로그인한 화면에서 온 것이 아닙니다. 페이지를 다시 열고 한 번 더 보내 주세요",
            )


def create_pages(ports: WebPorts) -> Starlette:
    """The pages over these ports."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = unbroken
    environment.tests["settled"] = SETTLED.__contains__
    environment.globals.update(units_ko=UNITS_KO, outcomes_ko=OUTCOMES, repairs_ko=REPAIRS, faults_ko=FAULTS)
    pages = Pages(ports, environment, Assets(ports.brand))
    by_path: dict[str, dict[str, Page]] = {}
    for (method, path), page in PAGES.items():
        by_path.setdefault(path, {})[method] = page
    routes: Sequence[Route] = [
        Route(path, pages.endpoint(path, found), methods=list(found)) for path, found in by_path.items()
    ]
    routes = [Route("/assets/{version}/{name}", pages.assets.serve, methods=["GET"]), *routes]

    async def no_such_page(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        nothing = Page(_nothing, None)
        request.state.route = NO_ROUTE
        if error.status_code == 405:
            return await run_in_threadpool(pages._failed, request, nothing, {}, {}, errors.wrong_method())
        return await pages._answer(request, nothing)

    app = Starlette(routes=routes, exception_handlers={HTTPException: no_such_page})
    app.state.impact = remembered_impact()
    app.state.dongs = remembered_dongs()
    app.state.workers = {}
    app.state.uploads = pages.upload_slots
    return app


def _nothing(_visit: Visit) -> Response:
    raise NotFound("there is no such page", "없는 페이지입니다")


def _too_large(limit: int) -> FormTooLarge:
    return FormTooLarge(
        f"what was sent has more than {limit:,} bytes: send a smaller file",
        f"보낸 내용이 너무 큽니다({limit:,}바이트 초과). 파일을 나누어 보내 주세요",
        limit=limit,
    )


def _request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


def _log_unexpected(request: Request, error: Exception) -> None:
    """Places only: a message may hold personal data."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    _log.error(
        "unexpected",
        request_id=_request_id(request),
        error=type(error).__name__,
        at=[f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames],
    )


def form_page(request: Request) -> str:
    """The address of the page that the request's form is on: the nearest above its own that is a page."""
    route, path = str(getattr(request.state, "route", "")), request.url.path
    while route.strip("/"):
        if ("GET", route) in PAGES:
            return path
        route, path = route.rpartition("/")[0], path.rpartition("/")[0]
    return "/"
