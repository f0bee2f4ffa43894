"""One way to write several things as bytes, so that two different lists never look alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# One encoder for all: json.dumps would make another for every value that is sealed.
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def length_prefixed(*parts: bytes) -> bytes:
    """Return the number of parts and each part behind its length, all as four bytes, big-endian."""
    pieces = [len(parts).to_bytes(4, "big")]
    for part in parts:
        pieces.append(len(part).to_bytes(4, "big"))
        pieces.append(part)
    return b"".join(pieces)


def compact_json(document: Mapping[str, Any]) -> bytes:
    """Return the document as JSON in UTF-8: keys sorted, no spaces, no escapes but the needed ones.

    A lone surrogate, which UTF-8 cannot carry, is written as its JSON escape and so comes back as it was.

    Raises: TypeError, ValueError: something in it is not JSON; the message does not show it.
    """
    return _ENCODER.encode(dict(document)).encode("utf-8", "backslashreplace")
