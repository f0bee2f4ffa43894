"""The keyring as a file: every domain key sealed by the root, and a seal over the whole."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from registry.model.errors import WrongKeys
from registry.protect.canonical import compact_json
from registry.protect.keys.key_provider import Wrapped


class Mark(StrEnum):
    """Whether the keys guard invented children or real ones. The two never meet."""

    DEMO = "demo"
    REAL = "real"


class Domain(StrEnum):
    """What a key is for. No key serves two of these."""

    IDENTITY_WRAP = "identity_wrap"
    CASE_WRAP = "case_wrap"  # apart, so that search and sector systems never load it
    EXTRACT_WRAP = "extract_wrap"
    QUARANTINE_WRAP = "quarantine_wrap"
    SESSION_WRAP = "session_wrap"  # short-lived things of a session, such as the words of a search
    STAFF_WRAP = "staff_wrap"  # secrets of staff accounts
    INDEX = "index"
    CONTENT = "content"  # digests of files, rows and erased keys: it stays, or every delivery would look new
    SEARCH = "search"
    BLOCK = "block"
    PSEUDONYM = "pseudonym"
    RECORD_KEY = "record_key"
    CELL_KEY = "cell_key"
    LOG_SIGN = "log_sign"
    LOG_SEAL = "log_seal"
    DUTY_SEAL = "duty_seal"  # what an auditor writes down by duty: why somebody is kept, what a breach was
    EXPORT_MARK = "export_mark"
    KEYRING_SEAL = "keyring_seal"  # guards the keyring file itself


WRAPPING = frozenset(
    {
        Domain.IDENTITY_WRAP,
        Domain.CASE_WRAP,
        Domain.EXTRACT_WRAP,
        Domain.QUARANTINE_WRAP,
        Domain.STAFF_WRAP,
    }
)


class KeyState(StrEnum):
    """What a version of a key may still do."""

    ACTIVE = "active"
    DECRYPT_ONLY = "decrypt_only"
    RETIRED = "retired"  # refused, but could be brought back
    DESTROYED = "destroyed"  # its bytes are gone


class KeyEntry(BaseModel):
    """One version of one domain key."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    domain: Domain
    version: int
    state: KeyState
    since: AwareDatetime | None  # when it was made; None: its maker did not say
    root: str
    token: str | None  # base64; None: destroyed

    def wrapped(self) -> Wrapped | None:
        """Return the sealed key, or None if it was destroyed."""
        return None if self.token is None else Wrapped(self.root, base64.b64decode(self.token, validate=True))


class KeyringFile(BaseModel):
    """The whole file. `seal` is an HMAC over all the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    format: Literal[1] = 1
    keyring_id: UUID
    mark: Mark
    keys: tuple[KeyEntry, ...]
    seal: str = ""

    def sealed_part(self) -> bytes:
        """Return the bytes that the seal covers."""
        return compact_json(self.model_dump(mode="json", exclude={"seal"}))

    def content(self) -> bytes:
        """Return the file's bytes."""
        return self.model_dump_json(indent=1).encode() + b"\n"


def read_keyring_file(content: bytes, *, place: str) -> KeyringFile:
    """Return the file's meaning.

    Raises: WrongKeys: truncated, damaged, or written by a newer version.
    """
    try:
        found = KeyringFile.model_validate_json(content)
        for entry in found.keys:
            entry.wrapped()
    except (ValidationError, binascii.Error, ValueError):
        raise WrongKeys("the keyring file is truncated, damaged, or of a newer version", place=place) from None
    return found


def entry_of(domain: Domain, version: int, *, wrapped: Wrapped, since: datetime | None) -> KeyEntry:
    """Return a new active entry."""
    return KeyEntry(
        domain=domain,
        version=version,
        state=KeyState.ACTIVE,
        since=since,
        root=wrapped.root,
        token=base64.b64encode(wrapped.token).decode(),
    )
