"""How the sources stand: how old what is known of each is, what waits for a person, what was refused and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from registry.model.access import Role
from registry.protect.authorize import Action, authorize
from registry.store import listings, source_streams, sync_runs
from registry.store.listings import Proposal
from registry.store.session import Transaction
from registry.store.source_streams import DriftSeen, Paused, StreamState
from registry.store.sync_runs import RuleCount, SyncRun

RUNS_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamView:
    """One stream of a source."""

    state: StreamState
    since_done: timedelta | None  # since its last pass came to an end; None: none ever did
    since_newest: timedelta | None  # since the newest change that was seen; None: the source gives no times
    last: SyncRun | None
    proposal: Proposal | None
    refused: Sequence[RuleCount] = ()
    drifts: Sequence[DriftSeen] = ()

    @property
    def waiting(self) -> int:
        """How many records wait in quarantine."""
        return sum(one.rows for one in self.refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """A source with its streams."""

    name: str
    paused: Paused | None
    streams: Sequence[StreamView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All sources that are connected or were read, and the newest runs."""

    sources: Sequence[SourceView]
    runs: Sequence[SyncRun]


def overview(transaction: Transaction, connected: Sequence[str] = ()) -> Overview:
    """Return how the sources stand.

    Args:
        connected: the names of the connections, of which some may never have been read.

    Raises:
        Refused: the access may not see this.
    """
    access = transaction.access
    authorize(access, Action.SYNC if access.role is Role.ENGINE else Action.SOURCES)
    states = source_streams.streams(transaction)
    known = _Known(
        rules=sync_runs.waiting_by_rule(transaction),
        drifts=source_streams.drifts(transaction),
        proposals=listings.undone(transaction),
        last=sync_runs.last_of_each(transaction),
    )
    paused = source_streams.paused(transaction)
    names = sorted({*connected, *paused, *(state.source for state in states)})
    return Overview(
        sources=[
            SourceView(
                name=name,
                paused=paused.get(name),
                streams=[_view(transaction, state, known) for state in states if state.source == name],
            )
            for name in names
        ],
        runs=sync_runs.newest(transaction, limit=RUNS_SHOWN),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    rules: Sequence[RuleCount]
    drifts: Sequence[DriftSeen]
    proposals: Sequence[Proposal]
    last: Mapping[tuple[str, str], SyncRun]


def _view(transaction: Transaction, state: StreamState, known: _Known) -> StreamView:
    of_it, at = (state.source, state.stream), transaction.access.at
    return StreamView(
        state=state,
        since_done=None if state.done_at is None else at - state.done_at,
        since_newest=None if state.newest_at is None else at - state.newest_at,
        last=known.last.get(of_it),
        proposal=next((one for one in known.proposals if (one.source, one.stream) == of_it), None),
        refused=[one for one in known.rules if (one.source, one.stream) == of_it],
        drifts=[one for one in known.drifts if (one.source, one.stream) == of_it],
    )
