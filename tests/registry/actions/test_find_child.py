"""Finding a child: misspelt, reordered, by number or key, inside the area only, and never without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from registry.actions.find_child import LIMIT, FindAnswer, FindQuery, Found, find_child
from registry.actions.grading import Grade
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import NATION, Access, Area, Purpose, Role
from registry.model.errors import BadQuery, ReasonNeeded, Refused
from registry.protect.keyring import Keyring
from registry.protect.pseudonym import child_pseudonym
from tests.people import (
    ELSEWHERE,
    FAR_PROVINCE,
    HERE,
    NEXT_DOOR,
    PATIENTS,
    citizen,
    numbered,
    population,
    record,
    tombstone,
    village,
)
from tests.registry.actions.installed import (
    AT,
    child_of,
    deliver,
    installed_on,
    leaves,
    load,
    pass_time,
    province_worker,
    somebody,
    worker,
)

NAME = "Nguyễn Thị Ngọc Hoà"
BOY: dict[str, Any] = {"name": "Phạm Gia Bảo", "sex": "Nam", "birth_date": "11/11/2015", "personal_number": None}
STRANGERS: dict[str, Any] = {"mother": "Trịnh Thị Thơm", "father": "Phạm Văn Long"}


def fill(installed: Installation) -> None:
    """Bring in the girl, a boy, and some of the village."""
    others = [
        record(
            f"EDU1{place:03d}",
            name=person.full_name,
            sex="Nam",
            birth_date=person.birth_date,
            personal_number=None,
            mother=person.mother_name,
            father=None,
        )
        for place, person in enumerate(village()[:20])
    ]
    rows = [record("EDU0001", name=NAME), record("EDU0002", **BOY, **STRANGERS), *others]
    deliver(installed, numbered(rows))


@pytest.fixture
def commune(installed: Installation) -> Installation:
    """A commune of the test's own."""
    fill(installed)
    return installed


