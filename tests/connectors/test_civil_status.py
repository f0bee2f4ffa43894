"""The civil-status sector's book of births."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import FileRefused
from connectors.records import ChildFacts, PersonFacts
from connectors.sectors.civil_status import CivilStatus
from tests.connectors.deliveries import BIRTH, looks_like_a_name, only_record, only_rejection, read, write_births


def births(tmp_path: Path, *rows: dict[str, Any]) -> list[Any]:
    """Return what the connector reads from a workbook of `rows`."""
    return read(CivilStatus(), write_births(tmp_path / "civil-status.xlsx", *rows))


def test_a_birth_is_described_as_written_below_three_title_rows(tmp_path: Path) -> None:
    record = only_record(births(tmp_path, BIRTH))
    assert (record.key, record.row, record.version_at) == ("00043:01/2021:4/2021", 5, None)
    assert record.facts == ChildFacts(
        name="Phạm Mẫu",
        sex="Nam",
        birth_date="ngày 8 tháng 6 năm 2021",
        personal_number="001221000001",
        ethnicity="Kinh",
        commune_code="00043",
        commune_scheme="2024",
        mother=PersonFacts(name="Bùi Thị Mẫu", number="001190000001"),
        father=PersonFacts(name="Phạm Văn Mẫu", number="123456789"),
    )
    assert record.services["registered_on"] == "2021-06-12"
    assert record.written == BIRTH


@pytest.mark.parametrize(
    ("registered", "scheme"),
    [
        (date(2025, 6, 30), "2024"),
        (date(2025, 7, 1), "2025"),
        ("01/07/2025", "2025"),
        ("ngày 1 tháng 7 năm 2025", "2025"),
        ("mùa hè", None),
        (None, None),
    ],
)
def test_the_day_of_registration_tells_the_list_of_units(
    tmp_path: Path, registered: date | str | None, scheme: str | None
) -> None:
    record = only_record(births(tmp_path, BIRTH | {"Ngày đăng ký": registered}))
    assert record.facts.commune_scheme == scheme


def test_dates_and_numbers_of_excel_become_text(tmp_path: Path) -> None:
    changes = {"Ngày sinh": date(2021, 6, 8), "Số định danh cá nhân": 1221000001, "Xã đăng ký": 43}
    record = only_record(births(tmp_path, BIRTH | changes))
    assert record.facts.birth_date == "2021-06-08"
    assert record.facts.personal_number == "1221000001"
    assert record.key == "43:01/2021:4/2021"
    assert record.written["Ngày sinh"] == "2021-06-08"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"Quyển số": None}, "key_missing"),
        ({"Quyển số": datetime.fromisoformat("2021-01-01")}, "key_broken"),
        ({"Xã đăng ký": "00043:1"}, "key_broken"),
        ({"Họ tên mẹ": "001190000001"}, "columns_shifted"),
    ],
)
def test_a_row_that_cannot_be_relied_on_is_rejected_at_its_row_of_the_sheet(
    tmp_path: Path, change: dict[str, Any], rule: str
) -> None:
    (column,) = change
    assert only_rejection(births(tmp_path, BIRTH | change)) == (5, rule, column)


def test_a_renamed_column_is_named(tmp_path: Path) -> None:
    renamed = {("Tên" if column == "Họ chữ đệm tên" else column): value for column, value in BIRTH.items()}
    with pytest.raises(FileRefused, match="column_missing: row 4: column Họ chữ đệm tên"):
        CivilStatus().open(write_births(tmp_path / "c.xlsx", renamed), looks_like_a_name)
