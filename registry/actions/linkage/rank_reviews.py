"""Says how much a person's decision about each record is expected to tell, so that the most telling come first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from matching.learning import expected_information
from matching.linkage import RecordOutcome
from registry.actions.keys.sealing import Vault
from registry.store import reviews
from registry.store.session import Transaction

PATTERN_BYTES = 8
FAMILY = "family"  # a line of the evidence that is no field of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What is kept of a record that waits for a person, beside its candidates."""

    pattern: bytes | None  # keyed; None: it has no candidate
    information: float  # bits


def rank_reviews(
    transaction: Transaction, vault: Vault, waiting: Mapping[UUID, RecordOutcome], *, link: float
) -> dict[UUID, Worth]:
    """Return for each record that waits for a person what its review is worth.

    Args:
        link: the posterior from which a link needs no person; what waits above it is held back by a rule.
    """
    patterns = {child: _pattern(vault, outcome) for child, outcome in waiting.items()}
    seen = reviews.decided_patterns(transaction, {pattern for pattern in patterns.values() if pattern})
    return {
        child: Worth(
            pattern=patterns[child],
            information=expected_information(
                [candidate.probability for candidate in outcome.candidates],
                outcome.nobody,
                seen=seen.get(patterns[child] or b"", 0),
                held=bool(outcome.candidates) and outcome.candidates[0].probability >= link,
            ),
        )
        for child, outcome in waiting.items()
    }


def _pattern(vault: Vault, outcome: RecordOutcome) -> bytes | None:
    """Return a keyed hash of how the likeliest candidate agrees: equal ways look equal, and none can be read."""
    if not outcome.candidates:
        return None
    levels = sorted((one.field, one.level) for one in outcome.candidates[0].evidence if one.field != FAMILY)
    text = " ".join(f"{field}:{level}" for field, level in levels)
    return vault.index.pattern(text)[:PATTERN_BYTES]
