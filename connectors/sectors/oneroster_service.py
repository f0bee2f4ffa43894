"""The lists of a OneRoster service, asked for over HTTP with a token; connections last as long as the block does.

Source: 1EdTech OneRoster 1.2, Rostering Service (REST/JSON); OAuth 2.0 client credentials, RFC 6749.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Final, Self
from urllib.parse import quote, urlencode

from pydantic import Field, SecretStr, model_validator

from connectors.contract import ContractDrift
from connectors.formats.strict_json import read_json
from connectors.http import Address, Answer, Call, Clock, HttpClient, HttpSettings, Sleep
from connectors.oauth import ClientCredentials, OAuthSettings, client_of_giver
from connectors.sectors.oneroster_rows import Row, is_gone, linked, row_id

BASE: Final = "/ims/oneroster/rostering/v1p2"
SCOPES: Final = (
    "https://purl.imsglobal.org/spec/or/v1p2/scope/roster.readonly"
    " https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"
    " https://purl.imsglobal.org/spec/or/v1p2/scope/roster-demographics.readonly"
)
_MISSING: Final = frozenset({404})


class OneRosterSettings(HttpSettings):
    """How the service is asked; `endpoint` is what stands before its path."""

    max_answer_bytes: int = Field(default=16_000_000, gt=0)
    path: str = Field(default=BASE, pattern="^/[A-Za-z0-9/_.-]*$")
    token_url: Address | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    scope: str = SCOPES
    overlap_minutes: int = Field(default=60, ge=0, le=10_080)  # how late a change may be committed
    largest_page: int = Field(default=500, gt=0, le=5000)
    number_types: tuple[str, ...] = ("npdb", "personalnumber", "sodinhdanh")
    code_types: tuple[str, ...] = ("moet", "pupilcode")

    @model_validator(mode="after")
    def _whole_credentials(self) -> Self:
        given = [one is not None for one in (self.token_url, self.client_id, self.client_secret)]
        if any(given) and not all(given):
            raise ValueError("token_url, client_id and client_secret belong together")
        return self


class Service:
    """One service, while a block runs."""

    def __init__(self, settings: OneRosterSettings, *, clock: Clock, sleep: Sleep) -> None:
        self._settings = settings
        self._clock = clock
        self._open = ExitStack()
        self._client = self._open.enter_context(
            HttpClient(settings, clock=clock, sleep=sleep, credentials=self._credentials(sleep))
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def every(self, name: str, field: str, wanted: str) -> list[Row]:
        """Return all rows of a list whose field is as wanted; read over again if the list moved meanwhile."""
        filtered = field + wanted.format(field=field)
        found: dict[str, Row] = {}
        offset, size, before = 0, self._settings.largest_page, -1
        while True:
            rows, total = self.rows(name, limit=size, filtered=filtered, sort="sourcedId", offset=offset)
            found |= {row_id(row): row for row in rows}
            if 0 <= total < before:
                offset, before = 0, total
                continue
            if len(rows) < size:
                return list(found.values())
            offset, before = offset + len(rows), total

    def rows(
        self, name: str, *, limit: int, filtered: str | None = None, sort: str | None = None, offset: int = 0
    ) -> tuple[list[Row], int]:
        """Return a part of a list, and how long the list is; -1: the service does not say.

        Raises:
            ConnectorError: the service failed.
        """
        asked: dict[str, object] = {"limit": limit, "offset": offset}
        if filtered is not None:
            asked["filter"] = filtered
        if sort is not None:
            asked |= {"sort": sort, "orderBy": "asc"}
        target = f"{self._settings.path}/{name}?{urlencode(asked, quote_via=quote)}"

        def read(answer: Answer) -> tuple[list[Row], int]:
            rows = _member(answer, name)
            if not isinstance(rows, list) or any(not isinstance(row, Mapping) for row in rows):
                raise ContractDrift(name)
            total = answer.headers.get("X-Total-Count", "")
            return rows, int(total) if total.isascii() and total.isdigit() else -1

        return self._client.ask(Call(target=target), read=read)

    def one(self, name: str, sourced_id: str) -> Row | None:
        """Return one row by its id; None: the service has none."""
        target = f"{self._settings.path}/{name}/{quote(sourced_id, safe='')}"

        def read(answer: Answer) -> Row | None:
            if answer.status in _MISSING:
                return None
            singular = {"students": "student", "classes": "class", "orgs": "org"}.get(name, name)
            row = _member(answer, singular)
            if not isinstance(row, Mapping):
                raise ContractDrift(singular)
            return row

        return self._client.ask(Call(target=target, accepts=_MISSING), read=read)

    def _credentials(self, sleep: Sleep) -> ClientCredentials | None:
        settings = self._settings
        if settings.token_url is None or settings.client_id is None or settings.client_secret is None:
            return None
        asked = OAuthSettings(
            token_url=settings.token_url,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            scope=settings.scope,
        )
        client = client_of_giver(settings.token_url, settings, clock=self._clock, sleep=sleep)
        self._open.enter_context(client)
        return ClientCredentials(asked, client)


class AskedOnce:
    """What was asked for by id in this page, so that a class of forty is asked for once."""

    def __init__(self, ask: Callable[[str, str], Row | None]) -> None:
        self._ask = ask
        self._known: dict[tuple[str, str], Row | None] = {}

    def __call__(self, name: str, sourced_id: str) -> Row | None:
        """Return a row."""
        if (name, sourced_id) not in self._known:
            self._known[name, sourced_id] = self._ask(name, sourced_id)
        return self._known[name, sourced_id]

    def whole(self, enrollment: Row) -> Row:
        """Return an enrolment with its class and school in the place of the links to them."""
        found = dict(enrollment)
        for name, plural in (("class", "classes"), ("school", "orgs")):
            sourced_id = linked(enrollment, name)
            row = self(plural, sourced_id) if sourced_id and not is_gone(enrollment) else None
            if row is not None:
                found[name] = row
        return found


def _member(answer: Answer, name: str) -> object:
    document = read_json(answer.content)
    if not isinstance(document, Mapping) or name not in document:
        raise ContractDrift(name)
    return document[name]
