"""Speaks with the identity provider: what it can do, its keys, and the exchange of a code for who signed in.

Source: OpenID Connect Discovery 1.0; RFC 6749, section 4.1; RFC 7636 (PKCE); RFC 7523 (private_key_jwt); RFC 9207.
"""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from registry.model.errors import ProviderUnavailable, RegistryError
from registry.protect.providers.deadline import within
from registry.protect.signing_in.identity_tokens import (
    Asked,
    Fault,
    LoggedOut,
    PublicKey,
    TokenRefused,
    TokenRules,
    Vouched,
    read_id_token,
    read_keys,
    read_logout_token,
)

SCOPE: Final = "openid"
LARGEST_ANSWER: Final = 256 * 1024  # bytes
KEPT: Final = timedelta(hours=1)  # what it can do, and its keys
_KEYS_AGAIN: Final = timedelta(seconds=60)  # a foreign key id makes us ask no more often
_AWAY_FOR: Final = timedelta(seconds=5)  # so long nobody waits again for one who has just not answered
_ASSERTION_LIVES: Final = 60  # seconds
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_JSON: Final = frozenset({"application/json", "application/jwk-set+json"})


class IdentityProviderAway(RegistryError):
    """The identity provider is slow, down, or answers rubbish; nobody can sign in by it just now."""

    status = 503
    title = "The identity provider does not answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """How we are known to the provider: by a key of our own, or by a secret."""

    rules: TokenRules
    secret: str | None = field(default=None, repr=False)
    key: RSAKey | ECKey | None = field(default=None, repr=False)
    ca_file: Path | None = None  # None: the usual authorities
    scope: str = SCOPE
    seconds: float = 5.0  # for one answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What goes with a browser that is sent to the provider."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    challenge: str  # SHA-256 of the verifier
    return_to: str  # address of our page
    again: bool  # who is signed in there must prove it again


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a browser brought back, and what only we know of the question."""

    code: str = field(repr=False)
    issuer: str | None  # RFC 9207; None: not said
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    return_to: str
    proof_since: datetime | None  # None: an older proof is as good


@dataclass(frozen=True, slots=True, kw_only=True)
class _Abilities:
    authorization: str
    token: str
    keys: str
    says_issuer: bool
    read_at: datetime


