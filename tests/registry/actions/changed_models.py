"""Models that differ from the shipped one, and a replay of one without a file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from matching.model_files import toml_of
from registry.actions.linkage.adopt_model import SHIPPED, ModelText, read_model, understood
from registry.actions.linkage.review import Says, decide_pair
from registry.jobs.opening import Installation
from registry.jobs.replay import COLUMNS, ReplayAccount, adopt, replay_all
from tests.people import numbered, record, twin_record
from tests.registry.actions.installed import deliver, pass_time, person_of, reviewer


def changed(*, version: str = "changed", **decision: float) -> ModelText:
    """Return the shipped model with another version and other thresholds."""
    document = tomllib.loads(read_model(SHIPPED).text)
    document["model"]["version"] = version
    document["decision"].update(decision)
    return understood(toml_of(document).encode())


@dataclass
class Sheet:
    """The file of the differences, kept in memory; empty until it is whole."""

    lines: list[dict[str, object]] = field(default_factory=list)

    @contextmanager
    def __call__(self) -> Iterator[Callable[[Iterable[Sequence[object]]], None]]:
        """Take lines, and show them once the block ends well."""
        aside: list[dict[str, object]] = []

        def write(lines: Iterable[Sequence[object]]) -> None:
            aside.extend(dict(zip(COLUMNS, line, strict=True)) for line in lines)

        yield write
        self.lines = aside

    def of(self, child_id: UUID) -> dict[str, object]:
        """Return the line of an identity."""
        return next(line for line in self.lines if line["child_id"] == child_id)


def replayed(installed: Installation, model: ModelText, *, since: UUID | None = None) -> tuple[ReplayAccount, Sheet]:
    """Replay a model."""
    sheet = Sheet()
    return replay_all(installed, model, sheet=sheet, since=since), sheet


def adopted(installed: Installation, model: ModelText) -> None:
    """Replay a model and adopt it."""
    replayed(installed, model)
    adopt(installed, model, by=None)


def three_records(installed: Installation) -> Installation:
    """Bring in a record that is linked, one that waits for a person, and one that is nobody's."""
    stranger = record("C1", name="Hồ Bảo Ngân", personal_number=None, birth_date="11/11/2015", mother=None, father=None)
    deliver(installed, numbered([record("A"), twin_record("B1", "Le Minh Anh"), stranger]))
    pass_time(installed, hours=1)
    return installed


def say(installed: Installation, child_id: UUID, number: str, says: Says) -> None:
    """Let a person decide the pair of a record and the citizen who bears a number."""
    person_id = person_of(installed, number)
    with installed.store.begin(reviewer(installed)) as transaction:
        decide_pair(transaction, installed.vault, child_id, person_id, says=says, reason="Đã gọi cho gia đình.")
