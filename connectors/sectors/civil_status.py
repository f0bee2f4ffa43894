"""Registered births, as the civil-status sector exports its book."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from connectors.contract import API, FileFormat, NameJudge, Reading
from connectors.formats.stamps import read_date
from connectors.formats.tables import TableRow
from connectors.formats.workbooks import WorkbookLayout, open_workbook, reread_workbook
from connectors.records import ChildFacts, Rejected, SourceRecord
from connectors.sectors.rows import RowRefused, checked_key, checked_names, known_facts, person, read_row, read_rows

KEY_COLUMNS = ("Xã đăng ký", "Quyển số", "Số giấy khai sinh")
NAMES = ("Họ chữ đệm tên", "Họ tên mẹ", "Họ tên cha")

LAYOUT = WorkbookLayout(
    sheet="Khai sinh",
    columns=(
        "Số giấy khai sinh",
        "Quyển số",
        "Ngày đăng ký",
        "Họ chữ đệm tên",
        "Ngày sinh",
        "Giới tính",
        "Dân tộc",
        "Quốc tịch",
        "Nơi sinh",
        "Số định danh cá nhân",
        "Họ tên mẹ",
        "Số giấy tờ mẹ",
        "Họ tên cha",
        "Số giấy tờ cha",
        "Xã đăng ký",
    ),
    name_columns=NAMES,
)

NEW_LIST_SINCE = date(2025, 7, 1)  # Decision 19/2025/QD-TTg: the units of today


class CivilStatus:
    """The civil-status sector's book of births. It has no time stamp: a lower row is newer."""

    api = API
    format = FileFormat(
        system="civil_status",
        stream="births",
        file_name="civil-status.xlsx",
        required_columns=LAYOUT.columns,
        mapping_version=1,
    )
    layout = LAYOUT

    def open(self, path: Path, looks_like_a_name: NameJudge) -> Reading:
        """Open the delivered file.

        Raises:
            FileRefused: it cannot be read as a whole.
        """
        table = open_workbook(path, LAYOUT, looks_like_a_name)
        return Reading(format=self.format, encodings=table.encodings, rows=read_rows(table.rows, _birth))

    def reread(self, raw: bytes, *, row: int, encodings: Mapping[str, str]) -> SourceRecord | Rejected:
        """Read one row again, as `open` would in its file."""
        return read_row(reread_workbook(raw, LAYOUT, row=row, decided=encodings), _birth)


def _birth(row: TableRow) -> SourceRecord:
    checked_names(row, NAMES)
    return SourceRecord(
        system=CivilStatus.format.system,
        stream=CivilStatus.format.stream,
        key=_key(row),
        row=row.row,
        facts=_facts(row),
        services=known_facts(
            certificate=row.text("Số giấy khai sinh"),
            book=row.text("Quyển số"),
            registered_on=_registered_on(row),
            registered_commune=row.text("Xã đăng ký"),
            nationality=row.text("Quốc tịch"),
            birth_place=row.text("Nơi sinh"),
        ),
        written=dict(row.cells),
        raw=row.raw,
    )


def _key(row: TableRow) -> str:
    parts = []
    for column in KEY_COLUMNS:
        part = checked_key(row.text(column), column)
        # Excel makes a date of '01/2021' when it is typed; which number it was cannot be told.
        if ":" in part or read_date(part[:10]) is not None:
            raise RowRefused("key_broken", column)
        parts.append(part)
    return ":".join(parts)


def _registered_on(row: TableRow) -> str | None:
    found = read_date(row.text("Ngày đăng ký"))
    return found.isoformat() if found else None


def _facts(row: TableRow) -> ChildFacts:
    return ChildFacts(
        name=row.text("Họ chữ đệm tên"),
        sex=row.text("Giới tính"),
        birth_date=row.text("Ngày sinh"),
        personal_number=row.text("Số định danh cá nhân"),
        ethnicity=row.text("Dân tộc"),
        commune_code=row.text(
            "Xã đăng ký"
        ),  # where the birth was registered; mostly, not always, where the child lives
        commune_scheme=_scheme(row),
        mother=person(row.text("Họ tên mẹ"), number=row.text("Số giấy tờ mẹ")),
        father=person(row.text("Họ tên cha"), number=row.text("Số giấy tờ cha")),
    )


def _scheme(row: TableRow) -> str | None:
    """Return the list valid on the day of registration, None where that day is not known."""
    registered = read_date(row.text("Ngày đăng ký"))
    if registered is None:
        return None
    return "2025" if registered >= NEW_LIST_SINCE else "2024"
