"""Pupils of 6 to 15, as the education sector exports them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connectors.contract import API, FileFormat, NameJudge, Reading
from connectors.formats.stamps import read_iso_stamp
from connectors.formats.tables import CsvLayout, TableRow, open_csv, reread_csv
from connectors.records import ChildFacts, Rejected, SourceRecord
from connectors.sectors.rows import checked_key, checked_names, checked_stamp, known_facts, person, read_row, read_rows

KEY = "Mã học sinh"
STAMP = "Cập nhật lúc"
NAMES = ("Họ và tên", "Họ tên cha", "Họ tên mẹ")

LAYOUT = CsvLayout(
    columns=(
        KEY,
        "Họ và tên",
        "Ngày sinh",
        "Giới tính",
        "Dân tộc",
        "Số định danh cá nhân",
        "Mã xã",
        "Hệ mã địa bàn",
        "Địa chỉ",
        "Họ tên cha",
        "Năm sinh cha",
        "Họ tên mẹ",
        "Năm sinh mẹ",
        "Trường",
        "Lớp",
        "Trạng thái",
        "Năm học",
        STAMP,
    ),
    name_columns=NAMES,
)

STATUSES = {
    "Đang học": "studying",
    "Bỏ học": "dropped_out",
    "Chuyển trường": "transferred",
    "Tốt nghiệp": "graduated",
}
SCHEMES = frozenset({"2024", "2025"})


class Education:
    """The education sector's file of pupils."""

    api = API
    format = FileFormat(
        system="education",
        stream="pupils",
        file_name="education.csv",
        required_columns=LAYOUT.columns,
        mapping_version=1,
    )
    layout = LAYOUT

    def open(self, path: Path, looks_like_a_name: NameJudge) -> Reading:
        """Open the delivered file.

        Raises:
            FileRefused: it cannot be read as a whole.
        """
        table = open_csv(path, LAYOUT, looks_like_a_name)
        return Reading(format=self.format, encodings=table.encodings, rows=read_rows(table.rows, _pupil))

    def reread(self, raw: bytes, *, row: int, encodings: Mapping[str, str]) -> SourceRecord | Rejected:
        """Read one row again, as `open` would in its file."""
        return read_row(reread_csv(raw, LAYOUT, row=row, decided=encodings), _pupil)


def _pupil(row: TableRow) -> SourceRecord:
    checked_names(row, NAMES)
    return SourceRecord(
        system=Education.format.system,
        stream=Education.format.stream,
        key=checked_key(row.text(KEY), KEY),
        row=row.row,
        version_at=checked_stamp(row.text(STAMP), STAMP, read=read_iso_stamp),
        facts=_facts(row),
        services=known_facts(
            school=row.text("Trường"),
            **{"class": row.text("Lớp")},
            status=STATUSES.get(row.text("Trạng thái") or ""),
            school_year=row.text("Năm học"),
        ),
        written=dict(row.cells),
        raw=row.raw,
    )


def _facts(row: TableRow) -> ChildFacts:
    scheme = row.text("Hệ mã địa bàn")
    return ChildFacts(
        name=row.text("Họ và tên"),
        sex=row.text("Giới tính"),
        birth_date=row.text("Ngày sinh"),
        personal_number=row.text("Số định danh cá nhân"),
        ethnicity=row.text("Dân tộc"),
        commune_code=row.text("Mã xã"),
        commune_scheme=scheme if scheme in SCHEMES else None,
        address=row.text("Địa chỉ"),
        mother=person(row.text("Họ tên mẹ"), birth_year=row.text("Năm sinh mẹ")),
        father=person(row.text("Họ tên cha"), birth_year=row.text("Năm sinh cha")),
    )
