"""Shares: how common each value of each person is, so that agreeing on a rare value says more than on a common one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.encode import known_father, known_mother, known_name
from matching.frequencies import Frequencies, group_of
from matching.identity import Identity
from matching.levels import Codes, Field, code_of
from matching.weights import SHARES, Model, Reals

_AT = {name: place for place, name in enumerate(SHARES)}
_MAJORITY = "01"  # Kinh: their names are everybody's


@dataclass(frozen=True, slots=True, eq=False)
class ShareTable:
    """A row a person, a column a name of SHARES; and the share of the surname where the father has it too."""

    shares: Reals
    fathers_surname: Reals  # 1 where the child's surname is not the father's

    @classmethod
    def counting(cls, population: Sequence[Identity], frequencies: Frequencies) -> ShareTable:
        """Look up the shares of every person's values."""
        shares = np.ones((len(population), len(SHARES)))
        fathers_surname = np.ones(len(population))
        for row, person in enumerate(population):
            for name, share in _shares_of(person, frequencies).items():
                shares[row, _AT[name]] = share
            child, father = known_name(person)[0], known_father(person)[0]
            if len(child) > 1 and len(father) > 1 and child[0] == father[0]:
                fathers_surname[row] = frequencies.share("father_surname", father[0])
        return cls(shares, fathers_surname)


def _shares_of(person: Identity, frequencies: Frequencies) -> dict[str, float]:
    return {
        **_name_shares(person, frequencies),
        **_parent_shares("mother", known_mother(person), frequencies),
        **_parent_shares("father", known_father(person), frequencies),
        **_place_shares(person, frequencies),
    }


def _name_shares(person: Identity, frequencies: Frequencies) -> dict[str, float]:
    folded, marked = known_name(person)
    if not folded:
        return {}
    group = group_of(person)
    groups = (group,) if person.ethnicity in (None, _MAJORITY) else (group, f"eth:{person.ethnicity}")

    def common(fact: str, text: str) -> float:
        return max(frequencies.share(fact, text, each) for each in groups)

    shares = {"given": common("given", folded[-1]), "given_marked": common("given_marked", marked[-1])}
    if len(folded) > 1:
        shares |= {"surname": common("surname", folded[0]), "middle": common("middle", " ".join(folded[1:-1]))}
    return shares


def _parent_shares(
    role: str, name: tuple[tuple[str, ...], tuple[str, ...]], frequencies: Frequencies
) -> dict[str, float]:
    folded, marked = name
    if not folded:
        return {}
    given = frequencies.share(f"{role}_given", folded[-1])
    given_marked = frequencies.share(f"{role}_given_marked", marked[-1])
    rest = 1.0
    if len(folded) > 1:
        rest = frequencies.share(f"{role}_surname", folded[0]) * frequencies.share(
            f"{role}_middle", " ".join(folded[1:-1])
        )
    return {role: rest * given, f"{role}_marked": rest * given_marked, f"{role}_given": given}


def _place_shares(person: Identity, frequencies: Frequencies) -> dict[str, float]:
    shares = {}
    if person.birth is not None:
        shares["year"] = frequencies.share("year", str(person.birth.year))
    if person.unit is not None:
        shares["commune"] = sum(frequencies.share("commune", code) for code in person.unit.communes) or 1.0
        if person.unit.province is not None:
            shares["province"] = frequencies.share("province", person.unit.province)
    if person.ethnicity is not None:
        shares["ethnicity"] = frequencies.share("ethnicity", person.ethnicity)
    return shares


def shares_of_pairs(table: ShareTable, person: npt.NDArray[np.intp], levels: Codes, model: Model) -> Reals:
    """Return (pairs, fields): what the u of each pair's level is multiplied by."""
    times = model.times[np.arange(len(Field)), levels]
    shares = table.shares[person[:, None], times]
    # The father's surname says nothing new where the child's, which is his, already agrees.
    surname = levels[:, Field.SURNAME] == code_of(Field.SURNAME, "same")
    whole = np.isin(times[:, Field.FATHER], [_AT["father"], _AT["father_marked"]])
    again = surname & whole
    shares[again, Field.FATHER] /= table.fathers_surname[person[again]]
    return np.minimum(shares, 1.0)
