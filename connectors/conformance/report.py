"""The report on a connector: every clause, how it ended, and the first counter-example, as a table and as a file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from textwrap import wrap
from typing import Final

from connectors.conformance.clauses import Ending, Verdict

WIDTH: Final = 100
_MARKS: Final = {Ending.HELD: "held", Ending.BROKEN: "BROKEN", Ending.NOT_SHOWN: "not shown"}


def lines(connector: str, verdicts: Sequence[Verdict]) -> list[str]:
    """Return the report as lines of text."""
    names = max((len(verdict.clause) for verdict in verdicts), default=0)
    margin = " " * (names + 13)
    found = [f"{'clause':<{names}}  {'':<9}  what the contract says"]
    for verdict in verdicts:
        first, *rest = wrap(verdict.promise, WIDTH - len(margin)) or [""]
        found.append(f"{verdict.clause:<{names}}  {_MARKS[verdict.ending]:<9}  {first}")
        found += [margin + line for line in rest]
        found += [
            f"{margin}→ {line}" if place == 0 else f"{margin}  {line}" for place, line in enumerate(_said(verdict))
        ]
    return [*found, "", f"{connector}: {summary(verdicts)}"]


def _said(verdict: Verdict) -> list[str]:
    return wrap(verdict.said, WIDTH)


def summary(verdicts: Sequence[Verdict]) -> str:
    """Return how many clauses held, are broken, and were not shown."""
    counts = Counter(verdict.ending for verdict in verdicts)
    return ", ".join(f"{counts[ending]} {ending}" for ending in Ending)


def write(path: Path, connector: str, verdicts: Sequence[Verdict]) -> None:
    """Write the report: as JSON if the file is called so, or else as text."""
    if path.suffix == ".json":
        counts = Counter(str(verdict.ending) for verdict in verdicts)
        report = {"connector": connector, "counts": counts, "clauses": [asdict(verdict) for verdict in verdicts]}
        text = json.dumps(report, ensure_ascii=False, indent=2)
    else:
        text = "\n".join(lines(connector, verdicts))
    path.write_text(text + "\n", encoding="utf-8")
