"""Running clauses one after the other: what needs a broken clause is not shown, so that the cause stands alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from connectors.conformance import (
    population_answers,
    population_failures,
    sector_beside,
    sector_changes,
    sector_mapping,
    sector_reading,
    sector_shape,
)
from connectors.conformance.clauses import Broken, Clause, Ending, NotShown, Verdict
from connectors.conformance.deadline import OutOfTime, longest
from connectors.conformance.population_subject import PopulationSubject
from connectors.conformance.scenario import ScenarioMaker
from connectors.conformance.subject import Subject
from connectors.contract import SectorConnector

SubjectT = TypeVar("SubjectT")

SECTOR_CLAUSES: Final[tuple[Clause[Subject], ...]] = (
    *sector_shape.CLAUSES,
    *sector_reading.CLAUSES,
    *sector_changes.CLAUSES,
    *sector_mapping.CLAUSES,
    *sector_beside.CLAUSES,
)
POPULATION_CLAUSES: Final[tuple[Clause[PopulationSubject], ...]] = (
    *population_answers.CLAUSES,
    *population_failures.CLAUSES,
)


class Checking(Generic[SubjectT]):
    """The clauses of one kind of connector, each shown at most once."""

    def __init__(self, clauses: Sequence[Clause[SubjectT]], subject: SubjectT, *, seconds: float | None = None) -> None:
        self.clauses: Mapping[str, Clause[SubjectT]] = {clause.name: clause for clause in clauses}
        self._subject = subject
        self._seconds = seconds  # longest time of one clause; None: no limit
        self._verdicts: dict[str, Verdict] = {}
        self._held_up: dict[str, str] = {}  # clause → the broken one that it needs

    def verdict(self, name: str) -> Verdict:
        """Show a clause, and before it those that it needs; return what came of it."""
        if name not in self._verdicts:
            clause = self.clauses[name]
            self._verdicts[name] = self._held_up_by(clause) or self._shown(clause)
        return self._verdicts[name]

    def verdicts(self) -> Iterator[Verdict]:
        """Show every clause."""
        return (self.verdict(name) for name in self.clauses)

    def _held_up_by(self, clause: Clause[SubjectT]) -> Verdict | None:
        for needed in clause.needs:
            broken = needed if self.verdict(needed).ending is Ending.BROKEN else self._held_up.get(needed)
            if broken is not None:
                self._held_up[clause.name] = broken
                return _verdict(clause, Ending.NOT_SHOWN, f"says nothing while '{broken}' is broken")
        return None

    def _shown(self, clause: Clause[SubjectT]) -> Verdict:
        try:
            with longest(self._seconds):
                clause.show(self._subject)
        except OutOfTime:
            return _verdict(clause, Ending.BROKEN, f"it takes longer than {self._seconds:g} seconds")
        except Broken as found:
            return _verdict(clause, Ending.BROKEN, str(found))
        except NotShown as reason:
            return _verdict(clause, Ending.NOT_SHOWN, str(reason))
        except Exception as error:  # noqa: BLE001  whatever a connector of others may raise is the finding
            return _verdict(clause, Ending.BROKEN, _raised(error))
        return _verdict(clause, Ending.HELD)


def _verdict(clause: Clause[Any], ending: Ending, said: str = "") -> Verdict:
    return Verdict(clause=clause.name, promise=clause.promise, ending=ending, said=said)


def _raised(error: Exception) -> str:
    """Say where an exception came from; its own text may hold anybody's values, and is left out."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return f"it raises {type(error).__name__}"
    code = place.tb_frame.f_code
    return f"it raises {type(error).__name__}, in {code.co_name}() at line {place.tb_lineno} of {code.co_filename}"


def check_sector(
    connector: Callable[[Any], SectorConnector],
    scenario: ScenarioMaker | None,
    *,
    settings: Mapping[str, Any] | None = None,
    seconds: float | None = None,
) -> list[Verdict]:
    """Show every clause of a sector connector's contract."""
    subject = Subject(connector, scenario, settings=settings)
    return list(Checking(SECTOR_CLAUSES, subject, seconds=seconds).verdicts())
