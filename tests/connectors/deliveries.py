"""Delivered files as the sectors send them, made small: invented rows with keyword overrides, in any encoding."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from viparse.normalize.tcvn3 import TCVN3
from viparse.normalize.vni import VNI

from connectors.contract import FileReader
from connectors.records import Rejected, SourceRecord

SURNAMES = frozenset({"nguyễn", "trần", "lê", "phạm", "võ", "huỳnh", "đỗ", "bùi", "hoàng", "lý", "đặng"})

EDUCATION = {
    "Mã học sinh": "1000000001",
    "Họ và tên": "Trần Thị Mẫu",
    "Ngày sinh": "03/05/2014",
    "Giới tính": "Nữ",
    "Dân tộc": "Kinh",
    "Số định danh cá nhân": "001314000001",
    "Mã xã": "00004",
    "Hệ mã địa bàn": "2025",
    "Địa chỉ": "Thôn 1, Xã Ví Dụ",
    "Họ tên cha": "Trần Văn Mẫu",
    "Năm sinh cha": "1985",
    "Họ tên mẹ": "Lê Thị Mẫu",
    "Năm sinh mẹ": "1987",
    "Trường": "Trường Tiểu học Ví Dụ",
    "Lớp": "5A",
    "Trạng thái": "Đang học",
    "Năm học": "2025-2026",
    "Cập nhật lúc": "2026-01-02T03:04:05+07:00",
}

SOCIAL_AID = {
    "MA_DT": "DT00000001",
    "HO_TEN": "NGUYỄN THỊ MẪU",
    "NGAY_SINH": "03/05/2014",
    "GIOI": "Nữ",
    "DAN_TOC": "Tày",
    "SO_DDCN": "001314000001",
    "MA_XA": "00004",
    "HO_TEN_ME": "LÊ THỊ MẪU",
    "HO_TEN_BO": "NGUYỄN VĂN MẪU",
    "LOAI_DT": "4",
    "HO_NGHEO": "2",
    "MUC_TC": "750000",
    "TU_NGAY": "01/02/2025",
    "DEN_NGAY": "",
    "NGAY_CN": "02/01/2026 03:04:05",
}

BIRTH: dict[str, Any] = {
    "Số giấy khai sinh": "4/2021",
    "Quyển số": "01/2021",
    "Ngày đăng ký": "12/06/2021",
    "Họ chữ đệm tên": "Phạm Mẫu",
    "Ngày sinh": "ngày 8 tháng 6 năm 2021",
    "Giới tính": "Nam",
    "Dân tộc": "Kinh",
    "Quốc tịch": "Việt Nam",
    "Nơi sinh": "Bệnh viện Ví Dụ",
    "Số định danh cá nhân": "001221000001",
    "Họ tên mẹ": "Bùi Thị Mẫu",
    "Số giấy tờ mẹ": "001190000001",
    "Họ tên cha": "Phạm Văn Mẫu",
    "Số giấy tờ cha": "123456789",
    "Xã đăng ký": "00043",
}

CASE: dict[str, Any] = {
    "case_id": "BVTE-2025-000001",
    "received_at": "2025-02-18T23:30:00+00:00",
    "channel": "hotline_111",
    "form": "02",
    "child": {
        "name": "bé Tí",
        "estimated_age": 6,
        "sex": "female",
        "address": "Thôn 1, Xã Ví Dụ",
        "commune_code": "00004",
    },
    "mother": {"name": "Lý Thị Mẫu", "personal_number": "001190000002"},
    "father": None,
    "carer": {"name": "Đặng Mẫu", "relation": "bà ngoại"},
    "groups": [9, 2],
    "harm_level": "high",
    "settings": ["home"],
    "measures": [{"at": "2025-02-19T03:00:00+07:00", "kind": "medical_care"}],
    "plan_at": None,
    "status": "assessing",
    "notes": "Ghi chú mẫu.",
    "reporter": {"name": "Người Báo Mẫu", "phone": "0199000001", "confidential": True},
    "updated_at": "2025-02-20T08:49:07+07:00",
}


def looks_like_a_name(words: Iterable[str]) -> float:
    """Judge words by a short list of surnames."""
    judged = [word.casefold() in SURNAMES for word in words]
    return sum(judged) / len(judged) if judged else 0.0


def in_tcvn3(text: str) -> bytes:
    """Encode as an ABC font does: a capital with a tone mark takes the byte of its small letter."""
    bytes_of = {letter: written for written, letter in TCVN3.pairs}
    written = [
        letter if letter.isascii() else bytes_of.get(letter) or bytes_of[letter.lower()]
        for letter in unicodedata.normalize("NFC", text)
    ]
    return "".join(written).encode("latin-1")


def in_vni(text: str) -> bytes:
    """Encode as a VNI font does."""
    bytes_of = {letter: written for written, letter in VNI.pairs}
    written = [bytes_of.get(letter, letter) for letter in unicodedata.normalize("NFC", text)]
    return "".join(written).encode("latin-1")


def in_cp1258(text: str) -> bytes:
    """Encode with each tone as a mark of its own, as Windows-1258 does."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    decomposed = unicodedata.normalize("NFD", text)
    letters: list[str] = []
    for letter in decomposed:
        if unicodedata.combining(letter) and letter not in tones:
            # The mark of the vowel itself comes before the tone, whatever order NFD gave them.
            tone = letters.pop() if letters[-1] in tones else ""
            letters[-1] = unicodedata.normalize("NFC", letters[-1] + letter)
            letters.append(tone)
        else:
            letters.append(letter)
    return "".join(letters).encode("cp1258")


