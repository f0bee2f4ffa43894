"""The table for the statistician: readable aloud, with its marks explained, and as a sheet."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from registry.statistics.catalogue import names
from tests.web.browsing import person
from tests.web.world import World

NAME = "children-by-province-age-sex"


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("vi", ("Trẻ em theo tỉnh", "Tỉnh Thái Nguyên", "Dưới 16 tuổi", "không công bố")),
        ("en", ("Children by province", "Tỉnh Thái Nguyên", "Under 16", "hidden: too few")),
    ],
)
def test_a_statistician_gets_the_table_with_headers_and_marks(
    world: World, language: str, told: tuple[str, ...]
) -> None:
    someone = person(world, "statistician", language=language)
    assert someone.get(f"/tables/{NAME}").status_code == 200
    assert all(words in someone.page for words in told)
    assert 'scope="rowgroup"' in someone.page
    assert 'scope="row"' in someone.page
    assert someone.page.count('scope="col"') == 5


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_sheet_downloads_in_both_languages(world: World, language: str) -> None:
    answer = person(world, "statistician").get(f"/tables/{NAME}.{language}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="{NAME}.{language}.csv"' in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO("".join(line for line in text.splitlines(True) if not line.startswith("#")))))
    assert {row["status"] for row in rows} >= {"shown", "hidden"}
    assert not {row["children"] for row in rows} & {"1", "2"}


def test_the_catalogue_is_listed(world: World) -> None:
    someone = person(world, "worker")
    someone.get("/tables")
    assert all(f"/vi/tables/{name}" in someone.page for name in names())


@pytest.mark.parametrize("path", ["/tables/nothing", "/tables/nothing.vi.csv", f"/tables/{NAME}.fr.csv"])
def test_a_table_that_is_not_there_is_not_found(world: World, path: str) -> None:
    assert person(world, "statistician").get(path).status_code == 404


@pytest.mark.parametrize("path", ["/tables", f"/tables/{NAME}", f"/tables/{NAME}.vi.csv"])
def test_a_custodian_gets_no_table(world: World, path: str) -> None:
    assert person(world, "custodian").get(path).status_code == 403
