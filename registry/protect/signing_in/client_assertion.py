"""A client's proof of who it is: a statement signed with its own key, for us alone, good once and for minutes.

Source: RFC 7523, section 3; RFC 7515; RFC 8725 (best current practice).
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from registry.protect.requests.strict_json import NotStrictJson, strict_json
from registry.protect.signing_in.client_keys import PublicKey, verifier

LONGEST_LIFE: Final = timedelta(minutes=5)
SLACK: Final = timedelta(seconds=30)  # clocks of two machines differ
_LARGEST: Final = 8 * 1024  # characters
_PART: Final = re.compile(rb"[A-Za-z0-9_-]+")
_HEADER_MEMBERS: Final = frozenset({"alg", "kid", "typ"})  # all others would let the sender choose the key or the form
_TYPES: Final = frozenset({"jwt", "client-authentication+jwt"})
_LATEST: Final = 1 << 40  # seconds; later is not a time
_LONGEST_ID: Final = 256


class AssertionRefused(Exception):
    """An assertion proves nothing; `rule` says why, in words of ours."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """An assertion as it was sent. Nothing in it is true before `proved`."""

    text: bytes = field(repr=False)
    header: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    client_id: UUID  # whom it says it is from


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What an assertion has proved; it must be used up where all processes see it."""

    digest: bytes  # of its name
    expires_at: datetime


def read_assertion(text: str) -> Assertion:
    """Take an assertion apart, strictly and without believing it.

    Raises:
        AssertionRefused: it has not the form of one.
    """
    raw = text.encode("utf-8", "replace")
    parts = raw.split(b".")
    if len(raw) > _LARGEST or len(parts) != 3 or not all(map(_PART.fullmatch, parts)):
        raise AssertionRefused("not a signed statement in compact form")
    header, claims = _object(parts[0]), _object(parts[1])
    _decoded(parts[2])
    if not header.keys() <= _HEADER_MEMBERS:
        raise AssertionRefused("its header has members beside alg, kid and typ")
    if str(header.get("typ", "JWT")).lower() not in _TYPES:
        raise AssertionRefused("its header has another type")
    return Assertion(text=raw, header=header, claims=claims, client_id=_subject(claims))


def proved(assertion: Assertion, *, keys: Mapping[str, PublicKey], audiences: Collection[str], at: datetime) -> Proof:
    """Return what an assertion proves about the client whose keys these are.

    Args:
        keys: the client's, by name.
        audiences: our own names; the assertion must be for one of them and for nobody else.
        at: now.

    Raises:
        AssertionRefused: which rule it breaks.
    """
    _check_signature(assertion, keys)
    claims = assertion.claims
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    if not isinstance(audience, str) or audience not in audiences:
        raise AssertionRefused("it is not for this registry alone")
    expires_at = _check_times(claims, at)
    name = claims.get("jti")
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_ID:
        raise AssertionRefused("jti is missing, or no text of at most 256 characters")
    return Proof(digest=hashlib.sha256(name.encode("utf-8", "replace")).digest(), expires_at=expires_at)


def _check_signature(assertion: Assertion, keys: Mapping[str, PublicKey]) -> None:
    named = assertion.header.get("kid")
    if named is None and len(keys) == 1:
        named = next(iter(keys))
    key = keys.get(named) if isinstance(named, str) else None
    if key is None:
        raise AssertionRefused("its kid names no key of this client")
    if assertion.header.get("alg") != key["alg"]:
        raise AssertionRefused("its algorithm is not the one of the key")
    if not _is_signed(assertion.text, key):
        raise AssertionRefused("its signature is not of this key")


def _is_signed(text: bytes, key: PublicKey) -> bool:
    """Tell whether a key has signed, by its one algorithm; what the header says was compared before."""
    signed, _, signature = text.rpartition(b".")
    algorithm = JWSRegistry.algorithms["EdDSA" if key["alg"] == "Ed25519" else key["alg"]]
    try:
        return bool(algorithm.verify(signed, _decoded(signature), verifier(key)))
    except (JoseError, ValueError, TypeError):
        return False


def _check_times(claims: Mapping[str, Any], at: datetime) -> datetime:
    """Return when an assertion ends, if it holds now and not for long."""
    expires_at = _time(claims, "exp")
    if expires_at is None:
        raise AssertionRefused("exp is missing")
    issued_at = _time(claims, "iat")
    if expires_at <= at:
        raise AssertionRefused("it has expired")
    if expires_at > at + LONGEST_LIFE + SLACK or (issued_at is not None and expires_at > issued_at + LONGEST_LIFE):
        raise AssertionRefused("it holds for more than five minutes")
    for begins in (issued_at, _time(claims, "nbf")):
        if begins is not None and begins > at + SLACK:
            raise AssertionRefused("it was made in the future: see to the clocks")
    return expires_at


def _time(claims: Mapping[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        raise AssertionRefused(f"{name} is not a time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise AssertionRefused(f"{name} is not a time") from None


def _subject(claims: Mapping[str, Any]) -> UUID:
    subject = claims.get("sub")
    if not isinstance(subject, str) or claims.get("iss") != subject:
        raise AssertionRefused("iss and sub are not both the client's id")
    try:
        found = UUID(subject)
    except ValueError:
        found = None
    if found is None or str(found) != subject:
        raise AssertionRefused("iss and sub are not both the client's id")
    return found


def _object(part: bytes) -> Mapping[str, Any]:
    try:
        found = strict_json(_decoded(part))
    except NotStrictJson:
        found = None
    if not isinstance(found, dict):
        raise AssertionRefused("not a signed statement in compact form")
    return found


def _decoded(part: bytes) -> bytes:
    """Return the bytes of a part, which has one spelling only."""
    try:
        found = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        found = b""
    if urlsafe_b64encode(found).rstrip(b"=") != part:
        raise AssertionRefused("not a signed statement in compact form")
    return found
