"""What is really known of a person: the given name comes last, whatever the order in which a people writes it."""

from __future__ import annotations

import pytest

from matching.known import known_father, known_mother, known_name
from tests.matching.people import child, name, parent


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("H'Hen Niê", ("nie", "hhen")),
        ("HHen Niê", ("nie", "hhen")),
        ("H'Linh Liêng", ("lieng", "hlinh")),
        ("Y Thịnh Byă", ("bya", "y", "thinh")),
        ("Y Thịnh Niê Kdăm", ("nie", "kdam", "y", "thinh")),
        ("Y Na", ("y", "na")),
        ("Siu H'Len", ("siu", "hlen")),
        ("Nguyễn Thị Hoa", ("nguyen", "thi", "hoa")),
        ("Hoa", ("hoa",)),
    ],
)
def test_a_clan_that_stands_behind_is_put_in_front(written: str, parts: tuple[str, ...]) -> None:
    folded, marked = known_name(child(name=name(written)))
    assert folded == parts
    assert len(marked) == len(parts)


def test_parents_names_are_read_in_the_same_order() -> None:
    person = child(mother=parent("H'Mai Êñuôl"), father=parent("Y Kim Ayŭn"))
    assert known_mother(person)[0] == ("enuol", "hmai")
    assert known_father(person)[0] == ("ayun", "y", "kim")
