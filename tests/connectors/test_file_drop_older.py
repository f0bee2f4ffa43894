"""The sectors' older forms of file, through a drop folder: what their own readers read comes as records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import FileReader, Record
from connectors.records import Operation, Rejected, SourceRecord
from connectors.sectors.civil_status import CivilStatus
from connectors.sectors.education import Education
from connectors.sectors.file_drop_cursor import Place
from connectors.sectors.file_drop_readers import ReaderRows, looks_like_a_name
from connectors.sectors.health import Health
from connectors.sectors.protection import Protection
from connectors.sectors.social_aid import SocialAid
from tests.connectors.deliveries import (
    BIRTH,
    CASE,
    EDUCATION,
    SOCIAL_AID,
    bundle,
    csv_bytes,
    in_tcvn3,
    json_lines,
    social_aid_text,
    write_births,
)
from tests.connectors.draining import drained
from tests.connectors.packages import drop
from tests.connectors.test_plugins import Offered


def _pupils(path: Path) -> None:
    rows = [
        EDUCATION,
        EDUCATION | {"Mã học sinh": "2", "Địa chỉ": 'Thôn "1",\nXã Ví Dụ'},
        EDUCATION | {"Mã học sinh": ""},
    ]
    path.write_text(csv_bytes(rows), encoding="utf-8")


def _recipients(path: Path) -> None:
    path.write_bytes(in_tcvn3(social_aid_text(SOCIAL_AID, SOCIAL_AID | {"MA_DT": "2"}, SOCIAL_AID | {"NGAY_CN": "x"})))


def _births(path: Path) -> None:
    write_births(
        path, BIRTH, BIRTH | {"Số giấy khai sinh": "5/2021", "Ngày đăng ký": 44000}, BIRTH | {"Quyển số": None}
    )


def _patients(path: Path) -> None:
    path.write_bytes(json_lines(bundle(), bundle(name=[]), {"resourceType": "Bundle"}))


def _cases(path: Path) -> None:
    gone = {"case_id": "2", "deleted": True, "updated_at": CASE["updated_at"]}
    path.write_bytes(json_lines(CASE, gone, CASE | {"groups": [99]}))


FORMS: list[tuple[type[FileReader], Callable[[Path], None]]] = [
    (Education, _pupils),
    (SocialAid, _recipients),
    (CivilStatus, _births),
    (Health, _patients),
    (Protection, _cases),
]


@pytest.mark.parametrize(("reader", "write"), FORMS)
def test_a_form_says_the_same_through_a_drop_folder(
    tmp_path: Path, reader: Callable[[], FileReader], write: Callable[[Path], None]
) -> None:
    form = reader().format
    path = tmp_path / form.file_name
    write(path)
    own = list(reader().open(path, looks_like_a_name).rows)
    connector = drop(tmp_path, system=form.system, older_files=True, older_whole=True)
    landed = drained(connector, form.stream, limit=2)
    said = [one for one in map(connector.map, landed.records) if isinstance(one, SourceRecord)]
    assert [replace(one, raw=b"") for one in said] == [
        replace(row, raw=b"") for row in own if isinstance(row, SourceRecord)
    ]
    refused = [row for row in own if isinstance(row, Rejected)]
    assert [(one.row, one.rule, one.field) for one in landed.rejected] == [
        (row.row, row.rule, row.field) for row in refused
    ]
    assert landed.records
    assert refused
    assert [(one.delivery, one.whole) for one in landed.closed] == [(form.file_name, True)]
    known = connector.discover()[0].fields.keys()
    assert all(record.payload.keys() <= known for record in landed.records)


@pytest.mark.parametrize(("reader", "write"), FORMS)
def test_a_refused_row_of_a_form_is_read_again_by_its_reader(
    tmp_path: Path, reader: Callable[[], FileReader], write: Callable[[Path], None]
) -> None:
    form = reader().format
    write(tmp_path / form.file_name)
    connector = drop(tmp_path, system=form.system, older_files=True)
    for refused in drained(connector, form.stream).rejected:
        again = connector.reread(form.stream, refused.raw, row=refused.row)
        assert isinstance(again, Rejected)
        assert (again.rule, again.field, again.raw) == (refused.rule, refused.field, refused.raw)
    assert isinstance(connector.reread(form.stream, b"{}", row=1), Rejected)


def test_a_file_of_the_same_content_is_read_once_and_a_new_one_anew(tmp_path: Path) -> None:
    path = tmp_path / "education.csv"
    _pupils(path)
    landed = drained(drop(tmp_path, system="education", older_files=True), "pupils")
    path.touch()
    count = len(landed.records)
    landed = drained(drop(tmp_path, system="education", older_files=True), "pupils", begun=landed)
    assert len(landed.records) == count
    path.write_text(csv_bytes([EDUCATION | {"Lớp": "5B"}]), encoding="utf-8")
    landed = drained(drop(tmp_path, system="education", older_files=True), "pupils", begun=landed)
    assert landed.records[-1].payload["Lớp"] == "5B"


def test_a_reader_of_another_package_keeps_its_rows_as_they_were_delivered(tmp_path: Path) -> None:
    rows = ReaderRows(_Bytes())
    ((found, place),) = rows.steps(tmp_path, Place())
    assert place == Place(done=1)
    assert isinstance(found, Record)
    said = rows.map(found)
    assert isinstance(said, SourceRecord)
    assert said.raw == b"\xffrow"
    broken = rows.map(replace(found, payload={"delivered": 7}))
    assert isinstance(broken, Rejected)


class _Bytes(Offered):
    """A reader whose rows are bytes."""

    def open(self, path: Path, looks_like_a_name: Any) -> Any:
        """Return one row."""
        return replace(super().open(path, looks_like_a_name), rows=iter([self.reread(b"\xffrow", row=1, encodings={})]))

    def reread(self, raw: bytes, *, row: int, encodings: Any) -> Any:
        """Return the row."""
        del encodings
        return SourceRecord(system="libraries", stream="readers", key="1", row=row, operation=Operation.UPSERT, raw=raw)
