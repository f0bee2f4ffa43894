"""A leaf of the access log: who looked at or changed what, when, why. No names; children under pseudonyms."""

from __future__ import annotations

import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from registry.model.access import Access
from registry.protect.canonical import compact_json
from registry.protect.cipher import Place, generation_of, seal, unseal
from registry.protect.keys.keyring import Domain, Keyring
from registry.protect.log.merkle import leaf_hash
from registry.protect.pseudonym import child_pseudonym

FORMAT = 1
_NO_COUNTS: Mapping[str, int] = MappingProxyType({})


class BadLeaf(ValueError):
    """Bytes that are not the canonical content of a leaf."""


class Outcome(StrEnum):
    """What came of it."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One event. `content` is what is hashed; it reads back to an equal leaf."""

    event_id: UUID
    at: datetime
    staff_id: UUID | None  # None: the engine, or nobody signed in
    role: str
    office: str
    purpose: str
    action: str
    outcome: Outcome = Outcome.DONE
    children: tuple[bytes, ...] = ()  # pseudonyms, sorted: opened, changed, or shown in a search's answer
    groups: tuple[str, ...] = ()  # field groups shown, sorted
    counts: Mapping[str, int] = field(default_factory=lambda: _NO_COUNTS)
    query: bytes | None = None  # keyed fingerprint of a search, so that repeated ones are seen
    row_digests: tuple[bytes, ...] = ()  # of sealed rows written: a row put back later is seen
    session_ref: str | None = None
    os_account: str | None = None
    request_id: UUID
    sealed_reason: bytes | None = field(default=None, repr=False)

    def content(self) -> bytes:
        """Return the canonical bytes of the leaf."""
        return compact_json(
            {
                "format": FORMAT,
                "event_id": str(self.event_id),
                "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
                "staff_id": None if self.staff_id is None else str(self.staff_id),
                "role": self.role,
                "office": self.office,
                "purpose": self.purpose,
                "action": self.action,
                "outcome": self.outcome.value,
                "children": [name.hex() for name in self.children],
                "groups": list(self.groups),
                "counts": dict(self.counts),
                "query": None if self.query is None else self.query.hex(),
                "row_digests": [digest.hex() for digest in self.row_digests],
                "session_ref": self.session_ref,
                "os_account": self.os_account,
                "request_id": str(self.request_id),
                "sealed_reason": None if self.sealed_reason is None else self.sealed_reason.hex(),
            }
        )

    def leaf_hash(self) -> bytes:
        """Return the hash under which the leaf stands in the tree."""
        return leaf_hash(self.content())


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, as the action that did it tells the log."""

    action: str
    children: Collection[UUID] = ()  # opened, changed, or shown in a search's answer
    groups: Collection[str] = ()  # field groups shown
    outcome: Outcome = Outcome.DONE
    counts: Mapping[str, int] = field(default_factory=lambda: _NO_COUNTS)
    query: str | None = field(default=None, repr=False)  # the words of a search; only their fingerprint is kept
    row_digests: Collection[bytes] = ()


def leaf_of(access: Access, event: Event, *, keyring: Keyring) -> Leaf:
    """Return the leaf of an event: children under pseudonyms, the reason sealed, the search as a fingerprint."""
    event_id = uuid4()
    return Leaf(
        event_id=event_id,
        at=access.at,
        staff_id=access.staff_id,
        role=access.role.value,
        office=access.office,
        purpose=access.purpose.value,
        action=event.action,
        outcome=event.outcome,
        children=tuple(sorted({child_pseudonym(keyring, child) for child in event.children})),
        groups=tuple(sorted(event.groups)),
        counts=MappingProxyType(dict(event.counts)),
        query=None if event.query is None else query_fingerprint(keyring, event.query),
        row_digests=tuple(event.row_digests),
        session_ref=access.session_ref,
        os_account=access.os_account,
        request_id=access.request_id,
        sealed_reason=None if access.reason is None else _sealed_reason(keyring, event_id, access.reason),
    )


def reason_of(leaf: Leaf, keyring: Keyring) -> str | None:
    """Return the sentence that was given with the access, or None if there was none.

    Raises: Tampered, KeyUnavailable: it was changed, or its key is gone.
    """
    if leaf.sealed_reason is None:
        return None
    version = generation_of(leaf.sealed_reason)
    key = keyring.shared_key(Domain.LOG_SEAL, leaf.event_id, version)
    return unseal(key, _reason_place(leaf.event_id, version), leaf.sealed_reason).decode()


def query_fingerprint(keyring: Keyring, words: str) -> bytes:
    """Return 16 keyed bytes by which two equal searches are recognised."""
    return hmac.digest(keyring.derived(Domain.PSEUDONYM, b"query"), words.encode(), "sha256")[:16]


def read_leaf(content: bytes) -> Leaf:
    """Return the leaf of canonical bytes.

    Raises: BadLeaf: not the canonical bytes of a leaf.
    """
    try:
        leaf = _leaf(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError):
        leaf = None
    if leaf is None or leaf.content() != content:
        raise BadLeaf("not a leaf of the access log")
    return leaf


def _leaf(document: dict[str, Any]) -> Leaf:
    staff_id = document["staff_id"]
    return Leaf(
        event_id=UUID(document["event_id"]),
        at=datetime.fromisoformat(document["at"]),
        staff_id=None if staff_id is None else UUID(staff_id),
        role=document["role"],
        office=document["office"],
        purpose=document["purpose"],
        action=document["action"],
        outcome=Outcome(document["outcome"]),
        children=tuple(map(bytes.fromhex, document["children"])),
        groups=tuple(document["groups"]),
        counts=MappingProxyType(document["counts"]),
        query=_optional_bytes(document["query"]),
        row_digests=tuple(map(bytes.fromhex, document["row_digests"])),
        session_ref=document["session_ref"],
        os_account=document["os_account"],
        request_id=UUID(document["request_id"]),
        sealed_reason=_optional_bytes(document["sealed_reason"]),
    )


def _optional_bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _sealed_reason(keyring: Keyring, event_id: UUID, reason: str) -> bytes:
    version = keyring.active(Domain.LOG_SEAL)
    key = keyring.shared_key(Domain.LOG_SEAL, event_id, version)
    return seal(key, _reason_place(event_id, version), reason.encode("utf-8", "replace"))


def _reason_place(event_id: UUID, version: int) -> Place:
    return Place("access_leaf", "reason", event_id, version)
