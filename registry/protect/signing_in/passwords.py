"""Passwords of local accounts: kept as argon2id, made readable where we make them."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB = 19 * 1024
SHORTEST = 12  # characters
LONGEST = 256  # characters; a longer one would only cost us time

# Letters and digits that nobody mistakes for another when reading them out: no i, l, o, u, v, 0, 1.
ALPHABET = "abcdefghjkmnpqrstwxyz23456789"
_GROUPS, _GROUP_LENGTH = 4, 4  # 16 of 29 letters: 77 bits

_HASHER = PasswordHasher(time_cost=2, memory_cost=MEMORY_KIB, parallelism=1)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, with its parameters and salt.

    Source: OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
    """
    return _HASHER.hash(_same_keys(password))


def verify_password(kept: str | None, password: str) -> bool:
    """Say whether a password fits its hash.

    Args:
        kept: None if there is no such account; it costs the same time, so that nobody learns which accounts exist.
        password: as typed.

    """
    if len(password) > LONGEST:
        return False
    try:
        _HASHER.verify(kept or _nobodys_hash(), _same_keys(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def needs_new_hash(kept: str) -> bool:
    """Say whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def one_time_password(choose: Callable[[str], str] = secrets.choice) -> str:
    """Return a password to be read out and typed once, such as "k7mp-x3qf-9hwt-2c5d".

    Args:
        choose: picks one letter; by default from the operating system's randomness.

    """
    return "-".join("".join(choose(ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))


def _same_keys(password: str) -> str:
    """Return the same text whichever way a keyboard composed the marks. Source: RFC 8265, section 4.2.2 (NFC)."""
    return unicodedata.normalize("NFC", password)


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_hex(16))
