"""What may arrive at the import of a real service: every file ends in one clear line, in seconds, without eating the memory."""

from __future__ import annotations

import io
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import openpyxl
import pytest

from scripts.running import RunningBoram, running
from tests.e2e.conftest import SETTINGS

HEADER = "실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고"
COLUMNS = HEADER.split(",")
MEMORY_MAX = 300 * 2**20
UPLOAD_MAX = 32 * 2**20
REFUSALS = {
    "bad_request", "body_too_large", "column_missing", "column_repeated", "file_not_understood", "file_too_large",
    "file_undecodable", "invalid", "nothing_to_submit",
}  # fmt: skip

_SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def csv_file(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in (COLUMNS, *rows):
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def tampered(part: str, content: bytes | Iterator[bytes], extra: bool = False) -> bytes:
    """A workbook with one part replaced, or added."""
    source = zipfile.ZipFile(io.BytesIO(workbook(["A"])))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            if name != part or extra:
                archive.writestr(name, source.read(name))
        with archive.open(part, "w", force_zip64=True) as out:
            for piece in [content] if isinstance(content, bytes) else content:
                out.write(piece)
    return file.getvalue()


def sheet(body: str) -> bytes:
    return tampered("xl/worksheets/sheet1.xml", _SHEET.format(body).encode())


def zeros(mebibytes: int) -> Iterator[bytes]:
    for _ in range(mebibytes):
        yield bytes(2**20)


def nested(levels: int) -> str:
    return "<row>" + "<c>" * levels + "</c>" * levels + "</row>"


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'

SMALL: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "spaces": lambda: b" \r\n" * 1000,
    "a header alone": lambda: csv_file(),
    "NULs": lambda: bytes(1000),
    "a NUL in a cell": lambda: csv_file("1\0,2,3"),
    "no text at all": lambda: bytes(range(1, 256)) * 100,
    "lone surrogates": lambda: HEADER.encode() + b"\n\xed\xa0\x80,1,2,3",
    "UTF-16": lambda: csv_file("1,2,3").decode().encode("utf-16"),
    "half a character": lambda: csv_file("1,2,").rstrip() + "하".encode()[:2],
    "a picture": lambda: b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a PDF": lambda: b"%PDF-1.7\n" + b"x" * 100,
    "a program": lambda: b"\x7fELF" + bytes(100),
    "gzip": lambda: b"\x1f\x8b\x08" + bytes(range(1, 100)),
    "a web page": lambda: b"<html><script>alert(1)</script></html>",
    "an old workbook": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
    "a ZIP that is no workbook": lambda: _zip({"a.txt": b"x"}),
    "a ZIP that ends early": lambda: workbook(["A"])[:-50],
    "a ZIP that leads out of its folder": lambda: _zip({"../../xl/workbook.xml": b"<x/>", "/etc/passwd": b"x"}),
    "macros": lambda: tampered("xl/vbaProject.bin", b"x", extra=True),
    "links to other files": lambda: tampered("xl/externalLinks/externalLink1.xml", b"<x/>", extra=True),
    "entities": lambda: tampered("xl/sharedStrings.xml", ENTITIES, extra=True),
    "an outside entity": lambda: tampered("xl/workbook.xml", EXTERNAL),
    "10,000 columns": lambda: ",".join(f"c{number}" for number in range(10_000)).encode(),
    "10,000 columns below the header": lambda: csv_file("1," * 10_000),
    "10,000 columns in a workbook": lambda: sheet("<row>" + "<c><v>1</v></c>" * 10_000 + "</row>"),
    "an open quotation mark": lambda: csv_file('"' + "x,\n" * 200_000),
    "a cell of 2 MB": lambda: csv_file("x" * 2**21 + ",1"),
    "deep XML": lambda: sheet(nested(5_000)),
    "formulas": lambda: csv_file("=1+1,@SUM(A1),+cmd|' /C calc'!A0,-2,,,,,,,"),
    "formulas in a workbook": lambda: workbook(["=1+1", "=HYPERLINK(1)", "=NOW()", "=1/0", "=A1", "", "", "", "", "", ""]),
}  # fmt: skip

