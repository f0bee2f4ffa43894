"""One-time codes that a device makes from a secret and the time, and the codes for when the device is lost.

Source: RFC 6238 with its usual parameters (SHA-1, 30 seconds, six digits), which every authenticator app knows.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from registry.protect.signing_in.passwords import ALPHABET

SECRET_BYTES: Final = 20  # as long as the hash, RFC 4226, section 4
DIGITS: Final = 6
STEP: Final = 30  # seconds
RECOVERY_CODES: Final = 10
NAME: Final = "child-registry"

_NEIGHBOURS: Final = (0, -1, 1)  # a device whose clock is half a minute off is right still
_CODE: Final = re.compile(r"[0-9]{6}")
_SPACES: Final = re.compile(r"[\s-]")
_GROUPS, _GROUP_LENGTH = 6, 4  # 24 of 29 letters: 116 bits, so a plain digest keeps it safe


def new_secret() -> bytes:
    """Return a fresh secret from the randomness of the operating system."""
    return secrets.token_bytes(SECRET_BYTES)


def step_at(moment: datetime) -> int:
    """Return the number of the half minute."""
    return int(moment.timestamp()) // STEP


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a half minute."""
    return HOTP(secret, DIGITS, SHA1(), enforce_key_length=False).generate(step).decode()  # noqa: S303  see the source


def matching_step(secret: bytes, typed: str, *, at: datetime, after: int) -> int | None:
    """Return the half minute whose code was typed; None: it is no code of this moment, or was used before.

    Args:
        typed: as typed; spaces do no harm.
        after: the half minute of the last code that was accepted: neither it nor an earlier one is again.
    """
    code = _SPACES.sub("", typed)
    if not _CODE.fullmatch(code):
        return None
    now = step_at(at)
    found = None
    for step in (now + offset for offset in _NEIGHBOURS):
        same = hmac.compare_digest(code_at(secret, step), code) if step >= 0 else False
        if same and step > after and found is None:
            found = step
    return found


def written_secret(secret: bytes) -> str:
    """Return the secret as people type it into a device: base32 in groups of four."""
    letters = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def device_address(secret: bytes, login: str) -> str:
    """Return the address that a device reads from a picture. Source: the Key URI Format of authenticator apps."""
    letters = base64.b32encode(secret).decode().rstrip("=")
    facts = urlencode({"secret": letters, "issuer": NAME, "algorithm": "SHA1", "digits": DIGITS, "period": STEP})
    return f"otpauth://totp/{NAME}:{quote(login)}?{facts}"


def recovery_codes() -> tuple[str, ...]:
    """Return fresh codes for a lost device, each good for once; only their digests are kept."""
    return tuple(
        "-".join("".join(secrets.choice(ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
        for _ in range(RECOVERY_CODES)
    )


def recovery_digest(typed: str) -> str | None:
    """Return the digest under which a recovery code is kept; None: this is none."""
    letters = _SPACES.sub("", typed).casefold()
    if len(letters) != _GROUPS * _GROUP_LENGTH:
        return None
    return hashlib.sha256(letters.encode()).hexdigest()
