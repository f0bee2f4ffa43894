"""How sure one may be that this is the child: from her own evidence, never from how few were found."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.dates import read_birth_date
from registry.actions.finding.grading import Asked, Grade, compare
from registry.actions.finding.name_likeness import Sought
from registry.actions.intake.normalise import identity_of
from registry.model.finding import Finding
from tests.people import facts, stamp

SOUNDS_RIGHT = ("Nguyễn Thị Hoà", "nguyen thi hoa", "nguyen thy hoa", "nguyeexn thij hoaf")
TYPED = (*SOUNDS_RIGHT, "Nguyen Thi Hoe", "Hoa Nguyen Thi", "Nguyen Hoa", "Hoa", "Nguyen Tho Hoe", "Hoe", "Nguyen Thi")


def known(**changes: Any) -> Finding:
    """Return what a search compares of the girl."""
    return Finding.of(identity_of(facts(**changes), on=stamp(60).date()))


GIRL = known()


def asked(text: str = "Nguyen Thi Hoa", *, born: str | None = None, mother: str | None = None) -> Asked:
    """Return what somebody knows."""
    date = read_birth_date(born)[0] if born else None
    return Asked(
        sought=Sought.words(text) if text else None, born=date, mother=Sought.words(mother) if mother else None
    )


def grade_of(question: Asked, identity: Finding = GIRL) -> Grade | None:
    """Return the grade of an identity."""
    found = compare(question, identity)
    return None if found is None else found.grade


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (asked(), Grade.POSSIBLE),  # a name alone is borne by many
        (asked(born="2014"), Grade.LIKELY),
        (asked(born="2015"), Grade.POSSIBLE),
        (asked(born="2010"), Grade.POSSIBLE),
        (asked(born="03/05/2014"), Grade.LIKELY),  # namesakes of one day do live
        (asked(born="05/03/2014"), Grade.LIKELY),
        (asked(mother="Le Thi Mai"), Grade.LIKELY),
        (asked(mother="Phạm Thị Xuân"), Grade.POSSIBLE),
        (asked(born="03/05/2014", mother="Lê Thị Mai"), Grade.CERTAIN),
        (asked(born="03/05/2014", mother="Phạm Thị Xuân"), Grade.POSSIBLE),
        (asked("Nguyen Thi Hoe"), Grade.POSSIBLE),
        (asked("Nguyen Thi Hoe", born="2014"), Grade.POSSIBLE),
        (asked("Nguyen Thi Hoe", born="03/05/2014", mother="Le Thi Mai"), Grade.LIKELY),
        (asked("Nguyen Thi Hoa", born="2015", mother="Le Thi Mai"), Grade.LIKELY),
    ],
)
def test_the_grade_follows_from_name_birth_and_mother(question: Asked, expected: Grade) -> None:
    assert grade_of(question) is expected


def test_a_weak_name_is_never_likely_without_both_birth_date_and_mother() -> None:
    for question in (asked("Hoe"), asked("Nguyrn Thi Hoe", born="03/05/2014"), asked("Hoe", mother="Le Thi Mai")):
        assert grade_of(question) in (None, Grade.POSSIBLE)


def test_another_name_is_no_hit() -> None:
    assert grade_of(asked("Phạm Gia Bảo", born="03/05/2014")) is None


def test_the_father_answers_for_the_mother_too() -> None:
    assert grade_of(asked(mother="Nguyen Van Sau")) is Grade.LIKELY


def test_what_is_not_known_of_the_child_is_said() -> None:
    unknown = known(birth_date=None, mother=None, father=None)
    found = compare(asked(born="2014", mother="Le Thi Mai"), unknown)
    assert found is not None
    assert found.grade is Grade.POSSIBLE
    assert found.reasons[1:] == ("the birth date is not known", "no parent's name is known")


def test_the_father_is_named_as_the_father() -> None:
    found = compare(asked(mother="Nguyen Van Sau"), GIRL)
    assert found is not None
    assert found.reasons[-1] == "the father's name is the same"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (asked("", mother="Le Thi Mai", born="2014"), Grade.POSSIBLE),
        (asked("", mother="Le Thi Mai", born="03/05/2014"), Grade.LIKELY),
        (asked("", mother="Le Thi Maj", born="03/05/2014"), Grade.POSSIBLE),
        (asked("", mother="Pham Thi Xuan", born="03/05/2014"), None),
    ],
)
def test_a_parent_alone_finds_the_child(question: Asked, expected: Grade | None) -> None:
    assert grade_of(question) is expected


def test_the_given_name_is_left_out_only_beside_a_parent_or_a_whole_date() -> None:
    assert grade_of(asked("Nguyen Thi", born="2014")) is None
    assert grade_of(asked("Nguyen Thi", born="03/05/2014")) is Grade.POSSIBLE
    assert grade_of(asked("Nguyen Thi", born="03/05/2014", mother="Le Thi Mai")) is Grade.POSSIBLE


def test_a_child_without_a_name_is_found_by_the_parent() -> None:
    newborn = known(name="Con bà Lê Thị Mai")
    assert newborn.folded == ""
    found = compare(asked(mother="Le Thi Mai", born="2014"), newborn)
    assert found is not None
    assert (found.grade, found.reasons[0]) == (Grade.POSSIBLE, "the child's name is not known")
    assert compare(asked(born="2014"), newborn) is None


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(TYPED), st.sampled_from([None, "2014", "2015", "03/05/2014", "11/12/2013"]))
def test_a_lone_name_or_a_weak_one_is_never_called_certain(text: str, born: str | None) -> None:
    found = compare(asked(text, born=born), GIRL)
    assert found is None or born == "03/05/2014" or found.grade is not Grade.CERTAIN
    if found is not None and text not in SOUNDS_RIGHT:
        assert found.grade is Grade.POSSIBLE


def test_equal_evidence_weighs_the_same() -> None:
    one, other = known(), known(personal_number=None, address="elsewhere", sex=None)
    for question in (asked(), asked(born="2014"), asked("Nguyen Thi Hoe", mother="Le Thi Mai")):
        first, second = compare(question, one), compare(question, other)
        assert first is not None
        assert second is not None
        assert first.weight == second.weight


def test_more_agreement_never_ranks_lower() -> None:
    ranks = [
        found.weight
        for question in (
            asked(),
            asked(born="2014"),
            asked(born="03/05/2014"),
            asked(born="03/05/2014", mother="Le Mai"),
        )
        if (found := compare(question, GIRL)) is not None
    ]
    assert ranks == sorted(ranks)
    assert len(ranks) == 4
