"""A little OpenID Connect provider in a process of its own, with real keys. `POST /control` says what its next ID tokens are like."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "boram", "a secret of the district's"


class Provider:
    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.keys = {name: RSAKey.generate_key(2048, {"kid": name}) for name in ("first", "second", "foreign")}
        self.published = ["first"]
        self.codes: dict[str, dict[str, str]] = {}
        self.control: dict[str, Any] = {}

    def id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time()) + int(self.control.get("clock", 0))
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": "kim@district", "iat": now, "exp": now + 300, "nonce": asked["nonce"],
        }  # fmt: skip
        claims |= self.control.get("claims", {})
        claims = {name: value for name, value in claims.items() if value is not None}
        how = self.control.get("key", "first")
        if how == "none":
            return f"{_part({'alg': 'none'})}.{_part(claims)}."
        if how == "public key as secret":
            said = f"{_part({'alg': 'HS256', 'kid': 'first'})}.{_part(claims)}"
            made = hmac.new(self.keys["first"].as_pem(private=False), said.encode(), hashlib.sha256).digest()
            return f"{said}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"
        key = self.keys[how]
        kid = self.control.get("kid", how)
        return jwt.encode({"alg": "RS256", "kid": kid}, claims, key, algorithms=["RS256"])


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        provider, path = self.server.provider, urlsplit(self.path)
        if path.path == "/.well-known/openid-configuration":
            base = provider.issuer
            self.answer(
                {
                    "issuer": provider.control.get("issuer", base), "authorization_endpoint": f"{base}/authorize",
                    "token_endpoint": f"{base}/token", "jwks_uri": f"{base}/keys",
                }
            )  # fmt: skip
        elif path.path == "/keys":
            self.answer({"keys": [provider.keys[name].as_dict(private=False) for name in provider.published]})
        elif path.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(path.query).items()}
            code = os.urandom(16).hex()
            provider.codes[code] = asked
            self.send_response(302)
            self.send_header(
                "location", f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
            )
            self.end_headers()
        else:
            self.answer({}, 404)

    def do_POST(self) -> None:
        provider = self.server.provider
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/control":
            provider.control = json.loads(body)
            provider.published = provider.control.get("published", ["first"])
            self.answer({})
            return
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        asked = provider.codes.pop(form.get("code", ""), None)
        given = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode()
        known = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        is_good = (
            asked is not None
            and self.headers.get("authorization") == known
            and asked["code_challenge_method"] == "S256"
            and asked["code_challenge"] == given.rstrip("=")
            and asked["redirect_uri"] == form["redirect_uri"]
        )
        if asked is None or not is_good:
            self.answer({"error": "invalid_grant"}, 400)
        else:
            self.answer({"access_token": "x", "token_type": "Bearer", "id_token": provider.id_token(asked)})

    def answer(self, content: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    provider: Provider


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Handler) as server:
        server.provider = Provider(f"http://127.0.0.1:{server.server_port}")
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()
