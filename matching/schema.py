"""The schema of a model: what a table must hold, and the levels in which its fields can agree or differ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from matching.child_columns import COLUMNS, REQUIRED
from matching.levels import LEVELS, MISSING, Field, Level


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """A field and its levels, in the order of their codes; code 0 is `MISSING` and stands in front of them."""

    name: str
    levels: tuple[Level, ...]

    def level(self, code: int) -> Level:
        """Return the level that a code stands for."""
        return MISSING if code == 0 else self.levels[code - 1]

    def code(self, name: str) -> int:
        """Return the code of a level.

        Raises: KeyError: the field has no such level.
        """
        if name == MISSING.name:
            return 0
        for code, level in enumerate(self.levels, start=1):
            if level.name == name:
                return code
        raise KeyError(name)

    def names(self) -> tuple[str, ...]:
        """Return the names of the levels at the place of their codes."""
        return (MISSING.name, *(level.name for level in self.levels))

    def contexts(self) -> dict[str, tuple[int, ...]]:
        """Return the codes of each context: the m of one context add up to 1."""
        found: dict[str, tuple[int, ...]] = {}
        for code, level in enumerate(self.levels, start=1):
            found[level.context] = (*found.get(level.context, ()), code)
        return found


@dataclass(frozen=True)
class Schema:
    """What a model reads and compares; `columns` are the headers it knows, `id_column` among them."""

    id_column: str
    columns: tuple[str, ...]
    required: tuple[str, ...]  # without these headers a file is refused
    fields: tuple[FieldSchema, ...]

    @cached_property
    def most_levels(self) -> int:
        """Return how many columns a table of levels has, that of `MISSING` included."""
        return max(len(field.levels) for field in self.fields) + 1

    def place(self, name: str) -> int:
        """Return the place of a field by its name.

        Raises: KeyError: no such field is compared.
        """
        for place, field in enumerate(self.fields):
            if field.name == name:
                return place
        raise KeyError(name)


def child_schema() -> Schema:
    """Return the schema of children's records, whose comparisons are fixed in the code."""
    return Schema(
        id_column="record_id",
        columns=COLUMNS,
        required=REQUIRED,
        fields=tuple(FieldSchema(field.name.lower(), LEVELS[field]) for field in Field),
    )
