"""Units by code and by address, before and since 1 July 2025."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import places, reference
from matching.identity import Certainty, Scheme, Unit
from matching.places import read_unit, units_in

OLD, NEW = Scheme.BEFORE_2025, Scheme.SINCE_2025
TABLE = reference.rows("admin_old_to_new_2025")
COMMUNES = reference.rows("admin_communes_2025")
OLD_PROVINCES = {row["old_province_code"]: row["name"] for row in reference.rows("id_province_codes")}
CODES = st.integers(0, 99999).map("{:05}".format)


def known(unit: Unit | None) -> Unit:
    assert unit is not None
    return unit


def test_the_same_code_is_another_unit_in_the_other_list() -> None:
    assert known(read_unit("00025", OLD)).communes == ("00025", "00008", "00199")
    assert read_unit("00025", NEW) == Unit(
        code="00025", scheme=NEW, certainty=Certainty.EXACT, communes=("00025",), province="01"
    )


def test_a_split_commune_is_ambiguous_and_its_province_exact() -> None:
    unit = known(read_unit("00007", OLD))
    assert (unit.certainty, unit.province) == (Certainty.AMBIGUOUS, "01")
    assert unit.communes == ("00008", "00025")


def test_every_old_commune_converts_as_the_table_says() -> None:
    targets: dict[str, set[str]] = {}
    for row in TABLE:
        targets.setdefault(row["old_ward_code"] or row["old_district_code"], set()).add(row["new_ward_code"])
    for code, expected in targets.items():
        unit = known(read_unit(code, OLD))
        assert set(unit.communes) == expected
        assert unit.certainty is (Certainty.EXACT if len(expected) == 1 else Certainty.AMBIGUOUS)
        assert unit.province == places.province_of(unit.communes[0])


@pytest.mark.parametrize(("code", "scheme"), [("99999", OLD), ("00001", NEW), ("11948", OLD), ("318", NEW)])
def test_a_code_that_the_list_lacks_is_unknown(code: str, scheme: Scheme) -> None:
    unit = known(read_unit(code, scheme))
    assert (unit.certainty, unit.communes, unit.province) == (Certainty.UNKNOWN, (), None)


def test_what_is_no_code_is_not_repeated() -> None:
    assert known(read_unit("Lê Thị An", None)).code == ""
    assert known(read_unit("001314123054", OLD)).certainty is Certainty.UNKNOWN


@pytest.mark.parametrize("written", ["4", "00004", " '4", "4.0"])
def test_lost_zeros_come_back(written: str) -> None:
    assert known(read_unit(written, NEW)).code == "00004"


def test_an_island_district_became_one_commune() -> None:
    for unit in (read_unit("755", OLD), units_in("Huyện Côn Đảo, Tỉnh Bà Rịa - Vũng Tàu")):
        assert known(unit).communes == ("26732",)
        assert known(unit).certainty is Certainty.EXACT


def test_every_address_of_today_gives_its_commune() -> None:
    for row in COMMUNES:
        address = f"Thôn 3, {row['name']}, {places.province_name(row['province_code'])}"
        assert units_in(address) == read_unit(row["code"], NEW)


def test_every_address_of_before_gives_its_commune() -> None:
    for row in TABLE:
        if row["old_ward_code"]:
            where = (row["old_ward"], row["old_district"], OLD_PROVINCES[row["old_province_code"]])
            assert units_in(f"Số 3 đường An Bình, {', '.join(where)}") == read_unit(row["old_ward_code"], OLD)


@pytest.mark.parametrize(
    "address",
    [
        "Phường 27, Quận Bình Thạnh, Thành phố Hồ Chí Minh",
        "P.27, Q. Bình Thạnh, TP.HCM",
        "p27, Bình Thạnh, Sài Gòn, Việt Nam",
        "phuong 27, quan binh thanh, thanh pho ho chi minh",
        "xóm trọ Phường 27, Quận Bình Thạnh",
    ],
)
def test_an_address_is_understood_however_it_is_written(address: str) -> None:
    assert known(units_in(address)).code == "26911"


def test_an_address_without_marks_may_name_two_communes() -> None:
    unit = known(units_in("xa tan thanh, tinh tay ninh"))
    assert (unit.code, unit.certainty, len(unit.communes), unit.province) == ("", Certainty.AMBIGUOUS, 2, "80")
    assert known(units_in("Xã Tân Thành, Tỉnh Tây Ninh")).certainty is Certainty.EXACT


def test_namesakes_that_became_one_commune_are_no_riddle() -> None:
    assert known(units_in("phuong sa pa, thi xa sa pa, lao cai")).communes == ("03006",)
    assert len(known(units_in("xa minh quan, huyen tran yen, tinh yen bai")).communes) == 2


def test_too_many_namesakes_say_no_more_than_the_province() -> None:
    unit = known(units_in("Phường 1, Thành phố Hồ Chí Minh"))
    assert (unit.certainty, unit.communes, unit.province) == (Certainty.UNKNOWN, (), "79")


@pytest.mark.parametrize("address", ["Xã Tân Thành", "gần chợ", "", "Việt Nam", "không rõ", "Xã Ao, Huyện Châu Thành"])
def test_an_address_that_says_nothing_sure_gives_nothing(address: str) -> None:
    assert units_in(address) is None


@pytest.mark.parametrize(
    ("address", "scheme", "province"),
    [
        ("Thôn 3, Tỉnh Tây Ninh", NEW, "80"),
        ("Thôn 3, Tỉnh Bạc Liêu", OLD, "96"),
        ("Thôn 3, Quận Bình Thạnh", OLD, "79"),
    ],
)
def test_a_province_alone_is_kept(address: str, scheme: Scheme, province: str) -> None:
    unit = known(units_in(address))
    assert (unit.certainty, unit.communes, unit.scheme, unit.province) == (Certainty.UNKNOWN, (), scheme, province)


def test_an_old_province_finds_its_commune_without_the_district() -> None:
    assert known(units_in("Xã Long Điền Đông A, Tỉnh Bạc Liêu")).scheme is OLD


@pytest.mark.parametrize(
    ("address", "scheme"),
    [
        ("Phường Ngọc Khánh, Quận Ba Đình, Thành phố Hà Nội", OLD),
        ("Phường Giảng Võ, Thành phố Hà Nội", NEW),
        ("Phường Ngọc Hà, Thành phố Hà Nội", OLD),  # a part of the old commune went there, none of today's lies there
        ("Phường Ao Sen, Quận Ba Đình, Thành phố Hà Nội", OLD),  # the district alone tells the list
        ("xóm trọ Phường Ngọc Khánh", OLD),
        ("xóm trọ phuong giang vo", NEW),
    ],
)
def test_without_a_list_the_address_decides(address: str, scheme: Scheme) -> None:
    # 00025 was Phường Ngọc Khánh, went to three communes, and is now Phường Giảng Võ.
    assert read_unit("00025", None, address=address) == read_unit("00025", scheme)


def test_without_a_list_a_name_that_many_communes_bear_still_fits_one_of_two() -> None:
    assert units_in("gần chợ Phường Hồng Hà") is None
    assert read_unit("00097", None, address="gần chợ Phường Hồng Hà") == read_unit("00097", NEW)


@pytest.mark.parametrize("address", [None, "không rõ", "Xã Mường Giôn, Tỉnh Sơn La"])
def test_without_a_list_and_help_from_the_address_both_lists_stay_possible(address: str | None) -> None:
    unit = known(read_unit("00025", None, address=address))
    assert (unit.certainty, unit.communes) == (Certainty.AMBIGUOUS, ("00025", "00008", "00199"))


@given(CODES)
def test_a_code_alone_means_what_it_means_in_either_list(code: str) -> None:
    old, new, either = read_unit(code, OLD), read_unit(code, NEW), known(read_unit(code, None))
    both = set(known(old).communes) | set(known(new).communes)
    assert set(either.communes) == both
    assert either.code == code or len(both) == 1
    assert (either.certainty is Certainty.EXACT) == (len(both) == 1)
    assert (either.province is None) == (not both)


def test_a_name_of_today_in_the_address_settles_a_split() -> None:
    settled = known(read_unit("00007", OLD, address="Phường Giảng Võ, Thành phố Hà Nội"))
    assert (settled.code, settled.certainty, settled.communes) == ("00007", Certainty.EXACT, ("00025",))
    elsewhere = known(read_unit("00007", OLD, address="Phường Tân Tạo, Thành phố Hồ Chí Minh"))
    assert elsewhere.certainty is Certainty.AMBIGUOUS


def test_no_code_and_no_address_is_none() -> None:
    assert read_unit(None, OLD) is None
    assert read_unit(" ", None, address="") is None
    assert known(read_unit(None, None, address="Phường Ba Đình, Hà Nội")).code == "00004"


def test_names_and_provinces_are_those_of_today() -> None:
    assert (places.commune_name("00004"), places.commune_name("00001")) == ("Phường Ba Đình", None)
    assert (places.province_name("79"), places.province_name("77")) == ("Thành phố Hồ Chí Minh", None)
    assert (places.province_of("00004"), places.province_of("00001")) == ("01", None)
    assert len(places.provinces()) == 34
    assert sum(len(places.communes_of(province)) for province in places.provinces()) == 3321


def test_a_commune_is_found_by_code_name_or_beginning() -> None:
    assert places.find_communes("4") == places.find_communes("00004") == ("00004",)
    assert places.find_communes("Phường Ba Đình") == ("00004",)
    assert places.find_communes("ba đình, hà nội")[0] == "00004"
    assert "00004" in places.find_communes("ba di")
    assert "00004" in places.find_communes("dinh")
    assert places.find_communes("ba đình, không đâu") == ()
    assert places.find_communes("  ") == ()
    assert places.find_communes("99999") == ()
