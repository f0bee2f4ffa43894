"""Commands around the population database: ask it about links, and simulate it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from connectors.contract import CitizenSnapshot
from connectors.population.extract import read_extract
from connectors.population.npdb import NpdbConnector, NpdbSettings
from connectors.simulators.npdb_people import Account
from connectors.simulators.npdb_server import serve as serve_simulated
from registry.commands.console import AsJson, Bars, Data, Login, answer, now, opened, operator, out, table
from registry.jobs import linking
from registry.jobs.identity import permit
from registry.model.access import Purpose
from registry.protect.authorize import Action
from registry.settings import PREFIX, SettingRefused

simulate_app = typer.Typer(help="Simulate an outside system on this machine.", no_args_is_help=True)

SECRET = PREFIX + "NPDB_SECRET"
API_KEY = PREFIX + "NPDB_API_KEY"


def _secret(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SettingRefused("must be set", field=name)
    return value


def verify(
    *,
    endpoint: Annotated[str, typer.Option(help="The address of the population service.")],
    user: Annotated[str, typer.Option(help="Our account there; its secrets stand in the environment.")],
    client: Annotated[str, typer.Option(help="Our X-Road client: instance/class/member/subsystem.")],
    limit: Annotated[int, typer.Option(help="How many links to ask about at most.", min=1)] = 100,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Ask the population database about links that it has not answered yet (secrets: CHILD_REGISTRY_NPDB_*)."""
    settings = NpdbSettings(
        endpoint=endpoint, user=user, secret=_secret(SECRET), api_key=_secret(API_KEY), x_road_client=client
    )
    with (
        opened(data) as installed,
        NpdbConnector(settings, clock=now, sleep=time.sleep) as connector,
        Bars(quiet=json) as bars,
    ):
        permit(installed, operator(login), Action.VERIFY, Purpose.VERIFICATION)
        progress = bars.step("verifying links", total=limit)
        said = linking.verify_some(installed, connector, limit=limit, progress=progress)
    if json:
        answer({"answers": said})
    else:
        table("Answers", ("answer", "links"), said.items())
    if said.get("unknown"):
        raise SystemExit(1)


@simulate_app.command("population")
def simulate_population(
    population: Annotated[Path, typer.Argument(help="A population extract: who is known there.")],
    *,
    user: Annotated[str, typer.Option(help="The account that may ask; its secrets stand in the environment.")],
    port: Annotated[int, typer.Option(help="0 for any free one.")] = 0,
) -> None:
    """Serve the population service's questions on loopback until interrupted (secrets: CHILD_REGISTRY_NPDB_*)."""
    people = (
        (person.personal_number, person.full_name or "", person.birth_date or "")
        for person in read_extract(population)
        if isinstance(person, CitizenSnapshot)
    )
    account = Account(user=user, secret=_secret(SECRET), api_key=_secret(API_KEY))
    with serve_simulated(people, account, clock=now, port=port) as url:
        out.print(f"the simulated population service answers at {url}; Ctrl-C stops it")
        while True:
            time.sleep(3600)
