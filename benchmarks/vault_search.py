"""How long a search takes, end to end: a transaction, the policy, tokens, opening, ranking, the log leaf, the commit.

Every question goes through `find_child` in a transaction of a worker of its own, on a server that waits for the disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
from vault_figures import Figure, load, percentile
from vault_load import Loaded, libpq
from vault_people import CROWDED
from vault_sample import Asked, Kind, area_of, drawn, questions, worker

from registry.actions.finding.find_child import FindAnswer, FindQuery, find_child
from registry.actions.keys.sealing import Vault
from registry.store.session import Store

ROUNDS: Final = 3  # of every question
WARM: Final = 60  # questions before the first that counts
PROVINCE_ASKED: Final = 1_000
COMMUNE_ASKED: Final = 300
NUMBERS_ASKED: Final = 1_000
MIXED: Final = (
    Kind(label="no slip"),
    Kind(label="1 slip", slips=1),
    Kind(label="2 slips", slips=2),
    Kind(label="1 slip, mother", slips=1, mother=True),
)
IN_COMMUNE: Final = (
    Kind(label="1 slip", slips=1, commune=True),
    Kind(label="1 slip, mother", slips=1, mother=True, commune=True),
)
IN_COMMUNE_NO_YEAR: Final = (
    Kind(label="1 slip, no year", slips=1, year=False, commune=True),
    Kind(label="1 slip, mother, no year", slips=1, mother=True, year=False, commune=True),
)


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of every question, in every round."""

    rounds: list[list[float]]  # by question

    @property
    def all(self) -> list[float]:
        """Every single time."""
        return [seconds for one in self.rounds for seconds in one]

    @property
    def best(self) -> list[float]:
        """The least time of each question: nearest to a machine with nothing else to do."""
        return [min(one) for one in self.rounds]

    def said(self) -> str:
        """Return the percentiles as a cell of the table."""
        return f"{_said(self.all)}; best of {len(self.rounds[0])}: {_said(self.best)}"


def timed(asks: Sequence[Callable[[], object]], *, rounds: int = ROUNDS, warm: int = WARM) -> Timed:
    """Ask every question so many times, in rounds, after some that warm the caches up."""
    for ask in asks[:warm]:
        ask()
    seconds: list[list[float]] = [[] for _ in asks]
    for _ in range(rounds):
        for place, ask in enumerate(asks):
            began = time.perf_counter()
            ask()
            seconds[place].append(time.perf_counter() - began)
    return Timed(seconds)


@contextmanager
def dense_store(loaded: Loaded) -> Iterator[Store]:
    """Give the store in which every child lives in one province."""
    store = Store(loaded.dense_url, connections=4)
    store.see_changes(loaded.vault.keyring.follow)
    try:
        yield store
    finally:
        store.close()


def mixed(loaded: Loaded) -> list[Asked]:
    """Return the questions of the rows about provinces, the same for both stores and for the peer."""
    return questions(drawn(loaded, PROVINCE_ASKED, seed=loaded.seed), MIXED, seed=loaded.seed)


def spread(loaded: Loaded, asked: Sequence[Asked]) -> tuple[Figure, Timed]:
    """Measure searches in a province."""
    times = timed([_search(loaded.store, loaded.vault, one) for one in asked])
    return _figure("province search, 34 provinces", 25, times, how=by_kind(asked, times)), times


def dense(loaded: Loaded, asked: Sequence[Asked]) -> tuple[Figure, Timed]:
    """Measure the same searches where all children live in one province."""
    with dense_store(loaded) as store:
        times = timed([_search(store, loaded.vault, one, dense=True) for one in asked])
    return _figure("province search, all in one province", 60, times, how=by_kind(asked, times)), times


def commune(loaded: Loaded) -> list[Figure]:
    """Measure searches in the largest commune, with and without a year of birth."""
    crowd = drawn(loaded, COMMUNE_ASKED, seed=loaded.seed, commune=CROWDED)
    figures = []
    for name, kinds in (("with the year", IN_COMMUNE), ("without a year", IN_COMMUNE_NO_YEAR)):
        asked = questions(crowd, kinds, seed=loaded.seed)
        times = timed([_search(loaded.store, loaded.vault, one) for one in asked])
        figures.append(
            _figure(f"commune search ({_crowd(loaded):,} children), {name}", 60, times, how=by_kind(asked, times))
        )
    return figures


def identifier(loaded: Loaded) -> Figure:
    """Measure look-ups of a personal number, by a worker of the child's province."""
    children = [one for one in drawn(loaded, NUMBERS_ASKED, seed=loaded.seed + 1) if one.number]
    asked = questions(children, (Kind(label="number"),), seed=loaded.seed)
    asks = [_search(loaded.store, loaded.vault, one, query=FindQuery(text=one.child.number or "")) for one in asked]
    found = sum(
        any(hit.child_id == one.child.child_id for hit in find(loaded.store, loaded.vault, one, query=query).found)
        for one, query in ((one, FindQuery(text=one.child.number or "")) for one in asked[:100])
    )
    how = f"personal number through find_child; found {found} of the first {len(asked[:100])}"
    return _figure("exact identifier look-up", 5, timed(asks), how=how)


def by_kind(asked: Sequence[Asked], times: Timed) -> str:
    """Return the plain p95 of each kind of question."""
    kinds = list(dict.fromkeys(one.kind for one in asked))
    parts = []
    for kind in kinds:
        own = [
            seconds for one, rounds in zip(asked, times.rounds, strict=True) if one.kind is kind for seconds in rounds
        ]
        parts.append(f"{kind.label} {percentile(own, 0.95) * 1e3:.1f}")
    return "find_child, leaf and commit included; year +-1; p95 ms by kind: " + ", ".join(parts)


def find(
    store: Store, vault: Vault, asked: Asked, *, query: FindQuery | None = None, dense: bool = False
) -> FindAnswer:
    """Ask one question as a worker of the child's area."""
    with store.begin(worker(area_of(asked, dense=dense))) as transaction:
        return find_child(transaction, vault, query or asked.query)


def _search(
    store: Store, vault: Vault, asked: Asked, *, query: FindQuery | None = None, dense: bool = False
) -> Callable[[], object]:
    return lambda: find(store, vault, asked, query=query, dense=dense)


def _crowd(loaded: Loaded) -> int:
    with psycopg.connect(libpq(loaded.server.superuser_url)) as connection:
        row = connection.execute("SELECT count(*) FROM child_search WHERE communes && ARRAY[%s]", [CROWDED]).fetchone()
    return int(row[0]) if row else 0


def _said(seconds: Iterable[float]) -> str:
    times = list(seconds)
    return " / ".join(f"{percentile(times, share) * 1e3:.1f}" for share in (0.5, 0.95, 0.99)) + " ms"


def _figure(name: str, goal: int, times: Timed, *, how: str) -> Figure:
    return Figure(
        name=f"{name}: p50 / p95 / p99",
        goal=f"p95 <= {goal} ms",
        measured=times.said(),
        n=len(times.all),
        how=how,
        met=percentile(times.all, 0.95) * 1e3 <= goal,
        load=load(),
    )
