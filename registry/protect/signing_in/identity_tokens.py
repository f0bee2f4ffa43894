"""Reads what an identity provider signs: who signed in, and who signed out there. Everything not demanded is refused.

Source: OpenID Connect Core 1.0, section 3.1.3.7; OpenID Connect Back-Channel Logout 1.0, section 2.6; RFC 8725.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeGuard

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, RSAKey

ALGORITHMS: Final[Mapping[str, str]] = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}  # each with its type of key
LEEWAY: Final = timedelta(seconds=60)  # the clocks of two machines
OLDEST: Final = timedelta(minutes=10)  # of a token, since it was made
LARGEST: Final = 16 * 1024  # characters
_MOST_KEYS: Final = 50
_FEWEST_BITS: Final = 2048
_LONGEST_NAME: Final = 255
_LOGOUT: Final = "http://schemas.openid.net/event/backchannel-logout"

PublicKey = RSAKey | ECKey
Claims = Mapping[str, Any]


class Fault(StrEnum):
    """What is wrong with a token; for the log, never for whoever brought it."""

    FORM = "form"
    ALGORITHM = "algorithm"
    KEY = "key"  # no key of the provider is meant: its keys may have changed
    SIGNATURE = "signature"
    EXPIRED = "expired"
    TIME = "time"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    PARTY = "party"
    NONCE = "nonce"
    ACCESS_TOKEN = "access_token"  # noqa: S105  the name of a claim's subject
    STRENGTH = "strength"  # acr or amr
    STALE_PROOF = "stale_proof"
    SUBJECT = "subject"
    EVENT = "event"


class TokenRefused(Exception):
    """A token is not one that we asked for."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What tokens of the one provider must say."""

    issuer: str
    client_id: str
    algorithms: frozenset[str] = frozenset({"RS256"})
    acr: frozenset[str] = frozenset()  # one of these; empty: nothing is demanded
    amr: frozenset[str] = frozenset()  # all of these
    name_claim: str | None = None  # the claim by which an administrator invites; None: by the subject alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Whom the provider vouches for."""

    subject: str = field(repr=False)
    session: str | None = field(repr=False)  # its name of the session
    name: str | None = field(repr=False)  # by which an administrator may have invited


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut:
    """Who signed out at the provider: a session, or everything of somebody."""

    number: str = field(repr=False)
    subject: str | None = field(repr=False)
    session: str | None = field(repr=False)


def read_keys(document: object) -> tuple[PublicKey, ...]:
    """Return the keys of a JWK set that may sign for us; others are left out.

    Raises:
        TokenRefused: this is no JWK set.
    """
    entries = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(entries, list) or len(entries) > _MOST_KEYS:
        raise TokenRefused(Fault.FORM)
    return tuple(key for entry in entries if (key := _key(entry)) is not None)


def _key(entry: object) -> PublicKey | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    public = {name: value for name, value in entry.items() if name in {"kty", "kid", "alg", "n", "e", "crv", "x", "y"}}
    try:
        if entry.get("kty") == "RSA":
            key = RSAKey.import_key(public)
            return key if key.public_key.key_size >= _FEWEST_BITS else None
        if entry.get("kty") == "EC" and entry.get("crv") == "P-256":
            return ECKey.import_key(public)
    except (JoseError, ValueError, TypeError):
        return None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked, to which a token must answer."""

    nonce: str = field(repr=False)
    access_token: str | None = field(repr=False)  # that came with the token
    proof_since: datetime | None  # who signed in must have proved it since; None: an older proof is as good


def read_id_token(token: str, keys: Sequence[PublicKey], rules: TokenRules, *, asked: Asked, at: datetime) -> Vouched:
    """Return whom a token vouches for.

    Raises:
        TokenRefused: with what is wrong.
    """
    header, claims = _opened(token, keys, rules)
    _check_common(claims, rules, at=at)
    if not isinstance(claims.get("exp"), int | float):
        raise TokenRefused(Fault.EXPIRED)
    if not _same(claims.get("nonce"), asked.nonce):
        raise TokenRefused(Fault.NONCE)
    if "at_hash" in claims and not _same(claims["at_hash"], _half_hash(asked.access_token)):
        raise TokenRefused(Fault.ACCESS_TOKEN)
    _check_strength(claims, rules)
    if asked.proof_since is not None:
        _check_proof(claims, asked.proof_since)
    if header.get("typ", "JWT") == "logout+jwt" or "events" in claims:
        raise TokenRefused(Fault.EVENT)
    subject = _name(claims, "sub")
    if subject is None:
        raise TokenRefused(Fault.SUBJECT)
    name = _name(claims, rules.name_claim) if rules.name_claim else None
    return Vouched(subject=subject, session=_name(claims, "sid"), name=name)


def read_logout_token(token: str, keys: Sequence[PublicKey], rules: TokenRules, *, at: datetime) -> LoggedOut:
    """Return who signed out.

    Raises:
        TokenRefused: with what is wrong.
    """
    _, claims = _opened(token, keys, rules)
    _check_common(claims, rules, at=at)
    if "nonce" in claims:  # what was made for a sign-in is no sign-out
        raise TokenRefused(Fault.NONCE)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT), dict):
        raise TokenRefused(Fault.EVENT)
    number, subject, session = (_name(claims, name) for name in ("jti", "sub", "sid"))
    if number is None or (subject is None and session is None):
        raise TokenRefused(Fault.SUBJECT)
    return LoggedOut(number=number, subject=subject, session=session)


def _opened(token: str, keys: Sequence[PublicKey], rules: TokenRules) -> tuple[Claims, Claims]:
    """Return header and claims of a token whose signature is the provider's."""
    if len(token) > LARGEST or not token.isascii() or token.count(".") != 2:
        raise TokenRefused(Fault.FORM)
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError):
        raise TokenRefused(Fault.FORM) from None
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in rules.algorithms or algorithm not in ALGORITHMS:
        raise TokenRefused(Fault.ALGORITHM)
    key = _meant(header, keys, ALGORITHMS[algorithm])
    try:
        return header, jwt.decode(token, key, algorithms=[algorithm]).claims
    except (JoseError, ValueError, TypeError):
        raise TokenRefused(Fault.SIGNATURE) from None


