"""The extract connector for the kit: a delivered file in memory in the place of the registry's store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from connectors.conformance.population_scenario import Clock, PopulationScenario, Sleep
from connectors.contract import CandidatePage, CandidateQuery, CitizenSnapshot, Claim, PopulationConnector
from connectors.population.extract import ExtractConnector

KNOWN = CitizenSnapshot(personal_number="001314000001", full_name="Trần Thị Mẫu", birth_date="2014-05-03")
DEAD = CitizenSnapshot(
    personal_number="001315000002", full_name="Đỗ Thị Mẫu", birth_date="2015-01-02", status="deceased"
)


class Extract:
    """Two people."""

    people = (KNOWN, DEAD)

    def people_sharing(self, queries: Sequence[CandidateQuery], *, limit: int) -> Iterable[CandidatePage]:
        del limit
        return [CandidatePage(query_id=query.query_id, candidates=()) for query in queries]

    def person_with_number(self, personal_number: str) -> CitizenSnapshot | None:
        return next((person for person in self.people if person.personal_number == personal_number), None)

    def size(self) -> int:
        return len(self.people)


class NoSettings(BaseModel):
    """An extract needs none."""


class AskedExtract(ExtractConnector):
    """An extract connector made as others are."""

    @classmethod
    def spec(cls) -> type[BaseModel]:
        return NoSettings


class ExtractScenario(PopulationScenario):
    """A delivered file of two people."""

    def __init__(self, folder: Path) -> None:
        del folder
        self.settings: Mapping[str, Any] = {}

    def make(
        self, connector: Callable[..., PopulationConnector], settings: BaseModel, *, clock: Clock, sleep: Sleep
    ) -> PopulationConnector:
        del settings, sleep
        return connector(Extract(), clock())

    def known(self) -> Claim:
        return _claim(KNOWN)

    def nobody(self) -> Claim:
        return Claim(personal_number="001314999999", full_name="Vũ Thị Mẫu", birth_date="2014-06-07")

    def inactive(self) -> Claim:
        return _claim(DEAD)


def _claim(person: CitizenSnapshot) -> Claim:
    return Claim(
        personal_number=person.personal_number,
        full_name=person.full_name or "",
        birth_date=person.birth_date or "",
    )
