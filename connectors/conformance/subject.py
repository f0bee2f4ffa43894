"""The connector under test: how it is found by its name, and the benches on which it is tried."""

from __future__ import annotations

import importlib
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel

from connectors.conformance.clauses import NotShown, require
from connectors.conformance.engine import PLENTY, Engine, heard
from connectors.conformance.scenario import NotOffered, Row, Scenario, ScenarioMaker, StandingSource
from connectors.contract import Checkpoint, SectorConnector, Stream
from connectors.records import SourceRecord

ROWS: Final = 7  # of a source as most clauses find it
APART: Final = timedelta(minutes=3)  # the time stamps of two rows
AGO: Final = timedelta(days=2)  # the first of them


class NoSuchConnector(Exception):
    """What was named is not there or cannot be checked; the message says why."""


def named(place: str) -> Any:  # noqa: ANN401  whatever somebody wrote at that place
    """Return the object that 'module:name' means; the working directory is looked at too, as scripts do.

    Raises:
        NoSuchConnector: there is none.
    """
    module, _, name = place.partition(":")
    if not module or not name:
        raise NoSuchConnector(f"{place}: must be written as module:name")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise NoSuchConnector(f"{place}: {type(error).__name__}: {error}") from error
    return found


def offered_scenario(connector: object) -> Any:  # noqa: ANN401  a maker of either kind of scenario
    """Return what makes a connector's scenario, from its class or its module; None if nothing is offered."""
    modules = [sys.modules.get(owner.__module__) for owner in getattr(connector, "__mro__", ())]
    offered = next((place.conformance for place in (connector, *modules) if hasattr(place, "conformance")), None)
    return named(offered) if isinstance(offered, str) else offered


@dataclass(slots=True, kw_only=True)
class Bench:
    """One scenario, empty at first, and the means to read it."""

    subject: Subject
    scenario: Scenario
    began: datetime = field(init=False)
    written: dict[int, Row] = field(default_factory=dict)
    made: list[SectorConnector] = field(default_factory=list)
    _stream: Stream | None = None

    def __post_init__(self) -> None:
        """Note the source's time."""
        self.began = self.scenario.now()

    @property
    def stands(self) -> bool:
        """Tell whether the source is not the kit's to change."""
        return isinstance(self.scenario, StandingSource)

    def connector(self) -> SectorConnector:
        """Make the connector anew, as a process that has just started would."""
        made = self.scenario.make(self.subject.connector, self.subject.settings_of(self.scenario))
        self.made.append(made)
        return made

    def close(self) -> None:
        """Close the connectors that were made, and end the scenario."""
        try:
            for connector in self.made:
                close_connector(connector)
        finally:
            self.scenario.close()

    def stream(self) -> Stream:
        """Return the stream that the scenario's rows are of."""
        if self._stream is not None:
            return self._stream
        found = {stream.name: stream for stream in self.connector().discover()}
        require(self.scenario.stream in found, "discover() lacks the stream of the scenario")
        self._stream = found[self.scenario.stream]
        return self._stream

    def engine(self, *, limit: int = PLENTY) -> Engine:
        """Return an engine that has read nothing yet."""
        return Engine(self.stream(), clock=self.scenario.now, limit=limit)

    def read_through(self, *, limit: int = PLENTY) -> Engine:
        """Return a new engine after a new connector has read everything."""
        engine = self.engine(limit=limit)
        engine.run(self.connector())
        return engine

    def write(self, *rows: Row) -> None:
        """Write rows as committed together, and let the source give them out."""
        self.scenario.write(rows)
        self.written |= {row.number: row for row in rows}
        self.scenario.settle()

    def stamp(self, number: int) -> datetime:
        """Return the time stamp of the row of this number as `fill` writes it."""
        return self.began - AGO + number * APART

    def fill(self, numbers: Sequence[int] = range(1, ROWS + 1)) -> None:
        """Write rows that are all sound, with time stamps apart; a source that stands has its own."""
        if self.stands:
            return
        self.write(*(Row(number=number, at=self.stamp(number)) for number in numbers))

    def keys(self, numbers: Sequence[int] | None = None) -> set[str]:
        """Return the keys of rows, by default of all that were written."""
        return {self.scenario.key(number) for number in (self.written if numbers is None else numbers)}


class Subject:
    """A sector connector under test. Each clause asks for a bench, or several, of its own."""

    def __init__(
        self,
        connector: Callable[[Any], SectorConnector],
        scenario: ScenarioMaker | None,
        *,
        settings: Mapping[str, Any] | None = None,
        stream: str | None = None,
        seed: int = 0,
    ) -> None:
        """Take a connector to be tried.

        Args:
            settings: of a source that stands, where no scenario is offered.
            stream: of that source; None: its first one.
        """
        self.connector = connector
        self.made_by = cast("Any", connector)  # the class itself: api, system, spec
        self._scenario = scenario
        self._settings, self._stream = settings, stream
        self.seed = seed

    def chance(self) -> random.Random:
        """Return chance that is the same in every run."""
        return random.Random(self.seed)  # noqa: S311  picks test cases, guards nothing

    def settings_of(self, scenario: Scenario) -> BaseModel:
        """Return the settings that the connector is made with on a scenario."""
        model: BaseModel = self.made_by.spec().model_validate(dict(scenario.settings))
        return model

    @contextmanager
    def bench(self) -> Iterator[Bench]:
        """Make an empty source in a folder of its own; all of it goes with the block.

        Raises:
            NotShown: no scenario is offered, or it cannot do what the clause needs.
        """
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            bench = Bench(subject=self, scenario=self._source(Path(folder)))
            try:
                yield bench
            except NotOffered as reason:
                raise NotShown(str(reason)) from reason
            finally:
                bench.close()
                bench.made.clear()

    @contextmanager
    def filled(self) -> Iterator[Bench]:
        """Make a source with some sound rows, or look at the one that stands.

        Raises:
            NotShown: what stands has too many records to be read again and again.
        """
        with self.bench() as bench:
            bench.fill()
            if bench.stands and _is_large(bench):
                raise NotShown(f"the source has more than {PLENTY} records, too many to be read again and again")
            yield bench

    @contextmanager
    def readable(self) -> Iterator[SectorConnector]:
        """Make the connector on a source that can be read."""
        with self.bench() as bench:
            bench.fill()
            yield bench.connector()

    def _source(self, folder: Path) -> Scenario:
        """Return the scenario; without one, the source that the settings name, and its first stream."""
        if self._scenario is not None:
            return self._scenario(folder)
        settings = self._settings or {}
        connector = self.connector(self.made_by.spec().model_validate(dict(settings)))
        try:
            streams = connector.discover()
        finally:
            close_connector(connector)
        return StandingSource(settings, self._stream or next((stream.name for stream in streams), ""))


def _is_large(bench: Bench) -> bool:
    marks = [
        message
        for message in heard(bench.connector(), bench.stream(), None, limit=PLENTY)
        if isinstance(message, Checkpoint)
    ]
    return bool(marks) and marks[-1].more


def close_connector(connector: object) -> None:
    """Close a connector that can be closed."""
    close = getattr(connector, "close", None)
    if close is not None:
        close()


def mapped(bench: Bench) -> list[tuple[Any, SourceRecord]]:
    """Return every record of a bench with what it says, where it says anything."""
    connector = bench.connector()
    pairs = [(record, connector.map(record)) for record in bench.read_through().landed.yielded]
    return [(record, source) for record, source in pairs if isinstance(source, SourceRecord)]
