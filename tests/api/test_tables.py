"""Published tables for programs."""

from __future__ import annotations

import pytest

from tests.api.calling import Program, problem
from tests.web.world import World

NAME = "children-by-province-age-sex"


def test_a_table_comes_as_json_with_its_lists_and_method(world: World) -> None:
    table = Program(world, "statistician").client.get(f"/v1/tables/{NAME}").json()
    assert [axis["name"] for axis in table["axes"]] == ["province", "age", "sex"]
    assert table["method"]["vi"]
    sizes = [len(axis["codes"]) for axis in table["axes"]]
    assert len(table["cells"]) == sizes[0] * sizes[1] * sizes[2]
    assert not {cell["shown"] for cell in table["cells"]} & {1, 2}


@pytest.mark.parametrize(("language", "told"), [("vi", "# title: Trẻ em"), ("en-GB", "# title: Children")])
def test_a_table_comes_as_a_sheet_in_either_language(world: World, language: str, told: str) -> None:
    headers = {"Accept": "text/csv", "Accept-Language": language}
    answer = Program(world, "statistician").client.get(f"/v1/tables/{NAME}", headers=headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith(told)


def test_an_unknown_table_is_not_found(world: World) -> None:
    assert problem(Program(world, "statistician").client.get("/v1/tables/nothing"))["status"] == 404


def test_a_custodian_gets_no_table(world: World) -> None:
    assert Program(world, "custodian").client.get(f"/v1/tables/{NAME}").status_code == 403
