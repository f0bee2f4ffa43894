"""What a simulated service is asked and what it answers, without a network: one service, several ways to reach it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One HTTP request."""

    method: str
    url: str  # whole, without the query
    path: str  # as it was sent, percent-encoding undone
    query: Sequence[tuple[str, str]] = field(default=(), repr=False)
    headers: Headers = field(repr=False)  # names in lower case
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str:
        """Return a header's value; empty where it is not sent."""
        return self.headers.get(name.lower(), "")

    def first(self, name: str) -> str | None:
        """Return the first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def every(self, name: str) -> list[str]:
        """Return all values of a query parameter."""
        return [value for key, value in self.query if key == name]

    def form(self) -> dict[str, str]:
        """Return the fields of a form body."""
        return dict(self.form_pairs())

    def form_pairs(self) -> list[tuple[str, str]]:
        """Return the fields of a form body in their order."""
        try:
            return parse_qsl(self.body.decode("utf-8"), keep_blank_values=True)
        except UnicodeDecodeError:
            return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One HTTP response, and how it is delivered."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    media_type: str = "text/plain; charset=utf-8"
    headers: Headers = field(default_factory=dict)
    late_by: float = 0.0  # seconds
    drips: float = 0.0  # seconds between the pieces that the body comes in; 0: it comes at once
    sent: int | None = None  # the connection is closed after so many bytes of the body; None: all is sent
    afterwards: Callable[[], None] | None = None  # what the service does once it has answered


def json_answer(
    document: object, *, status: int = 200, headers: Headers | None = None, media_type: str = "application/json"
) -> Answered:
    """Return a document as an answer."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Answered(status=status, body=body, media_type=media_type, headers=headers or {})


def xml_answer(text: str, *, status: int = 200, headers: Headers | None = None) -> Answered:
    """Return an XML document as an answer."""
    return Answered(status=status, body=text.encode(), media_type="text/xml; charset=utf-8", headers=headers or {})
