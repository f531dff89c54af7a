"""The API's own page: its OpenAPI document, and the same as one HTML page without scripts, so that it opens anywhere."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from html import escape
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from ledger_service.api.guard import new_router

TAG = "Page"
router = new_router(TAG)
page_router = new_router(TAG, prefix="")

_STYLE = """
body{font:17px/1.6 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1d1d1f;background:#fff}
h2{margin-top:3rem;border-bottom:2px solid #ddd} article{margin:1.5rem 0;padding:1rem;border:1px solid #ddd;border-radius:8px}
h3{margin:0;font:600 1rem ui-monospace,monospace;overflow-wrap:anywhere} .m{color:#0b57d0} .p{white-space:pre-line}
table{border-collapse:collapse;width:100%;margin:.5rem 0} td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}
code{font:.95rem ui-monospace,monospace;overflow-wrap:anywhere} @media(prefers-color-scheme:dark){
body{background:#16171a;color:#e8e8ea} article,h2{border-color:#444} .m{color:#8ab4f8}}
"""
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> Response:
    """The OpenAPI document."""
    return JSONResponse(request.app.openapi())


@page_router.get("/docs", include_in_schema=False)
def docs(request: Request) -> Response:
    """The page."""
    return HTMLResponse(render(request.app.openapi()), headers={"content-security-policy": _POLICY})


def render(document: dict[str, Any]) -> str:
    """The document as HTML."""
    info = document["info"]
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style>",
        f'<h1>{escape(info["title"])} API</h1><div class="p">{_marked(info["description"])}</div>',
    ]
    for tag in document["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>")
        for path, operations in document["paths"].items():
            parts += [
                _operation(document, method, path, operation)
                for method, operation in operations.items()
                if tag["name"] in operation["tags"]
            ]
    return "\n".join(parts)


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    fields = [
        (one["name"], one["in"], one.get("required", False), _type(one.get("schema", {})), one.get("description", ""))
        for one in operation.get("parameters", [])
    ]
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        schema = _resolved(document, media["schema"])
        required = schema.get("required", [])
        fields += [
            (name, "body", name in required, _type(_resolved(document, one)), one.get("description", ""))
            for name, one in schema.get("properties", {}).items()
        ]
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code><td>{escape(place)}<td>{'required' if needed else ''}"
        f"<td><code>{escape(kind)}</code><td>{escape(text)}"
        for name, place, needed, kind, text in fields
    )
    answers = "".join(
        f"<tr><td><code>{escape(status)}</code><td>{escape(one['description'])}<td><code>{escape(_answer(one))}</code>"
        for status, one in operation["responses"].items()
    )
    return (
        f'<article><h3><span class="m">{method.upper()}</span> {escape(path)}</h3>'
        f'<div class="p">{_marked(operation.get("description", ""))}</div>'
        + (f"<table>{rows}</table>" if rows else "")
        + f"<table>{answers}</table></article>"
    )


def _marked(text: str) -> str:
    """Escaped text with the three marks that our descriptions use: bold, code, bullets."""
    marked = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text))
    marked = re.sub(r"`(.+?)`", r"<code>\1</code>", marked)
    marked = re.sub(r"(?m)^\* ", "• ", marked)
    return re.sub(r"\n {2}", " ", marked)


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    return dict(document["components"]["schemas"][name]) if name else schema


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    kind = str(schema.get("format") or schema.get("type") or schema.get("$ref", "").rpartition("/")[2] or "value")
    bounds = [f"{schema[name]:.0f}" for name in ("minimum", "maximum") if name in schema]
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    return f"{kind} {' to '.join(bounds)}".strip()


def _answer(response: dict[str, Any]) -> str:
    for media, content in response.get("content", {}).items():
        schema = content.get("schema", {})
        named = schema.get("$ref") or schema.get("items", {}).get("$ref", "")
        return str(named.rpartition("/")[2] or media)
    return ""
