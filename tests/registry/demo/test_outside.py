"""The simulated outside of the demo: who is known there, and what has happened since the extract."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.contract import CitizenSnapshot
from connectors.records import Rejected
from connectors.simulators.population import Person, SimulatedPopulation, Standing
from registry.demo.outside import let_things_happen, people_of

AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def invented(count: int) -> list[Person]:
    """Return children of one extract."""
    return [
        Person(
            number=f"0012140{number:05d}",
            full_name=f"Nguyễn Thị Dụ {'Hà' if number % 2 else 'Ng'}",
            birth_date="2014-05-03",
            sex="2",
            commune=f"{4 + number % 3:05d}",
        )
        for number in range(count)
    ]


def after(people: list[Person]) -> dict[str, Person]:
    """Return how each of the people stands once things have happened, by the number of before."""
    population = SimulatedPopulation(people, clock=lambda: AT)
    let_things_happen(population, people, seed=42)
    entries = {one.number: population.change.entry(one.number) for one in people}
    return {number: entry.person for number, entry in entries.items() if entry is not None}


def test_people_of_an_extract_are_known_whole_and_unreadable_rows_left_out() -> None:
    citizen = CitizenSnapshot(
        personal_number="001214000001",
        full_name="Nguyễn Văn Dụ",
        sex="1",
        birth_date="2014-05-03",
        commune_code="00004",
        mother_name="Lê Thị Mẫu",
    )
    rows = [Rejected(row=1, rule="row_too_short", field=None, raw=b""), citizen]
    (person,) = people_of(rows)
    assert (person.number, person.sex, person.commune, person.mother_name) == (
        "001214000001",
        "1",
        "00004",
        "Lê Thị Mẫu",
    )


def test_a_few_have_moved_died_been_renumbered_or_corrected() -> None:
    people = invented(60)
    stands = after(people)
    changed = [(one, stands[one.number]) for one in people if stands[one.number] != one]
    assert 8 <= len(changed) <= 11
    assert any(now.standing is Standing.DECEASED for _, now in changed)
    assert any(now.number != was.number for was, now in changed)
    assert any(now.full_name != was.full_name for was, now in changed)
    assert any(now.sex != was.sex for was, now in changed)
    assert any(now.commune != was.commune for was, now in changed)


def test_the_same_happens_each_time() -> None:
    assert after(invented(60)) == after(invented(60))


def test_less_happens_where_there_are_fewer_people() -> None:
    assert len(after(invented(2))) == 2
    assert after([]) == {}
