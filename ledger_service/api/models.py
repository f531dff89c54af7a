"""Words that requests share. Strict: `true` is not 1, 1.0 is not 1, and a field that nobody asked for is refused."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, field_validator
from pydantic_core import PydanticCustomError

from ledger_service.domain.cells import is_plain_text
from ledger_service.domain.days import FIRST_DAY, LAST_DAY
from ledger_service.domain.entries import UNITS_MAX
from ledger_service.reads.paging import PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
ID_EXAMPLE = "018f3a5e-7c1b-7c6e-9a44-3f2b8d0c1e55"
CONTROL_CHARACTER = "control_character"
DESK_MAX = 65_535
JOURNAL_NO_MAX = 2**32 - 1


def _plain(text: str) -> str:
    if not is_plain_text(text):
        raise PydanticCustomError(
            CONTROL_CHARACTER, "control characters (a line break, for instance) are not taken here"
        )
    return text


class Question(BaseModel):
    """The body of a request. Its texts have no control characters."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _plain_texts(cls, value: object) -> object:
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, str):
                _plain(one)
        return value


class Answer(BaseModel):
    """The body of an answer to a command. A stored answer is given again as it was."""

    model_config = ConfigDict(frozen=True)


class Problem(BaseModel):
    """What went wrong (RFC 9457). `code` is stable and for machines; `fields` holds what the code's meaning needs."""

    type: str = Field(examples=["urn:boram:problem:insufficient_coins"])
    title: str = Field(examples=["insufficient coins"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["insufficient_coins"])
    detail: str = Field(
        examples=["40 coins are free, 50 were asked for"], description="by Accept-Language, Korean first"
    )
    detail_ko: str = Field(examples=["쓸 수 있는 코인은 40코인입니다(50코인 요청)"])
    fields: dict[str, Any] = Field(examples=[{"available": 40, "wanted": 50}])
    request_id: str | None = Field(examples=["0b5c1f2e7a9d4c38"], description="to be quoted when asking for help")


Id = Annotated[str, Field(pattern=UUID_PATTERN, examples=[ID_EXAMPLE])]
IdPath = Annotated[str, Path(pattern=UUID_PATTERN, examples=[ID_EXAMPLE])]
PlainText = Annotated[str, AfterValidator(_plain)]  # for a query or a form; a Question's texts are plain anyway
Coins = Annotated[int, Field(ge=1, le=UNITS_MAX, examples=[30], description="whole coins")]
DeskNumber = Annotated[int, Field(ge=1, le=DESK_MAX, examples=[9], description="a desk's number (GET /desks)")]
Code = Annotated[str, Field(min_length=1, max_length=32, examples=["SVC"])]
Day = Annotated[date, Strict(strict=False), Field(ge=FIRST_DAY, le=LAST_DAY, examples=["2024-05-02"])]
RowsMax = Annotated[int, Query(alias="limit", ge=1, le=PAGE_ROWS_MAX, description="rows of a page at most")]
ROWS_DEFAULT = PAGE_ROWS_DEFAULT


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem documents that a route may answer with, for the OpenAPI page."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _MEANINGS[status], "content": content} for status in statuses}


_MEANINGS = {
    400: "No usable Idempotency-Key, or a body that cannot be read",
    401: "No valid token or session, or a wrong secret",
    403: "Not for this role, not for this desk, or the same person",
    404: "Not there, or not for you",
    409: "The rules do not allow it now; nothing was changed",
    413: "Too large",
    415: "Not a table",
    422: "Not understood, outside its bounds, or a key with another body",
    429: "Too many requests or wrong attempts; nothing was looked at",
    503: "Not ready; send the same request again later",
}
