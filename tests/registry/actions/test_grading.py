"""How sure one may be that this is the child: from her own evidence, never from how few were found."""

from __future__ import annotations

import pytest

from matching.dates import read_birth_date
from matching.identity import Identity
from registry.actions.grading import Asked, Grade, compare
from registry.actions.name_likeness import Sought
from registry.actions.normalise import identity_of
from tests.people import facts, stamp

GIRL = identity_of(facts(), on=stamp(60).date())


def asked(text: str = "Nguyen Thi Hoa", *, born: str | None = None, mother: str | None = None) -> Asked:
    """Return what somebody knows."""
    date = read_birth_date(born)[0] if born else None
    return Asked(sought=Sought.words(text), born=date, mother=Sought.words(mother) if mother else None)


def grade_of(question: Asked, identity: Identity = GIRL) -> Grade | None:
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
    unknown = identity_of(facts(birth_date=None, mother=None, father=None), on=stamp(60).date())
    found = compare(asked(born="2014", mother="Le Thi Mai"), unknown)
    assert found is not None
    assert found.grade is Grade.POSSIBLE
    assert found.reasons[1:] == ("the birth date is not known", "no parent's name is known")


def test_more_agreement_never_ranks_lower() -> None:
    ranks = [
        found.rank
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
