"""The messages of the population database's service: nothing but an answer is taken for one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import CallContext, CitizenSnapshot, Claim, ContractDrift
from connectors.population.npdb_messages import VERIFY, question, read_answer, read_citizen, read_confirmation
from connectors.simulators.npdb_people import QuestionRefused, read_question

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
CLAIM = Claim(personal_number="001314000001", full_name="Trần Thị Mẫu", birth_date="2014-05-03")
CONTEXT = CallContext(
    request_id="REQ-0001",
    agency_code="G01.001",
    officer_ref="officer-1",
    procedure_code="1.000001",
    legal_basis="law",
    purpose="verification",
)

ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:d="http://dancuquocgia.bca">'
    "<e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>"
)


def body_of(body: str, header: str = "") -> bytes:
    """Return an answer with this body."""
    return ENVELOPE.format(body=body, header=header).encode()


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b"", "body"),
        (b"<html>", "body"),
        (b"\xff\xfe\x00", "body"),
        (b"<x/>", "Envelope"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + body_of("&a;"), "Envelope"),
        (b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"/>', "Envelope/Body"),
        (body_of("<e:Fault><faultcode>x</faultcode></e:Fault>"), "Envelope/Body/Fault"),
        (body_of("", "<d:MaYeuCau>OTHER</d:MaYeuCau>"), "MaYeuCau"),
        (body_of(""), "Body/KetQuaXacThuc/TonTai"),
        (body_of("<d:KetQuaXacThuc><d:TonTai/></d:KetQuaXacThuc>"), "Body/KetQuaXacThuc/TonTai"),
        (body_of("<d:KetQuaXacThuc><d:TonTai>có</d:TonTai></d:KetQuaXacThuc>"), "Body/KetQuaXacThuc/TonTai"),
        (body_of("<d:KetQuaXacThuc><d:TonTai>true</d:TonTai></d:KetQuaXacThuc>" * 2), "Body/KetQuaXacThuc/TonTai"),
    ],
)
def test_an_answer_in_another_form_is_drift_at_a_path(content: bytes, path: str) -> None:
    with pytest.raises(ContractDrift) as drift:
        read_confirmation(read_answer(content, "REQ-0001"))
    assert drift.value.path == path


@given(st.binary(max_size=60))
def test_no_bytes_are_taken_for_an_answer(content: bytes) -> None:
    with pytest.raises(ContractDrift):
        read_answer(content, "REQ-0001")


FULL = (
    '<n:CongdanCollection xmlns:n="http://www.mic.gov.vn/dancu/1.0"><n:CongDan>'
    "<n:SoDinhDanh>001314000001</n:SoDinhDanh>"
    "<n:HoVaTen><n:Ho>Trần</n:Ho><n:ChuDem>Thị</n:ChuDem><n:Ten>Mẫu</n:Ten></n:HoVaTen>"
    "<n:GioiTinh>2</n:GioiTinh><n:DanToc><n:MaDanToc>01</n:MaDanToc></n:DanToc>"
    "<n:NgayThangNamSinh><n:NgayThangNam>2014-05-03</n:NgayThangNam></n:NgayThangNamSinh>"
    "<n:ThuongTru>{address}<n:ChiTiet>Thôn 1</n:ChiTiet></n:ThuongTru>"
    "<n:Cha><n:HoVaTen>Trần Văn Mẫu</n:HoVaTen><n:SoDinhDanh/></n:Cha>"
    "<n:Me><n:HoVaTen><n:Ten>LÊ THỊ MẪU</n:Ten></n:HoVaTen><n:SoDinhDanh>001187000001</n:SoDinhDanh></n:Me>"
    "</n:CongDan>{more}</n:CongdanCollection>"
)


def citizen(address: str, more: str = "") -> CitizenSnapshot | None:
    """Return what is read from a look-up's answer."""
    body = read_answer(body_of(FULL.format(address=address, more=more)), "REQ-0001")
    return read_citizen(body, CLAIM, NOW)


def test_every_way_of_writing_a_citizen_is_understood() -> None:
    assert citizen("<n:MaDonViHanhChinh>00004</n:MaDonViHanhChinh>") == CitizenSnapshot(
        personal_number="001314000001",
        full_name="Trần Thị Mẫu",
        sex="2",
        birth_date="2014-05-03",
        commune_code="00004",
        address="Thôn 1",
        ethnicity="01",
        mother_name="LÊ THỊ MẪU",
        mother_number="001187000001",
        father_name="Trần Văn Mẫu",
        updated_at=NOW,
    )


def test_a_district_makes_the_commune_one_of_the_old_list() -> None:
    found = citizen("<n:MaQuanHuyen>001</n:MaQuanHuyen><n:MaPhuongXa>00004</n:MaPhuongXa>")
    assert found is not None
    assert (found.commune_code, found.old_commune_code) == (None, "00004")


def test_two_citizens_for_one_question_are_drift() -> None:
    with pytest.raises(ContractDrift):
        citizen("", more="<n:CongDan/>")
    with pytest.raises(ContractDrift):
        read_citizen(read_answer(body_of(""), "REQ-0001"), CLAIM, NOW)


def test_what_we_ask_is_what_the_service_takes() -> None:
    asked = read_question(question(VERIFY, CLAIM, CONTEXT, integration_code="003"))
    assert (asked.operation, asked.request_id, asked.born) == (VERIFY, "REQ-0001", "20140503")


@pytest.mark.parametrize(
    "content",
    [
        b"<x",
        b"<!DOCTYPE x>",
        body_of(""),
        body_of("<d:XacThucThongTinCongDan/>"),
        body_of("<d:XoaCongDan/>"),
        question(VERIFY, CLAIM, CONTEXT, integration_code="003").replace(b"001314000001", b"1"),
        question(VERIFY, CLAIM, CONTEXT, integration_code="003").replace(b"MaDVC", b"MaKhac"),
    ],
)
def test_the_simulator_takes_no_other_questions(content: bytes) -> None:
    with pytest.raises(QuestionRefused):
        read_question(content)
