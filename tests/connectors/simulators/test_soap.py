"""The simulated SOAP service: every operation in both dialects, and what it refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.simulators.population import Dialect, Quirk
from tests.connectors.simulators.asking import (
    BROTHER,
    FATHER,
    LAN,
    MOTHER,
    NORM,
    OTHER,
    about,
    asking,
    by_the_norm,
    elements,
    envelope,
    parsed,
    texts,
)

VERIFY = "XacThucThongTinCongDan"
LOOK_UP = "TraCuuThongTinCongDan"
CITIZEN = "CongdanCollection/CongDan"


def test_a_claim_is_confirmed_when_all_its_facts_belong_together() -> None:
    with asking() as asked:
        for number, (question, exists) in enumerate(
            {
                about(VERIFY, LAN, request="R-1"): "true",
                about(VERIFY, LAN, request="R-2", born="2014"): "true",
                about(VERIFY, LAN, request="R-3", born="2014-05-04"): "false",
                about(VERIFY, LAN, request="R-4", number=BROTHER.number): "false",
                about(VERIFY, LAN, request="R-5", number="001314777777"): "false",
                by_the_norm(VERIFY, LAN, request="R-6"): "true",
            }.items(),
            start=1,
        ):
            answer = asked.soap(question)
            assert texts(answer)["KetQuaXacThuc/TonTai"] == exists
            assert f"<dan:MaYeuCau>R-{number}</dan:MaYeuCau>" in answer.text


def test_a_citizen_as_clients_of_the_population_database_see_one() -> None:
    with asking() as asked:
        told = texts(asked.soap(about(LOOK_UP, LAN)))
    assert told[f"{CITIZEN}/SoDinhDanh"] == LAN.number
    assert (told[f"{CITIZEN}/HoVaTen/Ho"], told[f"{CITIZEN}/HoVaTen/Ten"]) == ("", "TRẦN THỊ LAN MẪU")
    assert told[f"{CITIZEN}/NgayThangNamSinh/NgayThangNam"] == "20140503"
    assert told[f"{CITIZEN}/DanToc"] == "01"
    place = f"{CITIZEN}/ThuongTru"
    assert [told[f"{place}/{tag}"] for tag in ("MaTinhThanh", "MaQuanHuyen", "MaPhuongXa")] == ["01", "", "00004"]
    assert told[f"{place}/ChiTiet"] == LAN.detail
    assert told[f"{CITIZEN}/Me/HoVaTen"] == "PHẠM THỊ MẪU"
    assert told[f"{CITIZEN}/ChuHo/SoDinhDanh"] == FATHER.number
    assert told[f"{CITIZEN}/TrangThaiCongDan"] == "1"


def test_a_citizen_wholly_by_the_norm() -> None:
    with asking() as asked:
        answer = asked.soap(by_the_norm(LOOK_UP, LAN), "/npdb/qcvn109")
        told = texts(answer)
    assert [told[f"{CITIZEN}/HoVaTen/{part}"] for part in ("Ho", "ChuDem", "Ten")] == ["Trần", "Thị Lan", "Mẫu"]
    assert told[f"{CITIZEN}/NgayThangNamSinh/NgayThangNam"] == "2014-05-03"
    assert told[f"{CITIZEN}/DanToc/MaDanToc"] == "01"
    assert told[f"{CITIZEN}/ThuongTru/MaDonViHanhChinh"] == "00004"
    assert told[f"{CITIZEN}/Cha/HoVaTen/Ten"] == "Mẫu"
    collection = parsed(answer.text).find(f".//{{{NORM}}}CongdanCollection")
    assert collection is not None
    assert (collection.get("SoCongDan"), collection.get("ThoiDiemDuLieu")) == ("1", "2026-11-22T15:00:00+07:00")


@pytest.mark.parametrize(
    ("quirk", "place", "text"),
    [
        (Quirk.NAME_PARTS, "HoVaTen/ChuDem", "THỊ LAN"),
        (Quirk.PLAIN_NAME, "HoVaTen", "TRẦN THỊ LAN MẪU"),
        (Quirk.ONE_CODE, "ThuongTru/MaDonViHanhChinh", "00004"),
        (Quirk.PROVINCE_ONLY, "ThuongTru/MaDonViHanhChinh", "01"),
        (Quirk.DISTRICTS, "ThuongTru/MaPhuongXa", "00007"),
        (Quirk.DISTRICTS, "ThuongTru/MaQuanHuyen", "008"),
        (Quirk.NESTED_CODES, "DanToc/MaDanToc", "01"),
        (Quirk.ISO_DATES, "NgayThangNamSinh/NgayThangNam", "2014-05-03"),
        (Quirk.YEAR_ONLY, "NgayThangNamSinh/Nam", "2014"),
    ],
)
def test_quirks_change_how_a_citizen_is_written(quirk: Quirk, place: str, text: str) -> None:
    with asking(quirks=frozenset({quirk})) as asked:
        told = texts(asked.soap(about(LOOK_UP, LAN)))
    assert told[f"{CITIZEN}/{place}"] == text
    if quirk is Quirk.YEAR_ONLY:
        assert f"{CITIZEN}/NgayThangNamSinh/NgayThangNam" not in told


@pytest.mark.parametrize(
    ("quirk", "place", "text"),
    [
        (Quirk.WHOLE_NAME, "HoVaTen/Ten", "Trần Thị Lan Mẫu"),
        (Quirk.CAPITALS, "HoVaTen/Ho", "TRẦN"),
        (Quirk.SPLIT_CODES, "ThuongTru/MaPhuongXa", "00004"),
        (Quirk.PLAIN_CODES, "DanToc", "01"),
        (Quirk.COMPACT_DATES, "NgayThangNamSinh/NgayThangNam", "20140503"),
    ],
)
def test_quirks_change_the_norm_too(quirk: Quirk, place: str, text: str) -> None:
    with asking(dialect=Dialect.QCVN109) as asked:
        asked.door("quirks", {"quirks": [quirk.value]})
        assert texts(asked.soap(about(LOOK_UP, LAN)))[f"{CITIZEN}/{place}"] == text


def test_relatives_and_the_household_are_told() -> None:
    with asking() as asked:
        told = texts(asked.soap(about("XacMinhThongTinNhanThan", LAN)))
        assert told[f"{CITIZEN}/Me/SoDinhDanh"] == MOTHER.number
        assert told[f"{CITIZEN}/Cha/SoDinhDanh"] == FATHER.number
        assert told[f"{CITIZEN}/NguoiDaiDien/SoDinhDanh"] == MOTHER.number
        answer = asked.soap(about("XacNhanThongTinHoGiaDinh", LAN, request="R-2")).text
    root = parsed(answer)
    members = [found.text for found in root.findall(f".//{{{NORM}}}ThanhVien/{{{NORM}}}SoDinhDanh")]
    assert members == sorted(one.number for one in (LAN, MOTHER, FATHER, BROTHER))
    assert texts(answer)["HoGiaDinh/ChuHo/SoDinhDanh"] == FATHER.number


def test_nobody_is_an_empty_collection_and_a_double_two_citizens() -> None:
    with asking() as asked:
        assert CITIZEN not in texts(asked.soap(about(LOOK_UP, LAN, born="2013")))
        asked.simulated.change.double(LAN.number)
        assert asked.soap(about(LOOK_UP, LAN, request="R-2")).text.count("<ns1:CongDan>") == 2


def test_a_death_and_a_cancelled_number_are_told() -> None:
    with asking() as asked:
        asked.simulated.change.die(LAN.number)
        new = asked.simulated.change.renumber(BROTHER.number, to="001216888888")
        dead = texts(asked.soap(about(LOOK_UP, LAN)))
        assert dead[f"{CITIZEN}/TrangThaiCongDan"] == "2"
        cancelled = texts(asked.soap(about(LOOK_UP, BROTHER, request="R-2")))
        assert cancelled[f"{CITIZEN}/SoDinhDanh"] == BROTHER.number
        assert (cancelled[f"{CITIZEN}/TrangThaiCongDan"], cancelled[f"{CITIZEN}/SoDinhDanhMoi"]) == ("4", new)
        now_used = texts(asked.soap(about(LOOK_UP, BROTHER, request="R-3", number=new)))
        assert now_used[f"{CITIZEN}/SoDinhDanhCu"] == BROTHER.number
        said = texts(asked.soap(about(VERIFY, BROTHER, request="R-4"), "/npdb/qcvn109"))
        assert said["KetQuaXacThuc/TonTai"] == "false"
        assert said["KetQuaXacThuc/TrangThaiCongDan"] == "4"
        old = texts(asked.soap(about(LOOK_UP, OTHER, request="R-5", number=OTHER.former_numbers[0])))
        assert old[f"{CITIZEN}/SoDinhDanhMoi"] == OTHER.number


def window(since: str, until: str, *, page: int = 1, size: int = 10, request: str = "R-1") -> str:
    """Return a question for what changed."""
    facts = {"TuNgay": since, "DenNgay": until, "Loai": "1", "Trang": str(page), "SoBanGhi": str(size)}
    return envelope(LOOK_UP, elements("d", facts), request=request)


def changed_numbers(answer: Any) -> list[str | None]:
    """Return the numbers of the citizens in an answer."""
    return [found.text for found in parsed(answer.text).findall(f".//{{{NORM}}}CongDan/{{{NORM}}}SoDinhDanh")]


def test_changes_come_in_pages_of_a_window() -> None:
    with asking() as asked:
        asked.simulated.change.move(LAN.number, commune="00008")
        asked.clock.now += timedelta(days=2)
        asked.simulated.change.correct(BROTHER.number, full_name="Trần Đức Mẫu Anh")
        asked.simulated.change.die(FATHER.number, on="2026-11-23")
        everything = asked.soap(window("20261122", "20261125"))
        assert changed_numbers(everything) == [LAN.number, FATHER.number, BROTHER.number]
        assert texts(everything)[f"{CITIZEN}/NgayThayDoi"].startswith("2026-11-24")
        second = asked.soap(window("20261122", "20261125", page=2, size=2, request="R-2"))
        assert changed_numbers(second) == [BROTHER.number]
        assert 'SoCongDan="3"' in second.text
        assert changed_numbers(asked.soap(window("2026-11-22", "2026-11-22", request="R-3"))) == [LAN.number]
        exact = window("2026-11-22T15:00:01+07:00", "2026-11-30T00:00:00+07:00", request="R-4")
        assert changed_numbers(asked.soap(exact)) == [FATHER.number, BROTHER.number]


def test_the_same_request_is_answered_the_same_and_its_id_is_good_for_no_other() -> None:
    with asking() as asked:
        first = asked.soap(about(VERIFY, LAN)).text
        asked.simulated.change.correct(LAN.number, full_name="Trần Thị Khác")
        assert asked.soap(about(VERIFY, LAN)).text == first
        assert texts(asked.soap(about(VERIFY, BROTHER)))["Fault/faultcode"] == "soapenv:Client"
        assert texts(asked.soap(about(VERIFY, LAN, request="R-2")))["KetQuaXacThuc/TonTai"] == "false"


FACTS = {"SoDinhDanh": LAN.number, "HoVaTen": LAN.full_name}
BORN = "<d:NgayThangNamSinh><d:Nam>2014</d:Nam></d:NgayThangNamSinh>"


@pytest.mark.parametrize(
    "question",
    [
        "",
        "<x/>",
        f'<!DOCTYPE x [<!ENTITY a "b">]>{about(VERIFY, LAN)}',
        envelope("XoaCongDan", elements("d", FACTS) + BORN),
        envelope(VERIFY, BORN + elements("d", FACTS)),
        envelope(VERIFY, elements("d", {**FACTS, "Them": "x"}) + BORN),
        envelope(VERIFY, elements("d", {"SoDinhDanh": LAN.number}) + BORN),
        envelope(VERIFY, elements("d", {**FACTS, "SoDinhDanh": "12345"}) + BORN),
        envelope(VERIFY, elements("d", {**FACTS, "HoVaTen": "a" * 101}) + BORN),
        envelope(VERIFY, elements("d", FACTS) + BORN.replace("2014", "năm 2014")),
        envelope(VERIFY, elements("d", FACTS) + BORN.replace("d:Nam>", "n:Nam>").replace("d:Ngay", "n:Ngay")),
        envelope(VERIFY, elements("d", FACTS) + BORN, request="r" * 41),
        envelope(VERIFY, elements("d", FACTS) + BORN, request=""),
        window("hôm qua", "20261125"),
        window("20261122", "2026-13-45"),
        window("20261122", "20261125", page=0),
        window("20261122", "20261125", size=100_000),
    ],
)
def test_a_question_in_another_form_is_refused(question: str) -> None:
    with asking() as asked:
        answer = asked.soap(question)
        assert answer.status_code == 200
        assert texts(answer)["Fault/faultcode"] == "soapenv:Client"
        assert LAN.full_name not in answer.text