class IdentityProvider:
    """The one provider that vouches for accounts."""

    def __init__(self, client: Client) -> None:
        self._client = client
        context = ssl.create_default_context(cafile=None if client.ca_file is None else str(client.ca_file))
        self._http = httpx.Client(
            verify=context,
            timeout=client.seconds,
            follow_redirects=False,
            trust_env=False,
            headers={"accept": "application/json"},
        )
        self._reading = threading.Lock()
        self._abilities: _Abilities | None = None
        self._away_at: datetime | None = None  # when it last did not answer
        self._keys: tuple[PublicKey, ...] = ()
        self._keys_read_at: datetime | None = None

    def __repr__(self) -> str:
        return "IdentityProvider()"

    @property
    def issuer(self) -> str:
        """The provider's name for itself."""
        return self._client.rules.issuer

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def prepare(self, *, at: datetime) -> None:
        """Ask the provider what it can do, unless that is known, before anything is held that others wait for.

        Raises:
            IdentityProviderAway: it cannot be asked.
        """
        self._able(at)

    def address(self, question: Question, *, at: datetime) -> str:
        """Return the address to which a browser is sent.

        Raises:
            IdentityProviderAway: the provider cannot be asked what it is.
        """
        asked = {
            "response_type": "code",
            "client_id": self._client.rules.client_id,
            "redirect_uri": question.return_to,
            "scope": self._client.scope,
            "state": question.state,
            "nonce": question.nonce,
            "code_challenge": question.challenge,
            "code_challenge_method": "S256",
        }
        if self._client.rules.acr:
            asked["acr_values"] = " ".join(sorted(self._client.rules.acr))
        if question.again:
            asked |= {"prompt": "login", "max_age": "0"}
        there = self._able(at).authorization
        return f"{there}{'&' if '?' in there else '?'}{urlencode(asked)}"

    def vouched(self, answer: Answer, *, at: datetime) -> Vouched:
        """Return whom the provider vouches for.

        Raises:
            TokenRefused: the provider refuses the code, or its token is not what we asked for.
            IdentityProviderAway: it does not answer, or answers rubbish.
        """
        able = self._able(at)
        if (able.says_issuer or answer.issuer is not None) and answer.issuer != self.issuer:
            raise TokenRefused(Fault.ISSUER)
        told = self._redeemed(answer, able, at)
        token, access_token = told.get("id_token"), told.get("access_token")
        if not isinstance(token, str):
            raise TokenRefused(Fault.FORM)
        asked = Asked(
            nonce=answer.nonce,
            access_token=access_token if isinstance(access_token, str) else None,
            proof_since=answer.proof_since,
        )
        rules = self._client.rules
        try:
            return read_id_token(token, self._known_keys(at), rules, asked=asked, at=at)
        except TokenRefused as refused:
            if refused.fault is not Fault.KEY or not self._keys_may_be_old(at):
                raise
        return read_id_token(token, self._read_keys(at), rules, asked=asked, at=at)

    def logged_out(self, token: str, *, at: datetime) -> LoggedOut:
        """Return who signed out at the provider.

        Raises:
            TokenRefused: the token is not the provider's, or no sign-out.
            IdentityProviderAway: its keys cannot be read.
        """
        rules = self._client.rules
        try:
            return read_logout_token(token, self._known_keys(at), rules, at=at)
        except TokenRefused as refused:
            if refused.fault is not Fault.KEY or not self._keys_may_be_old(at):
                raise
        return read_logout_token(token, self._read_keys(at), rules, at=at)

    # -- what the provider says of itself

    def _able(self, at: datetime) -> _Abilities:
        with self._reading:
            known = self._abilities
            if known is None or not timedelta(0) <= at - known.read_at <= KEPT:
                known = self._abilities = self._read_abilities(at)
            return known

    def _read_abilities(self, at: datetime) -> _Abilities:
        found = self._json("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", at=at)
        challenges = found.get("code_challenge_methods_supported", ["S256"])
        if found.get("issuer") != self.issuer or not isinstance(challenges, list) or "S256" not in challenges:
            raise IdentityProviderAway("its description is not one of this issuer with PKCE")
        return _Abilities(
            authorization=_safe_address(found.get("authorization_endpoint")),
            token=_safe_address(found.get("token_endpoint")),
            keys=_safe_address(found.get("jwks_uri")),
            says_issuer=found.get("authorization_response_iss_parameter_supported") is True,
            read_at=at,
        )

    def _known_keys(self, at: datetime) -> tuple[PublicKey, ...]:
        read_at = self._keys_read_at
        if read_at is None or not timedelta(0) <= at - read_at <= KEPT:
            return self._read_keys(at)
        return self._keys

    def _keys_may_be_old(self, at: datetime) -> bool:
        return self._keys_read_at is None or abs(at - self._keys_read_at) >= _KEYS_AGAIN

    def _read_keys(self, at: datetime) -> tuple[PublicKey, ...]:
        able = self._able(at)
        with self._reading:
            try:
                self._keys = read_keys(self._json("GET", able.keys, at=at))
            except TokenRefused:
                raise IdentityProviderAway("its keys are no set of keys") from None
            self._keys_read_at = at
            return self._keys

    # -- the exchange

    def _redeemed(self, answer: Answer, able: _Abilities, at: datetime) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": answer.code,
            "redirect_uri": answer.return_to,
            "code_verifier": answer.verifier,
        }
        headers = {}
        client = self._client
        if client.key is not None:
            form |= {
                "client_id": client.rules.client_id,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": self._assertion(client.key, at),
            }
        else:
            pair = f"{quote_plus(client.rules.client_id)}:{quote_plus(client.secret or '')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return self._json("POST", able.token, at=at, form=form, headers=headers)

    def _assertion(self, key: RSAKey | ECKey, at: datetime) -> str:
        """Return a proof of our key. Source: RFC 7523, section 3; the audience is the issuer alone (RFC 7523bis)."""
        now, client_id = int(at.timestamp()), self._client.rules.client_id
        header = {"alg": "PS256" if key.key_type == "RSA" else "ES256", "typ": "JWT"}
        if key.kid:
            header["kid"] = key.kid
        claims = {"iss": client_id, "sub": client_id, "aud": self.issuer, "iat": now, "exp": now + _ASSERTION_LIVES}
        return jwt.encode(header, {**claims, "jti": secrets.token_urlsafe(16)}, key, algorithms=[header["alg"]])

    def _json(
        self,
        method: str,
        address: str,
        *,
        at: datetime,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Ask, and return the document of the answer, of which no more than a bounded part is ever read."""

        def ask() -> tuple[int, str, bytes]:
            with self._http.stream(method, address, data=form, headers=headers) as answer:
                body = bytearray()
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > LARGEST_ANSWER:
                        raise IdentityProviderAway("its answer is too large")
                return answer.status_code, answer.headers.get("content-type", ""), bytes(body)

        if self._away_at is not None and timedelta(0) <= at - self._away_at < _AWAY_FOR:
            raise IdentityProviderAway("it has just not answered")
        try:
            status, media_type, body = within(self._client.seconds, ask, place=self.issuer)
        except (ProviderUnavailable, httpx.HTTPError, httpx.InvalidURL, ssl.SSLError):
            self._away_at = at
            raise IdentityProviderAway("no answer in time, or none at all") from None
        if method == "POST" and status in {400, 401, 403}:
            raise TokenRefused(Fault.FORM)  # the code was used before, was never given, or is not for us
        return _document(status, media_type, body)


def _document(status: int, media_type: str, body: bytes) -> Mapping[str, Any]:
    if status != httpx.codes.OK or media_type.partition(";")[0].strip().lower() not in _JSON:
        raise IdentityProviderAway("its answer is no document")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise IdentityProviderAway("its answer is no document") from None
    if not isinstance(found, dict):
        raise IdentityProviderAway("its answer is no document")
    return found


def _safe_address(address: object) -> str:
    """Return an address of the provider if nobody on the way can read what goes there."""
    try:
        parts = urlsplit(address) if isinstance(address, str) else None
    except ValueError:
        parts = None
    if parts is None or not parts.hostname or parts.fragment:
        raise IdentityProviderAway("its description lacks an address")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise IdentityProviderAway("it names an address that is not encrypted")
    return parts.geturl()
