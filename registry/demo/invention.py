"""Inventing a province: the population extract, five sector files and, for measuring, the truth behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from registry.demo.chance import generator
from registry.demo.civil_status import CivilStatus
from registry.demo.clerks import csv_line
from registry.demo.drafts import Filing, System
from registry.demo.education import EDUCATION_COLUMNS, Education
from registry.demo.gazetteer import Gazetteer
from registry.demo.health import Health
from registry.demo.households import households
from registry.demo.numbers import century_digit
from registry.demo.people import Child, Household, Person
from registry.demo.population import POPULATION_COLUMNS, PopulationExtract
from registry.demo.protection import Protection
from registry.demo.scatter import Scatter
from registry.demo.social_aid import SOCIAL_AID_COLUMNS, SocialAid
from registry.demo.workbook import write_workbook

FILES: Final = MappingProxyType(
    {
        System.EDUCATION: "education.csv",
        System.HEALTH: "health-fhir.ndjson",
        System.CIVIL_STATUS: "civil-status.xlsx",
        System.SOCIAL_AID: "social-aid.csv",
        System.PROTECTION: "protection-cases.jsonl",
    }
)
POPULATION_FILE: Final = "population.csv"
TRUTH_FILE: Final = "truth.csv"
POPULATION_TRUTH_FILE: Final = "population_truth.csv"
ABSENT_TRUTH_FILE: Final = "absent_truth.csv"
TRUTH_COLUMNS: Final = ("system", "source_key", "person_uid", "personal_number", "in_population", "corruption")
POPULATION_TRUTH_COLUMNS: Final = ("person_uid", "personal_number")
ABSENT_TRUTH_COLUMNS: Final = ("person_uid", "full_name", "birth_date")
_NUMBERS_END: Final = 97e9  # no prefix of a number is above 096
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invented:
    """What was invented, in numbers."""

    children: int
    absent: int  # children in nobody's database
    rows: Mapping[str, int]  # by file
    hard_cases: Mapping[str, int]  # by kind


class _Sector(Protocol):
    """One system's way from a household to its filings."""

    def filings(self, household: Household) -> Iterator[Filing]: ...


def sectors(seed: int, *, on: date, children: int, provinces: Sequence[str] | None = None) -> dict[System, _Sector]:
    """Return the five systems, ready to be shown the households of the same seed."""
    places = Gazetteer(seed, children=children, provinces=provinces)
    return {
        System.EDUCATION: Education(seed, on=on, children=children, places=places),
        System.HEALTH: Health(seed, on=on, children=children, places=places),
        System.CIVIL_STATUS: CivilStatus(seed, on=on, children=children, places=places),
        System.SOCIAL_AID: SocialAid(seed, on=on, children=children, places=places),
        System.PROTECTION: Protection(seed, on=on, children=children, places=places),
    }


def invent(
    directory: Path,
    *,
    seed: int,
    children: int,
    on: date,
    provinces: Sequence[str] | None = None,
    truth: bool = False,
) -> Invented:
    """Write the files of an invented province; the same arguments give the same bytes.

    Args:
        directory: where to; it is made if it is missing, and files of the same names are replaced.
        seed: of all chance.
        children: how many, those who are absent from the population included.
        on: the day of the delivery, on which all children are younger than sixteen.
        provinces: codes valid from 2025-07-01; one province of many peoples if not given.
        truth: whether to tell, in three more files, whose record each one is.
    """
    directory.mkdir(parents=True, exist_ok=True)
    systems = sectors(seed, on=on, children=children, provinces=provinces)
    extract = PopulationExtract(seed, on=on)
    with ExitStack() as stack:
        drop = _Drop(directory, stack, seed=seed, on=on, truth=truth)
        for household in households(seed, children, on=on, provinces=provinces):
            drop.keep_household(household)
            for person, row in extract.rows(household):
                drop.keep_person(person, row)
            for system in systems.values():
                for filing in system.filings(household):
                    drop.keep_filing(filing)
        return drop.write()


