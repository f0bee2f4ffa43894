"""How long it takes to check a log: a million leaves, from a bundle, with public keys alone.

    python benchmarks/log_verify.py --leaves 1000000

Writes bundles of made-up leaves of the length that real ones have, under heads as a busy and as a quiet registry signs
them, and measures what `log verify BUNDLE` does: rehash every content, rebuild the tree, compare it with every head,
check every signature, and compare the rows as they stand with what the leaves say. Beside it the same contents hashed
and nothing else, which no way of checking could do without.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from registry.protect.log.access_log import Leaf
from registry.protect.log.checkpoint import Checkpoint, Signer
from registry.protect.log.cosignature import Cosigner
from registry.protect.log.log_check import Against, Findings, LogCheck
from registry.protect.log.log_records import Cosigned, Head, Header, Record, Row, read_bundle, write_bundle
from registry.protect.log.merkle import CompactRange, leaf_hash

LOG = Signer("benchmark/log", bytes(range(32)))
WITNESS = Cosigner("benchmark/witness", bytes(range(1, 33)))
BEGINNING = datetime(2026, 11, 1, tzinfo=UTC)
ROWS_EVERY = 20  # one leaf in so many tells of written rows
ROWS_EACH = 10


def contents(leaves: int) -> Iterator[bytes]:
    """Yield the contents of made-up leaves: looks, searches, written rows."""
    for number in range(leaves):
        digest = hashlib.sha256(number.to_bytes(8, "big")).digest()
        if number % ROWS_EVERY == 0:
            yield _written(number)
            continue
        yield Leaf(
            event_id=UUID(bytes=digest[:16]),
            at=BEGINNING + timedelta(seconds=number),
            staff_id=UUID(bytes=digest[16:]),
            role="commune_worker",
            office="UBND xã Thử",
            purpose="case_work",
            action="open",
            children=(digest[:16],),
            groups=("contact", "family", "identity", "services", "welfare"),
            session_ref=digest[:6].hex(),
            request_id=UUID(bytes=digest[8:24]),
        ).content()


def _entries(number: int) -> list[bytes]:
    return [hashlib.sha256(f"{number} {place}".encode()).digest() for place in range(ROWS_EACH)]


def _written(number: int) -> bytes:
    return Leaf(
        event_id=UUID(int=number),
        at=BEGINNING + timedelta(seconds=number),
        staff_id=None,
        role="sector_system",
        office="registry",
        purpose="ingest",
        action="rows",
        counts={"identity": ROWS_EACH},
        row_digests=tuple(_entries(number)),
        request_id=UUID(int=number),
    ).content()


def records(leaves: int, *, per_head: int, rows: bool) -> list[Record]:
    """Return a whole log: heads, a cosignature under each, leaves, rows as they stand."""
    tree, heads, places = CompactRange(), [], []
    for place, content in enumerate(contents(leaves)):
        hashed = leaf_hash(content)
        tree.append(hashed)
        places.append((place, place + 1, hashed, content))
        if tree.size % per_head == 0 or tree.size == leaves:
            before = heads[-1].size if heads else 0
            note = LOG.sign(Checkpoint.following(before, origin=LOG.verifier.name, size=tree.size, root=tree.root()))
            heads.append(Head(tree.size, note))
    body = heads[-1].note.partition("\n\n")[0] + "\n"
    cosigned = Cosigned(heads[-1].size, WITNESS.line(body, at=BEGINNING))
    standing = [Row("identity", entry) for number in range(0, leaves, ROWS_EVERY) for entry in _entries(number) if rows]
    return [Header(LOG.verifier.name, BEGINNING), *heads, cosigned, *places, *standing]


def measured(work: Callable[[], Findings]) -> tuple[float, float, Findings]:
    """Return how long it took, how long the processor worked on it, and what was found."""
    began, worked = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - began, time.process_time() - worked, found


def hashed_only(path: Path) -> float:
    """Return how long it takes to read the file and hash each line, with no tree and no check."""
    began = time.perf_counter()
    with path.open("rb") as file:
        for line in file:
            hashlib.sha256(line).digest()
    return time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--per-head", type=int, nargs="*", default=[5000, 100], help="leaves under each head")
    parser.add_argument("--limit", type=float, default=15.0, help="seconds")
    chosen = parser.parse_args(arguments)
    against = Against(log=(LOG.verifier,), witnesses=(WITNESS.verifier,))
    figures = []
    with tempfile.TemporaryDirectory(prefix="log-verify-") as folder:
        for per_head in chosen.per_head:
            path = Path(folder) / f"bundle-{per_head}"
            with path.open("wb") as file:
                write_bundle(file, records(chosen.leaves, per_head=per_head, rows=True))
            seconds, worked, found = measured(lambda path=path: LogCheck(against).run(read_bundle(path)))
            figures.append(
                {
                    "leaves": found.leaves,
                    "heads": found.heads,
                    "rows": found.rows,
                    "megabytes": round(path.stat().st_size / 1e6),
                    "seconds": round(seconds, 1),
                    "seconds of the processor": round(worked, 1),
                    "leaves a second": round(found.leaves / seconds),
                    "hashing alone, seconds": round(hashed_only(path), 1),
                    "faults": len(found.faults),
                }
            )
            path.unlink()
    print(json.dumps(figures, indent=2))
    return int(any(one["faults"] or float(one["seconds"]) > chosen.limit for one in figures))


if __name__ == "__main__":
    sys.exit(main())
