"""The outside of the demo: a simulated population database and a simulated hotline, and the file that connects them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from connectors.contract import CitizenSnapshot
from connectors.records import Rejected
from connectors.simulators.population import Account, Person, SimulatedPopulation, Standing, serve_population
from connectors.simulators.sectors.faulty import TOKEN, serve_source
from connectors.simulators.sectors.hotline import HotlineSource
from connectors.simulators.sectors.invented import invented_call
from registry.demo.chance import generator
from registry.jobs.opening import Clock, Installation
from registry.protect.keys.private_file import make_private_directory, replace_private

HOTLINE: Final = "hotline"
CALLS: Final = 14
FILE_NAME: Final = "connections.toml"
_ACCOUNT: Final = Account()  # opens a simulator only
_YOUNGEST: Final = "2011"  # year of birth of those to whom something happens
_VOWEL: Final = re.compile(r"[aeiouyAEIOUY]")
_MARKS: Final = ("\u0300", "\u0301")  # grave, acute
_HAPPENS: Final = ("move", "move", "move", "move", "rename", "rename", "rename", "renumber", "renumber", "sex", "die")


def people_of(extract: Iterable[CitizenSnapshot | Rejected]) -> Iterator[Person]:
    """Yield the people of an extract as the simulator knows them; rows that cannot be read are left out."""
    for one in extract:
        if isinstance(one, CitizenSnapshot):
            yield Person(
                number=one.personal_number,
                full_name=one.full_name or "",
                birth_date=one.birth_date or "",
                sex=one.sex or "",
                former_numbers=one.former_numbers,
                commune=one.commune_code or "",
                old_ward=one.old_commune_code or "",
                detail=one.address or "",
                ethnicity=one.ethnicity or "",
                mother_name=one.mother_name or "",
                mother_number=one.mother_number or "",
                father_name=one.father_name or "",
                father_number=one.father_number or "",
                standing=Standing(one.status),
            )


@contextmanager
def connected_outside(
    installed: Installation, people: Sequence[Person], *, seed: int, invented: bool
) -> Iterator[Installation]:
    """Serve the outside as long as the block runs; give the installation with its file of connections.

    Args:
        invented: something has happened to a few people since the extract, and the hotline hands calls over.
    """
    with ExitStack() as stack:
        population = stack.enter_context(serve_population(people, account=_ACCOUNT, clock=installed.clock))
        hotline: str | None = None
        if invented:
            let_things_happen(population, people, seed=seed)
            calls = _calls(people, seed=seed, clock=installed.clock)
            hotline = stack.enter_context(serve_source(calls))
        file = _write(installed.settings.data / "connections", population, hotline)
        settings = installed.settings.model_copy(update={"connections_file": file})
        yield replace(installed, settings=settings)


def let_things_happen(population: SimulatedPopulation, people: Sequence[Person], *, seed: int) -> None:
    """Let a few children have moved, died, been renumbered or been corrected since the extract."""
    chance = generator(seed, "since the extract")
    alive = [one for one in people if one.birth_date >= _YOUNGEST and one.standing is Standing.ALIVE and one.full_name]
    communes = sorted({one.commune for one in people if one.commune})
    for event, one in zip(_HAPPENS, chance.sample(alive, min(len(_HAPPENS), len(alive))), strict=False):
        match event:
            case "move":
                population.change.move(one.number, commune=chance.choice(communes), detail="Thôn mới")
            case "rename":
                population.change.correct(one.number, full_name=_renamed(one.full_name))
            case "renumber":
                population.change.renumber(one.number)
            case "sex":
                population.change.correct(one.number, sex="1" if one.sex == "2" else "2")
            case _:
                population.change.die(one.number)


def _renamed(name: str) -> str:
    """Return a name of which a mark in the last word was corrected: the service still knows it by the old one."""
    *first, last = name.split()
    plain = "".join(letter for letter in unicodedata.normalize("NFD", last) if not unicodedata.combining(letter))
    wrong = (unicodedata.normalize("NFC", _VOWEL.sub(rf"\g<0>{mark}", plain, count=1)) for mark in _MARKS)
    return " ".join([*first, next((word for word in wrong if word != unicodedata.normalize("NFC", last)), "An")])


def _calls(people: Sequence[Person], *, seed: int, clock: Clock) -> HotlineSource:
    """Return a hotline with invented calls: one breaks a rule, one tells something that nobody agreed on."""
    chance: Random = generator(seed, "calls")
    communes = sorted({one.commune for one in people if one.commune})
    source = HotlineSource(seed=seed)
    at: datetime = clock()
    for number in range(CALLS):
        call = invented_call(number, chance, at=at - timedelta(hours=3 * (CALLS - number)))
        call["place"]["commune_code"] = chance.choice(communes)
        if number == 4:
            call["groups"] = [99]
        if number == 9:
            call["operator_shift"] = "night"
        source.put(call)
    return source


def _write(folder: Path, population: SimulatedPopulation, hotline: str | None) -> Path:
    """Write the file of connections, and the secrets beside it; return its path."""
    make_private_directory(folder)
    secrets = {"population.secret": _ACCOUNT.secret, "population.key": _ACCOUNT.api_key, "hotline.token": TOKEN}
    for name, secret in secrets.items():
        replace_private(folder / name, secret.encode())
    lines = [
        "# The simulators of the demo; they answer as long as it runs.",
        "[population]",
        'connector = "npdb"',
        'agency_code = "DEMO"',
        "calls_a_second = 2.0",
        "[population.settings]",
        f"endpoint = {_text(population.soap_url)}",
        f"user = {_text(_ACCOUNT.user)}",
        f"secret = {{ file = {_text(str(folder / 'population.secret'))} }}",
        f"api_key = {{ file = {_text(str(folder / 'population.key'))} }}",
        'x_road_client = "VN/GOV/DEMO/CHILD-REGISTRY"',
        'look_up_code = "037"',
        'changes_code = "038"',
        "attempts = 1",
    ]
    if hotline is not None:
        lines += [
            f"[sources.{HOTLINE}]",
            'connector = "hotline"',
            'schedule = "*/5 * * * *"',
            f"[sources.{HOTLINE}.settings]",
            f"endpoint = {_text(hotline)}",
            f"token = {{ file = {_text(str(folder / 'hotline.token'))} }}",
        ]
    file = folder / FILE_NAME
    replace_private(file, "\n".join([*lines, ""]).encode())
    return file


def _text(value: str) -> str:
    """Write a basic string of TOML."""
    return json.dumps(value, ensure_ascii=False)