class _Drop:
    """Collects the rows of every file, each in an order of its own, and writes them out."""

    def __init__(self, directory: Path, stack: ExitStack, *, seed: int, on: date, truth: bool) -> None:
        self._directory = directory
        self._on = on
        self._rng = generator(seed, "order")
        self._people = Scatter(directory, stack)
        self._sectors = {system: Scatter(directory, stack) for system in System}
        self._truth = Scatter(directory, stack) if truth else None
        self._population_truth = Scatter(directory, stack) if truth else None
        self._absent: list[bytes] = []
        self._children = 0
        self._cases: Counter[str] = Counter()

    def keep_household(self, household: Household) -> None:
        """Count the children, and keep those in nobody's database."""
        self._children += len(household.children)
        twins = [child for child in household.children if child.twin]
        self._cases["twin"] += len(twins)
        self._cases["twin_absent"] += sum(child.absent for child in twins)
        for child in household.children:
            if child.absent:
                line = csv_line((child.uid, child.called.full, child.born.isoformat()))
                self._absent.append(line.encode())

    def keep_person(self, person: Person, row: tuple[str, ...]) -> None:
        """Keep a row of the population; the extract is in the order of the numbers."""
        position = int(person.number) / _NUMBERS_END
        self._people.add(position, csv_line(row, empty='""').encode())
        if self._population_truth is not None:
            self._population_truth.add(position, csv_line((person.uid, person.number)).encode())
        if isinstance(person, Child):
            self._cases["child_with_replaced_number"] += bool(person.former_numbers)
            self._cases["child_with_misfitting_number"] += not _fits(person)

    def keep_filing(self, filing: Filing) -> None:
        """Scatter the rows of one key over its file; an older version stands above a newer one."""
        positions = sorted(self._rng.random() for _ in filing.rows)
        if filing.system is not System.CIVIL_STATUS:
            self._rng.shuffle(positions)  # elsewhere the stamp tells which is newer, not the place
        for position, row in zip(positions, filing.rows, strict=True):
            self._sectors[filing.system].add(position, row)
        self._cases.update(filing.faults)
        if self._truth is None:
            return
        child = filing.child
        present = "0" if child.absent else "1"
        cells = (filing.system, filing.key, child.uid, child.number, present, ";".join(filing.faults))
        place = tuple(System).index(filing.system)
        self._truth.add((place + positions[0]) / len(System), csv_line(cells).encode())

    def write(self) -> Invented:
        """Write all files and return the counts."""
        rows = {POPULATION_FILE: self._table(POPULATION_FILE, POPULATION_COLUMNS, self._people.lines())}
        for system, file in FILES.items():
            rows[file] = self._write_sector(system, file)
        if self._truth is not None and self._population_truth is not None:
            told = self._population_truth.lines()
            rows[TRUTH_FILE] = self._table(TRUTH_FILE, TRUTH_COLUMNS, self._truth.lines())
            rows[POPULATION_TRUTH_FILE] = self._table(POPULATION_TRUTH_FILE, POPULATION_TRUTH_COLUMNS, told)
            rows[ABSENT_TRUTH_FILE] = self._table(ABSENT_TRUTH_FILE, ABSENT_TRUTH_COLUMNS, self._absent)
        cases = MappingProxyType(dict(sorted(self._cases.items())))
        return Invented(
            children=self._children, absent=len(self._absent), rows=MappingProxyType(rows), hard_cases=cases
        )

    def _write_sector(self, system: System, file: str) -> int:
        lines = self._sectors[system].lines()
        if system is System.EDUCATION:
            return self._table(file, EDUCATION_COLUMNS, lines, mark=_BYTE_ORDER_MARK, end=b"\r\n")
        if system is System.SOCIAL_AID:
            return self._table(file, SOCIAL_AID_COLUMNS, lines, end=b"\r\n", separator=";")
        if system is System.CIVIL_STATUS:
            counted = _Counted(lines)
            write_workbook(self._directory / file, counted, on=self._on)
            return counted.count
        return self._lines(file, lines)

    def _table(
        self,
        file: str,
        columns: Sequence[str],
        lines: Iterable[bytes],
        *,
        mark: bytes = b"",
        end: bytes = b"\n",
        separator: str = ",",
    ) -> int:
        header = csv_line(columns, separator=separator).encode()
        return self._lines(file, lines, head=mark + header + end, end=end)

    def _lines(self, file: str, lines: Iterable[bytes], *, head: bytes = b"", end: bytes = b"\n") -> int:
        counted = _Counted(lines)
        with (self._directory / file).open("wb") as out:
            out.write(head)
            out.writelines(line + end for line in counted)
        return counted.count


class _Counted:
    """Lines that are counted as they pass."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = lines
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.count += 1
            yield line


def _fits(child: Child) -> bool:
    """Whether a number agrees with sex, year and place."""
    digit = century_digit(child.sex, child.born.year)
    return child.number.startswith(f"{child.birth_province}{digit}{child.born.year % 100:02d}")
