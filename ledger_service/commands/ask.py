"""Asking the API: that of the service that runs on this home, or the same one within this process, as somebody.

Across HTTP only the standard library is loaded, so that a command starts at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

from ledger_service.adapters.home import Home, read_secret
from ledger_service.environment import acting_name, home_folder, speaks_korean
from ledger_service.errors import BoramError, Unavailable

PREFIX = "/api/v1"
TRIES_MAX = 3
TIMEOUT_SECONDS = 600  # a month's file is judged within the request


class CannotRun(Unavailable):
    """The command could not be carried out, for a reason outside the ledger's rules."""

    code = "cannot_run"


class RefusedByLedger(BoramError):
    """The ledger's answer was a problem. Fields: code, and those of the problem."""

    code = "refused_by_ledger"
    status = 409


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and a JSON body."""

    status: int
    body: Any


class Channel(Protocol):
    """A way to the API."""

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, out: BinaryIO | None = None
    ) -> Reply:
        """One exchange, its good answer into `out` where that is given; CannotRun where nothing is known of its outcome."""
        ...


class Ledger:
    """The API, for one actor."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def get(self, path: str, **query: object) -> Any:
        """The answer of a read."""
        asked = {name: value for name, value in query.items() if value is not None}
        target = f"{PREFIX}{path}" + (f"?{urlencode(asked)}" if asked else "")
        return _answer(self._channel.send("GET", target, {}, None))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer of a command, sent with a new idempotency key."""
        headers = {"idempotency-key": str(uuid4())}
        data = None
        if body is not None:
            headers["content-type"] = "application/json"
            data = json.dumps(body).encode()
        return _answer(self._channel.send("POST", f"{PREFIX}{path}", headers, data))

    def download(self, path: str, file: Path, reason: str | None = None) -> int:
        """Write the answer of a read into a file, whole or not at all; how many bytes. A reason stays in the access log."""
        headers = {} if reason is None else {"access-reason": quote(reason)}
        temporary = file.with_name(f".{file.name}.tmp")
        try:
            with temporary.open("wb") as out:
                _answer(self._channel.send("GET", f"{PREFIX}{path}", headers, None, out))
            size = temporary.stat().st_size
            temporary.replace(file)
        except OSError as error:
            raise CannotRun(
                f"{file} cannot be written: {error.strerror}", f"{file} 파일을 쓸 수 없습니다: {error.strerror}"
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
        return size

    def upload(self, path: str, file: Path, **fields: object) -> Any:
        """The answer of a command that takes a file."""
        try:
            data = file.read_bytes()
        except OSError as error:
            raise CannotRun(
                f"{file} cannot be read: {error.strerror}", f"{file} 파일을 읽을 수 없습니다: {error.strerror}"
            ) from error
        boundary = f"boram-{uuid4().hex}"
        headers = {
            "idempotency-key": str(uuid4()),
            "content-type": f"multipart/form-data; boundary={boundary}",
        }
        form = {name: str(value) for name, value in fields.items() if value is not None}
        body = _multipart(boundary, form, file.name, data)
        return _answer(self._channel.send("POST", f"{PREFIX}{path}", headers, body))


class _Remote:
    """The service that runs."""

    def __init__(self, address: str, token: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port
        self._headers = {"authorization": f"Bearer {token}", **_language()}

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, out: BinaryIO | None = None
    ) -> Reply:
        """Sent again with the same bytes where the answer did not come: the idempotency key makes it one request."""
        import http.client
        import shutil

        reason = ""
        for _ in range(TRIES_MAX):
            connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
            try:
                connection.request(method, quote(path, safe="/?&=%-._~+"), body, {**self._headers, **headers})
                response = connection.getresponse()
                if out is not None and response.status < 400:
                    out.seek(0)
                    out.truncate()
                    shutil.copyfileobj(response, out)
                    return Reply(response.status, None)
                return Reply(response.status, _parsed(response.read()))
            except (OSError, http.client.HTTPException) as error:
                reason = str(error) or type(error).__name__
            finally:
                connection.close()
        raise CannotRun(
            f"the service did not answer ({reason}): look at boram doctor",
            f"서비스가 응답하지 않습니다({reason}). boram doctor로 확인하세요",
        )


class _Local:
    """The application in this process."""

    def __init__(self, app: Any, actor: Any) -> None:
        self._app = app
        self._actor = actor

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, out: BinaryIO | None = None
    ) -> Reply:
        """One request, without a network."""
        import asyncio

        status, content = asyncio.run(self._send(method, path, headers, body))
        if out is not None and status < 400:
            out.write(content)
            return Reply(status, None)
        return Reply(status, _parsed(content))

    async def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        import httpx

        from ledger_service.api.guard import LOCAL_ACTOR

        async def as_actor(scope: Any, receive: Any, send: Any) -> None:
            await self._app({**scope, LOCAL_ACTOR: self._actor}, receive, send)

        transport = httpx.ASGITransport(as_actor, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://local", timeout=None) as client:  # noqa: S113
            response = await client.request(method, path, headers={**_language(), **headers}, content=body)
        return response.status_code, response.content


@contextmanager
def ledger(home: Path | None, name: str | None) -> Iterator[Ledger]:
    """The API as `name` (or BORAM_AS): through the service that runs, or within this process. Raises CannotRun."""
    place = Home(home_folder(home))
    acting = name or acting_name()
    if acting is None:
        raise CannotRun("say who acts: --as NAME, or BORAM_AS", "누구로 실행할지 정해 주세요: --as 이름 또는 BORAM_AS")
    running = place.runtime()
    if running is not None:
        token = read_secret(place.token_file(acting))
        if token is None:
            raise CannotRun(
                f"there is no token of {acting} in {place.tokens}: add the actor with boram actor add, or put the token there",
                f"{place.tokens}에 {acting}의 토큰이 없습니다. boram actor add로 추가하거나 토큰을 그 자리에 두세요",
            )
        yield Ledger(_Remote(running.address, token.decode().strip()))
        return
    from ledger_service.adapters.logs import logging_to
    from ledger_service.bootstrap.installation import installed
    from ledger_service.bootstrap.surfaces import app_of
    from ledger_service.config import read_settings
    from ledger_service.reads.actors import actor_of_name

    # Into a file: a command's terminal is for its answer.
    with installed(read_settings(home=home)) as installation, logging_to(place.logs / "commands.log"):
        actor = actor_of_name(installation.journal, acting)
        if actor is None:
            raise CannotRun(
                f"there is nobody called {acting}: boram actor list shows who there is",
                f"{acting} 계정이 없습니다. boram actor list로 확인하세요",
            )
        yield Ledger(_Local(app_of(installation), actor))


def probe(address: str, path: str) -> tuple[int, Any]:
    """Status and body of a public route of a service; CannotRun where it does not answer."""
    reply = _Remote(address, "").send("GET", path, {}, None)
    return reply.status, reply.body


def probe_text(address: str, path: str) -> str:
    """The text of a route that a caller on this machine may read; CannotRun where it does not answer."""
    import io

    out = io.BytesIO()
    _Remote(address, "").send("GET", path, {}, None, out)
    return out.getvalue().decode()


def _language() -> dict[str, str]:
    return {"accept-language": "ko, en;q=0.5" if speaks_korean() else "en, ko;q=0.5"}


def _answer(reply: Reply) -> Any:
    if reply.status < 400:
        return reply.body
    body = reply.body if isinstance(reply.body, dict) else {}
    detail = str(body.get("detail", f"the service answered {reply.status}"))
    korean = str(body.get("detail_ko", detail))
    if reply.status in (400, 401) or reply.status >= 500:
        raise CannotRun(detail, korean)
    raise RefusedByLedger(detail, korean, code=body.get("code"), **body.get("fields", {}))


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data) if data else None
    except ValueError:
        return None


def _multipart(boundary: str, form: Mapping[str, str], filename: str, data: bytes) -> bytes:
    parts = []
    for name, value in form.items():
        parts.append(f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    safe = "".join(one if one.isalnum() or one in ".-_" else "_" for one in filename)
    head = f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="{safe}"\r\n'
    parts.append(f"{head}content-type: application/octet-stream\r\n\r\n".encode() + data + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode()
