"""A drop folder as a source: which delivery comes next, how far it is read, and what is said of it afterwards."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.contract import (
    Checkpoint,
    Closed,
    ContractDrift,
    Counts,
    FileRefused,
    Receipt,
    Record,
    Rereads,
    RowRefusal,
    StartOver,
    TakesReceipts,
    Transient,
)
from connectors.records import ChildFacts, Operation, PersonFacts, SourceRecord
from connectors.sectors.file_drop import FileDrop, FileDropSettings
from connectors.sectors.file_drop_cursor import REMEMBERED, Cursor, Place
from tests.connectors.deliveries import EDUCATION, csv_bytes
from tests.connectors.draining import Landed, drained, page, refusals
from tests.connectors.packages import TABLE, child, csv_text, drop, packed, workbook

HUNDRED = [child(number) for number in range(1, 101)]


def test_a_package_is_read_and_each_row_says_what_was_meant(tmp_path: Path) -> None:
    packed(tmp_path, 1, [child(1)])
    connector = drop(tmp_path)
    landed = drained(connector, TABLE)
    (record,) = landed.records
    assert (record.key, record.row, record.version_at) == ("HS-001", 2, datetime(2026, 1, 1, 20, 4, 5, tzinfo=UTC))
    assert landed.closed == [Closed(delivery="clinics-0001.zip", whole=False)]
    said = connector.map(record)
    assert isinstance(said, SourceRecord)
    assert said.facts == ChildFacts(
        name="Trần Thị Mẫu 1",
        sex="female",
        birth_date="2019-05-03",
        personal_number="001319000001",
        commune_code="00004",
        commune_scheme="2025",
        mother=PersonFacts(name="Lê Thị Mẫu", birth_year="1990"),
    )
    assert said.services == {
        "school": "Trường Mầm non Ví Dụ",
        "doses": [
            {"vaccine": "BCG", "dose": 1, "date": "2019-05-04", "status": "completed"},
            {"vaccine": "VGB", "dose": 1, "date": "2019-05-04", "status": "completed"},
        ],
        "allowance_vnd": 750000,
    }


def test_packages_come_in_the_order_of_their_sequence_and_a_tombstone_withdraws(tmp_path: Path) -> None:
    packed(tmp_path, 2, [child(1, status="tobedeleted", full_name="")], name="a.zip")
    packed(tmp_path, 1, [child(1), child(2)], name="b.zip")
    landed = drained(drop(tmp_path), TABLE)
    assert [record.operation for record in landed.records] == [Operation.UPSERT, Operation.UPSERT, Operation.DELETE]
    assert set(landed.living()) == {"HS-002"}
    assert [closed.delivery for closed in landed.closed] == ["b.zip", "a.zip"]


def test_a_bulk_package_stands_for_all_and_what_lies_before_it_is_not_read(tmp_path: Path) -> None:
    packed(tmp_path, 3, HUNDRED[:5])
    packed(tmp_path, 4, HUNDRED[:2], mode="bulk")
    packed(tmp_path, 5, HUNDRED[2:3])
    landed = drained(drop(tmp_path), TABLE)
    assert [(one.delivery, one.whole) for one in landed.closed] == [
        ("clinics-0004.zip", True),
        ("clinics-0005.zip", False),
    ]
    again = drained(drop(tmp_path), TABLE, begun=Landed(cursor=landed.cursor))
    assert again.records == []


@pytest.mark.parametrize(
    ("sequence", "rule"), [(5, "sequence_repeated"), (4, "sequence_out_of_order"), (7, "sequence_missing")]
)
def test_a_sequence_that_is_repeated_late_or_leaves_a_gap_is_refused(tmp_path: Path, sequence: int, rule: str) -> None:
    packed(tmp_path, 5, HUNDRED[:2])
    landed = drained(drop(tmp_path), TABLE)
    packed(tmp_path, sequence, HUNDRED[2:3], name="new.zip")
    with pytest.raises(FileRefused, match=rule):
        drained(drop(tmp_path), TABLE, begun=landed)


def test_a_gap_is_closed_by_what_was_missing_or_by_a_whole_delivery(tmp_path: Path) -> None:
    packed(tmp_path, 5, HUNDRED[:2])
    landed = drained(drop(tmp_path), TABLE)
    packed(tmp_path, 7, HUNDRED[2:3])
    packed(tmp_path, 8, HUNDRED[:4], mode="bulk")
    landed = drained(drop(tmp_path), TABLE, begun=landed)
    assert [one.delivery for one in landed.closed] == ["clinics-0005.zip", "clinics-0008.zip"]
    packed(tmp_path, 10, HUNDRED[5:6])
    packed(tmp_path, 9, HUNDRED[4:5])
    assert len(drained(drop(tmp_path), TABLE, begun=landed).living()) == 6


def test_two_packages_of_one_sequence_are_both_left_and_what_is_good_before_them_is_read(tmp_path: Path) -> None:
    packed(tmp_path, 1, HUNDRED[:1])
    packed(tmp_path, 2, HUNDRED[1:2], name="x.zip")
    packed(tmp_path, 2, HUNDRED[2:3], name="y.zip")
    connector = drop(tmp_path)
    landed = Landed()
    assert landed.land(page(connector, TABLE, None, limit=10))
    with pytest.raises(FileRefused, match="sequence_repeated"):
        page(connector, TABLE, landed.cursor, limit=10)
    assert set(landed.living()) == {"HS-001"}


def test_a_broken_package_does_not_hold_up_a_good_one_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 half of it")
    packed(tmp_path, 1, HUNDRED[:1])
    connector = drop(tmp_path)
    messages = page(connector, TABLE, None, limit=10)
    assert isinstance(messages[0], Record)
    last = messages[-1]
    assert isinstance(last, Checkpoint)
    with pytest.raises(FileRefused, match=r"archive_broken: broken\.zip"):
        page(connector, TABLE, last.cursor, limit=10)


def test_a_file_that_is_still_copied_waits(tmp_path: Path) -> None:
    path = packed(tmp_path, 1, HUNDRED[:1])
    (tmp_path / "clinics-0002.zip.part").write_bytes(b"PK")
    os.utime(path, (1000.0, 1000.0))
    said = FileDropSettings(folder=tmp_path, system="health", settle_seconds=5)
    assert drained(FileDrop(said, clock=lambda: 1004.0), TABLE).records == []
    assert len(drained(FileDrop(said, clock=lambda: 1005.0), TABLE).records) == 1
    assert len(drained(FileDrop(said, clock=lambda: 10.0), TABLE).records) == 1, "a clock put back keeps nobody waiting"


def test_a_file_that_changes_while_it_is_read_is_noticed_and_nothing_of_the_page_stands(tmp_path: Path) -> None:
    path = packed(tmp_path, 1, HUNDRED)
    reading = drop(tmp_path).read(TABLE, None, limit=10)
    assert isinstance(next(reading), Record)
    path.write_bytes(packed(tmp_path, 1, HUNDRED[:50], name="other.zip").read_bytes())
    (tmp_path / "other.zip").unlink()
    with pytest.raises(Transient, match="changed"):
        list(reading)


def test_a_package_half_read_that_was_replaced_is_refused(tmp_path: Path) -> None:
    packed(tmp_path, 1, HUNDRED)
    landed = Landed()
    landed.land(page(drop(tmp_path), TABLE, None, limit=10))
    packed(tmp_path, 1, HUNDRED[:50])
    with pytest.raises(FileRefused, match="file_changed"):
        page(drop(tmp_path), TABLE, landed.cursor, limit=10)


def test_a_plain_file_half_read_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / f"{TABLE}.csv"
    path.write_text(csv_text(HUNDRED), encoding="utf-8")
    landed = Landed()
    landed.land(page(drop(tmp_path), TABLE, None, limit=10))
    path.write_text(csv_text(HUNDRED[50:]), encoding="utf-8")
    assert len(drained(drop(tmp_path), TABLE, begun=landed).records) == 60


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 60), fresh=st.booleans(), form=st.sampled_from(["package", "csv", "xlsx", "older"]))
def test_whatever_the_page_the_same_records_come(
    tmp_path_factory: pytest.TempPathFactory, limit: int, fresh: bool, form: str
) -> None:
    folder = tmp_path_factory.mktemp("drop")
    stream, older = _put(folder, form)
    connector = drop(folder, **older)
    landed, more = Landed(), True
    while more:
        reader = drop(folder, **older) if fresh else connector
        more = landed.land(page(reader, stream, landed.cursor, limit=limit))
    assert [record.key for record in landed.records] == [f"HS-{number:03d}" for number in range(1, 51)]
    assert len({record.row for record in landed.records}) == 50
    assert len(landed.closed) == 1


def _put(folder: Path, form: str) -> tuple[str, dict[str, object]]:
    if form == "package":
        packed(folder, 1, HUNDRED[:50])
    elif form == "csv":
        (folder / f"{TABLE}.csv").write_bytes(b"\xef\xbb\xbf" + csv_text(HUNDRED[:50]).encode())
    elif form == "xlsx":
        rows = [list(row.values()) for row in HUNDRED[:50]]
        (folder / f"{TABLE}.xlsx").write_bytes(workbook([["DANH SÁCH"], list(HUNDRED[0]), *rows]))
    else:
        pupils = [EDUCATION | {"Mã học sinh": f"HS-{number:03d}"} for number in range(1, 51)]
        (folder / "education.csv").write_text(csv_bytes(pupils), encoding="utf-8")
        return "pupils", {"system": "education", "older_files": True}
    return TABLE, {}


def test_a_row_that_breaks_the_schema_is_refused_by_row_rule_and_field(tmp_path: Path) -> None:
    schema = {
        "fields": [
            {"name": "record_id", "constraints": {"required": True}},
            {"name": "birth_date", "type": "date"},
            {"name": "full_name", "constraints": {"required": True}},
        ]
    }
    rows = [
        child(1),
        child(2, birth_date="31/12/2019"),
        child(3, full_name=" "),
        child(4, updated_at="hôm qua"),
        child(5),
    ]
    rows[4]["record_id"] = ""
    packed(tmp_path, 1, rows, schema=schema)
    landed = drained(drop(tmp_path), TABLE)
    assert refusals(landed) == [
        (3, "type_wrong", "birth_date"),
        (4, "field_missing", "full_name"),
        (5, "stamp_broken", "updated_at"),
        (6, "key_missing", "record_id"),
    ]
    assert "31/12" not in repr(landed.rejected)


def test_a_refused_row_is_read_again_by_its_bytes(tmp_path: Path) -> None:
    packed(tmp_path, 1, [child(2, birth_date="2019")], schema={"fields": [{"name": "birth_date", "type": "date"}]})
    connector = drop(tmp_path)
    assert isinstance(connector, Rereads)
    (refused,) = drained(connector, TABLE).rejected
    again = connector.reread(TABLE, refused.raw, row=refused.row)
    assert isinstance(again, Record)
    assert (again.key, again.row) == ("HS-002", 2)
    assert connector.reread(TABLE, b"", row=2) != again


def test_a_formula_is_text_in_a_file_and_nothing_in_a_workbook(tmp_path: Path) -> None:
    rows = [child(1, full_name="=CMD|'/C calc'!A0"), child(2, record_id="=1+1")]
    (tmp_path / f"{TABLE}-1.csv").write_text(csv_text(rows), encoding="utf-8")
    landed = drained(drop(tmp_path), TABLE)
    assert landed.records[0].payload["full_name"] == "=CMD|'/C calc'!A0"
    assert refusals(landed) == [(3, "key_broken", "record_id")]
    (tmp_path / f"{TABLE}-2.xlsx").write_bytes(workbook([list(rows[0]), *(list(row.values()) for row in rows)]))
    landed = drained(drop(tmp_path), TABLE, begun=Landed(cursor=landed.cursor))
    assert landed.records[0].payload["full_name"] is None
    assert refusals(landed) == [(3, "key_missing", "record_id")]


def test_a_row_of_a_workbook_is_as_one_of_a_file(tmp_path: Path) -> None:
    rows = [child(1, allowance_vnd="750000", mother_name="")]
    (tmp_path / f"{TABLE}-1.csv").write_text(csv_text(rows), encoding="utf-8")
    cells = [{"allowance_vnd": 750000, "mother_name": None}.get(name, cell) for name, cell in rows[0].items()]
    (tmp_path / f"{TABLE}-2.xlsx").write_bytes(workbook([list(rows[0]), cells]))
    first, second = drained(drop(tmp_path), TABLE).records
    assert first.payload == second.payload


def test_an_unknown_stream_and_a_foreign_cursor_are_typed_failures(tmp_path: Path) -> None:
    connector = drop(tmp_path)
    with pytest.raises(ContractDrift):
        page(connector, "other", None, limit=1)
    for cursor in ("", "{}", '{"s":1}', Cursor(place=Place(offset=-1)).text(), "x" * 5000):
        with pytest.raises(StartOver):
            page(connector, TABLE, cursor, limit=1)


def test_the_cursor_stays_short_however_many_deliveries_were_read() -> None:
    cursor = Cursor()
    for number in range(1, 400):
        cursor = cursor.behind(f"{number:012x}", 10**14 + number)
    assert len(cursor.text()) < 4000
    assert len(cursor.done) == REMEMBERED
    assert cursor.knows("f" * 12, 10**14 + 1), "what is forgotten is behind us"


def test_a_receipt_lies_beside_its_delivery_and_holds_no_value(tmp_path: Path) -> None:
    packed(tmp_path, 1, HUNDRED[:3])
    connector = drop(tmp_path)
    assert isinstance(connector, TakesReceipts)
    receipt = Receipt(
        delivery="clinics-0001.zip",
        at=datetime(2026, 1, 2, tzinfo=UTC),
        counts={"accepted": 2, "quarantined": 1},
        refused=[RowRefusal(row=4, rule="type_wrong", field="birth_date")],
    )
    for stream in (TABLE, "others", TABLE):
        connector.receipt(stream, receipt)
    told = json.loads((tmp_path / "clinics-0001.zip.receipt.json").read_text(encoding="utf-8"))
    assert set(told["streams"]) == {TABLE, "others"}
    assert told["streams"][TABLE]["refused"] == [{"row": 4, "rule": "type_wrong", "field": "birth_date"}]
    assert len(drained(drop(tmp_path), TABLE).records) == 3, "a receipt is no delivery"
    with pytest.raises(FileRefused):
        connector.receipt(TABLE, Receipt(delivery="../x", at=receipt.at, counts={}))


def test_check_says_what_is_missing_without_reading_anything(tmp_path: Path) -> None:
    assert drop(tmp_path).check().ok
    report = drop(tmp_path / "absent").check()
    assert not report.ok
    assert "absent" not in " ".join(report.faults)
    with pytest.raises(FileRefused, match="folder_missing"):
        page(drop(tmp_path / "absent"), TABLE, None, limit=1)
    assert not isinstance(drop(tmp_path), Counts)


@pytest.mark.parametrize(
    "wrong",
    [
        {"folder": "relative"},
        {"system": "Health!"},
        {"streams": {"UPPER": {}}},
        {"streams": {"a": {"mapping": {"key": ["x"], "facts": {"shoe_size": "y"}}}}},
        {"settle_seconds": -1},
        {"unknown": 1},
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FileDropSettings.model_validate({"folder": tmp_path, "system": "health", **wrong})
