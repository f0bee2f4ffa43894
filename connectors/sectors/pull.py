"""What the connectors that ask a source over HTTP have in common: how it is asked, who we are, how an answer is read.

Addresses, parameters, field names and codes are settings, so that a province connects a service of its own bus without
code. Where a service tells its errors inside HTTP 200, `error_path` says where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Self
from urllib.parse import urlencode

from pydantic import Field, SecretStr, model_validator

from connectors.contract import CheckReport, ContractDrift, Denied, Record, Transient
from connectors.formats.strict_json import read_json
from connectors.http import Address, Answer, Call, Clock, Credentials, HttpClient, HttpSettings, Sleep
from connectors.oauth import ClientCredentials, OAuthSettings, Shown, StandingToken, client_of_giver
from connectors.records import Rejected
from connectors.sectors.mapping import FieldMapping, canonical, found_at, recorded, text_at
from connectors.sectors.published import STANDARD
from connectors.sectors.rows import RowRefused

GONE: Final = 410
Target = Annotated[str, Field(pattern=r"^(?:/[^\s@]*)?$", max_length=500)]


class PullSettings(HttpSettings):
    """Where a source is, what it is asked with, and where its answer holds what."""

    system: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    stream: str = Field(default="records", pattern=r"^[a-z][a-z0-9-]{0,39}$")
    path: Target = ""  # behind the endpoint
    posts: bool = False  # parameters are members of a JSON body, not of the address
    parameters: Mapping[str, str] = Field(default_factory=dict)  # that are always the same
    headers: Mapping[str, str] = Field(default_factory=dict)  # such as who we are on a bus; no secrets
    token_header: str = "Authorization"  # noqa: S105  a header's name
    token: SecretStr | None = None  # as it stands in the header
    token_url: Address | None = None  # or else it is had here
    client_id: str | None = None
    client_secret: SecretStr | None = None
    scope: str | None = None
    client_shown: Shown = Shown.HEADER
    rows: str = ""  # where the list of records is in an answer; empty: the answer is the list
    error_path: str | None = None  # where an answer says whether it is one
    error_fine: frozenset[str] = frozenset({"0", "00", "200"})
    error_denied: frozenset[str] = frozenset({"401", "403"})
    mapping: FieldMapping = STANDARD
    mapping_version: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        whole = (self.client_id is not None, self.client_secret is not None, self.token_url is not None)
        if any(whole) != all(whole):
            raise ValueError("token_url, client_id and client_secret belong together")
        if any(whole) and self.token is not None:
            raise ValueError("either token or token_url")
        return self


class Source:
    """Asks one source; closed, it gives its connections back."""

    def __init__(self, settings: PullSettings, *, clock: Clock, sleep: Sleep) -> None:
        self._settings = settings
        self._tokens: HttpClient | None = None
        self._client = HttpClient(
            settings, clock=clock, sleep=sleep, credentials=self._credentials(settings, clock=clock, sleep=sleep)
        )

    def _credentials(self, settings: PullSettings, *, clock: Clock, sleep: Sleep) -> Credentials | None:
        if settings.token is not None:
            return StandingToken(settings.token, header=settings.token_header, scheme="")
        if settings.token_url is None or settings.client_id is None or settings.client_secret is None:
            return None
        self._tokens = client_of_giver(settings.token_url, settings, clock=clock, sleep=sleep)
        asked = OAuthSettings(
            token_url=settings.token_url,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            scope=settings.scope,
            shown=settings.client_shown,
        )
        return ClientCredentials(asked, self._tokens)

    def answer(self, parameters: Mapping[str, str | int], *, accepts: frozenset[int] = frozenset()) -> Answer:
        """Return the answer to a question that only reads.

        Raises:
            ConnectorError: there is none.
        """
        return self._client.ask(self._call(parameters, accepts=accepts), read=self._checked)

    def _call(self, parameters: Mapping[str, str | int], *, accepts: frozenset[int]) -> Call:
        settings = self._settings
        asked = {**settings.parameters, **parameters}
        headers = {**settings.headers, "Accept": "application/json"}
        if settings.posts:
            headers["Content-Type"] = "application/json"
            return Call(
                method="POST",
                target=settings.path,
                headers=headers,
                content=canonical(asked),
                repeatable=True,
                accepts=accepts,
            )
        joint = "&" if "?" in settings.path else "?"
        return Call(target=f"{settings.path}{joint}{urlencode(asked)}", headers=headers, accepts=accepts)

    def _checked(self, answer: Answer) -> Answer:
        """Raise what an answer means that tells an error inside."""
        path = self._settings.error_path
        if path is None or answer.status == GONE:
            return answer
        document = read_json(answer.content)
        code = _said_at(document, path)
        if code in self._settings.error_denied:
            raise Denied("the answer says that we are refused")
        if code not in self._settings.error_fine:
            raise Transient("the answer tells an error")
        return answer

    def sent(self, path: str, document: Mapping[str, Any]) -> Answer:
        """Hand a document over where repeating it does no harm, and return what is said to it.

        Raises:
            ConnectorError: nothing is said to it.
        """
        headers = {**self._settings.headers, "Accept": "application/json", "Content-Type": "application/json"}
        call = Call(method="POST", target=path, headers=headers, content=canonical(document), repeatable=True)
        return self._client.ask(call, read=self._checked)

    def check(self) -> CheckReport:
        """Say whether the source is there and knows us; nothing is read of anybody."""
        there, words = self._client.answers(Call(method="HEAD", target=self._settings.path))
        refused = words.startswith(("HTTP 401", "HTTP 403", "no token"))
        if there and not refused:
            return CheckReport(ok=True)
        return CheckReport(ok=False, faults=(f"the source does not answer us: {words}",))

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()
        if self._tokens is not None:
            self._tokens.close()


def _said_at(document: object, path: str) -> str | None:
    try:
        return text_at(document, path) if isinstance(document, Mapping) else None
    except RowRefused:
        return None


def document_of(answer: Answer) -> object:
    """Return an answer's document.

    Raises:
        ContractDrift: it is no strict JSON.
    """
    return read_json(answer.content)


def member(document: object, path: str, place: str) -> object:
    """Return what stands at a path of a document; a text there is a document of its own, as some buses wrap one.

    Raises:
        ContractDrift: nothing stands there.
    """
    found = found_at(document, path) if path and isinstance(document, Mapping) else document if not path else None
    if isinstance(found, str):
        found = read_json(found.encode("utf-8", "surrogatepass"), place=place)
    if found is None:
        raise ContractDrift(place)
    return found


def rows_of(document: object, settings: PullSettings) -> Sequence[object]:
    """Return the list of records of an answer.

    Raises:
        ContractDrift: there is no list.
    """
    found = member(document, settings.rows, "rows")
    if not isinstance(found, list):
        raise ContractDrift("rows")
    return found


def number_at(document: object, path: str | None) -> int | None:
    """Return a whole number of an answer, such as how many records there are; None: it says none.

    Raises:
        ContractDrift: something else stands there.
    """
    if path is None or not isinstance(document, Mapping):
        return None
    found = found_at(document, path)
    if found is None:
        return None
    text = str(found)
    if isinstance(found, bool) or not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ContractDrift(path)
    return int(text)


def row_read(row: object, settings: PullSettings, *, place: int) -> Record | Rejected:
    """Return one element of an answer's list as a record, or why it is none.

    Args:
        place: in the list, from 1.
    """
    if not isinstance(row, Mapping):
        return Rejected(row=place, rule="row_not_an_object", field=None, raw=canonical({"row": row}))
    payload = {str(name): value for name, value in row.items()}
    try:
        return recorded(payload, settings.mapping, row=place)
    except RowRefused as refusal:
        return Rejected(row=place, rule=refusal.rule, field=refusal.field, raw=canonical(payload))


def row_again(raw: bytes, settings: PullSettings, *, row: int) -> Record | Rejected:
    """Read a refused element again."""
    try:
        return row_read(read_json(raw), settings, place=row)
    except ContractDrift:
        return Rejected(row=row, rule="row_missing", field=None, raw=raw)
