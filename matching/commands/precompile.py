"""`python -m matching precompile`: have all loops compiled now, so that no linkage waits for it later."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import typer

from matching import kernel
from matching.commands import console
from matching.engines import local

# Two invented families: enough to pass through every loop once.
_COLUMNS: Final = (
    "record_id,personal_number,full_name,sex,birth_date,commune_code,commune_scheme,ethnicity,"
    "mother_name,mother_number,mother_birth_year,father_name,father_number,father_birth_year\n"
)
_PEOPLE: Final = _COLUMNS + (
    "a,001215000001,Nguyễn Văn An,1,2015-03-04,00004,2025,01,Lê Thị Mai,001190000002,1990,Nguyễn Văn Bình,,1988\n"
    "b,001317000003,Nguyễn Thị Chi,2,2017-08-09,00004,2025,01,Lê Thị Mai,001190000002,1990,Nguyễn Văn Bình,,1988\n"
    "c,002216000004,Vừ A Dơ,1,2016-01-01,00691,2025,08,Giàng Thị Say,,1992,Vừ A Páo,002090000005,\n"
)


def command() -> None:
    """Compile every loop that linking children's records needs, and keep the result on disk."""
    with tempfile.TemporaryDirectory() as folder:
        people = Path(folder) / "people.csv"
        people.write_text(_PEOPLE, encoding="utf-8")
        workspace = console.workspace_for("child_vn", year=None)
        local.link(workspace, people, people, out=Path(folder) / "out.csv", seconds=console.seconds())
    kernel.wait_until_ready()
    typer.echo("every loop is compiled", err=True)
