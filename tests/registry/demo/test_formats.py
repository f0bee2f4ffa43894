"""Each file has the form that its sector sends: header, character set, line ends, quoting, keys."""

from __future__ import annotations

import json
import re

from openpyxl import load_workbook

from tests.registry.demo.conftest import Province

EDUCATION = (
    "Mã học sinh,Họ và tên,Ngày sinh,Giới tính,Dân tộc,Số định danh cá nhân,Mã xã,Hệ mã địa bàn,Địa chỉ,Họ tên cha,"
    "Năm sinh cha,Họ tên mẹ,Năm sinh mẹ,Trường,Lớp,Trạng thái,Năm học,Cập nhật lúc"
)
POPULATION = (
    "personal_number,replaced_numbers,full_name,sex,birth_date,birth_registration_province,residence_commune,"
    "residence_old_ward,residence_detail,ethnicity,nationality,mother_name,mother_number,father_name,father_number,"
    "status,updated_at"
)
SOCIAL_AID = (
    "MA_DT;HO_TEN;NGAY_SINH;GIOI;DAN_TOC;SO_DDCN;MA_XA;HO_TEN_ME;HO_TEN_BO;LOAI_DT;HO_NGHEO;MUC_TC;TU_NGAY;DEN_NGAY;"
    "NGAY_CN"
)
CIVIL_STATUS = [
    *("Số giấy khai sinh", "Quyển số", "Ngày đăng ký", "Họ chữ đệm tên", "Ngày sinh", "Giới tính", "Dân tộc"),
    *("Quốc tịch", "Nơi sinh", "Số định danh cá nhân", "Họ tên mẹ", "Số giấy tờ mẹ", "Họ tên cha", "Số giấy tờ cha"),
    "Xã đăng ký",
]


def test_the_population_quotes_its_empty_cells_and_stands_in_the_order_of_the_numbers(province: Province) -> None:
    text = (province.directory / "population.csv").read_text(encoding="utf-8")
    header, *lines = text.removesuffix("\n").split("\n")
    assert header == POPULATION
    assert "\r" not in text
    assert not any(",," in line for line in lines)
    assert [line[:12] for line in lines] == sorted(line[:12] for line in lines)


def test_education_has_a_byte_order_mark_and_windows_line_ends(province: Province) -> None:
    raw = (province.directory / "education.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf" + EDUCATION.encode() + b"\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    rows = [row for row in province.rows("education.csv") if None not in row and None not in row.values()]
    assert all(re.fullmatch(r"\d{10}", row["Mã học sinh"]) for row in rows)
    sound = [row for row in rows if row["Hệ mã địa bàn"] in ("2024", "2025")]
    assert len(sound) >= len(rows) - 3
    assert all(re.fullmatch(r"\d\d/\d\d/\d{4}", row["Ngày sinh"]) for row in sound)
    assert all(row["Cập nhật lúc"].endswith("+07:00") for row in sound)


def test_social_aid_is_unquoted_in_the_old_character_set(province: Province) -> None:
    raw = (province.directory / "social-aid.csv").read_bytes()
    assert raw.startswith(SOCIAL_AID.encode() + b"\r\n")
    assert b'"' not in raw
    fields = [line.count(b";") for line in raw.removesuffix(b"\r\n").split(b"\r\n")]
    assert set(fields) == {14, 13}
    assert fields.count(13) == 1


def test_civil_status_has_three_merged_title_rows_above_the_header(province: Province) -> None:
    book = load_workbook(province.directory / "civil-status.xlsx")
    sheet = book["Khai sinh"]
    assert book.sheetnames == ["Khai sinh"]
    assert {str(cells) for cells in sheet.merged_cells.ranges} == {"A1:O1", "A2:O2", "A3:O3"}
    assert sheet["A3"].value == "Thời điểm trích xuất: 31/10/2026"
    assert [cell.value for cell in sheet[4]] == CIVIL_STATUS
    assert sheet.freeze_panes == "A5"


def test_civil_status_writes_dates_in_three_ways_and_never_a_live_formula(province: Province) -> None:
    sheet = load_workbook(province.directory / "civil-status.xlsx").active
    assert sheet is not None
    births = [row[4] for row in sheet.iter_rows(min_row=5)]
    assert {cell.data_type for cell in births} == {"d", "s"}
    texts = [str(cell.value) for cell in births if cell.data_type == "s"]
    assert any(re.fullmatch(r"\d\d/\d\d/\d{4}", text) for text in texts)
    assert any(re.fullmatch(r"ngày \d+ tháng \d+ năm \d{4}", text) for text in texts)
    assert {cell.data_type for row in sheet.iter_rows(min_row=5) for cell in row} <= {"d", "s", "n"}
    assert any(str(row[8].value).startswith("=") for row in sheet.iter_rows(min_row=5))


def test_health_sends_one_transaction_a_line(province: Province) -> None:
    whole = [line for line in province.lines("health-fhir.ndjson") if line.endswith(b"}]}")]
    bundles = [json.loads(line) for line in whole]
    assert len(bundles) == len(province.lines("health-fhir.ndjson")) - 1
    for bundle in bundles:
        assert list(bundle) == ["resourceType", "type", "entry"]
        patient, *others = [entry["resource"] for entry in bundle["entry"]]
        assert patient["resourceType"] == "Patient"
        codes = [each["value"] for each in patient["identifier"] if each["system"] == "urn:vn:tcmr:code"]
        assert len(codes) == 1
        assert re.fullmatch(r"\d{18}", codes[0])
        assert len(patient["address"]) == 1
        kinds = [other["resourceType"] for other in others]
        assert kinds.count("RelatedPerson") <= 1
        assert kinds.count("Immunization") <= 6
        mine = {bundle["entry"][0]["fullUrl"]}
        assert {other["patient"]["reference"] for other in others} <= mine


def test_protection_cases_have_the_fields_of_the_intake(province: Province) -> None:
    cases = [json.loads(line) for line in province.lines("protection-cases.jsonl")]
    full = [case for case in cases if "deleted" not in case]
    assert all(re.fullmatch(r"BVTE-\d{4}-\d{6}", case["case_id"]) for case in cases)
    assert all(list(case) == ["case_id", "deleted", "updated_at"] for case in cases if "deleted" in case)
    for case in full:
        assert list(case)[:5] == ["case_id", "received_at", "channel", "form", "child"]
        assert ("birth_date" in case["child"]) != ("estimated_age" in case["child"])
        assert all(1 <= group <= 14 for group in case["groups"])
        assert case["reporter"]["confidential"] is True


def test_phones_have_a_prefix_that_is_out_of_use(province: Province) -> None:
    text = (province.directory / "protection-cases.jsonl").read_text(encoding="utf-8")
    phones = re.findall(r'"phone": "(\d+)"', text) + re.findall(r"Đã gọi số (\d+)", text)
    assert phones
    assert all(re.fullmatch(r"019970\d{5}", phone) for phone in phones)
