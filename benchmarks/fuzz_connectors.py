"""The readers of connectors that `benchmarks/fuzz.py` fuzzes; they refuse by a `ConnectorError` alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
from pydantic import ValidationError

from connectors import xroad
from connectors.contract import CallContext, CitizenSnapshot, Claim, ConnectorError
from connectors.formats.strict_json import read_json
from connectors.formats.strict_xml import read_xml
from connectors.http import retry_after
from connectors.population.npdb import NpdbConnector, NpdbSettings
from connectors.population.npdb_answers import read_answer

AT = datetime(2026, 10, 31, tzinfo=UTC)
SAMPLES = Path(__file__).parents[1] / "tests" / "specs" / "vn-population"
CLAIM = Claim(personal_number="000000000001", full_name="Nguyễn Thị Mẫu", birth_date="2019-05-17")
CONTEXT = CallContext(
    request_id="R-1", agency_code="A", officer_ref="o", procedure_code="p", legal_basis="law", purpose="verification"
)
XROAD = NpdbSettings.model_validate(
    {
        "endpoint": "http://127.0.0.1:9/npdb",
        "user": "u",
        "secret": "s",
        "api_key": "k",
        "x_road_client": "a/b/c/d",
        "look_up_code": "037",
        "relatives_code": "038",
        "changes_code": "039",
        "attempts": 1,
    }
)
LGSP = XROAD.model_copy(update={"transport": "lgsp"})

Reader = Callable[[bytes], object]


class SomebodyElse(Exception):
    """An answer about somebody else was read as one about the citizen who was asked for."""


class _Said(httpx.BaseTransport):
    """A network that says the one thing it holds."""

    content = b""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        del request
        return httpx.Response(200, content=self.content)


SAID = _Said()
CONNECTOR = NpdbConnector(XROAD, clock=lambda: AT, transport=SAID)


def _asked(content: bytes) -> None:
    SAID.content = content
    asks = (
        lambda: CONNECTOR.get(CLAIM, CONTEXT),
        lambda: CONNECTOR.verify(CLAIM, CONTEXT),
        lambda: CONNECTOR.relatives(CLAIM, CONTEXT),
        lambda: CONNECTOR.changes(None, CONTEXT, limit=10),
    )
    for ask in asks:
        with suppress(ConnectorError):
            found = ask()
            if isinstance(found, CitizenSnapshot) and found.personal_number != CLAIM.personal_number:
                raise SomebodyElse


def _cursor(content: bytes) -> None:
    SAID.content = b""
    CONNECTOR.changes(content.decode("utf-8", "replace"), CONTEXT, limit=10)


def _waits(content: bytes) -> None:
    said = content.decode("utf-8", "replace")
    retry_after({"Retry-After": said, "Date": said[::-1]}, lambda: AT)
    xroad.failure(said)
    with suppress(ValidationError):
        NpdbSettings.model_validate({**XROAD.model_dump(), "x_road_client": said})


READERS: dict[str, Reader] = {
    "strict_json": read_json,
    "strict_xml": read_xml,
    "npdb_answer": _asked,
    "npdb_bus_answer": lambda content: read_answer(content, "R-1", LGSP),
    "npdb_cursor": _cursor,
    "http_headers": _waits,
}


def seeds(name: str) -> list[bytes]:
    """Return what a reader begins with."""
    envelopes = [path.read_bytes() for path in sorted(SAMPLES.glob("*.xml"))]
    if name in ("npdb_answer", "strict_xml"):
        return envelopes
    wrapped = [
        json.dumps({"code": 200, "response": {"error_code0": "00", "data": one.decode()}}).encode() for one in envelopes
    ]
    return {
        "strict_json": [b'{"a": ["\\u1ea1", 1.5e3, null]}', *wrapped],
        "npdb_bus_answer": [*wrapped, b'{"code": 500}', b'{"congdanCollection": {"congDan": {"soDinhDanh": "1"}}}'],
        "npdb_cursor": [b'{"since":"2026-10-30","until":"2026-10-31","page":1,"size":10}'],
        "http_headers": [b"Sat, 31 Oct 2026 00:00:30 GMT", b"30", b"Server.ServerProxy.NetworkError", b"a/b/c/d"],
    }[name]
