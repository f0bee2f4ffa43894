"""What a search compares survives its sealed form."""

from __future__ import annotations

import pytest

from registry.actions.intake.normalise import identity_of
from registry.model.finding import Finding
from tests.people import facts, stamp


def known(**changes: object) -> Finding:
    return Finding.of(identity_of(facts(**changes), on=stamp(60).date()))


@pytest.mark.parametrize(
    "changes",
    [{}, {"name": "H'Hen Niê"}, {"birth_date": "2014"}, {"birth_date": None, "mother": None, "father": None}],
)
def test_facts_come_back_as_they_were(changes: dict[str, object]) -> None:
    found = known(**changes)
    assert Finding.from_bytes(found.to_bytes()) == found


def test_a_name_that_only_tells_the_mothers_is_none() -> None:
    assert known(name="Con bà Lê Thị Mai").folded == ""


def test_later_fields_are_left_alone_and_another_text_is_refused() -> None:
    found = known()
    assert Finding.from_bytes(found.to_bytes() + b"\x1flater") == found
    with pytest.raises(ValueError, match="facts of a search"):
        Finding.from_bytes(b"Nguyen Thi Hoa")


def test_facts_show_nothing() -> None:
    assert "nguyen" not in repr(known())
