"""What to add to a search that found too many children, or to try after one that found nobody."""

from __future__ import annotations

from typing import Final

from registry.actions.finding.find_scope import Tier
from registry.actions.finding.question import Question

NOBODY: Final = "Nobody found. Check the spelling and the order of the name, or try the mother's name."
NOBODY_HERE: Final = (
    "Nobody found. Check the spelling and the year, try the mother's name, or name the commune: one commune is"
    " searched through whole."
)
NOBODY_NEAR: Final = (
    "Nobody found in your area. Add the year of birth, and the search looks through the whole province for a child who"
    " is clearly meant; or name her commune."
)
NOBODY_AROUND: Final = (
    "Nobody found in your area. Add the child's name and whole birth date, and the search looks through the whole"
    " country for a child who is clearly meant; or name her commune."
)
ADD_YEAR: Final = "Too many children match: add the year of birth."
ADD_PARENT: Final = "Too many children match: add the mother's or the father's name."
ADD_DATE: Final = "Too many children match: add the whole birth date."
ADD_COMMUNE: Final = "Too many children match: add the commune."
ADD_NAME: Final = "Too many children match: add the child's name."
ADD_NUMBER: Final = "Too many children match: ask for the personal number or the number of a record."
MORE_LIKE_IT: Final = "Other children match less well and are not shown: if it is none of these, add a detail."

ADVICE: Final = frozenset(
    {
        *(NOBODY, NOBODY_HERE, NOBODY_NEAR, NOBODY_AROUND, MORE_LIKE_IT),
        *(ADD_YEAR, ADD_PARENT, ADD_DATE, ADD_COMMUNE, ADD_NAME, ADD_NUMBER),
    }
)


def advice_on(question: Question, tier: Tier, *, wider: Tier | None, total: int, shown: int) -> str | None:
    """Return an English sentence, the key of its translation; None: nothing to advise.

    Args:
        wider: how wide the search would look, were more known of the child.
    """
    if total == 0:
        return _after_nobody(tier, wider)
    if total == shown:
        return None
    return _what_to_add(question, tier) if shown == 0 else MORE_LIKE_IT


def _after_nobody(tier: Tier, wider: Tier | None) -> str:
    if wider is not None:
        return NOBODY_NEAR if wider is Tier.PROVINCE else NOBODY_AROUND
    return NOBODY_HERE if tier is Tier.PROVINCE else NOBODY


def _what_to_add(question: Question, tier: Tier) -> str:
    asked = question.asked
    if asked is None:
        return ADD_NUMBER
    missing = {
        ADD_NAME: asked.sought is None,
        ADD_YEAR: asked.born is None,
        ADD_PARENT: asked.mother is None,
        ADD_DATE: asked.born is not None and not asked.born.day,
        ADD_COMMUNE: tier is not Tier.COMMUNE,
    }
    return next((sentence for sentence, is_missing in missing.items() if is_missing), ADD_NUMBER)
