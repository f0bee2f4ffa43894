"""Tokens for a system that gives them to programs: OAuth 2.0 client credentials.

Source: RFC 6749, sections 2.3.1 and 4.4; RFC 6750, section 2.1.
"""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlencode

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.failures import ContractDrift, Denied
from connectors.formats.strict_json import read_json, read_model
from connectors.http import Address, Answer, Call, Clock, HttpClient, HttpSettings, Sleep, utc_now
from connectors.pacing import Elapsed

_SPARE: Final = 30.0  # seconds before its end at which a token is not used any more
_REFUSED: Final = 400  # as well as 401: RFC 6749, section 5.2
_UNSAID: Final = 300.0  # seconds that a token is good for where its giver does not say


class Shown(StrEnum):
    """How a program shows its secret to whoever gives tokens."""

    HEADER = "header"
    BODY = "body"


class OAuthSettings(BaseModel):
    """Where tokens are had, and who asks for them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    token_url: Address
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    scope: str | None = None
    shown: Shown = Shown.HEADER


class _Token(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    access_token: str = Field(min_length=1, repr=False)
    token_type: str | None = None  # a bearer's, where it is not said
    expires_in: float | None = Field(default=None, ge=0)


class StandingToken:
    """A token that does not end; for `HttpClient`'s `credentials`."""

    def __init__(self, token: SecretStr, *, header: str = "Authorization", scheme: str = "Bearer ") -> None:
        """Keep a token; args: scheme: what stands before it in its header."""
        self._token, self._header, self._scheme = token, header, scheme

    def headers(self) -> Mapping[str, str]:
        """Return the header that shows it."""
        return {self._header: self._scheme + self._token.get_secret_value()}

    def renew(self) -> bool:
        """Tell that there is no other one."""
        return False


def client_of_giver(
    token_url: str,
    like: HttpSettings,
    *,
    clock: Clock = utc_now,
    sleep: Sleep = time.sleep,
    transport: httpx.BaseTransport | None = None,
) -> HttpClient:
    """Return a client that asks the giver of tokens, as patiently and over the same certificates as another is asked.

    What a system allows a second does not count tokens.
    """
    limits = {name: getattr(like, name) for name in HttpSettings.model_fields.keys() - {"endpoint", "calls_per_second"}}
    return HttpClient(HttpSettings(endpoint=token_url, **limits), clock=clock, sleep=sleep, transport=transport)


class ClientCredentials:
    """Holds one token and asks for the next one in time; for `HttpClient`'s `credentials`."""

    def __init__(
        self,
        settings: OAuthSettings,
        client: HttpClient,
        *,
        beside: Mapping[str, str] | None = None,
        elapsed: Elapsed = time.monotonic,
    ) -> None:
        """Prepare to ask for tokens; nothing is sent yet.

        Args:
            client: speaks with the giver of tokens; its endpoint is `settings.token_url`.
            beside: headers that go with the token.
        """
        self._settings, self._client, self._elapsed = settings, client, elapsed
        self._beside = dict(beside or {})
        self._token: str | None = None
        self._good_until = 0.0
        self._lock = threading.Lock()

    def headers(self) -> Mapping[str, str]:
        """Return the header that holds a token; see `Credentials`."""
        with self._lock:
            if self._token is None or self._elapsed() >= self._good_until:
                began = self._elapsed()
                token = self._client.ask(self._call(), read=_token)
                lasts = token.expires_in if token.expires_in is not None else _UNSAID
                self._token, self._good_until = token.access_token, began + max(lasts - _SPARE, lasts / 2)
            return {"Authorization": f"Bearer {self._token}", **self._beside}

    def renew(self) -> bool:
        """Forget the token; see `Credentials`."""
        with self._lock:
            self._token = None
        return True

    def _call(self) -> Call:
        settings = self._settings
        form = {"grant_type": "client_credentials"} | ({"scope": settings.scope} if settings.scope else {})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        secret = settings.client_secret.get_secret_value()
        if settings.shown is Shown.BODY:
            form |= {"client_id": settings.client_id, "client_secret": secret}
        else:
            # Both parts are encoded as in a form before they are joined.
            pair = f"{quote(settings.client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
        return Call(
            method="POST",
            headers=headers,
            content=urlencode(form).encode(),
            repeatable=True,
            accepts=frozenset({_REFUSED}),
        )


def _token(answer: Answer) -> _Token:
    if answer.status == _REFUSED:
        raise Denied("no token is given to us")
    token = read_model(_Token, read_json(answer.content, place="token"), place="token")
    if token.token_type is not None and token.token_type.lower() != "bearer":
        raise ContractDrift("token.token_type")
    return token
