"""The district's OpenID Connect provider: authorization code with PKCE, and an ID token of which every part is checked.

Its addresses and keys come from its own discovery document, read again once a day and when a token names an unknown key.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from ledger_service.services.sign_on import SignOnUnavailable, TokenRefused

SECONDS_MAX = 5.0
ANSWER_BYTES_MAX = 256 * 1024
KEPT_SECONDS = 24 * 3600
LOOK_AGAIN_SECONDS = 60  # for a key that is unknown: a forger must not make us ask for each token
LEEWAY_SECONDS = 60
SCOPE = "openid"
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


@dataclass(frozen=True, slots=True)
class _Known:
    authorization: str
    token: str
    keys: KeySet
    read_at: float


class OpenIdProvider:
    """One provider, and what its discovery document said."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        redirect: str,
        algorithms: Collection[str] = ALGORITHMS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect = redirect
        self._algorithms = list(algorithms)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: _Known | None = None

    @property
    def issuer(self) -> str:
        """Its name, as its tokens give it."""
        return self._issuer

    def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where a browser goes to sign in there."""
        return str(
            prepare_grant_uri(
                self._discovered().authorization, client_id=self._client_id, response_type="code", state=state,
                redirect_uri=self._redirect, scope=SCOPE, nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier), code_challenge_method="S256",
            )
        )  # fmt: skip

    def subject(self, code: str, nonce: str, verifier: str, now: int) -> str:
        """Who came back with this code."""
        known = self._discovered()
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect, "code_verifier": verifier,
        }  # fmt: skip
        answer = self._ask(lambda http: http.post(known.token, data=form, auth=(self._client_id, self._client_secret)))
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise TokenRefused("the provider gave no ID token", "통합 로그인 응답이 올바르지 않습니다")
        return self._checked(token, nonce, now)

    def _checked(self, token: str, nonce: str, now: int) -> str:
        """The subject of a good ID token: signature by a key of the provider, issuer, audience, times, nonce."""
        try:
            try:
                claims = jwt.decode(token, self._discovered().keys, algorithms=self._algorithms).claims
            except InvalidKeyIdError:
                claims = jwt.decode(token, self._discovered(again=True).keys, algorithms=self._algorithms).claims
            wanted = jwt.JWTClaimsRegistry(
                now=now,
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._client_id},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            wanted.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise _refused() from error
        audience, subject = claims["aud"], claims["sub"]
        is_for_several = isinstance(audience, list) and len(audience) > 1
        if is_for_several or claims.get("azp", self._client_id) != self._client_id or not isinstance(subject, str):
            raise _refused()
        return subject

    def _discovered(self, *, again: bool = False) -> _Known:
        with self._lock:
            age = self._monotonic() - self._known.read_at if self._known is not None else KEPT_SECONDS
            if self._known is not None and age < (LOOK_AGAIN_SECONDS if again else KEPT_SECONDS):
                return self._known
            found = self._ask(lambda http: http.get(f"{self._issuer}/.well-known/openid-configuration"))
            addresses = [found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
            if found.get("issuer") != self._issuer or not all(self._is_safe(one) for one in addresses):
                raise _unavailable()
            keys = self._ask(lambda http: http.get(str(addresses[2])))
            try:
                imported = KeySet.import_key_set(keys)  # type: ignore[arg-type]
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise _unavailable() from error
            self._known = _Known(str(addresses[0]), str(addresses[1]), imported, self._monotonic())
            return self._known

    def _is_safe(self, address: object) -> bool:
        """TLS, as the issuer's own: on the loopback alone a provider may speak without it."""
        if not isinstance(address, str):
            return False
        return urlsplit(address).scheme == "https" or address.startswith(f"{self._issuer}/")

    def _ask(self, ask: Callable[[httpx.Client], httpx.Response]) -> dict[str, Any]:
        try:
            with httpx.Client(timeout=SECONDS_MAX, follow_redirects=False) as http:
                answer = ask(http)
            found = answer.json() if len(answer.content) <= ANSWER_BYTES_MAX else None
        except (httpx.HTTPError, ValueError) as error:
            raise _unavailable() from error
        if 400 <= answer.status_code < 500 and answer.request.method == "POST":
            raise _refused()
        if not answer.is_success or not isinstance(found, dict):
            raise _unavailable()
        return found


def _unavailable() -> SignOnUnavailable:
    return SignOnUnavailable(
        "the district's sign-on does not answer: sign in with your password",
        "통합 로그인이 응답하지 않습니다. 비밀번호로 로그인해 주세요",
    )


def _refused() -> TokenRefused:
    return TokenRefused(
        "this sign-on was not taken: begin again", "통합 로그인을 확인하지 못했습니다. 처음부터 다시 해 주세요"
    )
