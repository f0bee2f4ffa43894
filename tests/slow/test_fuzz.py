"""Whatever is delivered or stored, it is understood, kept apart or refused: nothing else happens."""

from __future__ import annotations

import random
import string
from contextlib import suppress
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import FileRefused
from connectors.plugins import file_readers
from connectors.population.extract import read_extract
from connectors.records import Rejected, SourceRecord
from matching import dates, names, numbers
from matching.names import surname_share
from registry.actions.intake.normalise import RuleBroken, check_texts, identity_of, identity_of_citizen
from registry.demo.invention import FILES, POPULATION_FILE, invent
from registry.model.errors import Tampered
from registry.protect.cipher import Place, generation_of, seal, unseal, unseal_document
from registry.protect.keys.data_key import DataKey
from registry.protect.log.checkpoint import BadCheckpoint, read_checkpoint
from tests.database import DatabaseServer
from tests.registry.commands.command_line import Home
from tests.slow.mutation import mutated

pytestmark = pytest.mark.slow

ON = date(2026, 10, 31)
SYSTEMS = {system.value: name for system, name in FILES.items()}
MUTATIONS = 400  # of each file
DELIVERIES = 25  # of each file, to the end of the line


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small province: mutations hit the structure more often in a small file."""
    folder = tmp_path_factory.mktemp("drop")
    invent(folder, seed=3, children=50, on=ON)
    return folder


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_row_of_a_spoilt_file_is_understood_or_kept_apart(drop: Path, tmp_path: Path, system: str) -> None:
    connector, content = file_readers()[system], (drop / SYSTEMS[system]).read_bytes()
    file = tmp_path / SYSTEMS[system]
    chance = random.Random(f"fuzz {system}")  # noqa: S311  a seed, no secret
    read = 0
    for _ in range(MUTATIONS):
        file.write_bytes(mutated(content, chance))
        try:
            rows = list(connector.open(file, surname_share).rows)
        except FileRefused:
            continue
        read += len(rows)
        for row in rows:
            _understand(row)
    assert read > MUTATIONS, "most spoilt files still have rows"


def _understand(row: SourceRecord | Rejected) -> None:
    if isinstance(row, Rejected):
        assert row.rule
        return
    with suppress(RuleBroken):
        check_texts((name, value) for name, value in row.services.items() if isinstance(value, str))
        identity_of(row.facts, on=ON)


def test_every_row_of_a_spoilt_extract_is_understood_or_kept_apart(drop: Path, tmp_path: Path) -> None:
    content = (drop / POPULATION_FILE).read_bytes()
    file = tmp_path / POPULATION_FILE
    chance = random.Random("fuzz population")  # noqa: S311  a seed, no secret
    for _ in range(MUTATIONS):
        file.write_bytes(mutated(content, chance))
        try:
            rows = list(read_extract(file))
        except FileRefused:
            continue
        for row in rows:
            with suppress(RuleBroken):
                if not isinstance(row, Rejected):
                    identity_of_citizen(row, on=ON)


@pytest.mark.parametrize("system", [*SYSTEMS, "population"])
def test_a_spoilt_delivery_is_taken_in_or_refused_in_one_line(
    drop: Path, tmp_path: Path, database_server: DatabaseServer, system: str
) -> None:
    name = database_server.clone(database_server.template())
    home = Home(tmp_path / "data", database_server.url(name))
    file = tmp_path / (SYSTEMS.get(system) or POPULATION_FILE)
    content = (drop / file.name).read_bytes()
    chance = random.Random(f"deliver {system}")  # noqa: S311  a seed, no secret
    for _ in range(DELIVERIES):
        file.write_bytes(mutated(content, chance))
        said = home.run("ingest", system, file, "--json")
        if said.code:
            said.refusal()
        elif system != "population":
            account = said.document
            outcomes = [account[name] for name in ("accepted", "unchanged", "superseded", "quarantined")]
            assert sum(outcomes) == account["rows"]
    assert home.run("check").code == 0
    database_server.drop(name)


KEY = DataKey(bytes(range(32)), generation=1)
PLACE = Place(table="identity", group="name", row=UUID(int=1), generation=1)


@given(token=st.binary(max_size=200))
@settings(max_examples=3000, deadline=None)
def test_bytes_that_nobody_sealed_are_tampered_with(token: bytes) -> None:
    for read in (unseal, unseal_document):
        with pytest.raises(Tampered):
            read(KEY, PLACE, token)


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7), text=st.binary(max_size=100))
@settings(max_examples=3000, deadline=None)
def test_one_bit_changed_is_seen(place: int, bit: int, text: bytes) -> None:
    token = bytearray(seal(KEY, PLACE, text))
    token[place % len(token)] ^= 1 << bit
    with pytest.raises(Tampered):
        unseal(KEY, PLACE, bytes(token))
    generation_of(bytes(token))


@given(
    note=st.text(max_size=300) | st.from_regex(r"[a-z.]+\n\d+\n[A-Za-z0-9+/=]{0,50}\n(\n— [a-z]+ [A-Za-z0-9+/=]*\n)*")
)
@settings(max_examples=1000, deadline=None)
def test_a_note_that_nobody_signed_is_no_checkpoint(note: str) -> None:
    with pytest.raises(BadCheckpoint):
        read_checkpoint(note)


TEXT = st.text(max_size=80) | st.text(st.characters(categories=["Mn", "Cf", "Cs", "Lo", "Lu", "Zs", "Cc"]), max_size=40)


@given(text=TEXT)
@settings(max_examples=5000, deadline=None)
def test_any_text_may_be_folded_and_read(text: str) -> None:
    folded = names.fold(text)
    assert names.fold(folded) == folded
    assert set(folded) <= set(string.ascii_lowercase + " ")
    with suppress(names.NotAName):
        names.read_name(text)
    with suppress(dates.UnreadableDate, dates.ImpossibleDate):
        dates.read_birth_date(text)
    names.sort_key(text)
    names.phonetic(text)
    names.says_unknown(text)
    names.looks_like_formula(text)
    numbers.read_number(text)
    numbers.read_parent_paper(text)
