"""Model files: what is shipped can be read, and what is wrong is named."""

from __future__ import annotations

import copy
import math
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from matching.levels import LEVELS, Field, code_of
from matching.weights import Model, ModelFault

TEXT = resources.files("matching.models").joinpath("child_vn.toml").read_text(encoding="utf-8")


def changed(*path: str, value: Any = None) -> dict[str, Any]:
    """Return the shipped document with one value changed, or taken out when it is None."""
    document = copy.deepcopy(tomllib.loads(TEXT))
    table = document
    for name in path[:-1]:
        table = table[name]
    if value is None:
        del table[path[-1]]
    else:
        table[path[-1]] = value
    return document


def test_the_shipped_model_is_read_by_name_and_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT, encoding="utf-8")
    named, read = Model.load("child_vn"), Model.load(path)
    assert (named.name, named.version) == (read.name, read.version)
    assert (named.m == read.m).all()
    assert named.review < named.link
    assert named.provenance


def test_the_shipped_model_weighs_agreement_above_difference() -> None:
    model = Model.load("child_vn")
    for field, levels in LEVELS.items():
        ratios = {level.name: model.m[field, code_of(field, level.name)] for level in levels}
        if "different" in ratios:
            assert ratios["same" if "same" in ratios else "exact"] > ratios["different"]


def test_a_level_that_is_not_known_weighs_nothing() -> None:
    model = Model.load("child_vn")
    assert all(model.m[field, 0] == model.u[field, 0] == 1 for field in Field)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (changed("decision"), r"\[decision\] is missing"),
        (changed("model", "version"), "version is missing"),
        (changed("decision", "link", value=1.5), "link must be a number"),
        (changed("decision", "link", value="high"), "link must be a number"),
        (changed("decision", "review", value=0.995), "review must be below link"),
        (changed("fields", "sex", "same"), "level same is missing"),
        (changed("fields", "sex", "other", value={"m": 0.1, "u": 0.1}), "level other is unknown"),
        (changed("fields", "shoe_size", value={}), "no such field"),
        (changed("fields", "sex", "same", value={"m": 0.5, "u": 0.5}), "context sex must add up to 1"),
        (changed("fields", "sex", "same", value={"m": 0.99}), "u is missing"),
        (changed("fields", "sex", "same", value={"u": 0.5}), "m is missing"),
        (changed("fields", "sex", "same", value={"m": 0.9949, "u": 0.0}), "u must be above 0"),
        (changed("fields", "number", "of_parent", value={"m": 1.004, "u": 0.5}), "m must be above 0"),
        (changed("fields", "sex", "same", "times", value="shoes"), "times names no known"),
        (changed("relations", "twins", "shared", "sex", value=1.5), "sex must be between 0 and 1"),
        (changed("relations", "twins", "shared", "shoes", value=0.5), "shoes is unknown"),
        (changed("relations", "cousins", value={}), "cousins is unknown"),
        (changed("relations", "trust", value="much"), "trust must be a number"),
        (changed("model", "author", value="me"), "author is unknown"),
        (changed("model", "reads", value="minds"), "reads must be one of child_vn, columns"),
        (changed("table", value={}), "table is unknown"),
        (changed("fields", "sex", "same", value=0.9), "sex.same.: must be a table"),
        (changed("fields", "sex", "same", "equal", value=True), "equal is unknown"),
        (changed("blocking", "keys", value={}), "keys is unknown"),
        (changed("decision", "one_record_per_child", value="no"), "must be true or false"),
        (changed("relations", "twins"), r"\[relations.twins\] is missing"),
    ],
)
def test_a_fault_in_a_model_is_named(document: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelFault, match=said):
        Model.from_document(document)


@pytest.mark.parametrize("name", ["nobody", "../child_vn", "models/child_vn"])
def test_a_model_that_is_not_shipped_is_refused(name: str) -> None:
    with pytest.raises(ModelFault, match="no model named"):
        Model.load(name)


def test_a_file_that_is_no_model_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ModelFault, match=r"none.toml: the model file cannot be read"):
        Model.load(tmp_path / "none.toml")
    (tmp_path / "torn.toml").write_text("[model", encoding="utf-8")
    with pytest.raises(ModelFault, match=r"torn.toml: no TOML file"):
        Model.load(tmp_path / "torn.toml")
    (tmp_path / "short.toml").write_text("[model]", encoding="utf-8")
    with pytest.raises(ModelFault, match=r"short.toml: \[model\]: .* is missing|short.toml: table"):
        Model.load(tmp_path / "short.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9")
    with pytest.raises(ModelFault, match=r"latin.toml: the model file is not UTF-8"):
        Model.load(tmp_path / "latin.toml")


def test_a_pair_of_one_file_has_the_prior_of_duplicates() -> None:
    model = Model.load("child_vn")
    linked = math.log(model.in_population / (1 - model.in_population))
    assert linked + model.pair_shift == pytest.approx(math.log(model.duplicates))
