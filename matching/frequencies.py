"""Frequencies: how common a value is, and what relatives and namesakes share, counted on the population itself."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching import reference
from matching.hash_counts import HashCounts, Hashes, Longs, Table
from matching.identity import Identity
from matching.names import fold, marked
from matching.packed import pack
from matching.relatives import RELATIONS, Relatives, Sharing
from matching.value_counts import (
    COHORT,
    ETHNIC_GROUPS,
    EVERYBODY,
    GROUPS,
    PART,
    VALUES,
    YEAR,
    ValueCounts,
    keys_of,
    share_of,
)
from matching.vocabulary import Vocabulary, text_hash

__all__ = ["RELATIONS", "Frequencies", "OtherForm", "Sharing", "group_of"]

_FORM: Final = 2  # of the document
_CHUNK: Final = 50_000  # people packed at a time
_SEXES: Final = {"male": 1, "female": 2}

Group = str


class OtherForm(ValueError):
    """Stored frequencies are of a form that is not read; the population must be counted again."""


def group_of(identity: Identity) -> Group:
    """Return the group whose fashion of names a child follows: sex and birth cohort, as far as they are known."""
    if identity.sex is None or identity.birth is None:
        return "all"
    return f"{identity.sex}:{identity.birth.year // COHORT * COHORT}"


def _number_of(group: Group) -> int:
    """Return the number of a group; a group that no one can be in has nobody, and leans on everybody."""
    name, _, rest = group.partition(":")
    if not (rest.isascii() and rest.isdigit()) or len(rest) > 4:
        return EVERYBODY
    if name == "eth":
        return min(ETHNIC_GROUPS + int(rest), GROUPS - 1)
    return int(rest) // COHORT * 2 + _SEXES[name] if name in _SEXES else EVERYBODY


def _value_of(fact: int, text: str) -> np.uint64 | None:
    """Return the number of a text; None where no value of the fact can be written so."""
    if fact < YEAR:
        return np.uint64(text_hash(text))
    return np.uint64(int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else None


@cache
def _common_syllables() -> Hashes:
    rows = [row["given_name"] for row in reference.rows("given_names")]
    rows += [row["middle_name"] for row in reference.rows("middle_names")]
    texts = {part for row in rows for part in (*marked(row).split(), *fold(row).split())}
    return np.array(sorted(text_hash(text) for text in texts), dtype=np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class Frequencies:
    """Shares of values, by group.

    What is kept of a name are hashes of its parts. Whoever guesses a part can tell that somebody bears it, so the
    document is kept as safe as names are.
    """

    people: int
    relations: Mapping[str, Sharing]  # each of RELATIONS
    table: Table = field(repr=False)  # how many people have a value, by `value_counts.key_of`
    totals: Longs = field(repr=False)  # (facts, groups): how many values were counted

    @classmethod
    def counting(cls, identities: Iterable[Identity]) -> Frequencies:
        """Count the values of a population, and what relatives and namesakes in it share; some people at a time."""
        values, relatives, vocabulary = ValueCounts(), Relatives(), Vocabulary()
        people = iter(identities)
        while chunk := list(islice(people, _CHUNK)):
            rows = pack(chunk, vocabulary).rows
            values.add(rows, vocabulary)
            relatives.add(rows, vocabulary)
        return cls.of(values, relatives)

    @classmethod
    def of(cls, values: ValueCounts, relatives: Relatives) -> Frequencies:
        """Return what was counted on one population."""
        return cls(values.people, relatives.counted(values), values.counts.table, values.totals)

    def share(self, fact: str, text: str, group: Group = "all") -> float:
        """Return the share of people of `group` who have `text`; a small group leans on everybody, none is 0."""
        if fact not in VALUES:
            return 0.5
        number = VALUES.index(fact)
        value = _value_of(number, text)
        if value is None:
            return 0.5 / (int(self.totals[number, EVERYBODY]) + 1)
        return share_of(self.table, self.totals, number, _number_of(group), value)

    def bears(self, part: str) -> bool:
        """Return whether `part` is a syllable of anybody's name: in the population or in the lists of common names."""
        return bool(self.borne(np.array([text_hash(part)], dtype=np.uint64))[0])

    def borne(self, parts: Hashes) -> npt.NDArray[np.bool_]:
        """Return of each hash of a syllable whether anybody bears it."""
        counted = HashCounts.of_table(self.table).of(keys_of(PART, EVERYBODY, parts))
        return np.asarray((counted > 0) | np.isin(parts, _common_syllables()), dtype=np.bool_)

    def counted(self, fact: str) -> int:
        """Return how many values of a fact were counted, over everybody."""
        return int(self.totals[VALUES.index(fact), EVERYBODY])

    def to_document(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        keys, counts = HashCounts.of_table(self.table).entries()
        facts, groups = np.nonzero(self.totals)
        return {
            "form": _FORM,
            "people": self.people,
            "keys": _text_of(keys.astype("<u8")),
            "counts": _text_of(counts.astype("<u4")),
            "totals": [
                [int(fact), int(group), int(self.totals[fact, group])]
                for fact, group in zip(facts, groups, strict=True)
            ],
            "relations": {name: sharing.to_document() for name, sharing in self.relations.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Frequencies:
        """Return the frequencies that `to_document` described.

        Raises: OtherForm: the document is of another form.
        """
        if document.get("form") != _FORM:
            msg = f"frequencies are not of form {_FORM}; load the population again"
            raise OtherForm(msg)
        counts = HashCounts()
        counts.add(_numbers_of(document["keys"], "<u8").astype(np.uint64), _numbers_of(document["counts"], "<u4"))
        totals = np.zeros((len(VALUES), GROUPS), dtype=np.int64)
        for fact, group, total in document["totals"]:
            totals[fact, group] = total
        relations = {name: Sharing(**sharing) for name, sharing in document["relations"].items()}
        return cls(int(document["people"]), relations, counts.table, totals)


def _text_of(numbers: npt.NDArray[Any]) -> str:
    return base64.b64encode(numbers.tobytes()).decode("ascii")


def _numbers_of(text: str, form: str) -> Longs:
    return np.frombuffer(base64.b64decode(text), dtype=form).astype(np.int64)
