"""One way to write several things as bytes, so that two different lists never look alike."""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable, Mapping
from typing import Any, Final


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
    try:
        text = _encode(document if type(document) is dict else dict(document))
    except RecursionError:
        raise ValueError("a document is nested too deeply, or within itself") from None
    return text.encode("utf-8", "backslashreplace")


def _encoder() -> Callable[[dict[str, Any]], str]:
    """Return the encoder for all documents.

    `JSONEncoder.encode` prepares a compiled encoder for every document, which takes longer than a short document
    does; it is prepared once here. An interpreter without the compiled one has the slow way, with the same bytes.
    """
    plain = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    compiled = getattr(json.encoder, "c_make_encoder", None)
    if compiled is None:
        return plain.encode
    quoted = getattr(json.encoder, "encode_basestring")  # noqa: B009  # the stubs leave it out
    # no table of what has been seen, for it would outlive an error; sorted keys, no other keys than text, no NaN
    chunks = compiled(None, plain.default, quoted, None, ":", ",", True, False, False)  # noqa: FBT003  # by place only
    return lambda document: "".join(chunks(document, 0))


_encode: Final = _encoder()
