"""Who stands for a child: the people who may sign and ask, and whether a suspect is one of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Relation(StrEnum):
    """What somebody is to a child, as far as it matters for signing and asking."""

    MOTHER = "mother"
    FATHER = "father"
    GUARDIAN = "guardian"  # appointed, or who cares for the child in place of the parents
    FACILITY = "facility"  # the head of a care facility


# A suspect who is certainly nobody that stands for a child. Whoever is called otherwise might be.
OUTSIDERS: Final = frozenset(
    {"neighbour", "teacher", "stranger", "classmate", "friend", "hàng xóm", "giáo viên", "người lạ", "bạn học"}
)
_SAME: Final = {
    "mother": Relation.MOTHER,
    "mẹ": Relation.MOTHER,
    "mẹ đẻ": Relation.MOTHER,
    "father": Relation.FATHER,
    "cha": Relation.FATHER,
    "bố": Relation.FATHER,
    "cha đẻ": Relation.FATHER,
    "bố đẻ": Relation.FATHER,
}


def stands_for_children(relation: str) -> bool:
    """Say whether somebody of this relation may be a parent or carer: whoever is not certainly an outsider."""
    return _plain(relation) not in OUTSIDERS


def may_be(relation: str, asker: Relation) -> bool:
    """Say whether a suspect of this relation may be the person who signs or asks as `asker`."""
    known = _SAME.get(_plain(relation))
    return stands_for_children(relation) if known is None else known is asker


def _plain(relation: str) -> str:
    return " ".join(relation.casefold().split())
