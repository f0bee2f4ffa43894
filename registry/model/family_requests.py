"""What a family may ask for, how far that is, and by when it must be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from registry.model.law import Clock, Law
from registry.model.working_days import Due


class Kind(StrEnum):
    """What the family asks for."""

    ACCESS = "access"  # all that is held about the child
    WHO_LOOKED = "who_looked"
    CORRECTION = "correction"
    DELETION = "deletion"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    WITHDRAWAL = "withdrawal"  # of a consent
    COMPLAINT = "complaint"


class State(StrEnum):
    """How far a request is."""

    RECEIVED = "received"
    ANSWERED = "answered"  # the family was told that it is being worked on, or what comes of it
    CLOSED = "closed"


class Outcome(StrEnum):
    """What came of it."""

    GRANTED = "granted"
    PARTLY = "partly"
    REFUSED = "refused"


_TO_STOP: Final = frozenset({Kind.RESTRICTION, Kind.OBJECTION, Kind.WITHDRAWAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDays:
    """By when a request must be answered and done."""

    answer: Due
    done: Due


def last_days(law: Law, kind: Kind, *, on: date, with_others: bool) -> LastDays:
    """Return the last days of a request that came on a day.

    Args:
        with_others: a processor or a third party must act too.

    Source: Decree 356/2025/ND-CP, as `model/law.toml` has it.
    """
    stop, others = (Clock.STOP_DAYS, Clock.STOP_DAYS_WITH_OTHERS), (Clock.DO_DAYS, Clock.DO_DAYS_WITH_OTHERS)
    span = (stop if kind in _TO_STOP else others)[with_others]
    return LastDays(
        answer=law.days.after(on, days=law.number(Clock.ANSWER_WORKING_DAYS, on=on)),
        done=law.days.not_before(on, days=law.number(span, on=on)),
    )


def extended(law: Law, done_by: date, *, on: date) -> Due:
    """Return the last day after the one extension that there may be; args: on: the day on which it is taken."""
    return law.days.not_before(done_by, days=law.number(Clock.EXTENSION_DAYS, on=on))
