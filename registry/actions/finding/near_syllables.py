"""Syllables of names from the public lists, and which of them somebody may have meant who typed another one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from matching import reference
from matching.names import fold, phonetic

UNKNOWN_SHARE: Final = 0.0005  # of a syllable that is in no list
SHORTEST_KNOWN: Final = 2  # letters of a syllable worth guessing from
_MIDDLES_A_NAME: Final = 1.3  # middle syllables that a name has on average: shares of the list are of all middles


@dataclass(frozen=True, slots=True)
class Near:
    """A syllable that may have been meant."""

    syllable: str = field(repr=False)
    share: float  # of names that hold it, by the public lists
    slips: int  # letters apart from what was typed


@cache
def _shares() -> Mapping[str, float]:
    """Return the share of names that hold each folded syllable."""
    shares: defaultdict[str, float] = defaultdict(float)
    for row in reference.rows("surnames"):
        _add(shares, row["surname"], float(row["share"]))
    for row in reference.rows("middle_names"):
        _add(shares, row["middle_name"], float(row["share"]) / 2 * _MIDDLES_A_NAME)  # half of all children each sex
    for row in reference.rows("given_names"):
        _add(shares, row["given_name"], float(row["share"]) / 2)
    for row in reference.rows("ethnic_name_patterns"):
        for clan in row["family_or_clan_names"].split(";"):
            _add(shares, clan, UNKNOWN_SHARE)
    return dict(shares)


def _add(shares: defaultdict[str, float], written: str, share: float) -> None:
    for syllable in fold(written).split():
        shares[syllable] += share


@cache
def _shares_by_sound() -> Mapping[str, float]:
    heard: defaultdict[str, float] = defaultdict(float)
    for syllable, share in _shares().items():
        heard[phonetic(syllable)] += share
    return dict(heard)


@cache
def surnames() -> frozenset[str]:
    """Return the first syllables of the surnames of the list, folded: what stands first before a given name."""
    return frozenset(fold(row["surname"]).split()[0] for row in reference.rows("surnames"))


def is_known(syllable: str) -> bool:
    """Tell whether a folded syllable is in a list of names."""
    return syllable in _shares()


def share_of(syllable: str) -> float:
    """Return the share of names with a syllable that sounds like this one."""
    return max(_shares_by_sound().get(phonetic(syllable), 0.0), UNKNOWN_SHARE)


@lru_cache(maxsize=4096)
def near(typed: str) -> tuple[Near, ...]:
    """Return the known syllables one slip away from a folded one, the commonest first; those of its own sound not.

    A slip is a letter more, less, other, or two exchanged, in the writing or in the sound.
    """
    own = phonetic(typed)
    if len(typed) < SHORTEST_KNOWN or not own:
        return ()
    found = {
        phonetic(known): Near(known, share, 1)
        for known, share in sorted(_shares().items(), key=lambda item: item[1])
        if phonetic(known) != own and _one_slip(typed, known, own=own)
    }
    return tuple(sorted(found.values(), key=lambda one: (-one.share, one.syllable)))


def _one_slip(typed: str, known: str, *, own: str) -> bool:
    if OSA.distance(typed, known, score_cutoff=1) <= 1:
        return len(known) >= SHORTEST_KNOWN
    sound = phonetic(known)
    return len(sound) >= SHORTEST_KNOWN and OSA.distance(own, sound, score_cutoff=1) <= 1
