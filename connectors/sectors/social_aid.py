"""Children who receive social aid, as the social-protection sector exports them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connectors.contract import API, FileFormat, NameJudge, Reading
from connectors.formats.stamps import read_date_as_iso, read_local_stamp
from connectors.formats.tables import CsvLayout, TableRow, open_csv, reread_csv
from connectors.records import ChildFacts, Rejected, SourceRecord
from connectors.sectors.rows import (
    checked_key,
    checked_names,
    checked_stamp,
    known_facts,
    person,
    read_row,
    read_rows,
    whole_number,
)

KEY = "MA_DT"
STAMP = "NGAY_CN"
NAMES = ("HO_TEN", "HO_TEN_ME", "HO_TEN_BO")

LAYOUT = CsvLayout(
    columns=(
        KEY,
        "HO_TEN",
        "NGAY_SINH",
        "GIOI",
        "DAN_TOC",
        "SO_DDCN",
        "MA_XA",
        "HO_TEN_ME",
        "HO_TEN_BO",
        "LOAI_DT",
        "HO_NGHEO",
        "MUC_TC",
        "TU_NGAY",
        "DEN_NGAY",
        STAMP,
    ),
    name_columns=NAMES,
    delimiter=b";",
    quoting=False,
)

HOUSEHOLDS = {"0": "not_poor", "1": "poor", "2": "near_poor"}
GROUPS = range(1, 15)  # Law on Children, article 10


class SocialAid:
    """The social-protection sector's file of recipients."""

    api = API
    format = FileFormat(
        system="social_aid",
        stream="recipients",
        file_name="social-aid.csv",
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
        return Reading(format=self.format, encodings=table.encodings, rows=read_rows(table.rows, _recipient))

    def reread(self, raw: bytes, *, row: int, encodings: Mapping[str, str]) -> SourceRecord | Rejected:
        """Read one row again, as `open` would in its file."""
        return read_row(reread_csv(raw, LAYOUT, row=row, decided=encodings), _recipient)


def _recipient(row: TableRow) -> SourceRecord:
    checked_names(row, NAMES)
    commune = row.text("MA_XA")
    return SourceRecord(
        system=SocialAid.format.system,
        stream=SocialAid.format.stream,
        key=checked_key(row.text(KEY), KEY),
        row=row.row,
        version_at=checked_stamp(row.text(STAMP), STAMP, read=read_local_stamp),
        facts=ChildFacts(
            name=row.text("HO_TEN"),
            sex=row.text("GIOI"),
            birth_date=row.text("NGAY_SINH"),
            personal_number=row.text("SO_DDCN"),
            ethnicity=row.text("DAN_TOC"),
            commune_code=commune,
            commune_scheme="2024" if commune else None,  # this system never took over the list of 2025
            mother=person(row.text("HO_TEN_ME")),
            father=person(row.text("HO_TEN_BO")),
        ),
        services=_aid(row),
        written=dict(row.cells),
        raw=row.raw,
    )


def _aid(row: TableRow) -> dict[str, object]:
    group = whole_number(row.text("LOAI_DT"))
    return known_facts(
        group=group if group in GROUPS else None,
        household=HOUSEHOLDS.get(row.text("HO_NGHEO") or ""),
        allowance_vnd=whole_number(row.text("MUC_TC")),  # a month
        from_date=read_date_as_iso(row.text("TU_NGAY")),
        to_date=read_date_as_iso(row.text("DEN_NGAY")),
    )
