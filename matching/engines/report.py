"""What a run tells: how much there was, what was left out, what was decided, and how long it took."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from matching.candidates import StageLeftOut

Clock = Callable[[], float]  # seconds from any beginning


class Seconds:
    """The time that the steps of a run take; a step may come several times."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.steps: dict[str, float] = {}

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        """Add the time of the block to a step."""
        begin = self._clock()
        try:
            yield
        finally:
            self.steps[step] = self.steps.get(step, 0.0) + self._clock() - begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a linkage or a deduplication came to; it names nobody."""

    records: int
    population: int
    pairs: int  # compared and weighed, each once
    pairs_by_stage: Mapping[str, int]
    left_out: Sequence[StageLeftOut]
    decisions: Mapping[str, int]
    seconds: Mapping[str, float]
    unread: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # by side: values that count as not known
    constraints: Mapping[str, int] = field(default_factory=dict)
    too_common: int = 0  # records compared with nobody because all that they share with anybody is above a cap
    held_back: int = 0  # links that became reviews because the source holds one record per child
    clusters: Mapping[str, int] = field(default_factory=dict)
    absence: Mapping[str, float] = field(default_factory=dict)  # what the records said of it; see `matching.absence`

    def document(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return {
            "records": self.records,
            "population": self.population,
            "pairs": self.pairs,
            "pairs_by_stage": dict(self.pairs_by_stage),
            "blocks_left_out": [
                {
                    "stage": each.stage,
                    "kind": each.blocks.kind,
                    "cap": each.blocks.cap,
                    "keys": each.blocks.blocks,
                    "pairs": each.blocks.pairs,
                }
                for each in self.left_out
            ],
            "decisions": dict(self.decisions),
            "too_common": self.too_common,
            "held_back": self.held_back,
            "constraints": dict(self.constraints),
            "clusters": dict(self.clusters),
            "absence": dict(self.absence),
            "unread": {side: [asdict(each) for each in values] for side, values in self.unread.items()},
            "seconds": {step: round(seconds, 3) for step, seconds in self.seconds.items()},
            "peak_memory_bytes": peak_memory(),
        }

    def lines(self) -> list[str]:
        """Return the report in words, for people."""
        per_record = self.pairs / self.records if self.records else 0.0
        out = [f"{self.records} records, {self.population} in the population, {self.pairs} pairs compared"]
        out[0] += f" ({per_record:.1f} a record: " + _counted(self.pairs_by_stage) + ")"
        out += [_sentence(each) for each in self.left_out]
        if self.too_common:
            were = "record was" if self.too_common == 1 else "records were"
            out.append(f"{self.too_common} {were} compared with nobody: all their blocks are above the caps")
        out += [f"{side}: {value.sentence}" for side, values in self.unread.items() for value in values]
        out.append("decisions: " + _counted(self.decisions))
        if self.held_back:
            out.append(f"{self.held_back} links to one person by two records are held for review")
        if self.constraints:
            out.append("constraints: " + _counted(self.constraints))
        if self.clusters:
            out.append("clusters: " + _counted(self.clusters))
        seconds = ", ".join(f"{step} {value:.1f}" for step, value in self.seconds.items())
        return [*out, f"seconds: {seconds}; memory at most {peak_memory() / 2**20:.0f} MB"]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _sentence(left_out: StageLeftOut) -> str:
    blocks = left_out.blocks
    keys = "1 key" if blocks.blocks == 1 else f"{blocks.blocks} keys"
    verb = "was" if blocks.blocks == 1 else "were"
    return (
        f"block {blocks.kind} ({left_out.stage}): {keys} above the cap of {blocks.cap} {verb} left out,"
        f" {blocks.pairs} pairs avoided"
    )


def peak_memory() -> int:
    """Return the most memory that this process has had in use, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
