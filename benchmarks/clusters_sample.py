"""Measure which records without a citizen were joined into one child, against the truth of a drop.

    python benchmarks/clusters_sample.py --data DATA --truth truth.csv [--json]

DATA is the data folder after the main job. Counted are pairs of records that linkage left without a citizen: all of
them, those whose child is really absent from the population, within one system and across systems. A pair that waits
for a person is neither right nor wrong; it is told apart. The truth is read here and nowhere else.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from matching.evaluation import Share, wilson
from registry.actions.intake.load_extract import frequencies as counted
from registry.actions.keys.sealing import open_group
from registry.actions.linkage.adopt_model import model_in_use
from registry.commands.console import now
from registry.jobs.clustering import cluster_all
from registry.jobs.opening import Installation, installation
from registry.model.access import Purpose
from registry.protect.authorize import Action, authorize
from registry.protect.keys.data_key import WrappedKey
from registry.protect.keys.keyring_file import Domain
from registry.settings import Settings
from registry.store import grouping, links, record_pairs

Key = tuple[str, str]  # system and source key
Pair = frozenset[Key]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What came of the pairs of one kind."""

    records: int  # without a citizen
    true_pairs: int
    joined: int
    right: int
    waiting: int  # for a person
    waiting_true: int
    precision: Share
    recall: Share


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the registry says: the child of each record without a citizen, and the pairs that wait."""

    child: Mapping[Key, UUID]
    waiting: frozenset[Pair]


def read_registry(installed: Installation) -> Found:
    """Read which records without a citizen are one child."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        keys: dict[UUID, Key] = {}
        for row in links.decided(transaction):
            if row["link_id"] is None:
                wrapped = WrappedKey(epoch=row["key_epoch"], wrapped=row["wrapped_key"])
                child, generation = row["child_id"], row["key_generation"]
                key = installed.vault.keyring.open_data_key(Domain.IDENTITY_WRAP, wrapped, child, generation)
                source = open_group(key, "identity", group="source", row=child, token=row["sealed_source"])
                keys[child] = (row["system"], source["key"])
        heads = grouping.heads(transaction, keys)
        least = model_in_use(transaction).model.review
        grant = authorize(transaction.access, Action.LINK)
        waiting = record_pairs.waiting(transaction, grant, least=least, limit=1_000_000)
    pairs = frozenset(frozenset((keys[a], keys[b])) for a, b in waiting if a in keys and b in keys)
    return Found(child={key: heads[child] for child, key in keys.items()}, waiting=pairs)


def read_truth(path: Path) -> dict[Key, tuple[str, bool]]:
    """Read the person of each record, and whether the population has her."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        needed = {"system", "source_key", "person_uid", "in_population"}
        if missing := sorted(needed - set(reader.fieldnames or ())):
            sys.exit(f"{path.name}: column {missing[0]} is missing")
        return {(row["system"], row["source_key"]): (row["person_uid"], row["in_population"] == "1") for row in reader}


def _pairs(groups: Mapping[Key, object]) -> set[Pair]:
    """Return the pairs of records that share a group."""
    members: dict[object, list[Key]] = {}
    for key, group in groups.items():
        members.setdefault(group, []).append(key)
    return {frozenset(pair) for group in members.values() for pair in combinations(group, 2)}


def figures(found: Found, truth: Mapping[Key, tuple[str, bool]], kept: Iterable[Key], kind: str) -> Figures:
    """Return the figures of the pairs among some records; args: kind: 'within', 'across' or 'all' systems."""
    inside = set(kept)

    def of_kind(pairs: Iterable[Pair]) -> set[Pair]:
        return {
            pair
            for pair in pairs
            if pair <= inside and kind in {"all", "within" if len({key[0] for key in pair}) == 1 else "across"}
        }

    true = of_kind(_pairs({key: truth[key][0] for key in inside}))
    joined = of_kind(_pairs({key: found.child[key] for key in inside}))
    waiting = of_kind(found.waiting)
    return Figures(
        records=len(inside),
        true_pairs=len(true),
        joined=len(joined),
        right=len(joined & true),
        waiting=len(waiting),
        waiting_true=len(waiting & true),
        precision=wilson(len(joined & true), len(joined)),
        recall=wilson(len(joined & true), len(true)),
    )


def seconds_of_a_run(installed: Installation) -> tuple[float, Mapping[str, int]]:
    """Return how long comparing and joining all records takes once all is compiled, and what it came to."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        model, frequencies = model_in_use(transaction).model, counted(transaction, installed.vault)
    if frequencies is None:
        sys.exit("no population extract is loaded in this data folder")
    cluster_all(installed, run_id=uuid4(), model=model, frequencies=frequencies)
    begun = time.perf_counter()
    account = cluster_all(installed, run_id=uuid4(), model=model, frequencies=frequencies)
    return time.perf_counter() - begun, account


def _line(name: str, one: Figures) -> str:
    def share(value: Share) -> str:
        if value.value is None or value.low is None or value.high is None:
            return f"{'-':>22}"
        return f"{value.value:8.4f} [{value.low:.4f} {value.high:.4f}]"

    return (
        f"{name:32} {one.records:7} {one.true_pairs:5} {one.joined:6} {one.right:5} {share(one.precision)}"
        f" {share(one.recall)} {one.waiting:7} {one.waiting_true:7}"
    )


def main() -> None:
    """Read data folder and truth, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    truth = read_truth(options.truth)
    with installation(Settings.load(options.data), clock=now) as installed:
        found = read_registry(installed)
        seconds, account = seconds_of_a_run(installed)
        again = read_registry(installed)
    known = [key for key in found.child if key in truth]
    absent = [key for key in known if not truth[key][1]]
    told = {
        f"{who}, {kind}": figures(found, truth, keys, kind)
        for who, keys in (("absent from the population", absent), ("without a citizen", known))
        for kind in ("all", "across", "within")
    }
    steady = found == again
    sizes = Counter(Counter(found.child[key] for key in known).values())
    if options.json:
        document: dict[str, Any] = {name: asdict(one) for name, one in told.items()}
        print(json.dumps({**document, "seconds": seconds, "account": account, "second_run_changes_nothing": steady}))
        return
    print(
        f"{'pairs of records':32} {'records':>7} {'true':>5} {'joined':>6} {'right':>5} {'precision [95 %]':>24}",
        end="",
    )
    print(f" {'recall [95 %]':>24} {'waiting':>7} {'of true':>7}")
    for name, one in told.items():
        print(_line(name, one))
    print(f"children by records: {dict(sorted(sizes.items()))}")
    print(f"a run over all of them: {seconds:.2f} s, {dict(account)}; changes nothing: {steady}")


if __name__ == "__main__":
    main()
