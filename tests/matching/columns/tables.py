"""A small model of plain people, and tables of made-up ones."""

from __future__ import annotations

import copy
import tomllib
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from matching.columns.workspace import ColumnWorkspace
from matching.weights import Model
from matching.workspace import Side, Weighed

DOCUMENT = tomllib.loads("""
[model]
name = "small"
version = "1"
reads = "columns"
provenance = "made up"

[table]
id = "id"

[table.columns]
first = { read = "text", headers = ["first", "given"] }
last = { read = "text" }
born = { read = "date", formats = ["%Y-%m-%d", "%Y"] }
code = { read = "digits", optional = true }
weight = { read = "number", optional = true }
note = { read = "verbatim", optional = true }

[decision]
in_population = 0.5
duplicates = 0.25
link = 0.9
review = 0.1

[[blocking.stages]]
name = "all"
kinds = ["names", "born"]
cap = 50

[blocking.keys]
names = ["first+last:words"]
born = ["born"]

[classes.household]
rate = 2.0
shares = { last = 0.9 }

[[hold]]
when = { first = ["different"], born = ["different", "missing"] }

[fields.first]
compares = "names"
[fields.first.levels]
same = { equal = true, m = 0.8, u = 1.0, times = "frequency" }
swapped = { swapped_with = "last", m = 0.05, u = 0.001, times = "last" }
near = { osa = 1, m = 0.1, u = 0.01 }
different = { m = 0.05, u = 0.9 }

[fields.last]
compares = "names"
[fields.last.levels]
same = { equal = true, m = 0.9, u = 1.0, times = "frequency" }
different = { m = 0.1, u = 0.9 }

[fields.born]
compares = "date"
[fields.born.levels]
same = { equal = true, m = 0.9, u = 0.0001 }
swapped = { swapped = true, m = 0.05, u = 0.0001 }
different = { m = 0.05, u = 0.99 }
year_same = { context = "year", years = 0, m = 0.95, u = 0.02 }
year_different = { context = "year", m = 0.05, u = 0.98 }
""")


def changed(*path: str, value: Any = None) -> dict[str, Any]:
    """Return the document with one value changed, or taken out when it is None."""
    document = copy.deepcopy(DOCUMENT)
    table = document
    for name in path[:-1]:
        table = table[name]
    if value is None:
        del table[path[-1]]
    else:
        table[path[-1]] = value
    return document


def one_field(compares: str, levels: dict[str, Any], *, column: str = "first") -> Model:
    """Return the model with one field, whose levels have the rules given and even weights."""
    document = changed("fields", value={})
    entries: dict[str, dict[str, Any]] = {**levels, "else": {}}
    contexts = Counter(rules.get("context") for rules in entries.values())
    for name, rules in entries.items():
        even = 1 / contexts[rules.get("context")]
        entries[name] = {**rules, "m": even, "u": even}
    document["fields"] = {"field": {"compares": compares, "column": column, "levels": entries}}
    document["classes"], document["hold"] = {}, []
    return Model.from_document(document)


def people(*rows: dict[str, str | None]) -> pa.Table:
    """Return a table of people with an id each; what is not said is not known."""
    names = ("first", "last", "born", "code", "weight", "note")
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    return pa.table({"id": [f"r{place}" for place in range(len(rows))], **columns})


def workspace(left: pa.Table, right: pa.Table, model: Model | None = None) -> ColumnWorkspace:
    """Return a workspace with both tables in it."""
    made = ColumnWorkspace(model or Model.from_document(DOCUMENT))
    made.add(Side.LEFT, left)
    made.add(Side.RIGHT, right)
    made.finish()
    return made


def weigh_each(space: ColumnWorkspace, pairs: int) -> Weighed:
    """Weigh the first record with the first person, the second with the second, and so on."""
    places = np.arange(pairs, dtype=np.int32)
    return space.weigh(np.arange(pairs + 1, dtype=np.int64), places, places)


def levels_of(model: Model, *pairs: tuple[dict[str, str | None], dict[str, str | None]]) -> list[str]:
    """Return the level of the model's first field for each pair of rows."""
    space = workspace(people(*(pair[0] for pair in pairs)), people(*(pair[1] for pair in pairs)), model)
    return [model.schema.fields[0].level(int(code)).name for code in weigh_each(space, len(pairs)).levels[:, 0]]