def csv_bytes(
    rows: Sequence[Mapping[str, str]], *, delimiter: str = ",", quoting: bool = True, header: Sequence[str] = ()
) -> str:
    """Return the text of a CSV file with CRLF line ends."""
    lines = [list(header or rows[0]), *[list(row.values()) for row in rows]]

    def cell(text: str) -> str:
        needs = quoting and any(sign in text for sign in (delimiter, '"', "\n"))
        return '"' + text.replace('"', '""') + '"' if needs else text

    return "".join(delimiter.join(cell(text) for text in line) + "\r\n" for line in lines)


def social_aid_text(*rows: Mapping[str, str]) -> str:
    """Return the text of a social-aid file."""
    return csv_bytes(rows or (SOCIAL_AID,), delimiter=";", quoting=False)


def write_births(path: Path, *rows: Mapping[str, Any], titles: int = 3, sheet: str = "Khai sinh") -> Path:
    """Write a workbook of births with merged title rows above the header."""
    workbook = Workbook()
    page = workbook.active
    page.title = sheet
    for number in range(1, titles + 1):
        page.cell(row=number, column=1, value=f"TIÊU ĐỀ {number}")
        page.merge_cells(start_row=number, start_column=1, end_row=number, end_column=15)
    page.append(list(rows[0]) if rows else list(BIRTH))
    for row in rows:
        page.append(list(row.values()))
    workbook.save(path)
    return path


def json_lines(*objects: Any) -> bytes:
    """Return one JSON object a line."""
    return b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in objects)


MOTHER = {
    "resourceType": "RelatedPerson",
    "patient": {"reference": "urn:uuid:1"},
    "relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]}],
    "name": [{"text": "Lê Thị Mẫu"}],
    "identifier": [{"system": "urn:vn:npdb:number", "value": "001194000001"}],
    "birthDate": "1994-05",
}
DOSE = {
    "resourceType": "Immunization",
    "status": "completed",
    "patient": {"reference": "urn:uuid:1"},
    "vaccineCode": {
        "coding": [
            {"system": "urn:vn:tcmr:vaccine", "code": "BCG"},
            {"system": "http://hl7.org/fhir/sid/cvx", "code": "19"},
        ]
    },
    "occurrenceDateTime": "2024-08-17T08:00:00+07:00",
    "protocolApplied": [{"doseNumberPositiveInt": 1}],
}


def bundle(**changes: Any) -> dict[str, Any]:
    """Return a FHIR bundle of one child, her mother and one dose; `changes` are to the Patient."""
    patient = {
        "resourceType": "Patient",
        "meta": {"lastUpdated": "2025-11-29T00:53:06+07:00"},
        "identifier": [
            {"system": "urn:vn:npdb:number", "value": "001324000001"},
            {"system": "urn:vn:tcmr:code", "value": "700000000000000001"},
            {"system": "urn:vn:bhyt:card", "value": "TE1010000000001"},
        ],
        "name": [{"text": "Đỗ Mẫu"}],
        "gender": "female",
        "birthDate": "2024-08-11",
        "address": [{"text": "Thôn 1, Xã Ví Dụ", "city": "Xã Ví Dụ"}],
    } | changes
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": {key: value for key, value in patient.items() if value is not None}},
            {"fullUrl": "urn:uuid:2", "resource": deepcopy(MOTHER)},
            {"fullUrl": "urn:uuid:3", "resource": deepcopy(DOSE)},
        ],
    }


def read(connector: FileReader, path: Path, content: bytes | None = None) -> list[SourceRecord | Rejected]:
    """Write `content` to a file of the connector's and return its rows."""
    if content is not None:
        path = path / connector.format.file_name
        path.write_bytes(content)
    return list(connector.open(path, looks_like_a_name).rows)


def only_record(rows: Sequence[SourceRecord | Rejected]) -> SourceRecord:
    """Return the single row, which must be readable."""
    (row,) = rows
    assert isinstance(row, SourceRecord)
    return row


def only_rejection(rows: Sequence[SourceRecord | Rejected]) -> tuple[int, str, str | None]:
    """Return the single row's place, rule and field; it must have been rejected."""
    (row,) = rows
    assert isinstance(row, Rejected)
    return row.row, row.rule, row.field
