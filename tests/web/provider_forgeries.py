"""Tokens that a provider has not signed, though they look as if it had."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

from joserfc import jwt

from tests.fake_identity_provider import FakeProvider, new_key


def unsigned(provider: FakeProvider) -> Callable[[dict[str, Any]], str]:
    return lambda claims: f"{_part({'alg': 'none'})}.{_part(claims)}."


def by_public_key(provider: FakeProvider) -> Callable[[dict[str, Any]], str]:
    public = provider.key.as_pem(private=False)

    def sign(claims: dict[str, Any]) -> str:
        head = f"{_part({'alg': 'HS256', 'kid': provider.key.kid})}.{_part(claims)}"
        return f"{head}.{_text(hmac.digest(public, head.encode(), 'sha256'))}"

    return sign


def by_another_key(provider: FakeProvider) -> Callable[[dict[str, Any]], str]:
    return lambda claims: jwt.encode({"alg": "RS256", "kid": str(provider.key.kid)}, claims, new_key())


def by_an_unknown_key(provider: FakeProvider) -> Callable[[dict[str, Any]], str]:
    key = new_key()
    return lambda claims: jwt.encode({"alg": "RS256", "kid": str(key.kid)}, claims, key)


def by_another_algorithm(provider: FakeProvider) -> Callable[[dict[str, Any]], str]:
    header = {"alg": "PS256", "kid": str(provider.key.kid)}
    return lambda claims: jwt.encode(header, claims, provider.key, algorithms=["PS256"])


def changed_afterwards(provider: FakeProvider) -> Callable[[dict[str, Any]], str]:
    def sign(claims: dict[str, Any]) -> str:
        head, _, signature = provider.signed(claims).split(".")
        return f"{head}.{_part({**claims, 'sub': 'another'})}.{signature}"

    return sign


def with_a_key_of_its_own(provider: FakeProvider) -> Callable[[dict[str, Any]], str]:
    key = new_key()
    return lambda claims: jwt.encode({"alg": "RS256", "jwk": key.as_dict(private=False)}, claims, key)


def no_token(provider: FakeProvider) -> Callable[[dict[str, Any]], str]:
    return lambda _: "no token"


def without_an_end(provider: FakeProvider) -> Callable[[dict[str, Any]], str]:
    return lambda claims: provider.signed({**claims, "more": "x" * 20_000})


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _part(document: dict[str, Any]) -> str:
    return _text(json.dumps(document).encode())
