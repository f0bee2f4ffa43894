"""Replays a model over all identities, adopts it, and learns another from what people decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4

from connectors.population.extract import ExtractConnector
from matching.learning import Learned
from registry.actions.intake.load_extract import People
from registry.actions.linkage import learn_model as learning
from registry.actions.linkage.adopt_model import ModelText, adopt_model, model_in_use
from registry.actions.linkage.match import Engine, SealedExtract
from registry.actions.linkage.replay_model import Compared, Replayed, held_in_replay, replay_batch
from registry.actions.oversight.log import log
from registry.jobs.intake import Progress, no_progress
from registry.jobs.linking import IDENTITIES_AT_ONCE, begin_since, counted
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.protect.log.access_log import Event
from registry.store import models, runs
from registry.store.links import Scope
from registry.store.models import Replay

COLUMNS: Final = (
    "child_id",
    "system",
    "before",
    "after",
    "probability_before",
    "probability_after",
    "citizen_changes",
    "field",
)
Lines = Iterable[Sequence[object]]
Sheet = Callable[[], AbstractContextManager[Callable[[Lines], None]]]  # a file that appears whole or not at all


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayAccount:
    """What a replay came to."""

    replay_id: UUID
    model_version: str
    compared: int
    changed: int
    citizens: int  # of the changed: linked to another citizen
    passed_over: int  # new or newer records, which the next run looks at under any model
    moves: Mapping[tuple[str, str], int]  # decision before, decision after → identities, the unchanged too


@dataclass(slots=True)
class _Tally:
    compared: int = 0
    changed: int = 0
    citizens: int = 0
    passed_over: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)

    def lines(self, compared: Iterable[Compared]) -> Iterator[Sequence[object]]:
        """Count what was compared and yield a line for each identity that would change."""
        for one in compared:
            self.compared += 1
            self.moves[one.before, one.after] += 1
            if one.differs:
                self.changed += 1
                self.citizens += one.citizen_changes
                yield _line(one)

    def account(self, replay_id: UUID, version: str) -> ReplayAccount:
        """Return what was counted."""
        return ReplayAccount(
            replay_id=replay_id,
            model_version=version,
            compared=self.compared,
            changed=self.changed,
            citizens=self.citizens,
            passed_over=self.passed_over,
            moves=dict(self.moves),
        )


def _line(one: Compared) -> Sequence[object]:
    before, after = (
        "" if value is None else f"{value:.6f}" for value in (one.probability_before, one.probability_after)
    )
    changes = "yes" if one.citizen_changes else "no"
    return one.child_id, one.system, one.before, one.after, before, after, changes, one.field


def replay_all(
    installed: Installation,
    chosen: ModelText,
    *,
    sheet: Sheet,
    since: UUID | None = None,
    progress: Progress = no_progress,
) -> ReplayAccount:
    """Compare what a model would decide with what stands, and write a line for each difference; nothing is changed.

    Args:
        sheet: opens the file of the differences.
        since: only identities whose record came since that run began; None: all.

    Raises:
        NoExtract: no population extract was loaded.
        NoSuchRun: there is no run `since`.
    """
    replay_id = uuid4()
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        started = begin_since(transaction, since)
        frequencies = counted(transaction, installed)
        opened = Replay(
            replay_id=replay_id,
            model_digest=chosen.digest,
            model_version=chosen.model.version,
            since_run=since,
            changes_before=runs.changes_so_far(transaction),
        )
        models.open_replay(transaction, opened)
    engine = Engine(
        run_id=replay_id,
        model=chosen.model,
        frequencies=frequencies,
        people=People(installed.vault),
        one_record=installed.settings.one_record_per_child,
    )
    tally = _Tally()
    with sheet() as write:
        _replay(installed, engine, Scope(seen_since=started), tally, write=write, progress=progress)
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        models.close_replay(transaction, replay_id, identities=tally.compared, changed=tally.changed)
        counts = {"compared": tally.compared, "changed": tally.changed}
        log(transaction, installed.vault, Event(action="replay_model", counts=counts))
    return tally.account(replay_id, chosen.model.version)


def _replay(
    installed: Installation,
    engine: Engine,
    scope: Scope,
    tally: _Tally,
    *,
    write: Callable[[Lines], None],
    progress: Progress,
) -> None:
    """Replay batch by batch; the systems with one record per child are told at the end, when all claims are known."""
    later: list[Compared] = []
    for replayed in _batches(installed, engine, scope):
        tally.passed_over += replayed.passed_over
        later.extend(one for one in replayed.compared if one.system in engine.one_record)
        write(tally.lines(one for one in replayed.compared if one.system not in engine.one_record))
        progress(len(replayed.compared))
    if later:
        with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
            write(tally.lines(held_in_replay(transaction, later, engine.one_record)))


def _batches(installed: Installation, engine: Engine, scope: Scope) -> Iterator[Replayed]:
    after: UUID | None = None
    while True:
        with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
            source = SealedExtract(transaction, installed.vault, engine.people)
            replayed = replay_batch(
                transaction,
                installed.vault,
                engine,
                connector=ExtractConnector(source, as_of=transaction.access.at),
                after=after,
                scope=scope,
                limit=IDENTITIES_AT_ONCE,
            )
        if replayed is None:
            return
        yield replayed
        after = replayed.last


def adopt(installed: Installation, chosen: ModelText, *, by: UUID | None) -> None:
    """Let the runs that begin from now on compare by a model.

    Raises:
        NotReplayed: it was not replayed since the linkage last changed anything.
        VersionTaken: another content has borne its version.
    """
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        adopt_model(transaction, installed.vault, chosen, by=by)


def learn(installed: Installation) -> tuple[Learned, int]:
    """Return the model in use after what people decided under it, and how many they decided under others.

    Raises:
        NothingDecided: there is no reviewed pair to learn from.
    """
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        in_use = model_in_use(transaction)
        return learning.learn_model(transaction, installed.vault, in_use)
