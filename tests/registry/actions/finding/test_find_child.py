"""Finding a child: misspelt, reordered, by number or key, inside the area only, and never without a trace."""

from __future__ import annotations

from typing import Any

import pytest

from registry.actions.finding.find_child import LIMIT, FindQuery, find_child
from registry.actions.finding.grading import Grade
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Area, Purpose, Role
from registry.model.errors import BadQuery, ReasonNeeded, Refused
from registry.protect.pseudonym import child_pseudonym
from tests.people import (
    HERE,
    PATIENTS,
    citizen,
    numbered,
    population,
    record,
    tombstone,
)
from tests.registry.actions.commune import NAME, find, names, only
from tests.registry.actions.installed import (
    child_of,
    deliver,
    leaves,
    load,
    pass_time,
    somebody,
    worker,
)

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


# Too much, too little


def namesakes(number: int, name: str = "Nguyễn Thị Hoà", first: int = 0) -> list[Any]:
    """Return records of children of one name, born on different days of one month."""
    return [
        record(f"EDU{first + n:04d}", name=name, birth_date=f"{1 + n:02d}/05/2014", personal_number=None)
        for n in range(number)
    ]


def test_more_namesakes_than_fit_are_a_number_and_what_to_add_never_a_cut_list(installed: Installation) -> None:
    deliver(installed, numbered(namesakes(LIMIT + 3)))
    answer = find(installed, "nguyen thi hoa")
    assert (answer.found, answer.total, answer.too_many) == ((), LIMIT + 3, True)
    assert answer.advice == "Too many children match: add the year of birth."
    with_year = find(installed, "nguyen thi hoa", born="2014")
    assert with_year.advice == "Too many children match: add the mother's or the father's name."
    with_parent = find(installed, "nguyen thi hoa", born="2014", mother="le thi mai")
    assert with_parent.advice == "Too many children match: add the whole birth date."
    dated = find(installed, "nguyen thi hoa", born="03/05/2014")
    assert (dated.found[0].rank, dated.found[0].grade, len(dated.found)) == (1, Grade.LIKELY, 1)
    assert (dated.total, dated.too_many) == (LIMIT + 3, True)
    assert dated.advice is not None
    assert "match less well" in dated.advice


def test_children_with_equal_evidence_share_a_rank(installed: Installation) -> None:
    rows = [*namesakes(3), *namesakes(2, "Nguyễn Thị Hoè", 10), *namesakes(1, "Nguyễn Thị Hoa", 20)]
    deliver(installed, numbered(rows))
    answer = find(installed, "Nguyễn Thị Hoà", born="2014")
    assert [found.rank for found in answer.found] == [1, 1, 1, 4, 5, 5]
    assert (answer.total, answer.too_many, answer.advice) == (6, False, None)


def test_a_rank_that_does_not_fit_is_left_out_whole(installed: Installation) -> None:
    deliver(installed, numbered([*namesakes(2), *namesakes(LIMIT, "Nguyễn Thị Hoè", 100)]))
    answer = find(installed, "Nguyễn Thị Hoà", born="2014")
    assert (len(answer.found), answer.total, answer.too_many) == (2, LIMIT + 2, True)


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
