"""The streams of a drop folder: which files are a stream's, and how their rows are read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from connectors.contract import CursorKind, Deletes, FileReader, FileRefused, Record, Stream
from connectors.formats.data_package import DESCRIPTOR, TableSchema, read_schema
from connectors.formats.data_package_fields import SchemaRules
from connectors.records import Operation, Rejected, SourceRecord
from connectors.sectors.file_drop_cursor import Place
from connectors.sectors.file_drop_deliveries import DIGEST_LETTERS, Delivery, digest_of, is_settled, signature
from connectors.sectors.file_drop_readers import ReaderRows
from connectors.sectors.file_drop_tables import (
    Held,
    Step,
    TableForm,
    again,
    is_whole,
    open_package,
    steps,
    table_in_folder,
)
from connectors.sectors.mapping import FieldMapping, canonical, described
from connectors.sectors.published import SCHEMA, STANDARD


class TableSettings(BaseModel):
    """One stream of tables: nothing said, the published columns."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    mapping: FieldMapping | None = None  # of other columns than the published ones
    schema_file: Path | None = None  # a Table Schema that rows must keep to; none: the published one for its columns
    mapping_version: int = Field(default=1, ge=1)  # raised when the mapping is changed
    delimiter: Annotated[str, Field(pattern=r"^[,;|\t]$")] = ","  # of a file that comes without a package
    sheet: str | None = None  # of a workbook; none: its first one
    whole: bool = False  # a file that comes without a package holds all records there are


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """For how long a file must not have changed, by which clock."""

    seconds: float
    clock: Callable[[], float]

    def is_over(self, path: Path) -> bool:
        """Tell whether a file is whole as far as can be told."""
        return is_settled(path, seconds=self.seconds, clock=self.clock)


