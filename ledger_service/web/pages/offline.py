"""What a browser keeps for the time without a network: a page that says so, and the worker that shows it and sends a form once more."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from starlette.responses import Response

from ledger_service.web.visit import SECRETS, Visit
from ledger_service.web.words import ENGLISH

WAYS = ("page", "form", "pin", "back")  # on: open it again, send it again, send it again with the PIN, go back
POLICY = "default-src 'none'; connect-src 'self'"
_FILES = ("fonts.css", "brand.css", "boram.css")
_VERSION_LENGTH = 12
_NEVER_WRITTEN = SECRETS | {"secret"}  # an invitation's


def page(visit: Visit) -> Response:
    """The page for one way on."""
    again = visit.request.query_params.get("again", "")
    return _page(visit, again if again in WAYS else WAYS[0])


def worker(visit: Visit) -> Response:
    """The worker. Its text changes with what it keeps, so that browsers fetch that anew; they ask for it after every page."""
    remembered: dict[tuple[str, bool], str] = visit.request.app.state.workers
    looks = visit.view.size, visit.view.contrast
    if looks not in remembered:
        remembered[looks] = _source(visit)
    return Response(
        remembered[looks],
        headers={
            "content-type": "text/javascript; charset=utf-8",
            "cache-control": "no-cache",
            "content-security-policy": POLICY,
        },
    )


def _source(visit: Visit) -> str:
    files = [visit.assets(name) for name in (*_FILES, visit.ports.brand.logo_name)]
    kept = hashlib.sha256(b"".join(bytes(_page(visit, way).body) for way in WAYS))
    return visit.environment.get_template("offline_worker.js").render(
        version=kept.hexdigest()[:_VERSION_LENGTH],
        pages={way: f"/offline?again={way}" for way in WAYS},
        files=files,
        secrets=sorted(_NEVER_WRITTEN),
    )


def _page(visit: Visit, again: str) -> Response:
    """In Korean and English: it is kept by browsers, and the language may change."""
    visit.view = replace(visit.view, language="ko")
    return visit.render("offline.html", again=again, english=ENGLISH)
