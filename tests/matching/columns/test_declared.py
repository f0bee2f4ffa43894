"""What a model file declares of its columns: what is wrong is named by table, level and rule."""

from __future__ import annotations

from typing import Any

import pytest

from matching.weights import Model, ModelFault
from tests.matching.columns.tables import DOCUMENT, changed

LEVELS = ("fields", "first", "levels")


def test_a_model_says_what_a_table_must_hold() -> None:
    schema = Model.from_document(DOCUMENT).schema
    assert schema.columns == ("id", "first", "given", "last", "born", "code", "weight", "note")
    assert schema.required == ("id", "last", "born")
    assert [field.name for field in schema.fields] == ["first", "last", "born"]
    assert schema.place("born") == 2
    with pytest.raises(KeyError):
        schema.place("shoes")


def test_levels_have_codes_contexts_and_reasons() -> None:
    first, _, born = Model.from_document(DOCUMENT).schema.fields
    assert first.names() == ("missing", "same", "swapped", "near", "different")
    assert [first.code(name) for name in first.names()] == [0, 1, 2, 3, 4]
    assert first.level(0).name == "missing"
    assert born.contexts() == {"full": (1, 2, 3), "year": (4, 5)}
    assert first.level(2).reason == "The first is exchanged with the last"
    assert first.level(3).reason == "The first differs by slips of typing: 1 at most"
    assert born.level(5).reason == "The born is another, as far as it is known"
    with pytest.raises(KeyError):
        first.code("unheard")


def test_frequencies_are_named_by_their_column() -> None:
    model = Model.from_document(DOCUMENT)
    assert model.share_names[model.times[0, 1]] == "frequency"
    assert model.share_names[model.times[0, 2]] == "last"


@pytest.mark.parametrize("name", ["febrl", "person"])
def test_shipped_models_weigh_agreement_above_difference(name: str) -> None:
    model = Model.load(name)
    assert model.provenance
    for place, field in enumerate(model.schema.fields):
        m = dict(zip(field.names(), model.m[place], strict=False))
        assert m["same"] > m["different"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (changed("model", "reads", value="minds"), "reads must be one of child_vn, columns"),
        (changed("table"), r"table \[table\] is missing"),
        (changed("shoes", value={}), "the file: shoes is unknown"),
        (changed("table", "id", value=3), r"\[table\]: id must be a text"),
        (changed("table", "empty", value="none"), "empty must be a list of texts"),
        (changed("table", "columns", "last", value="text"), r"\[table.columns.last\]: must be a table"),
        (changed("table", "columns", "last", value={"read": "tea"}), "read must be one of text, verbatim"),
        (changed("table", "columns", "last", "reed", value="text"), "reed is unknown"),
        (changed("table", "columns", "Last Name", value={"read": "text"}), "must be a name of small letters"),
        (changed("table", "columns", "born", "formats"), "formats is missing"),
        (changed("table", "columns", "born", "formats", value=["%d/%m"]), "formats must be of a date"),
        (changed("table", "columns", "last", "formats", value=["%Y"]), "formats must be of a date"),
        (changed("table", "columns", "code", "optional", value="yes"), "optional must be true or false"),
        (changed("table", "columns", "first", "headers", value=["a", "a"]), "headers names one thing twice"),
        (changed("fields", value={}), "at least one field must be compared"),
        (changed("fields", "first", value=1), r"\[fields.first\]: must be a table"),
        (changed("fields", "first", "compares", value="minds"), "compares must be one of"),
        (changed("fields", "first", "column", value="shoes"), "column shoes is not declared"),
        (changed("fields", "born", "column", value="last"), "column last must be read as date"),
        (changed(*LEVELS, value={}), "a field needs levels"),
        (changed(*LEVELS, value={f"l{n}": {"m": 0.1, "u": 0.1} for n in range(101)}), "more than 100 levels"),
        (changed(*LEVELS, "same", value=1), "must be a table"),
        (changed(*LEVELS, "missing", value={"m": 0.1, "u": 0.1}), "missing is no level of a file"),
        (changed(*LEVELS, "near", "ossa", value=1), "ossa is unknown"),
        (changed(*LEVELS, "near", "osa", value=0.5), "osa must be a whole number above 0"),
        (changed(*LEVELS, "near", "osa", value=True), "osa must be a whole number above 0"),
        (changed(*LEVELS, "near", "jaro_winkler", value=1.5), "jaro_winkler must be a number between 0 and 1"),
        (changed(*LEVELS, "same", "equal", value=False), "equal must be true"),
        (changed(*LEVELS, "near", "days", value=3), "days is no rule of a field that compares names"),
        (changed("fields", "born", "levels", "swapped", "days", value=-3), "days must be a number of 0 or more"),
        (changed(*LEVELS, "swapped", "swapped_with", value="shoes"), "column shoes is not declared"),
        (changed(*LEVELS, "near", "context", value="full"), "context must be one of known"),
        (changed(*LEVELS, "different", "equal", value=True), "different.: the last level of a context"),
        (changed(*LEVELS, "same", "equal"), "same.: the last level of a context"),
        (changed(*LEVELS, "same", "m", value=0.5), "context known must add up to 1"),
        (changed(*LEVELS, "different", "u", value=1.2), "must not add up to more than 1"),
        (changed(*LEVELS, "same", "m", value=float("nan")), "m must be a number"),
        (changed(*LEVELS, "same", "m", value="much"), "m must be a number"),
        (changed(*LEVELS, "same", "times", value="shoes"), "times names no known frequency"),
        (changed("blocking", "keys"), r"table \[blocking.keys\] is missing"),
        (changed("blocking", "keys", "born", value=["shoes"]), "column shoes is not declared"),
        (changed("blocking", "keys", "born", value=["born:hour"]), "behind the colon stands"),
        (changed("blocking", "keys", "born", value=["last:year"]), "year can only be taken of a date"),
        (changed("blocking", "keys", "born", value=["first+last"]), "several columns can only be joined"),
        (changed("blocking", "stages", value=[]), "at least one stage is needed"),
        (changed("blocking", "stages", value=[{"name": "a", "kinds": [], "cap": 1}]), "kinds must be a list"),
        (changed("blocking", "stages", value=[{"name": "a", "kinds": ["born"]}]), "cap is missing"),
        (changed("blocking", "stages", value=[{"name": "a", "kinds": ["born"], "cap": 0}]), "cap must be a whole"),
        (changed("blocking", "stages", value=[{"name": "a", "kinds": ["x"], "cap": 1}]), "kind x is not declared"),
        (changed("blocking", "stages", value=[{"name": "a", "kinds": ["born"], "cap": 1}] * 2), "one name, or a kind"),
        (changed("classes", value=[]), r"\[classes\] must be a table"),
        (changed("classes", "household", "rate", value=-1), "rate must be a number of 0 or more"),
        (changed("classes", "household", "shares", "shoes", value=0.5), "shoes is unknown"),
        (changed("classes", "household", "shares", "last", value=2), "last must be between 0 and 1"),
        (changed("hold", value={}), r"\[\[hold\]\] must be a list"),
        (changed("hold", value=[{"when": {}}]), "at least one field must be named"),
        (changed("hold", value=[{"when": {"first": ["odd"]}}]), "first has no level odd"),
        (changed("decision", "duplicates", value=0), "duplicates must be above 0"),
        (changed("decision", "odds", value=1), "odds is unknown"),
    ],
)
def test_a_fault_in_a_model_is_named(document: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelFault, match=said):
        Model.from_document(document)
