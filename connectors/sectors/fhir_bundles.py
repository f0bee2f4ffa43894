"""Children and their immunisations as FHIR bundles in a folder: one bundle a file, or one a line.

Read are collections, transactions and messages of the patient master identity registry, in the order of the files'
names. The whole folder is read in every pass; what was taken in before changes nothing. A file whose name ends in
`.part` is still being written. A dose without its child in the bundle belongs at the door for messages, where the
child is known; here it is refused by its place.

    [sources.immunisation-files]
    connector = "fhir_bundles"
    [sources.immunisation-files.settings]
    folder = "/srv/child-registry/immunisation"

Source: FHIR R4 (4.0.1); IHE ITI-93.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from connectors.contract import (
    API,
    Checkpoint,
    CheckReport,
    ContractDrift,
    CursorKind,
    Deletes,
    Drift,
    FileRefused,
    Message,
    Record,
    Stream,
    Transient,
)
from connectors.formats.fhir import FhirRefused
from connectors.formats.fhir_feed import Feed, FeedEntry, read_feed
from connectors.formats.fhir_parts import identifiers
from connectors.formats.lines import MAX_LINE_BYTES, JsonRow, open_json_lines
from connectors.formats.strict_json import read_json
from connectors.records import Operation, Rejected, SourceRecord
from connectors.sectors.fhir_records import FIELDS, SYSTEM, described, drifts, record_of
from connectors.sectors.health import CODE
from connectors.sectors.rows import RowRefused, checked_key

STREAM: Final = "bundles"
_ONE: Final = ".json"
_LINES: Final = ".ndjson"


class FhirBundlesSettings(BaseModel):
    """Where the bundles are put."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    folder: Path
    key_system: str = Field(default=CODE, min_length=1)  # the list whose identifier names a record


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One bundle, where it stands, and what it was delivered as."""

    file: int
    line: int
    value: object = field(repr=False)
    raw: bytes = field(repr=False)


class FhirBundles:
    """Reads the bundles of a folder; see the module."""

    api: ClassVar[int] = API
    system: ClassVar[str] = SYSTEM
    conformance: ClassVar[str] = "connectors.conformance.scenarios.bundles:BundleScenario"

    def __init__(self, settings: FhirBundlesSettings) -> None:
        self._settings = settings

    @classmethod
    def spec(cls) -> type[BaseModel]:
        """Return the model of the settings."""
        return FhirBundlesSettings

    def check(self) -> CheckReport:
        """Say whether the folder is there."""
        well = self._settings.folder.is_dir()
        return CheckReport(ok=well, faults=() if well else ("the folder is not there",))

    def discover(self) -> Sequence[Stream]:
        """Return the one stream."""
        return [
            Stream(
                name=STREAM,
                key=("entry",),
                fields=FIELDS,
                required=frozenset({"entry"}),
                cursor=CursorKind.NONE,
                deletes=Deletes.TOMBSTONE,
                mapping_version=1,
            )
        ]

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        """Yield the bundles behind a place in the folder.

        Raises:
            ConnectorError: there is no folder, or no such stream.
        """
        if stream != STREAM:
            raise ContractDrift("stream")
        first = _place(cursor)
        told, last = 0, first
        for row in self._rows(first):
            messages = list(self._messages(row))
            yield from messages
            told += sum(not isinstance(one, Checkpoint) for one in messages)
            last = (row.file, row.line)
            if told >= limit:
                yield Checkpoint(cursor=f"{last[0]} {last[1]}", more=True)
                return
        yield Checkpoint(cursor=f"{last[0]} {last[1]}", more=False)

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Say what a bundle says of a child."""
        return described(record, stream=STREAM)

    def _files(self) -> list[Path]:
        try:
            found = [path for path in self._settings.folder.iterdir() if path.suffix.lower() in (_ONE, _LINES)]
            return sorted(path for path in found if path.is_file() and not path.is_symlink())
        except OSError:
            raise Transient("the folder cannot be read") from None

    def _rows(self, behind: tuple[int, int]) -> Iterator[_Row]:
        for number, path in enumerate(self._files(), start=1):
            if number < behind[0]:
                continue
            for row in _rows_of(path, number):
                if (row.file, row.line) > behind:
                    yield row

    def _messages(self, row: _Row) -> Iterator[Message]:
        if isinstance(row.value, _Broken):
            yield Rejected(row=row.line, rule=row.value.rule, field=None, raw=row.raw)
            return
        try:
            feed = read_feed(row.value)
        except FhirRefused as refusal:
            yield Rejected(row=row.line, rule=refusal.rule, field=refusal.path, raw=row.raw)
            return
        yield from self._of_feed(feed, row)

    def _of_feed(self, feed: Feed, row: _Row) -> Iterator[Message]:
        yield from (Drift(field=path, seen="object", expected="list") for path in feed.drift)
        for entry in feed.entries:
            yield from drifts((entry.child.patient, *entry.child.related, *entry.child.immunizations))
            yield self._record(entry, row)
        for _ in feed.loose:
            yield Rejected(row=row.line, rule="patient_missing", field="Immunization.patient", raw=row.raw)

    def _record(self, entry: FeedEntry, row: _Row) -> Record | Rejected:
        own = (value for system, value, _ in identifiers(entry.child.patient) if system == self._settings.key_system)
        try:
            key = checked_key(next(own, None), "Patient.identifier")
        except RowRefused as refusal:
            return Rejected(row=row.line, rule=refusal.rule, field=refusal.field, raw=row.raw)
        gone = entry.merged_into is not None
        return record_of(entry.child, key, row=row.line, operation=Operation.DELETE if gone else Operation.UPSERT)


@dataclass(frozen=True, slots=True)
class _Broken:
    rule: str


def _rows_of(path: Path, number: int) -> Iterator[_Row]:
    """Yield the bundles of a file; one that cannot be opened at all is one broken row."""
    try:
        if path.suffix.lower() == _ONE:
            yield _whole(path, number)
            return
        for row in open_json_lines(path):
            value = row.value if isinstance(row, JsonRow) else _Broken(row.rule)
            yield _Row(file=number, line=row.row, value=value, raw=row.raw)
    except FileRefused as refusal:
        yield _Row(file=number, line=1, value=_Broken(refusal.rule), raw=b"")
    except OSError:
        raise Transient("a file of the folder cannot be read") from None


def _whole(path: Path, number: int) -> _Row:
    with path.open("rb") as stream:
        content = stream.read(MAX_LINE_BYTES + 1)
    if len(content) > MAX_LINE_BYTES:
        return _Row(file=number, line=1, value=_Broken("line_too_long"), raw=content[:MAX_LINE_BYTES])
    try:
        return _Row(file=number, line=1, value=read_json(content), raw=content)
    except ContractDrift:
        return _Row(file=number, line=1, value=_Broken("json_broken"), raw=content)


def _place(cursor: str | None) -> tuple[int, int]:
    if cursor is None:
        return 0, 0
    number, _, line = cursor.partition(" ")
    if not (number.isascii() and number.isdigit() and line.isascii() and line.isdigit()):
        raise ContractDrift("cursor")
    return int(number), int(line)
