"""Bodies of records as systems push them: an array of JSON, or a record a line; read strictly, in one way only.

Source: RFC 8259; RFC 9530 (Content-Digest).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final

from fastapi import Request

from registry.actions.exchange.push import MOST_RECORDS
from registry.actions.exchange.push_records import UNREADABLE
from registry.actions.exchange.refusals import DigestMismatch, Fault, MediaTypeRefused, NotUnderstood, TooLarge
from registry.protect.requests.strict_json import NotStrictJson, strict_json

LARGEST_BATCH: Final = 5 * 1024 * 1024  # bytes
JSON: Final = "application/json"
LINES: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
LARGEST_FEED: Final = 1024 * 1024
_FEEDS: Final = re.compile(r"/fhir/R4/?\Z")
_BATCHES: Final = re.compile(r"/sources/[^/]+/streams/[^/]+/batches/?\Z")
_DIGEST: Final = re.compile(r"\s*([a-z0-9-]+)=:([A-Za-z0-9+/=]*):\s*")
_ALGORITHMS: Final[Mapping[str, str]] = {"sha-256": "sha256", "sha-512": "sha512"}


def largest(path: str) -> int | None:
    """Return how many bytes may come in at a path; None: as everywhere."""
    if _BATCHES.search(path):
        return LARGEST_BATCH
    return LARGEST_FEED if _FEEDS.search(path) else None


async def raw_body(request: Request) -> bytes:
    """Return the body as it came."""
    return await request.body()


def media_type(request: Request) -> str:
    """Return the media type of the body in small letters.

    Raises:
        MediaTypeRefused: the body is packed, or its text is not UTF-8.
    """
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    charset = rest.replace(" ", "").replace('"', "").lower()
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise MediaTypeRefused(faults=[Fault("", "content_encoding_refused")])
    if charset not in ("", "charset=utf-8"):
        raise MediaTypeRefused(faults=[Fault("", "charset_refused")])
    return kind.strip().lower()


def check_digest(request: Request, body: bytes) -> None:
    """Compare the body with the digest that was sent along, if one was.

    Raises:
        DigestMismatch: it is of another body, or of a kind that is not known here.
    """
    said = request.headers.get("content-digest")
    if said is None:
        return
    known = 0
    for part in said.split(","):
        found = _DIGEST.fullmatch(part)
        if found is None:
            raise DigestMismatch(faults=[Fault("", "content_digest_broken")])
        algorithm = _ALGORITHMS.get(found[1])
        if algorithm is not None:
            known += 1
            _compare(found[2], hashlib.new(algorithm, body).digest())
    if not known:
        raise DigestMismatch(faults=[Fault("", "content_digest_unknown")])


def _compare(written: str, digest: bytes) -> None:
    try:
        said = base64.b64decode(written, validate=True)
    except binascii.Error:
        raise DigestMismatch(faults=[Fault("", "content_digest_broken")]) from None
    if not hmac.compare_digest(said, digest):
        raise DigestMismatch(faults=[Fault("", "content_digest_differs")])


def records_of(request: Request, body: bytes) -> list[object]:
    """Return the elements of a batch; a line that is no JSON stands as `UNREADABLE` among the others.

    Raises:
        MediaTypeRefused, DigestMismatch, NotUnderstood, TooLarge: what is wrong with the whole.
    """
    kind = media_type(request)
    if kind != JSON and kind not in LINES:
        raise MediaTypeRefused(faults=[Fault("", "media_type_refused")])
    check_digest(request, body)
    elements = _array(body) if kind == JSON else [_line(line) for line in body.split(b"\n") if line.strip()]
    if not elements:
        raise NotUnderstood(faults=[Fault("", "empty")])
    if len(elements) > MOST_RECORDS:
        raise TooLarge(faults=[Fault("", "too_many_records")])
    return elements


def record_of(request: Request, body: bytes) -> dict[str, object]:
    """Return the one record of a body.

    Raises:
        MediaTypeRefused, DigestMismatch, NotUnderstood: what is wrong with it.
    """
    if media_type(request) != JSON:
        raise MediaTypeRefused(faults=[Fault("", "media_type_refused")])
    check_digest(request, body)
    found = _json(body)
    if not isinstance(found, dict):
        raise NotUnderstood(faults=[Fault("", "not_an_object")])
    return found


def _array(body: bytes) -> list[object]:
    found = _json(body)
    if not isinstance(found, list):
        raise NotUnderstood(faults=[Fault("", "not_a_list")])
    return found


def _json(body: bytes) -> object:
    try:
        return strict_json(body)
    except NotStrictJson:
        raise NotUnderstood(faults=[Fault("", "not_json")]) from None


def _line(line: bytes) -> object:
    try:
        return strict_json(line)
    except NotStrictJson:
        return UNREADABLE
