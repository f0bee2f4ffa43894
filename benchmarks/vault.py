"""One table of all figures of the vault: what was aimed at, what was measured, of how many, and how.

    python benchmarks/vault.py --data DIR [--children 1000000] [--seed 1] [--only ROW ...] [--all]

The store is made in DIR by `vault_load.py` at the first run and taken up again later. On two cores, one million
children: making the store takes about half an hour, the rows without --all as long again (the peer in clear text and
the recall of ten thousand questions in either store take most of it). --all also runs the long programs that make
stores of their own, each in a process of its own: about an hour more. Figures are taken one after another; the load
average beside each says what else the machine did. The exit code is 1 if a figure with a goal missed it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import vault_cipher
import vault_moved
import vault_peer
import vault_recall
import vault_rotation
import vault_search
from vault_figures import Figure, table
from vault_load import Loaded, loaded
from vault_programs import PROGRAMS, elsewhere, run

ROWS: Final = ("province", "peer", "commune", "identifier", "recall", "cipher", "moved", "rotation", *PROGRAMS)


def main() -> int:
    """Print the table; what could not be measured is a row that says so."""
    options = _options()
    wanted = set(options.only or ROWS)
    figures: list[Figure] = []
    if wanted - set(PROGRAMS) - {"cipher"}:
        with loaded(options.data, seed=options.seed, children=options.children, anyhow=options.anyhow) as store:
            figures += _told(_of_store(store, wanted))
            note = f"{store.children:,} children, loaded in {store.seconds:.0f} s, seed {store.seed}"
    else:
        note = "no store was needed"
    if "cipher" in wanted:
        figures += _told(iter(vault_cipher.figures()))
    for name, program in PROGRAMS.items():
        if name in wanted and (options.all or options.only):
            figures += _told(iter([run(program)]))
        elif name in wanted:
            figures.append(elsewhere(program))
    print(f"{note}\n\n{table(figures)}")
    return int(any(figure.met is False for figure in figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the store")
    parser.add_argument("--children", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="ROW", help=f"out of: {', '.join(ROWS)}")
    parser.add_argument("--all", action="store_true", help="run the long programs too")
    parser.add_argument("--anyhow", action="store_true", help="take the store in DIR though its rows have another form")
    options: argparse.Namespace = parser.parse_args()
    return options


def _of_store(store: Loaded, wanted: set[str]) -> Iterator[Figure]:
    """Yield the figures that are taken on the loaded store, the rotation last: it leaves dead rows behind."""
    if wanted & {"province", "peer"}:
        asked = vault_search.mixed(store)
        spread, spread_times = vault_search.spread(store, asked)
        yield spread
        dense, dense_times = vault_search.dense(store, asked)
        yield dense
        if "peer" in wanted:
            yield from vault_peer.figures(store, asked, spread=spread_times, dense=dense_times)
    several: dict[str, Callable[[Loaded], list[Figure]]] = {
        "commune": vault_search.commune,
        "identifier": lambda loaded: [vault_search.identifier(loaded)],
        "recall": vault_recall.figures,
        "moved": lambda loaded: [vault_moved.figure(loaded)],
        "rotation": lambda loaded: [vault_rotation.figure(loaded)],
    }
    for name, measure in several.items():
        if name in wanted:
            yield from measure(store)


def _told(figures: Iterator[Figure]) -> Iterator[Figure]:
    """Say each figure on the error stream as it comes: the table stands at the end of a long run."""
    for figure in figures:
        sys.stderr.write(f"  {figure.name}: {figure.measured}\n")
        yield figure


if __name__ == "__main__":
    sys.exit(main())
