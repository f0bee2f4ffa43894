"""`verify` and `problems` as commands: with the file of connections, and what they say to programs and people."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pydantic import SecretStr

from connectors.contract import CitizenSnapshot
from connectors.population.extract import read_extract
from connectors.simulators.population import Account, SimulatedPopulation, serve_population
from registry.commands.console import now
from registry.exports.problem_sheet import COLUMNS
from registry.jobs import queue
from registry.jobs.identity import access_on_demo
from registry.jobs.opening import installation
from registry.model.access import Purpose
from registry.settings import Settings
from tests.registry.commands.command_line import Home

ACCOUNT = Account()
PLACE = {name: column for column, (name, _, _) in enumerate(COLUMNS, start=1)}


@pytest.fixture
def service(drop: Path) -> Iterator[SimulatedPopulation]:
    """A population service that knows the people of the extract."""
    people = (
        (one.personal_number, one.full_name or "", one.birth_date or "")
        for one in read_extract(drop / "population.csv")
        if isinstance(one, CitizenSnapshot)
    )
    with serve_population(people, account=ACCOUNT, clock=now) as simulated:
        yield simulated


@pytest.fixture
def connected(home: Home, service: SimulatedPopulation, tmp_path: Path) -> Home:
    """The place where the main job ran, connected to the service."""
    secret = tmp_path / "npdb.secret"
    secret.write_text(ACCOUNT.secret, encoding="utf-8")
    secret.chmod(0o600)
    path = tmp_path / "connections.toml"
    path.write_text(
        f"""
[population]
connector = "npdb"
agency_code = "G01.99"
quota_a_day = 200
[population.settings]
endpoint = "{service.soap_url}"
user = "{ACCOUNT.user}"
secret = {{ file = "{secret}" }}
api_key = {{ env = "NPDB_KEY" }}
x_road_client = "VN/GOV/TEST/CHILD-REGISTRY"
attempts = 1
""",
        encoding="utf-8",
    )
    return home.with_settings(CHILD_REGISTRY_CONNECTIONS_FILE=str(path), NPDB_KEY=ACCOUNT.api_key)


def test_links_are_asked_about_and_what_waits_is_told(connected: Home) -> None:
    told = connected.answer("verify", "--limit", 7, "--once")
    assert told["answers"] == {"match": 7}
    waits = told["waits"]
    assert (waits["connector"], waits["breaker"], waits["quota"]) == ("npdb", "closed", 200)
    assert waits["left_today"] == 200 - waits["asked_today"]
    assert waits["due"] > 0
    said = connected.run("verify", "--limit", 3)
    assert "left of today's quota" in said.out


def test_an_outage_ends_with_an_exit_code_and_what_waits_stays(connected: Home, service: SimulatedPopulation) -> None:
    service.outage(3600)
    said = connected.run("verify", "--limit", 20, "--once", "--json")
    assert said.code == 1
    assert said.document["answers"] == {"unknown": 5}
    assert said.document["waits"]["breaker"] == "open"


def test_without_a_population_database_it_says_so(home: Home) -> None:
    assert "CHILD_REGISTRY_CONNECTIONS_FILE" in home.run("verify").refusal()


def test_the_queue_asks_by_itself_where_one_is_connected(connected: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in connected.settings.items():
        monkeypatch.setenv(name, value)
    settings = Settings(
        data=connected.data,
        database_url=SecretStr(connected.database_url or ""),
        connections_file=Path(connected.settings["CHILD_REGISTRY_CONNECTIONS_FILE"]),
    )
    with installation(settings, clock=now) as installed:
        tasks = queue.tasks(installed).tasks
        assert {"verify_links", "verify_more"} <= set(tasks)
        tasks["verify_links"].func(timestamp=0)
    waits = connected.answer("verify", "--limit", 1, "--once")["waits"]
    assert (waits["due"], waits["states"]["candidate"]) == (0, 0)


def test_problems_go_out_as_a_workbook_and_come_back(home: Home, tmp_path: Path) -> None:
    commune = _commune(home)
    path = tmp_path / "list.xlsx"
    sentence = ("--as", "worker", "--sentence", "Đối chiếu quý IV.")
    told = home.answer("problems", "export", "--commune", commune, "--out", path, *sentence)
    assert told["children"] > 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    book = load_workbook(path)
    sheet = book.worksheets[0]
    for column, text in {"says": "không có", "officer": "Lò Thị Mười"}.items():
        sheet.cell(3, PLACE[column]).value = text
    book.save(path)
    signed = ("--signed-by", "Bế Văn Chín", "--signed-on", "2026-10-30")
    assert home.answer("problems", "import", path, *signed, *sentence)["answers"] == {"none": 1}
    assert home.answer("problems", "import", path, *signed, *sentence)["unchanged"] == 1
    sheet.cell(3, PLACE["code"]).value = "AAAA-BBBB-CCCC-DDDD"
    book.save(path)
    said = home.run("problems", "import", path, *signed, *sentence, "--json")
    assert said.code == 1
    assert said.document == {"refused": [{"row": 3, "field": "code", "rule": "code_altered"}]}


def _commune(home: Home) -> str:
    """Return the commune of the demo's social worker."""
    database = None if home.database_url is None else SecretStr(home.database_url)
    with installation(Settings(data=home.data, database_url=database), clock=now) as installed:
        return min(access_on_demo(installed, "worker", Purpose.CASE_WORK).area.communes)


@pytest.mark.parametrize("arguments", [(), ("--commune", "05443", "--list", "5b0d8f4e-0000-4000-8000-000000000001")])
def test_one_of_commune_and_list_is_given(home: Home, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    said = home.run("problems", "export", "--out", tmp_path / "x.xlsx", *arguments)
    assert "give one of --commune and --list" in said.refusal()
