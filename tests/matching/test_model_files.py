"""Model files: what is written is read as the very same model."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.model_files import document_of, toml_of, write_model
from matching.weights import Model
from tests.matching.columns.tables import DOCUMENT, changed


def same(one: Model, other: Model) -> bool:
    arrays = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("m", "u", "times"))
    names = ("in_population", "link", "review", "trust", "stages", "duplicates", "schema", "declared", "relations")
    return arrays and all(getattr(one, name) == getattr(other, name) for name in names)


@pytest.mark.parametrize("name", ["child_vn", "febrl", "person"])
def test_a_shipped_model_is_written_and_read_as_it_was(name: str, tmp_path: Path) -> None:
    model, path = Model.load(name), tmp_path / "mine.toml"
    write_model(model, path)
    read = Model.load(path)
    assert same(model, read)
    assert document_of(read) == document_of(model) == tomllib.loads(path.read_text(encoding="utf-8"))


def test_everything_that_is_declared_is_written() -> None:
    document = changed("fields", "first", "levels", "near", "reason", value='One "slip"\nof the pen')
    document["fields"]["first"] = {**document["fields"]["first"], "column": "note"}
    document["fields"]["born"]["levels"]["swapped"]["same_day"] = True
    document["blocking"]["keys"] = {"names": ["first:2", "last:-3", "born:day_month"], "born": ["first+last:words"]}
    model = Model.from_document(document)
    assert same(model, Model.from_document(tomllib.loads(toml_of(document_of(model)))))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(1e-300, 1.0), min_size=3, max_size=3), st.floats(1e-9, 0.999999))
def test_numbers_keep_every_digit(parts: list[float], prior: float) -> None:
    model = Model.from_document(DOCUMENT)
    u = model.u.copy()
    u[2, 1:4] = np.array(parts) / (sum(parts) + 1)
    changed_model = replace(model, u=u, in_population=prior)
    assert same(changed_model, Model.from_document(tomllib.loads(toml_of(document_of(changed_model)))))


@settings(deadline=None)
@given(
    st.recursive(
        st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])) | st.floats(allow_nan=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aé. -", max_size=4), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_values_in_a_table_come_back(value: Any) -> None:
    document = {"table": {"value": value, "number": 1}}
    assert tomllib.loads(toml_of(document)) == document


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken.toml").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_model(Model.load("febrl"), tmp_path / "taken.toml")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.toml"]
