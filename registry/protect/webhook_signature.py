"""Signs what is sent to a subscriber, so that it knows who sent it and that nobody changed it on the way.

Source: Standard Webhooks 1.0, symmetric signatures: HMAC-SHA256 over id, time and body.
"""

from __future__ import annotations

import binascii
import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

MARK: Final = "whsec_"
TOLERANCE: Final = timedelta(minutes=5)
_VERSION: Final = "v1"
_SECRET_BYTES: Final = 32


class BadSecret(ValueError):
    """A secret that is not written as one; the text is not repeated."""


def new_secret() -> str:
    """Return a new secret as it is told to the subscriber."""
    return MARK + b64encode(os.urandom(_SECRET_BYTES)).decode()


def signed_headers(secrets: Iterable[str], message_id: str, *, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of a message; during a rotation there are two secrets, and one signature of each.

    Raises:
        BadSecret: one of them is none.
    """
    stamp = str(int(at.timestamp()))
    signatures = [_signature(secret, message_id, stamp, body=body) for secret in secrets]
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": " ".join(signatures)}


def is_signed(secret: str, headers: Mapping[str, str], *, body: bytes, at: datetime) -> bool:
    """Tell whether a message bears a signature of this secret and is of this moment: what a subscriber checks.

    Args:
        headers: by names in small letters.
        at: the subscriber's time.

    Raises:
        BadSecret: the secret is none.
    """
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not (stamp.isascii() and stamp.isdigit()) or len(stamp) > _LONGEST_STAMP:
        return False
    if abs(at.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        return False
    expected = _signature(secret, message_id, stamp, body=body).encode()
    shown = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(expected, one.encode("utf-8", "replace")) for one in shown)


_LONGEST_STAMP: Final = 12


def _signature(secret: str, message_id: str, stamp: str, *, body: bytes) -> str:
    signed = f"{message_id}.{stamp}.".encode() + body
    return f"{_VERSION},{b64encode(hmac.digest(_key(secret), signed, 'sha256')).decode()}"


def _key(secret: str) -> bytes:
    try:
        return b64decode(secret.removeprefix(MARK), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret("a secret of a subscription is not written as one") from None
