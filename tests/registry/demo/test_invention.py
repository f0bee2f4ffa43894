"""The whole drop: repeatable, complete, and silent about the truth unless asked."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from pathlib import Path

from registry.demo.invention import FILES, POPULATION_FILE, invent
from tests.registry.demo.conftest import ON, Province

DELIVERED = {POPULATION_FILE, *FILES.values()}


def digests(directory: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    told = [invent(directory, seed=5, children=120, on=ON, truth=True) for directory in (first, second)]
    assert digests(first) == digests(second)
    assert told[0] == told[1]


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    invent(tmp_path / "a", seed=1, children=60, on=ON)
    invent(tmp_path / "b", seed=2, children=60, on=ON)
    a, b = digests(tmp_path / "a"), digests(tmp_path / "b")
    assert all(a[name] != b[name] for name in DELIVERED)


def test_the_truth_is_told_only_when_asked_for(tmp_path: Path) -> None:
    invent(tmp_path, seed=1, children=40, on=ON)
    assert {path.name for path in tmp_path.iterdir()} == DELIVERED


def test_telling_the_truth_changes_no_delivered_file(tmp_path: Path) -> None:
    invent(tmp_path / "without", seed=3, children=80, on=ON)
    invent(tmp_path / "with", seed=3, children=80, on=ON, truth=True)
    silent, told = digests(tmp_path / "without"), digests(tmp_path / "with")
    assert silent == {name: told[name] for name in DELIVERED}


def test_the_counts_are_those_of_the_files(province: Province) -> None:
    told = province.invented
    assert told.children == 1500
    assert told.rows["population.csv"] == len(province.rows("population.csv"))
    assert told.rows["education.csv"] == len(province.lines("education.csv")) - 1
    assert told.rows["social-aid.csv"] == len(province.lines("social-aid.csv")) - 1
    assert told.rows["health-fhir.ndjson"] == len(province.lines("health-fhir.ndjson"))
    assert told.rows["protection-cases.jsonl"] == len(province.lines("protection-cases.jsonl"))
    assert told.absent == told.rows["absent_truth.csv"]


def test_another_province_can_be_chosen(tmp_path: Path) -> None:
    invent(tmp_path, seed=1, children=50, on=date(2026, 3, 1), provinces=("19",))
    population = Province(tmp_path, invent(tmp_path, seed=1, children=50, on=ON, provinces=("19",))).rows(
        "population.csv"
    )
    prefixes = [row["birth_registration_province"] for row in population]
    assert sum(prefix in ("006", "019") for prefix in prefixes) > len(prefixes) / 2
