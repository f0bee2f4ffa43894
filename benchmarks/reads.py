"""How many children can be opened in a second, with every look in the access log before its answer.

    python benchmarks/reads.py --data DIR [--children 6000] [--seconds 10] [--clients 8] [--only ROW ...]

The action `open_child` runs as a door runs it: a transaction of a commune's worker, the policy, all records of the
child unsealed as far as granted, the leaf in the same transaction, a synchronous commit on a server with durable
settings. Beside it, in the same run and by the same action, the two ways that logs are usually kept: with a hash chain
(the database links each leaf to the one before, whose row it locks) and with no log at all. The rows are taken by
turns, so that other work on the machine weighs on all of them; CPU is told beside, which it weighs on less.
"""

from __future__ import annotations

import argparse
import sys
import timeit
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

from reads_clients import access_for
from reads_kinds import KINDS, Measured, measured
from reads_store import served, targets
from vault_figures import Figure, load, table

from registry.protect.authorize import Action, authorize

READS_A_SECOND: Final = 1_500
TIMES_THE_CHAIN: Final = 4
AUTHORIZE_US: Final = 2.0
ROWS: Final = ("authorize", *KINDS)
_CALLS: Final = 500
_ROUNDS: Final = 200


def main() -> int:
    """Print the table; the exit code is 1 if a figure with a goal missed it."""
    options = _options()
    wanted = set(options.only or ROWS)
    figures: list[Figure] = []
    if "authorize" in wanted:
        figures.append(authorizing())
    if wanted & set(KINDS):
        with served(options.data, children=options.children) as server:
            found = measured(
                server,
                options.data,
                targets(server),
                kinds=[kind for kind in KINDS if kind in wanted],
                clients=options.clients,
                seconds=options.seconds,
                rounds=options.rounds,
            )
        figures += read_figures(found)
    sys.stdout.write(table(figures) + "\n")
    return int(any(figure.met is False for figure in figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the store")
    parser.add_argument("--children", type=int, default=6_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0, help="of one round")
    parser.add_argument("--rounds", type=int, default=3, help="of each kind, by turns")
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="ROW", help=f"out of: {', '.join(ROWS)}")
    options: argparse.Namespace = parser.parse_args()
    return options


def authorizing() -> Figure:
    """Measure one call of `authorize` for opening a child."""
    access = access_for(uuid4(), "00004")
    best = min(timeit.repeat(lambda: authorize(access, Action.OPEN), number=_CALLS, repeat=_ROUNDS)) / _CALLS * 1e6
    return Figure(
        name="authorize",
        goal=f"<= {AUTHORIZE_US:.0f} us",
        measured=f"{best:.2f} us",
        n=_CALLS * _ROUNDS,
        how="opening a child by a commune's worker with all separate rights; best of short rounds",
        met=best <= AUTHORIZE_US,
        load=load(),
    )


def read_figures(found: Sequence[Measured]) -> Iterator[Figure]:
    """Yield a row for each kind, and how many times the chain the log is."""
    best = {one.kind: max(other.a_second for other in found if other.kind == one.kind) for one in found}
    for kind in best:
        rounds = [one for one in found if one.kind == kind]
        middle = sorted(rounds, key=lambda one: one.a_second)[len(rounds) // 2]
        goal, met = (f">= {READS_A_SECOND:,}/s", middle.a_second >= READS_A_SECOND) if kind == "log" else ("-", None)
        said = f"{middle.a_second:,.0f}/s (best round {best[kind]:,.0f}); {middle.latency}"
        yield Figure(
            name=f"open_child, {KINDS[kind]}",
            goal=goal,
            measured=said,
            n=sum(one.reads for one in rounds),
            how=middle.how,
            met=met,
            load=load(),
        )
    if {"log", "chain"} <= best.keys():
        times = best["log"] / best["chain"]
        yield Figure(
            name="the log beside a hash chain",
            goal=f">= {TIMES_THE_CHAIN} x",
            measured=f"{times:.2f} x",
            n=len(found),
            how="best rounds of either",
            met=times >= TIMES_THE_CHAIN,
            load=load(),
        )


if __name__ == "__main__":
    sys.exit(main())
