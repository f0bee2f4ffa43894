"""Reading JSON that is sent to the simulator."""

from __future__ import annotations

import json


class NotJson(Exception):
    """What was sent is no JSON text that can be answered."""


def read_json(body: bytes) -> object:
    """Return the value of a JSON text.

    Raises:
        NotJson: it is none, or holds text that is no Unicode.
    """
    try:
        document = json.loads(body)
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise NotJson from None
    return document
