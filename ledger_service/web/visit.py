"""One request for a page: who asks, in which language and text size, what the form says, and how the answer is made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.cells import read_date
from ledger_service.errors import Invalid, NotFound
from ledger_service.services.context import Context, Once
from ledger_service.services.helping import Help
from ledger_service.services.table_errors import FileTooLarge
from ledger_service.web.formats import Formats
from ledger_service.web.language import mark_korean
from ledger_service.web.ports import WebPorts
from ledger_service.web.tables import stack_tables
from ledger_service.web.titles import titled
from ledger_service.web.words import ENGLISH

SIZES = ("1", "2", "3")
LANGUAGES = ("ko", "en")
VIEW_COOKIE_SECONDS = 400 * 24 * 3600
REASON_LENGTH_MAX = 200
SECRETS = frozenset({"pin", "new_pin", "password"})  # fields that no page gives back and no answer is bound to
POLICY = (  # scripts are files of ours: none stands in a page, and none is made from text
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; worker-src 'self'; "
    "form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_UNATTENDED = re.compile(r"/kiosk/[^/]+/[^/]+")  # pages of a door where nobody watches
_WHOLE = re.compile(r"[0-9]{1,9}")
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


class FieldInvalid(Invalid):
    """One field of a form cannot be understood. Fields: field."""

    code = "field_invalid"


@dataclass(frozen=True, slots=True)
class View:
    """How somebody wants to see the pages; kept in cookies of their browser only."""

    language: str
    size: str
    contrast: bool

    @classmethod
    def of(cls, request: Request) -> View:
        """The cookies, else the browser's language, Korean first."""
        language = request.cookies.get("lang", "")
        if language not in LANGUAGES:
            wanted = request.headers.get("accept-language", "").lower()
            english, korean = wanted.find("en"), wanted.find("ko")
            language = "en" if english >= 0 and (korean < 0 or english < korean) else "ko"
        size = request.cookies.get("size", "")
        return cls(language, size if size in SIZES else "1", request.cookies.get("contrast") == "high")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form."""

    name: str
    data: bytes


@dataclass(slots=True)
class Visit:
    """What a page works with. `fields` are the form's texts, `path` the parts of the address that a route names."""

    request: Request
    ports: WebPorts
    environment: Environment
    view: View
    actor: Actor | None
    fields: Mapping[str, str]
    files: Mapping[str, Upload]
    path: Mapping[str, str]
    assets: Callable[[str], str]
    form_page: str  # of an answer to a form: the address of the page that the form is on
    formats: Formats = field(init=False)
    helped: Help | None = None  # whom the visitor acts for, and what they allowed

    def __post_init__(self) -> None:
        self.formats = Formats(self.view.language)

    @property
    def context(self) -> Context:
        return self.ports.context

    @property
    def today(self) -> date:
        return self.ports.context.clock.today()

    @property
    def now(self) -> int:
        return self.ports.context.clock.now()

    @property
    def me(self) -> Actor:
        """Who is signed in; the page's rule has let them pass."""
        assert self.actor is not None
        return self.actor

    @property
    def own_base(self) -> str:
        """Where a resident's own pages begin: of a helper those of whom they help."""
        return "/me" if self.helped is None else f"/helping/{self.helped.id}"

    @property
    def courses_base(self) -> str:
        """Where the pages for signing up begin."""
        return "/courses" if self.helped is None else f"/helping/{self.helped.id}/courses"

    @property
    def person_id(self) -> str:
        """The resident who is signed in."""
        if self.me.person_id is None:
            raise NotFound("you are not signed in as a resident", "주민으로 로그인하지 않았습니다")
        return self.me.person_id

    def say(self, text: str, **values: object) -> str:
        """A text of ours in the visitor's language; the table of translations is keyed by the Korean one."""
        if self.view.language == "en":
            text = ENGLISH.get(text, text)
        return text.format(**values) if values else text

    @property
    def is_unattended(self) -> bool:
        """A page that leads nowhere but to itself: its session is of staff, and whoever comes stands before it."""
        return _UNATTENDED.fullmatch(self.request.url.path) is not None

    def text(self, name: str) -> str:
        """A field as it was typed, without what a keyboard or a paste adds: full-width digits, spaces around."""
        return unicodedata.normalize("NFKC", self.fields.get(name, "")).strip()

    def whole(self, name: str, label: str) -> int:
        """A field as a whole number; `1,000` and full-width digits are fine."""
        typed = self.text(name).replace(",", "")
        if not _WHOLE.fullmatch(typed):
            raise FieldInvalid(
                f"{ENGLISH.get(label, label)}: a whole number, please", f"{label}: 숫자로 적어 주세요", field=name
            )
        return int(typed)

    def day(self, name: str, label: str) -> date:
        """A field as a day."""
        day = read_date(self.text(name))
        if day is None:
            raise FieldInvalid(
                f"{ENGLISH.get(label, label)}: a day, as 2026-11-22", f"{label}: 2026-11-22처럼 적어 주세요", field=name
            )
        return day

    def required(self, name: str, label: str) -> str:
        """A field in which something has to stand."""
        text = self.text(name)
        if not text or len(text) > REASON_LENGTH_MAX:
            raise FieldInvalid(
                f"{ENGLISH.get(label, label)}: 1 to {REASON_LENGTH_MAX} characters",
                f"{label}: {REASON_LENGTH_MAX}자 안에서 적어 주세요",
                field=name,
            )
        return text

    def upload(self) -> Upload:
        """The form's file. Raises FieldInvalid where none was chosen or it is empty, FileTooLarge."""
        found = self.files.get("file")
        if found is None or not found.data:
            raise FieldInvalid("choose a file", "파일을 골라 주세요", field="file")
        if len(found.data) > self.ports.upload_bytes_max:
            raise FileTooLarge("bytes", self.ports.upload_bytes_max, "바이트")
        return found

    def number_in_path(self, name: str) -> int:
        """A number that the address names; NotFound otherwise."""
        text = self.path.get(name, "")
        if not _WHOLE.fullmatch(text):
            raise NotFound("there is no such page", "없는 페이지입니다")
        return int(text)

    def number_in_query(self, name: str) -> int | None:
        """A number after the question mark, if there is one."""
        text = self.request.query_params.get(name, "")
        return int(text) if _WHOLE.fullmatch(text) else None

    def own_key(self) -> str:
        """The key that the form carries; nothing where it carries none, or something that is none."""
        key = self.fields.get("key", "")
        return key if _KEY.fullmatch(key) else ""

    def once(self) -> Once:
        """The form's own key bound to all that it says: sent again, it gives the same answer, and nothing happens twice."""
        key = self.own_key()
        if not key:
            raise FieldInvalid(
                "this form is incomplete: open the page again",
                "양식이 온전하지 않습니다. 페이지를 다시 열어 주세요",
                field="key",
            )
        said = sorted(
            (name, value) for name, value in self.fields.items() if name not in (*SECRETS, "form_token", "key")
        )
        parts = [part.encode() for pair in said for part in pair]
        parts += [upload.data for _, upload in sorted(self.files.items())]
        return Once.of(key, self.request.method.encode(), self.request.url.path.encode(), *parts)

    def go(self, path: str, **query: object) -> Response:
        """To another page, by GET, so that a reload repeats nothing."""
        return RedirectResponse(path + ("?" + urlencode(query) if query else ""), 303)

    def file(self, content: bytes, kind: str, name: str) -> Response:
        """A file to keep; its name is letters, digits and dashes."""
        safe = re.sub(r"[^A-Za-z0-9.-]", "_", name)
        return Response(
            content,
            headers={
                "content-type": kind,
                "content-disposition": f'attachment; filename="{safe}"',
                "content-security-policy": POLICY,
            },
        )

    def titled(self, title: str) -> str:
        """What a proposal is called."""
        return titled(self.say, self.formats, title)

    def render(self, template: str, status: int = 200, **more: Any) -> Response:
        """A page."""
        request = self.request
        formats = self.formats
        content = self.environment.get_template(template).render(
            _=self.say,
            visit=self,
            brand=self.ports.brand,
            district=self.ports.brand.district_en if self.view.language == "en" else self.ports.brand.district,
            coin=self.ports.brand.coin_en if self.view.language == "en" else self.ports.brand.coin,
            actor=self.actor,
            language=self.view.language,
            view=self.view,
            f=formats,
            today=self.today,
            asset=self.assets,
            here=quote(request.url.path),
            back=self.here(),
            form_token=self.ports.door.form_token(request),
            new_key=self.context.new_id,
            fields=self.fields,
            has=self.has,
            **more,
        )
        page = stack_tables(content)
        return HTMLResponse(
            mark_korean(page) if self.view.language == "en" else page,
            status,
            headers={
                "content-security-policy": POLICY,
                "content-language": self.view.language,
                "referrer-policy": "same-origin",  # without a referrer a form of ours would come from the origin `null`
            },
        )

    def has(self, *roles: str) -> bool:
        """Whether whoever is signed in holds one of the roles."""
        return self.actor is not None and self.actor.has(*(Role(role) for role in roles))

    def here(self) -> str:
        """The address for coming back to this page, or to the page that its form is on."""
        request = self.request
        if request.method == "GET" or self.is_unattended:
            return request.url.path + ("?" + request.url.query if request.url.query else "")
        return self.form_page


def is_part(request: Request) -> bool:
    """Whether a script asks, which puts the answer into a page that is open."""
    return request.headers.get("hx-request") == "true"


def unbroken(text: str) -> Markup:
    """Text in which the amounts do not break over two lines."""
    return Markup('<span class="unbroken">') + Markup.escape(text) + Markup("</span>")
