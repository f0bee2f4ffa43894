"""Where a child is found: in a commune by opening it, in a province by tokens, in the nation by date or number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from matching.gazetteer import unit_codes
from matching.names import fold
from registry.actions.finding.find_advice import NOBODY, NOBODY_AROUND, NOBODY_HERE, NOBODY_NEAR
from registry.actions.finding.find_child import Tier
from registry.actions.finding.rebuild_search import rebuild_search
from registry.actions.keys.install import claim
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import NATION, Access, Purpose, Role
from registry.model.errors import BadQuery
from registry.protect.keys.keyring import Domain, Keyring, Mark
from tests.people import (
    ELSEWHERE,
    FAR_PROVINCE,
    HERE,
    NEXT_DOOR,
    numbered,
    record,
)
from tests.registry.actions.commune import NAME, fill, find, names
from tests.registry.actions.installed import (
    AT,
    child_of,
    deliver,
    installed_on,
    province_worker,
    query,
    somebody,
    worker,
)

# Where


@pytest.mark.parametrize("text", ["nguyen thi ngoc hoa", "019314052001", "EDU0001"])
def test_outside_the_area_a_child_is_as_if_she_did_not_exist(shared: Installation, text: str) -> None:
    stranger = worker(shared, commune=ELSEWHERE)
    nowhere = "EDU9999" if text.startswith("EDU") else "019314999999" if text.isdecimal() else "nguyen thi khong ai"
    more = {"born": "03/05/2014"} if text.startswith("nguyen") else {}
    assert find(shared, text, access=stranger, **more) == find(shared, nowhere, access=stranger, **more)


@pytest.mark.parametrize(
    ("text", "more", "tier"),
    [
        ("019314052001", {}, Tier.IDENTIFIER),
        ("EDU0001", {}, Tier.IDENTIFIER),
        ("nguyen thi ngoc hoa", {"born": "2014"}, Tier.PROVINCE),
        ("nguyen thi ngoc hoe", {"born": "2014"}, Tier.PROVINCE),
        ("nguyen thi ngoc hoa", {"commune": HERE}, Tier.COMMUNE),
    ],
)
def test_a_child_of_the_next_commune_is_found_and_shown_with_less(
    shared: Installation, text: str, more: dict[str, Any], tier: Tier
) -> None:
    answer = find(shared, text, access=worker(shared, commune=NEXT_DOOR), **more)
    assert answer.tier is tier
    girl = answer.found[0]
    assert (girl.name, girl.commune, girl.may_open, girl.mother_given_name) == (NAME, HERE, False, None)
    at_home = find(shared, text, **more).found[0]
    assert (at_home.name, at_home.may_open, at_home.mother_given_name) == (NAME, True, "… Mai")


def test_beyond_the_own_commune_only_a_child_who_is_clearly_meant_is_shown(shared: Installation) -> None:
    neighbour = worker(shared, commune=NEXT_DOOR)
    assert find(shared, "Hoa", born="2014").total > 0
    assert find(shared, "Hoa", born="2014", access=neighbour).found == ()
    assert find(shared, "nguyen thi ngoc hoa", access=neighbour).found == (), "without a year the province is too wide"


def test_whoever_finds_nobody_is_told_what_would_widen_the_search(shared: Installation) -> None:
    neighbour, far = worker(shared, commune=NEXT_DOOR), province_worker(shared, province=FAR_PROVINCE)
    assert find(shared, "nguyen thi ngoc hoa", access=neighbour).advice == NOBODY_NEAR
    assert find(shared, "nguyen thi ngoc hoa", born="2014", access=far).advice == NOBODY_AROUND
    assert find(shared, "nguyen thi khong ai", born="2014", access=neighbour).advice == NOBODY_HERE
    assert find(shared, "nguyen thi khong ai", born="03/05/2014", access=far).advice == NOBODY


def test_a_province_finds_a_child_of_the_nation_by_name_and_whole_date(shared: Installation) -> None:
    far = province_worker(shared, province=FAR_PROVINCE)
    answer = find(shared, "nguyen thi ngoc hoa", born="03/05/2014", access=far)
    assert ([(one.name, one.may_open) for one in answer.found], answer.tier) == ([(NAME, False)], Tier.NATION)
    assert find(shared, "019314052001", access=far).found[0].may_open is False


def test_a_clear_hit_at_home_is_answered_without_looking_further(installed: Installation) -> None:
    deliver(installed, numbered([record("EDU1", name=NAME), record("EDU2", name=NAME, commune_code=NEXT_DOOR)]))
    for commune in (HERE, NEXT_DOOR):
        answer = find(installed, "nguyen thi ngoc hoa", born="2014", access=worker(installed, commune=commune))
        assert ([one.commune for one in answer.found], answer.tier) == ([commune], Tier.COMMUNE)


def test_a_child_with_one_record_at_home_may_be_opened_whichever_record_is_found(peopled: Installation) -> None:
    numbers: dict[str, Any] = {"personal_number": "019314052001", "name": NAME}
    deliver(peopled, [record("FAR", commune_code=NEXT_DOOR, **numbers)])
    deliver(peopled, [record("NEAR", commune_code=HERE, **numbers)])
    link_all(peopled)
    answer = find(peopled, "019314052001", access=worker(peopled))
    assert [one.may_open for one in answer.found] == [True]


def test_a_commune_outside_the_area_is_refused_by_name(shared: Installation) -> None:
    for named in (ELSEWHERE, "Phường Ba Đình"):
        with pytest.raises(BadQuery) as refused:
            find(shared, "nguyen thi ngoc hoa", commune=named)
        assert refused.value.field == "commune"


def test_a_province_worker_searches_one_commune_by_its_name(shared: Installation) -> None:
    answer = find(shared, "Hoa", commune="Phan Đình Phùng", access=province_worker(shared))
    assert NAME in names(answer)


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("nguyen thi ngoc hoa", {"born": "2014"}),
        ("Nguyen Thi Ngoc Hoe", {"born": "2014"}),
        ("Nguyen Tho Ngoc Hoa", {"born": "2015"}),
        ("Nguyrn Thi Ngoc Hoa", {"born": "2013"}),
        ("Hoa Ngoc Thi Nguyen", {"born": "2014"}),
        ("Nguyen Hoa", {"born": "2014"}),
        ("Nguyen Thi Ngoc Hoa", {"born": "03/05/2014", "mother": "Le Thi Mai"}),
        ("Hoa", {"born": "2014", "mother": "Le Thi Mai"}),
    ],
)
def test_a_province_is_searched_by_tokens(shared: Installation, text: str, more: dict[str, Any]) -> None:
    assert names(find(shared, text, access=province_worker(shared), **more))[:1] == [NAME]


def test_a_province_needs_the_year_of_birth_and_another_province_finds_nobody(shared: Installation) -> None:
    with pytest.raises(BadQuery) as refused:
        find(shared, "nguyen thi ngoc hoa", access=province_worker(shared))
    assert refused.value.field == "born"
    far = province_worker(shared, province=FAR_PROVINCE)
    assert find(shared, "nguyen thi ngoc hoa", born="2014", access=far).found == ()


def nation_worker(installed: Installation) -> Access:
    """Return the access of somebody whose area is the whole nation."""
    return somebody(installed, Role.PROVINCE_WORKER, Purpose.CASE_WORK, area=NATION)


@pytest.mark.parametrize("more", [{}, {"born": "2014"}, {"born": "05/2014"}, {"born": "2014", "mother": "Le Thi Mai"}])
def test_nobody_searches_the_nation_by_name(shared: Installation, more: dict[str, Any]) -> None:
    with pytest.raises(BadQuery) as refused:
        find(shared, "nguyen thi ngoc hoa", access=nation_worker(shared), **more)
    assert refused.value.field == "born"
    assert "add the whole birth date" in str(refused.value)


@pytest.mark.parametrize("text", ["nguyen thi ngoc hoa", "Nguyen Thi Ngoc Hoe", "Hoa Ngoc Thi Nguyen", "Nguyen Hoa"])
def test_the_nation_is_searched_by_the_whole_birth_date_and_the_name(shared: Installation, text: str) -> None:
    answer = find(shared, text, born="03/05/2014", access=nation_worker(shared))
    assert (names(answer), answer.tier) == ([NAME], Tier.NATION)


def test_the_nation_is_searched_by_number_and_by_commune(shared: Installation) -> None:
    by_number = find(shared, "019314052001", access=nation_worker(shared))
    in_commune = find(
        shared, "nguyen thi ngoc hoa", commune="Phan Đình Phùng, Thái Nguyên", access=nation_worker(shared)
    )
    assert (names(by_number), by_number.tier) == ([NAME], Tier.IDENTIFIER)
    assert (names(in_commune), in_commune.tier) == ([NAME], Tier.COMMUNE)


def test_a_parent_alone_is_asked_nation_wide_for_the_childs_name(shared: Installation) -> None:
    with pytest.raises(BadQuery) as refused:
        find(shared, "", mother="Le Thi Mai", born="03/05/2014", access=nation_worker(shared))
    assert refused.value.field == "text"


def test_a_child_of_an_unknown_place_is_found_in_the_whole_nation_only(installed: Installation) -> None:
    deliver(installed, [record("EDU0001", name=NAME, commune_code=None, address=None)])
    for access in (nation_worker(installed), province_worker(installed)):
        assert names(find(installed, "nguyen thi ngoc hoa", born="03/05/2014", access=access)) == [NAME]
    assert find(installed, "nguyen thi ngoc hoa", born="03/05/2014").found == ()


@pytest.mark.parametrize(
    "query",
    [
        {"text": "con bà Lê Thị Mai sinh 2014"},
        {"text": "child of Le Thi Mai born 2014"},
        {"text": "", "mother": "Le Thi Maj", "born": "2014"},
        {"text": "", "mother": "nguyen van sau", "born": "2015"},
        {"text": "con bà lê thị mai", "born": "03/05/2014"},
    ],
)
def test_a_child_is_found_by_a_parent_and_the_year(shared: Installation, query: dict[str, Any]) -> None:
    for access in (worker(shared), province_worker(shared)):
        assert NAME in names(
            find(shared, query["text"], access=access, **{k: v for k, v in query.items() if k != "text"})
        )


@pytest.mark.parametrize(
    "text",
    [
        "nguyeexn thij ngojc hoaf",
        "nguye6n4 thi5 ngo5c hoa2",
        "nguyen thy ngok hoa",
        "bé Nguyễn Thị Ngọc Hoà",
        "nguyenthi ngoc hoa",
        "ngyen tho ngoc hoa",
        "tguyen thi ngoc hoe",
        "nguyen thi ngoc hoa 2014",
    ],
)
def test_debris_of_the_keys_and_two_slips_are_found_in_a_province(shared: Installation, text: str) -> None:
    answer = find(shared, text, born="2014", access=province_worker(shared))
    assert (names(answer)[:1], answer.tier) == ([NAME], Tier.PROVINCE)


PEOPLES = ("H'Hen Niê", "Y Bhiông Êban", "Lò Thị Pâng", "K' Brìu", "Giàng A Páo", "Blưt", "Điểu Krông")


def test_names_of_every_shape_are_found_in_commune_and_province(installed: Installation) -> None:
    rows = [record(f"EDU{n:04d}", name=name, personal_number=None, mother=None) for n, name in enumerate(PEOPLES)]
    deliver(installed, numbered(rows))
    for access in (worker(installed), province_worker(installed)):
        for name in PEOPLES:
            for typed in (name, fold(name), " ".join(reversed(fold(name).split())), name.replace("'", "’")):
                assert names(find(installed, typed, born="2014", access=access))[:1] == [name], typed


def test_a_commune_is_named_as_it_was_before_the_reform(installed: Installation) -> None:
    old = next(commune for commune in unit_codes().old.values() if commune.targets == (HERE,))
    code = next(code for code, commune in unit_codes().old.items() if commune is old)
    deliver(installed, [record("EDU0001", name=NAME)])
    for named in (old.name, fold(old.name), code):
        answer = find(installed, "ngoc hoa", commune=named, access=province_worker(installed))
        assert (names(answer), answer.tier) == ([NAME], Tier.COMMUNE)


def test_both_versions_of_a_search_key_find_while_rows_are_made_anew(
    bare: Installation, tmp_path: Path, kept_url: str
) -> None:
    keyring = Keyring.create(tmp_path / "rotated", mark=Mark.DEMO)
    query(bare, "delete from installation returning 1")
    with installed_on(kept_url, keyring, AT, tmp_path) as installed:
        deliver(installed, [record("EDU0001", name=NAME)])
        keyring.rotate(Domain.SEARCH)
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            claim(transaction, installed.vault)
        deliver(installed, [record("EDU0002", name="Nguyễn Thị Ngọc Hoa", row=2, personal_number=None)])
        assert query(installed, "select distinct key_version from child_search order by 1") == [
            {"key_version": 1},
            {"key_version": 2},
        ]
        asked: dict[str, Any] = {"born": "2014", "access": province_worker(installed)}
        assert find(installed, "nguyen thi ngoc hoa", **asked).total == 2
        with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
            assert rebuild_search(transaction, installed.vault) == 1
        assert find(installed, "nguyen thi ngoc hoa", **asked).total == 2


def test_a_damaged_row_is_left_out_and_the_others_are_found(installed: Installation) -> None:
    fill(installed)
    broken = child_of(installed, "EDU0002")
    query(
        installed,
        "update child_search set sealed_finding = set_byte(sealed_finding, 40, get_byte(sealed_finding, 40) # 1)"
        " where child_id = %s returning 1",
        broken,
    )
    assert find(installed, "Phạm Gia Bảo").found == ()
    assert names(find(installed, "nguyen thi ngoc hoa")) == [NAME]
    noted = query(installed, "select child_id, table_name, group_name from damaged_value")
    assert noted == [{"child_id": broken, "table_name": "child_search", "group_name": "finding"}]
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        assert rebuild_search(transaction, installed.vault) == 1
    assert names(find(installed, "Phạm Gia Bảo")) == ["Phạm Gia Bảo"]
    assert query(installed, "select 1 from damaged_value") == []
