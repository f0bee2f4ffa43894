"""What is really known of one person: names that stand for nothing and numbers of others are left out."""

from __future__ import annotations

from functools import cache

from matching import reference
from matching.identity import Flag, Identity, Name
from matching.names import fold, mother_in
from matching.numbers import year_of

PARENT_IS_OLDER = 12  # years at least

Syllables = tuple[str, ...]


def _given_last(name: Name) -> tuple[Syllables, Syllables]:
    """Return the syllables, folded and marked, in an order that ends in the given name.

    Among the Ê Đê and the Mnông the clan stands behind: 'H'Linh Niê', 'Y Thịnh Niê Kdăm'. Taken for a given name, it
    would make a child of all its brothers and sisters.
    """
    parts, marked = name.parts, name.marked_parts
    clan = 0  # where the clan begins
    if len(parts) > 1 and name.written[:2].upper() == "H'":
        clan = 1
    elif len(parts) > 2 and parts[0] == "y":
        clan = 2
    elif len(parts) > 1 and parts[-1] in clans_behind():
        clan = len(parts) - 1
    return (*parts[clan:], *parts[:clan]), (*marked[clan:], *marked[:clan])


@cache
def clans_behind() -> frozenset[str]:
    """Return the folded clan names of peoples who write the clan behind the given name."""
    rows = (row for row in reference.rows("ethnic_name_patterns") if row["pattern"].endswith("+ given + clan"))
    return frozenset(fold(clan) for row in rows for clan in row["family_or_clan_names"].split(";"))


def known_name(identity: Identity) -> tuple[Syllables, Syllables]:
    """Return the syllables of the child's own name, folded and marked; empty when only a placeholder is known."""
    if identity.name is None or identity.name.placeholder:
        return (), ()
    return _given_last(identity.name)


def known_mother(identity: Identity) -> tuple[Syllables, Syllables]:
    """Return the mother's syllables, folded and marked; they may stand in the child's placeholder name only."""
    name = identity.mother.name if identity.mother is not None else None
    if (name is None or name.placeholder) and identity.name is not None:
        name = mother_in(identity.name) or name
    return ((), ()) if name is None or name.placeholder else _given_last(name)


def known_father(identity: Identity) -> tuple[Syllables, Syllables]:
    """Return the father's syllables, folded and marked."""
    name = identity.father.name if identity.father is not None else None
    return ((), ()) if name is None or name.placeholder else _given_last(name)


def coded_year(number: str | None) -> int | None:
    """Return the birth year that a number carries; None unless it has twelve digits."""
    if number is None or len(number) != 12 or not number.isdigit():
        return None
    return year_of(number)


def is_a_parents_number(identity: Identity) -> bool:
    """Return whether the number typed for the child is shown to be a parent's by the record itself."""
    if identity.number is None:
        return False
    if Flag.NUMBER_OF_PARENT in identity.flags:
        return True
    if any(parent is not None and parent.number == identity.number for parent in (identity.mother, identity.father)):
        return True
    coded = coded_year(identity.number)
    if coded is None:
        return False
    if identity.birth is None:
        return Flag.NUMBER_NOT_A_CHILDS in identity.flags
    return identity.birth.year - coded >= PARENT_IS_OLDER