class TableStream:
    """Tables of one name: in packages, and in files of that name."""

    def __init__(self, name: str, settings: TableSettings, *, system: str) -> None:
        """Make the stream ready.

        Raises:
            FileRefused: the schema that was agreed cannot be read.
        """
        self._name, self._system, self._settings = name, system, settings
        self._mapping = settings.mapping or STANDARD
        self._file = re.compile(rf"{re.escape(name)}(?:[-_ .].*)?\.(?:csv|xlsx)", re.IGNORECASE)
        self._held: dict[str, Held] = {}  # digest → where it lies
        schema = self._schema()
        self.form = TableForm(
            mapping=self._mapping,
            rules=SchemaRules(schema, name) if schema is not None else None,
            delimiter=settings.delimiter,
            sheet=settings.sheet,
        )

    def _schema(self) -> TableSchema | None:
        path = self._settings.schema_file or (SCHEMA if self._settings.mapping is None else None)
        if path is None:
            return None
        try:
            return read_schema(path.read_bytes(), path.name)
        except OSError:
            raise FileRefused("file_unreadable", path.name) from None

    def stream(self) -> Stream:
        """Describe the stream."""
        return Stream(
            name=self._name,
            key=self._mapping.key,
            fields=self._mapping.kinds(),
            required=frozenset(self._mapping.key),
            cursor=CursorKind.SEQUENCE,
            deletes=Deletes.TOMBSTONE,
            mapping_version=self._settings.mapping_version,
            deliveries=True,
        )

    def deliveries(self, found: Sequence[Path], waiting: Waiting) -> tuple[list[Delivery], list[FileRefused]]:
        """Return what lies there of this stream, and what cannot be opened."""
        deliveries: list[Delivery] = []
        faults: list[FileRefused] = []
        for path in found:
            try:
                if (delivery := self._delivery(path, waiting)) is not None:
                    deliveries.append(delivery)
            except FileRefused as fault:
                faults.append(fault)
        return deliveries, faults

    def _delivery(self, path: Path, waiting: Waiting) -> Delivery | None:
        is_folder = (path / DESCRIPTOR).is_file()
        seen = signature(path / DESCRIPTOR if is_folder else path)
        if is_folder or path.suffix.lower() == ".zip":
            return self._packed(path, waiting) if waiting.is_over(path / DESCRIPTOR if is_folder else path) else None
        if not self._file.fullmatch(path.name) or not waiting.is_over(path):
            return None
        digest = digest_of(path)
        if signature(path) != seen:
            return None  # it is being written: it comes in its time
        self._held[digest] = Held(path=path)
        return Delivery(name=path.name, path=path, digest=digest, signature=seen)

    def _packed(self, path: Path, waiting: Waiting) -> Delivery | None:
        seen = signature(path)
        package, content = open_package(path)
        resource = package.resource(self._name)
        if resource is None:
            return None
        read = path
        if path.is_dir():
            read = table_in_folder(path, resource)
            if read.exists() and not waiting.is_over(read):
                return None
            seen = signature(read)
            content += digest_of(read).encode()
        digest = hashlib.sha256(content).hexdigest()[:DIGEST_LETTERS]
        brought = SchemaRules(resource.schema_, f"{path.name}: {resource.name}") if resource.schema_ else None
        self._held[digest] = Held(path=path, resource=resource, rules=brought)
        return Delivery(
            name=path.name,
            path=read,
            digest=digest,
            sequence=package.sequence,
            bulk=is_whole(package, resource),
            signature=seen,
        )

    def steps(self, delivery: Delivery, place: Place) -> Iterator[Step]:
        """Yield the rows of a delivery behind a place."""
        return steps(self._held[delivery.digest], self.form, place)

    def stays_open(self, delivery: Delivery) -> bool:
        """Tell whether a delivery is better kept open between pages: what is packed has no places to go on from."""
        held = self._held[delivery.digest]
        return held.is_workbook or (held.resource is not None and not held.path.is_dir())

    def check_arrived(self, delivery: Delivery) -> None:
        """Compare a package's table with what the package promises.

        Raises:
            FileRefused: it differs.
        """
        self._held[delivery.digest].check_arrived()

    def closes_whole(self, delivery: Delivery) -> bool:
        """Tell whether a record that a delivery does not hold is gone."""
        return delivery.bulk if delivery.sequence is not None else self._settings.whole

    def again(self, raw: bytes, *, row: int) -> Record | Rejected:
        """Read a refused row again."""
        return again(raw, self.form, row=row)

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Say what a record says of a child: by the agreed schema, then by the mapping."""
        rules = self.form.rules
        broken = rules.broken_by(record.payload) if rules and record.operation is not Operation.DELETE else None
        if broken is not None:
            return Rejected(row=record.row, rule=broken[0], field=broken[1], raw=canonical(record.payload))
        return described(record, self._mapping, system=self._system, stream=self._name)


class OlderStream:
    """The sector's older form of file, always of the same name: a new content is a new delivery."""

    def __init__(self, reader: FileReader, *, whole: bool) -> None:
        self._rows, self._whole = ReaderRows(reader), whole

    def stream(self) -> Stream:
        """Describe the stream."""
        return self._rows.stream()

    def deliveries(self, found: Sequence[Path], waiting: Waiting) -> tuple[list[Delivery], list[FileRefused]]:
        """Return the file, if it lies there."""
        deliveries = []
        for path in found:
            if path.name == self._rows.file_name and waiting.is_over(path):
                seen, digest = signature(path), digest_of(path)
                if seen == signature(path):
                    deliveries.append(Delivery(name=path.name, path=path, digest=digest, signature=seen))
        return deliveries, []

    def steps(self, delivery: Delivery, place: Place) -> Iterator[Step]:
        """Yield the rows of the file behind a place."""
        return self._rows.steps(delivery.path, place)

    def stays_open(self, delivery: Delivery) -> bool:  # noqa: ARG002  none of them has places to go on from
        """Tell whether a file is better kept open between pages."""
        return True

    def check_arrived(self, delivery: Delivery) -> None:
        """Find nothing to compare: such a file promises nothing."""

    def closes_whole(self, delivery: Delivery) -> bool:  # noqa: ARG002  all of them are, or none
        """Tell whether a record that the file does not hold is gone."""
        return self._whole

    def again(self, raw: bytes, *, row: int) -> Record | Rejected:
        """Read a refused row again."""
        return self._rows.again(raw, row=row)

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Say what a record says of a child."""
        return self._rows.map(record)
