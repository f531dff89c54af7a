"""A file in a multipart body: read whole, and bound to its idempotency key by its content, not by the boundary around it."""

from __future__ import annotations

from typing import Annotated

from fastapi import File, Request, UploadFile

from ledger_service.api.ports import ports_of
from ledger_service.services.context import Once
from ledger_service.services.table_errors import FileTooLarge

TableFile = Annotated[UploadFile, File(description="CSV (UTF-8 or CP949) or .xlsx")]


def content_of(request: Request, file: UploadFile) -> bytes:
    """The file's bytes; FileTooLarge beyond what the service takes."""
    limit = ports_of(request).upload_bytes_max
    data = file.file.read(limit + 1)
    if len(data) > limit:
        raise FileTooLarge("bytes", limit, "바이트")
    return data


def once_of_upload(request: Request, data: bytes, *fields: object) -> Once:
    """The idempotency key bound to path, file and form fields."""
    parts = [repr(field).encode() for field in fields]
    return Once.of(request.state.idempotency_key, request.method.encode(), request.url.path.encode(), data, *parts)