@pytest.fixture(scope="module")
def shared(
    module_database_url: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The same commune for all tests that only look."""
    with installed_on(module_database_url, keyring, AT, tmp_path_factory.mktemp("shared")) as opened:
        fill(opened)
        yield opened


def find(installed: Installation, text: str, *, access: Access | None = None, **more: Any) -> FindAnswer:
    """Search as the worker of the commune, or as somebody else."""
    with installed.store.begin(access or worker(installed)) as transaction:
        return find_child(transaction, installed.vault, FindQuery(text=text, **more))


def names(answer: FindAnswer) -> list[str]:
    """Return the names found, best first."""
    return [found.name for found in answer.found]


def only(answer: FindAnswer) -> Found:
    """Return the one child found."""
    (found,) = answer.found
    return found


# In a commune


@pytest.mark.parametrize(
    "text",
    [
        "Nguyễn Thị Ngọc Hòa",  # the other place of the tone mark
        "nguyen thi ngoc hoa",
        "NGUYEN THI NGOC HOA",
        "Nguyên Thi Ngoc Hoá",
        "Nguyen Thi Ngoc Hoe",
        "Nguyen Thi Ngox Hoa",
        "Nguyen Tho Ngoc Hoa",
        "Nguyrn Thi Ngoc Hoa",
        "Nguyen Thi Ngoc Ho",
        "Ngyuen Thi Ngoc Hoa",
        "Hoa Ngoc Thi Nguyen",
        "Ngoc Hoa Nguyen Thi",
        "Nguyen Thi Hoa",
        "Nguyen Hoa",
        "Ngoc Hoa",
        "  Nguyen   Thi Ngoc  Hoa ",
    ],
)
def test_a_child_is_found_however_her_name_is_typed(shared: Installation, text: str) -> None:
    assert names(find(shared, text))[:1] == [NAME]


@pytest.mark.parametrize("born", ["2014", "2013", "2015", "03/05/2014", "05/2014", "2014-05-03"])
def test_the_year_of_birth_may_be_one_off(shared: Installation, born: str) -> None:
    assert names(find(shared, "nguyen thi ngoc hoa", born=born)) == [NAME]


def test_a_year_further_off_finds_nobody(shared: Installation) -> None:
    answer = find(shared, "nguyen thi ngoc hoa", born="2010")
    assert (answer.found, answer.total) == ((), 0)
    assert answer.advice is not None


def test_the_mothers_name_raises_the_grade(shared: Installation) -> None:
    assert only(find(shared, "nguyen thi ngoc hoa", born="2014")).grade is Grade.LIKELY
    sure = only(find(shared, "nguyen thi ngoc hoa", born="03/05/2014", mother="le thi mai"))
    assert sure.grade is Grade.CERTAIN
    assert sure.reasons == ("the same name without marks", "the same birth date", "the mother's name is the same")


def test_a_lone_weak_hit_is_never_called_likely(shared: Installation) -> None:
    found = only(find(shared, "Nguyen Thi Ngoc Hoe", born="2014"))
    assert found.grade is Grade.POSSIBLE


def test_a_hit_shows_nothing_sensitive_before_a_reason_is_given(shared: Installation) -> None:
    found = only(find(shared, "nguyen thi ngoc hoa"))
    assert (found.name, found.birth_year, found.sex, found.commune) == (NAME, 2014, "female", HERE)
    assert found.mother_given_name is not None
    assert "Lê" not in found.mother_given_name
    assert NAME not in repr(found)


# By number and by key


@pytest.mark.parametrize("text", ["019314052001", "019 314 052 001", "019.314.052.001", "19314052001", "EDU0001"])
def test_a_child_is_found_by_a_claimed_number_or_by_her_record(shared: Installation, text: str) -> None:
    found = only(find(shared, text))
    assert (found.name, found.grade) == (NAME, Grade.CERTAIN)


def test_a_number_nobody_claims_finds_nobody(shared: Installation) -> None:
    assert find(shared, "019314999999").found == ()
    assert find(shared, "EDU9999").found == ()


def test_a_child_is_found_by_the_number_of_the_citizen_she_is_linked_to(installed: Installation) -> None:
    load(installed, population())
    deliver(installed, [record("EDU0001", personal_number=None)])
    assert find(installed, citizen().personal_number).found == ()
    link_all(installed)
    assert only(find(installed, citizen().personal_number)).child_id == child_of(installed, "EDU0001")


def test_a_withdrawn_record_is_found_by_nothing(installed: Installation) -> None:
    deliver(installed, numbered([record("EDU0001"), tombstone("EDU0001")]))
    for text in ("nguyen thi hoa", "019314052001", "EDU0001"):
        assert find(installed, text).found == ()


def test_the_records_of_one_child_are_one_hit(installed: Installation) -> None:
    load(installed, population())
    deliver(installed, [record("EDU0001")])
    pass_time(installed, hours=1)
    deliver(installed, [record("PAT01", form=PATIENTS, name="Nguyen Thi Hoa")], form=PATIENTS)
    assert find(installed, "nguyen thi hoa").total == 2
    link_all(installed)
    assert only(find(installed, "nguyen thi hoa")).child_id == child_of(installed, "EDU0001")


# Where


@pytest.mark.parametrize("text", ["nguyen thi ngoc hoa", "019314052001", "EDU0001"])
def test_outside_the_area_a_child_is_as_if_she_did_not_exist(shared: Installation, text: str) -> None:
    neighbour = worker(shared, commune=NEXT_DOOR)
    here, nowhere = find(shared, text, access=neighbour), find(shared, "EDU9999", access=neighbour)
    assert here == nowhere


def test_a_commune_outside_the_area_is_refused_by_name(shared: Installation) -> None:
    for named in (NEXT_DOOR, ELSEWHERE, "Phường Ba Đình"):
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


def test_nobody_searches_the_nation_by_name(shared: Installation) -> None:
    access = somebody(shared, Role.PROVINCE_WORKER, Purpose.CASE_WORK, area=NATION)
    with pytest.raises(BadQuery):
        find(shared, "nguyen thi ngoc hoa", born="2014", access=access)


# Too much, too little


def test_more_children_than_are_shown_is_said(installed: Installation) -> None:
    rows = [record(f"EDU{n:04d}", birth_date=f"{1 + n:02d}/05/2014", personal_number=None) for n in range(LIMIT + 3)]
    deliver(installed, numbered(rows))
    answer = find(installed, "nguyen thi hoa")
    assert (len(answer.found), answer.total, answer.too_many) == (LIMIT, LIMIT + 3, True)
    assert answer.advice is not None
    assert "add" in answer.advice
    assert find(installed, "nguyen thi hoa", born="03/05/2014").found[0].grade is Grade.LIKELY


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "a" * 201}, "text"),
        ({"text": "?!"}, "text"),
        ({"text": "Hoà", "born": "31/02/2014"}, "born"),
        ({"text": "Hoà", "born": "hôm qua"}, "born"),
        ({"text": "Hoà", "commune": "Xứ Không Có"}, "commune"),
    ],
)
def test_a_question_that_makes_no_sense_names_its_field(
    shared: Installation, query: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadQuery) as refused:
        find(shared, query.pop("text"), **query)
    assert refused.value.field == field
    assert not any(value in str(refused.value) for value in query.values())


# The trace


def test_each_search_leaves_one_leaf_with_whom_it_showed(commune: Installation) -> None:
    answer = find(commune, "nguyen thi ngoc hoa", born="2014")
    find(commune, "khong co ai")
    first, second = leaves(commune, "find")
    keyring = commune.vault.keyring
    assert first.children == (child_pseudonym(keyring, only(answer).child_id),)
    assert (dict(first.counts), dict(second.counts)) == ({"hits": 1, "shown": 1}, {"hits": 0, "shown": 0})
    assert second.children == ()
    assert first.query != second.query
    assert b"nguyen" not in first.content()


def _find_and_break_off(installed: Installation) -> None:
    with installed.store.begin(worker(installed)) as transaction:
        assert find_child(transaction, installed.vault, FindQuery(text="nguyen thi ngoc hoa")).total == 1
        raise ConnectionAbortedError


def test_a_search_that_is_refused_or_rolled_back_leaves_no_leaf(commune: Installation) -> None:
    with pytest.raises(ReasonNeeded):
        find(commune, "nguyen thi ngoc hoa", access=worker(commune, Purpose.LINKAGE))
    with pytest.raises(BadQuery):
        find(commune, " ")
    with pytest.raises(ConnectionAbortedError):
        _find_and_break_off(commune)
    assert leaves(commune, "find") == []


@pytest.mark.parametrize(
    "role",
    [
        Role.REVIEWER,
        Role.STEWARD,
        Role.STATISTICIAN,
        Role.AUDITOR,
        Role.CUSTODIAN,
        Role.ADMINISTRATOR,
        Role.SECTOR_SYSTEM,
        Role.ENGINE,
    ],
)
def test_a_role_that_has_nothing_to_do_with_children_finds_none(shared: Installation, role: Role) -> None:
    access = somebody(shared, role, Purpose.CASE_WORK, area=Area(communes=frozenset({HERE})))
    with pytest.raises(Refused):
        find(shared, "nguyen thi ngoc hoa", access=access)
