"""What every answer carries, whatever it is: the snapshot of the security headers over all routes."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode

import pytest
from starlette.testclient import TestClient

from ledger_service.api.access import ACCESS
from tests.access.conftest import HOST, Front

SNAPSHOT = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def test_every_route_answers_with_the_same_strict_headers(front: Front) -> None:
    client = TestClient(front.app, base_url=HOST, raise_server_exceptions=False)
    for method, path in [*sorted(ACCESS), ("GET", "/api/v1/nowhere"), ("PUT", "/healthz")]:
        for headers in ({}, {"authorization": f"Bearer {front.tokens['coin-office']}"}):
            answer = client.request(method, re.sub(r"{\w+}", "1", path), headers=headers)
            found = {name: answer.headers.get(name) for name in SNAPSHOT}
            expected = SNAPSHOT
            if path == "/docs" and method == "GET":
                expected = SNAPSHOT | {"content-security-policy": found["content-security-policy"]}
            assert found == expected, (method, path)
            assert "server" not in answer.headers


def test_the_page_of_the_api_allows_its_own_style_by_hash_and_nothing_else(front: Front) -> None:
    answer = TestClient(front.app, base_url=HOST).get("/docs")
    policy = answer.headers["content-security-policy"]
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert not re.search(r"\son\w+=", answer.text)


def test_plain_http_on_the_loopback_is_not_told_to_be_https(front: Front) -> None:
    from tests.access.conftest import new_app

    answer = TestClient(new_app(front.books, is_loopback_demo=True), base_url="http://127.0.0.1").get("/healthz")
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("length", [64 * 1024 + 1, 10_000_000])
def test_a_body_beyond_the_limit_is_refused_before_it_is_read(front: Front, length: int) -> None:
    client = TestClient(front.app, base_url=HOST)
    headers = {"authorization": f"Bearer {front.tokens['clerk']}", "idempotency-key": "one"}
    answer = client.post("/api/v1/records", content=b"x" * length, headers=headers)
    assert answer.status_code == 413