def _meant(header: Claims, keys: Sequence[PublicKey], kind: str) -> PublicKey:
    fitting = [key for key in keys if key.key_type == kind and key.get("alg") in (None, header["alg"])]
    if "kid" in header:
        fitting = [key for key in fitting if key.kid == header["kid"]]
    if len(fitting) != 1:
        raise TokenRefused(Fault.KEY)
    return fitting[0]


def _check_common(claims: Claims, rules: TokenRules, *, at: datetime) -> None:
    """Check issuer, audience, party and times."""
    if claims.get("iss") != rules.issuer:
        raise TokenRefused(Fault.ISSUER)
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or rules.client_id not in named:
        raise TokenRefused(Fault.AUDIENCE)
    if claims.get("azp", rules.client_id if len(named) == 1 else None) != rules.client_id:
        raise TokenRefused(Fault.PARTY)
    made = claims.get("iat")
    if not _is_moment(made) or any(name in claims and not _is_moment(claims[name]) for name in ("exp", "nbf")):
        raise TokenRefused(Fault.TIME)
    leeway = int(LEEWAY.total_seconds())
    times = jwt.JWTClaimsRegistry(now=int(at.timestamp()), leeway=leeway, iat={"essential": True})
    try:
        times.validate({name: claims[name] for name in ("exp", "nbf", "iat") if name in claims})
    except ExpiredTokenError:
        raise TokenRefused(Fault.EXPIRED) from None
    except JoseError:
        raise TokenRefused(Fault.TIME) from None
    if at.timestamp() - made > OLDEST.total_seconds():
        raise TokenRefused(Fault.EXPIRED)


def _check_strength(claims: Claims, rules: TokenRules) -> None:
    methods = claims.get("amr", [])
    known = isinstance(methods, list) and all(isinstance(method, str) for method in methods)
    context = claims.get("acr")
    strong = not rules.acr or (isinstance(context, str) and context in rules.acr)
    if not strong or not known or not rules.amr.issubset(methods):
        raise TokenRefused(Fault.STRENGTH)


def _check_proof(claims: Claims, since: datetime) -> None:
    proved = claims.get("auth_time")
    if not _is_moment(proved) or proved < since.timestamp() - LEEWAY.total_seconds():
        raise TokenRefused(Fault.STALE_PROOF)


def _is_moment(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _name(claims: Claims, claim: str) -> str | None:
    value = claims.get(claim)
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME else None


def _same(found: object, expected: str | None) -> bool:
    return isinstance(found, str) and expected is not None and hmac.compare_digest(found.encode(), expected.encode())


def _half_hash(access_token: str | None) -> str | None:
    """Return the left half of a digest. Source: OpenID Connect Core 1.0, section 3.1.3.6; all of ours end in 256."""
    if access_token is None:
        return None
    digest = hashlib.sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