LARGE: dict[str, Callable[[], bytes]] = {
    "a bomb of 1 GB": lambda: tampered("xl/worksheets/sheet1.xml", zeros(1024)),
    "a bomb beside the sheets": lambda: tampered("xl/media/image1.png", zeros(1024), extra=True),
    "10 bombs": lambda: _zip({"xl/workbook.xml": b"<x/>", **{f"xl/{number}": bytes(2**24) for number in range(10)}}),
    "3 million empty cells": lambda: sheet('<row><c r="A1"/><c r="B1"/><c r="C1"/></row>' * 1_000_000),
    "3 million empty rows": lambda: sheet("<row/>" * 3_000_000),
    "XML 500,000 deep": lambda: sheet(nested(500_000)),
    "a million texts": lambda: tampered(
        "xl/sharedStrings.xml", (b"<si><t>%d</t></si>" % number for number in range(1_000_000)), extra=True
    ),
    "one line of 30 MB": lambda: csv_file("x" * 30 * 2**20),
    "one line of 30 MB without a header": lambda: b"x" * 30 * 2**20,
    "30 MB of quotation marks": lambda: csv_file('"' * 30 * 2**20),
    "30 MB of commas": lambda: csv_file("," * 30 * 2**20),
    "30 MB of line breaks": lambda: csv_file("\n" * 30 * 2**20),
    "30 MB of rows that mean nothing": lambda: csv_file(*["1,2,3,4,5,6,7,8,9,10,11"] * 1_300_000),
}  # fmt: skip


def _zip(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


class Watched:
    """A service, its memory, and what it said to each file."""

    def __init__(self, service: RunningBoram) -> None:
        self._service = service
        self._clerk = service.client("clerk")
        self._process = Path(f"/proc/{service.process.pid}")

    def send(self, name: str, data: bytes) -> None:
        """Upload a file: it has to be refused in one line."""
        self._check(name, lambda: self._clerk.try_upload("/api/v1/imports", data))

    def send_stream(self, name: str, headers: dict[str, str], pieces: Iterator[bytes]) -> None:
        """Send a body that goes on and on; the service may hang up as soon as it has answered."""

        def post() -> httpx.Response:
            headers_ = {"authorization": f"Bearer {self._clerk.token}", "idempotency-key": str(uuid4()), **headers}
            return self._service.http.post("/api/v1/imports", content=pieces, headers=headers_)

        self._check(name, post, may_hang_up=True)

    def _check(self, name: str, post: Callable[[], httpx.Response], *, may_hang_up: bool = False) -> None:
        (self._process / "clear_refs").write_text("5")  # the peak of memory begins anew
        began = time.monotonic()
        try:
            answer = post()
            status, code, detail = answer.status_code, answer.json()["code"], answer.json()["detail"]
        except httpx.TransportError:
            assert may_hang_up
            status, code, detail = 0, "body_too_large", "-"
        seconds, memory = time.monotonic() - began, self._memory()
        sys.stdout.write(f"{name:36} {status} {code:20} {seconds:6.2f} s {memory / 2**20:5.0f} MiB\n")
        assert status in (0, 400, 413, 415, 422), (name, status)
        assert code in REFUSALS, (name, code, detail)
        assert "\n" not in detail
        assert memory < MEMORY_MAX, (name, memory)
        assert self._service.http.get("/healthz").is_success

    def _memory(self) -> int:
        lines = (self._process / "status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def test_files_of_all_kinds_are_refused_in_one_line(home: Path) -> None:
    with running(home, **SETTINGS) as service:
        watched = Watched(service)
        for name, make in SMALL.items():
            watched.send(name, make())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_large_files_neither_take_long_nor_eat_the_memory(home: Path) -> None:
    with running(home, **SETTINGS) as service:
        watched = Watched(service)
        for name, make in LARGE.items():
            watched.send(name, make())
        multipart = {"content-type": "multipart/form-data; boundary=b"}
        watched.send_stream("1 GB, announced", {**multipart, "content-length": str(2**30)}, zeros(1024))
        watched.send_stream("1 GB, in pieces", multipart, zeros(1024))
