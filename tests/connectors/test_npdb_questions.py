"""What the population database is asked, letter by letter: the order of the elements, and every way to write a fact."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError

from connectors.contract import (
    BadClaim,
    CallContext,
    CitizenSnapshot,
    Claim,
    ConnectorError,
    ContractDrift,
    Denied,
    MediatorFailure,
    Transient,
)
from connectors.population.npdb import NpdbConnector
from connectors.population.npdb_questions import LOOK_UP, VERIFY, name_parts, question, sent_name
from connectors.population.npdb_settings import NameForm
from tests.connectors.npdb_world import CLAIM, CONTEXT, NOW, enveloped, over, saying, settings

SPECS = Path(__file__).parents[1] / "specs" / "vn-population"
YES = enveloped("<d:KetQuaXacThuc><d:TonTai>true</d:TonTai></d:KetQuaXacThuc>")
BUS = {"transport": "lgsp", "token_url": "http://127.0.0.1:9/token", "api_key": None, "x_road_client": None}


def asked_of(operation: str, claim: Claim = CLAIM, **changes: object) -> etree._Element:
    """Return the element that asks, out of its envelope."""
    envelope = etree.fromstring(question(operation, claim, CONTEXT, code="037", settings=settings(**changes)))
    return envelope[-1][0]


def written(element: etree._Element) -> list[tuple[str, str]]:
    """Return the elements without elements below, with their texts, in their order."""
    return [(etree.QName(leaf).localname, leaf.text or "") for leaf in element.iter() if not len(leaf)]


def test_the_service_is_asked_in_the_order_of_its_description() -> None:
    assert written(asked_of(LOOK_UP, account="box-7")) == [
        ("MaYeuCau", "REQ-0001"),
        ("MaDVC", "1.000001"),
        ("MaTichHop", "037"),
        ("MaDonVi", "G01.001"),
        ("MaCanBo", "officer-1"),
        ("TaiKhoan", "box-7"),
        ("SoDinhDanh", "001314000001"),
        ("HoVaTen", "Trần Thị Mẫu"),
        ("NgayThangNam", "20140503"),
    ]


def test_our_question_has_the_shape_of_the_published_one() -> None:
    published = etree.parse(SPECS / "c06-lookup-request.xml").getroot()
    theirs = next(published.iter("{http://dancuquocgia.bca}TraCuuThongTinCongDan"))
    ours = asked_of(LOOK_UP)
    assert ours.tag == theirs.tag
    tags = [element.tag for element in ours.iter() if not str(element.tag).endswith("MaDonVi")]
    assert tags == [element.tag for element in theirs.iter()]


def test_by_the_norm_the_citizen_is_an_entry_of_the_norm() -> None:
    asked = asked_of(VERIFY, dialect="qcvn109")
    entry = asked[-1]
    assert etree.QName(entry) == "{http://www.mic.gov.vn/dancu/1.0}CongDan"
    assert {etree.QName(element).namespace for element in entry.iter()} == {"http://www.mic.gov.vn/dancu/1.0"}
    assert written(entry) == [
        ("SoDinhDanh", "001314000001"),
        ("Ho", "Trần"),
        ("ChuDem", "Thị"),
        ("Ten", "Mẫu"),
        ("NgayThangNam", "2014-05-03"),
    ]


@pytest.mark.parametrize(
    ("changes", "claim", "expected"),
    [
        ({}, replace(CLAIM, birth_date="2014"), ("Nam", "2014")),
        ({"date_form": "iso"}, CLAIM, ("NgayThangNam", "2014-05-03")),
        ({"dialect": "qcvn109", "date_form": "compact"}, CLAIM, ("NgayThangNam", "20140503")),
        ({}, replace(CLAIM, personal_number="012345678"), ("SoCMND", "012345678")),
        ({"name_form": "capitals"}, CLAIM, ("HoVaTen", "TRẦN THỊ MẪU")),
        ({"name_form": "stripped"}, replace(CLAIM, full_name="Đặng thị  Ỷ Lan"), ("HoVaTen", "DANGTHIYLAN")),
        ({}, replace(CLAIM, full_name=" Tra\u0302\u0300n  Thị\u00a0Mẫu "), ("HoVaTen", "Trần Thị Mẫu")),
        ({"dialect": "qcvn109", "name_in_parts": False}, CLAIM, ("Ten", "Trần Thị Mẫu")),
        ({"dialect": "qcvn109"}, replace(CLAIM, full_name="Mẫu"), ("Ten", "Mẫu")),
        ({"service_namespace": "urn:other"}, CLAIM, ("HoVaTen", "Trần Thị Mẫu")),
    ],
)
def test_a_fact_is_written_as_the_settings_say(
    changes: dict[str, object], claim: Claim, expected: tuple[str, str]
) -> None:
    asked = asked_of(VERIFY, claim, **changes)
    assert expected in written(asked)
    assert str(asked.tag).startswith(f"{{{changes.get('service_namespace', 'http://dancuquocgia.bca')}}}")


@given(st.text(st.characters(categories=["L", "M"]), min_size=1, max_size=12).filter(str.strip))
def test_no_name_becomes_more_than_its_letters(name: str) -> None:
    for form in NameForm:
        try:
            sent = sent_name(name, form)
        except BadClaim:
            continue
        assert sent == " ".join(sent.split())
        assert " ".join(part for part in name_parts(sent) if part) == sent


@pytest.mark.parametrize(
    ("claim", "context", "field"),
    [
        (replace(CLAIM, personal_number="12345678901"), CONTEXT, "personal_number"),
        (replace(CLAIM, personal_number="0123456789"), CONTEXT, "personal_number"),
        (replace(CLAIM, personal_number="٠٠١٣١٤٠٠٠٠٠١"), CONTEXT, "personal_number"),
        (replace(CLAIM, personal_number="001314000001\n"), CONTEXT, "personal_number"),
        (replace(CLAIM, full_name=" "), CONTEXT, "full_name"),
        (replace(CLAIM, full_name="x" * 101), CONTEXT, "full_name"),
        (replace(CLAIM, full_name="a\x00b"), CONTEXT, "full_name"),
        (replace(CLAIM, full_name="a\ud800"), CONTEXT, "full_name"),
        (replace(CLAIM, birth_date="03/05/2014"), CONTEXT, "birth_date"),
        (replace(CLAIM, birth_date="2014-05"), CONTEXT, "birth_date"),
        (replace(CLAIM, birth_date="2014-02-31"), CONTEXT, "birth_date"),
        (CLAIM, replace(CONTEXT, request_id="x" * 41), "request_id"),
        (CLAIM, replace(CONTEXT, request_id=""), "request_id"),
        (CLAIM, replace(CONTEXT, agency_code="G" * 36), "agency_code"),
        (CLAIM, replace(CONTEXT, officer_ref="two words"), "officer_ref"),
        (CLAIM, replace(CONTEXT, procedure_code=""), "procedure_code"),
    ],
)
def test_a_question_that_cannot_be_right_is_not_sent(claim: Claim, context: CallContext, field: str) -> None:
    connector, service = saying(YES)
    for ask in (connector.verify, connector.get, connector.relatives, connector.household):
        with pytest.raises(BadClaim) as refused:
            ask(claim, context)
        assert refused.value.field == field
    assert service.asked == []


def test_a_name_of_which_nothing_can_be_sent_is_not_sent() -> None:
    connector, service = saying(YES, name_form="stripped")
    with pytest.raises(BadClaim):
        connector.verify(replace(CLAIM, full_name="李"), CONTEXT)
    assert service.asked == []


def test_an_old_number_is_answered_by_an_entry_that_holds_it() -> None:
    old = replace(CLAIM, personal_number="012345678")
    entry = (
        "<c:CongdanCollection><c:CongDan><c:SoDinhDanh>001314000001</c:SoDinhDanh>{old}"
        "<c:HoVaTen>TRAN THI MAU</c:HoVaTen></c:CongDan></c:CongdanCollection>"
    )
    for other in ("", "<c:SoCMND/>", "<c:SoCMND>012345679</c:SoCMND>"):
        connector, _ = saying(enveloped(entry.format(old=other)))
        with pytest.raises(ContractDrift):
            connector.get(old, CONTEXT)
    connector, _ = saying(enveloped(entry.format(old="<c:SoCMND>012345678</c:SoCMND>")))
    found = connector.get(old, CONTEXT)
    assert isinstance(found, CitizenSnapshot)
    assert found.personal_number == "001314000001"


@pytest.mark.parametrize(
    ("changes", "over"),
    [
        ({}, "/npdb"),
        ({"digest_over": "url"}, "http://127.0.0.1:9/npdb"),
        ({"endpoint": "http://127.0.0.1:9/npdb?v=1"}, "/npdb"),
        ({"x_road_service": "VN/GOV/BCA/s/tra%2Fcuu"}, "/npdb/r1/VN/GOV/BCA/s/tra%2Fcuu"),
        (
            {"x_road_service": "VN/GOV/BCA/s/x", "endpoint": "http://127.0.0.1:9/", "digest_over": "url"},
            "http://127.0.0.1:9/r1/VN/GOV/BCA/s/x",
        ),
    ],
)
def test_the_digest_is_of_this_moment_and_of_what_the_description_says(changes: dict[str, object], over: str) -> None:
    connector, service = saying(YES, **changes)
    connector.verify(CLAIM, CONTEXT)
    headers = service.asked[0].headers
    stamp = str(int(NOW.timestamp() * 1000))
    digest = hashlib.sha256(f"{over}registry{stamp}s3cret-for-tests".encode()).hexdigest()
    assert b64decode(headers["Authorization"].removeprefix("Basic ")).decode() == f"registry:{digest}"
    assert (headers["Timestamp"], headers["ApiKey"]) == (stamp, "key-for-tests")
    assert (headers["X-Road-Client"], headers["SOAPAction"]) == ("VN/GOV/G01/registry", '""')
    assert headers["Content-Type"] == "application/xml"


def test_older_buses_are_told_who_sends() -> None:
    connector, service = saying(YES, bus_source_type="2", bus_source_user="registry", digest_in_capitals=True)
    connector.verify(CLAIM, CONTEXT)
    headers = service.asked[0].headers
    assert (headers["ESB_SOURCE_TYPE"], headers["ESB_SOURCE_USERNAME"]) == ("2", "registry")
    assert b64decode(headers["Authorization"].removeprefix("Basic ")).decode().partition(":")[2].isupper()


def test_a_provinces_bus_is_shown_a_token_and_our_keys() -> None:
    connector, service = saying(YES, **BUS, partner_code="G01", app_name="trẻ em")
    connector.verify(CLAIM, CONTEXT)
    headers = service.asked[0].headers
    assert headers["Authorization"] == "Bearer token-1"
    assert json.loads(b64decode(headers["lgspaccesstoken"])) == {
        "AccessKey": "registry",
        "SecretKey": "s3cret-for-tests",
        "AppName": "trẻ em",
        "PartnerCode": "G01",
        "PartnerCodeCus": "",
    }
    connector.close()


def test_elements_that_are_named_otherwise_are_asked_and_understood_by_their_names() -> None:
    tags = {"SoDinhDanh": "MaDinhDanh", "CongDan": "Nguoi", "CongdanCollection": "DanhSach", "KetQuaXacThuc": "KetQua"}
    assert ("MaDinhDanh", "001314000001") in written(asked_of(VERIFY, tags=tags))
    assert asked_of(VERIFY, tags=tags, dialect="qcvn109")[-1].tag == "{http://www.mic.gov.vn/dancu/1.0}Nguoi"
    entry = "<c:Nguoi><c:MaDinhDanh>001314000001</c:MaDinhDanh><c:HoVaTen>Trần Thị Mẫu</c:HoVaTen></c:Nguoi>"
    connector, _ = saying(
        enveloped(f"<c:DanhSach>{entry}</c:DanhSach>"),
        enveloped("<d:KetQua><d:TonTai>true</d:TonTai></d:KetQua>"),
        tags=tags,
    )
    assert isinstance(connector.get(CLAIM, CONTEXT), CitizenSnapshot)
    assert connector.verify(CLAIM, CONTEXT).outcome == "match"
    held = {"danhSach": {"nguoi": {"maDinhDanh": "001314000001", "hoVaTen": "Trần Thị Mẫu"}}}
    theirs = {ours: name[0].lower() + name[1:] for ours, name in tags.items()}
    connector, _ = saying(json.dumps({"code": 200, "response": {"data": held}}), **BUS, tags=theirs)
    assert isinstance(connector.get(CLAIM, CONTEXT), CitizenSnapshot)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"endpoint": "http://10.0.0.1/npdb"}, "https"),
        ({"x_road_client": None}, "x_road_client"),
        ({"x_road_client": "VN/GOV"}, "x_road_client"),
        ({"api_key": None}, "api_key"),
        ({"question_form": "json"}, "question_form"),
        ({"transport": "lgsp"}, "token_url"),
        ({"transport": "lgsp", "token_url": "http://10.0.0.1/token"}, "https"),
        ({"look_up_code": None}, "look_up_code"),
        ({"look_up_code": None, "household": False, "verify_by": "look_up"}, "look_up_code"),
        ({"verify_code": "hai từ"}, "verify_code"),
        ({"states": {"1": "elsewhere"}}, "states"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
def test_settings_that_cannot_be_right_are_refused_without_their_secrets(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**changes)
    assert told in str(refused.value)
    assert "s3cret-for-tests" not in str(refused.value)


def test_settings_do_not_show_their_secrets() -> None:
    shown = repr(settings(access_key="hush", secret_key="hush"))
    assert "hush" not in shown
    assert "for-tests" not in shown
    assert NpdbConnector.spec() is type(settings())


def test_a_provinces_bus_may_be_asked_in_json() -> None:
    connector, service = saying(YES, YES, **BUS, question_form="json")
    connector.verify(CLAIM, CONTEXT)
    assert service.asked[0].headers["Content-Type"] == "application/json"
    assert json.loads(service.asked[0].content) == {
        "type": "XacThucThongTinCongDan",
        "maYeuCau": "REQ-0001",
        "maDVC": "1.000001",
        "maTichHop": "003",
        "maDonVi": "G01.001",
        "maCanBo": "officer-1",
        "soDinhDanh": "001314000001",
        "hoVaTen": "Trần Thị Mẫu",
        "ngayThangNamSinh": {"ngayThangNam": "20140503"},
    }
    connector, service = saying(YES, **BUS, question_form="json", dialect="qcvn109")
    connector.verify(CLAIM, CONTEXT)
    assert json.loads(service.asked[0].content)["congDan"]["hoVaTen"] == {"ho": "Trần", "chuDem": "Thị", "ten": "Mẫu"}


FAULT = "<e:Fault><faultcode>{code}</faultcode></e:Fault>"


@pytest.mark.parametrize(
    ("content", "failure", "wait"),
    [
        (enveloped(FAULT.format(code="e:Server")), Transient, None),
        (enveloped(FAULT.format(code="e:Client")), ContractDrift, None),
        (enveloped(FAULT.format(code="Server.ServerProxy.AccessDenied")), Denied, None),
        (enveloped(FAULT.format(code="Server.ClientProxy.NetworkError")), MediatorFailure, None),
        (YES, Transient, 7.0),
        ("<html>", Transient, 7.0),
        ("", Transient, 7.0),
    ],
)
def test_a_fault_of_http_500_is_what_its_code_means_and_nothing_else_of_it_is_read(
    content: str, failure: type[ConnectorError], wait: float | None
) -> None:
    def failing(_: httpx.Request) -> httpx.Response:
        return httpx.Response(500, content=content, headers={"Retry-After": "7"})

    with over(failing) as connector, pytest.raises(failure) as raised:
        connector.verify(CLAIM, CONTEXT)
    assert type(raised.value) is failure
    assert getattr(raised.value, "retry_after", None) == wait


@pytest.mark.parametrize("sample", ["c06-lookup-response.xml", "qcvn109-congdan.xml"])
def test_the_published_shapes_of_an_entry_are_understood(sample: str) -> None:
    root = etree.parse(SPECS / sample).getroot()
    collection = next(root.iter("{http://www.mic.gov.vn/dancu/1.0}CongdanCollection"))
    body = etree.tostring(collection, encoding="unicode", with_tail=False)
    claim = replace(CLAIM, personal_number="000000000001", full_name="Nguyễn Thị Mẫu", birth_date="2019-05-17")
    connector, _ = saying(enveloped(body))
    found = connector.get(claim, CONTEXT)
    assert isinstance(found, CitizenSnapshot)
    assert ((found.full_name or "").title(), found.birth_date, found.sex) == ("Nguyễn Thị Mẫu", "2019-05-17", "2")
    assert (found.commune_code, found.ethnicity) == ("00001", "01")
    assert (found.father_number, (found.mother_name or "").title()) == ("000000000002", "Phạm Thị Mẫu")


def test_the_published_confirmation_is_understood() -> None:
    pair = etree.parse(SPECS / "c06-verify.xml").getroot()
    body = etree.tostring(pair.find("response")[0], encoding="unicode", with_tail=False)
    asked = etree.tostring(pair.find("request")[0], encoding="unicode")
    assert "XacThucThongTinCongDan" in asked
    connector, _ = saying(enveloped(body))
    assert connector.verify(CLAIM, CONTEXT).outcome == "match"
