"""The catalogue: closed lists, and what a broken definition is told."""

from __future__ import annotations

from importlib import resources

import pytest

from matching.identity import Sex
from registry.statistics import catalogue
from registry.statistics.catalogue import BrokenDefinition, UnknownTable, read_definition
from tests.registry.statistics.invented import TABLE

FOLDER = resources.files("registry.statistics").joinpath("tables")
TEXT = FOLDER.joinpath(f"{TABLE}.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", catalogue.names())
def test_every_shipped_table_can_be_read(name: str) -> None:
    definition = catalogue.load(name)
    assert definition.name == name
    for words in (definition.title, definition.frame, definition.method):
        assert words.vi != words.en


def test_the_provinces_are_those_of_the_list_of_2025() -> None:
    text = resources.files("matching.reference").joinpath("admin_provinces_2025.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")][1:]
    provinces = catalogue.load(TABLE).variables[0]
    assert [entry.code for entry in provinces.codes if entry.kind == "value"] == [line[:2] for line in lines]
    assert [entry.code for entry in provinces.codes if entry.kind != "value"] == ["_T", "_U"]


def test_the_age_groups_are_those_of_the_table() -> None:
    groups = [entry.ages for entry in catalogue.load(TABLE).variables[1].codes if entry.kind == "value"]
    assert groups == [(0, 0), (1, 2), (3, 5), (6, 10), (11, 14), (15, 15)]


def test_the_sexes_are_those_that_the_registry_knows() -> None:
    sexes = catalogue.load(TABLE).variables[2].codes_by_value
    assert set(sexes) == {*Sex, None}


@pytest.mark.parametrize("name", ["", "children", "../children-by-province-age-sex", "tables/x", TABLE.upper()])
def test_a_table_outside_the_catalogue_is_refused(name: str) -> None:
    with pytest.raises(UnknownTable, match=TABLE):
        catalogue.load(name)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "children', "name = children", "at broken.toml"),
        ('p_table = "D5V3js2"', 'p_table = "D1V1js0"', "there are: D5V3js2"),
        ("least_in_row = 10", "least_in_row = 3", "least_in_row"),
        ("least_in_row = 10", "least_in_row = 10\nfilter = 'x'", "filter"),
        ('area = "province"', 'area = "sex"', "the area be one of the rows"),
        ('{ code = "04" }', '{ code = "01" }', "stands twice"),
        ("ages = [15, 15]", "ages = [15, 17]", "every year of childhood once"),
        ("ages = [1, 2]", "ages = [0, 2]", "stands twice"),
        ('code = "_U", kind = "unknown"', 'code = "X"', "what is not known is missing"),
        ('kind = "total", label = { vi = "Tổng số"', 'label = { vi = "Tổng số"', "exactly one code is the total"),
        ('values = ["male"], label = { vi = "Nam", en = "Male" }', 'values = ["male"]', "without a label"),
        ('[[variables]]\nname = "sex"', '[[variables]]\nname = "age"', "variable"),
        ("[title]", "[[marks]]\nstatus = 'impossible'\nwhere = { sex = ['X'] }\n[title]", "a code of sex"),
        ("[title]", "[[marks]]\nstatus = 'shown'\nwhere = { sex = ['F'] }\n[title]", "marks.0.status"),
    ],
)
def test_a_broken_definition_is_refused_with_its_rule(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(BrokenDefinition, match=message):
        read_definition(TEXT.replace(old, new), place="broken.toml")


def test_a_variable_may_not_stand_twice() -> None:
    _, sex = TEXT.rsplit("[[variables]]", maxsplit=1)
    with pytest.raises(BrokenDefinition, match="a variable stands twice"):
        read_definition(f"{TEXT}\n[[variables]]{sex}", place="broken.toml")
