"""The people of the simulated population database: invented the same for a seed, or read of an extract."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import CitizenSnapshot
from connectors.population.extract import read_extract
from connectors.simulators.population import Person, Standing, invent_people, read_people, write_people
from connectors.simulators.population.book import Book, NobodyThere
from tests.connectors.simulators.asking import LAN, NOW, OTHER, PEOPLE, Clock


def test_children_are_invented_with_parents_the_same_for_a_seed() -> None:
    people = invent_people(40, seed=7)
    assert people == invent_people(40, seed=7)
    assert people != invent_people(40, seed=8)
    assert len({person.number for person in people}) == 120
    numbers = {person.number: person for person in people}
    for child in people[:40]:
        assert numbers[child.mother_number].full_name == child.mother_name
        assert numbers[child.father_number].commune == child.commune
        assert child.number[3] == {"1": "2", "2": "3"}[child.sex]
        assert child.number[4:6] == child.birth_date[2:4]


def test_people_are_written_as_an_extract_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "population.csv"
    dead = Person(number="001316000009", full_name="Đỗ Mẫu", birth_date="2016", standing=Standing.DECEASED)
    write_people(path, [LAN, OTHER, dead], at=NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = list(read_people(path))
    assert [person.number for person in again] == [LAN.number, OTHER.number, dead.number]
    assert again[0].mother_number == LAN.mother_number
    assert (again[1].former_numbers, again[2].standing) == (OTHER.former_numbers, Standing.DECEASED)
    delivered = [row for row in read_extract(path) if isinstance(row, CitizenSnapshot)]
    assert [row.full_name for row in delivered] == [LAN.full_name, OTHER.full_name, "Đỗ Mẫu"]
    with pytest.raises(FileExistsError):
        write_people(path, [], at=NOW)


def test_columns_of_a_file_may_be_few_and_their_order_any(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text("\ufefffull_name,personal_number\nTRẦN THỊ MẪU,001314000001\nKhông Số,\n", encoding="utf-8")
    assert list(read_people(path)) == [Person(number="001314000001", full_name="TRẦN THỊ MẪU")]


EVENTS = st.lists(st.tuples(st.sampled_from(["die", "move", "renumber", "correct", "double"]), st.integers(0, 4)))


@given(EVENTS)
def test_whatever_happens_every_number_ever_given_leads_to_its_person(events: list[tuple[str, int]]) -> None:
    clock = Clock()
    book = Book(PEOPLE, clock=clock, seed=3)
    for event, who in events:
        number = PEOPLE[who].number
        clock.sleep(60)
        match event:
            case "die":
                book.die(number)
            case "move":
                book.move(number, commune="00070")
            case "renumber":
                book.renumber(number)
            case "correct":
                book.correct(number, birth_date="2015-02-03")
            case _:
                book.double(number)
    assert len(book) == len(PEOPLE)
    changed = {person.number for person in book.changed(NOW, clock.now.replace(year=2030))}
    for who, person in enumerate(PEOPLE):
        entry = book.entry(person.number)
        assert entry is not None
        assert entry.cancelled == (entry.person.number != person.number)
        assert entry.person.full_name == person.full_name
        assert (entry.person.number in changed) == any(one == who for _, one in events)


def test_nothing_happens_to_nobody() -> None:
    book = Book(PEOPLE, clock=Clock(), seed=0)
    with pytest.raises(NobodyThere):
        book.die("000000000000")
    with pytest.raises(ValueError, match="somebody's"):
        book.renumber(LAN.number, to=OTHER.number)
    assert book.entry("000000000000") is None
