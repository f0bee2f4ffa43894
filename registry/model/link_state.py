"""What is known of a link from the population database, and when it is asked about next: one table of transitions.

Every link that stands has a time from which it is asked about again; only one that was undone has none. A failure of
any kind is no answer: it never changes what was confirmed, which only age does.

    event            candidate    verified     mismatch     unreachable  stale
    match            verified     verified     verified     verified     verified
    other answer     mismatch     mismatch     mismatch     mismatch     mismatch
    unclear answer   candidate    stale        candidate    candidate    stale
    failure          unreachable  verified *   mismatch     unreachable  unreachable
    cannot be asked  candidate    verified *   mismatch     candidate    stale
    grown old        -            stale        -            -            -
    flagged          candidate    stale        mismatch     unreachable  stale
    undone           revoked      revoked      revoked      revoked      revoked

    * stale, once it was confirmed longer ago than a confirmation lasts
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID


class LinkState(StrEnum):
    """What is known of a link."""

    CANDIDATE = "candidate"  # made by us; the population database has not confirmed it
    VERIFIED = "verified"  # confirmed, as of a time
    MISMATCH = "mismatch"  # it says that the facts do not belong together
    UNREACHABLE = "unreachable"  # asked, and there is no answer yet
    STALE = "stale"  # confirmed too long ago, or something has changed since
    REVOKED = "revoked"  # undone by us: nobody asks about it any more


class Said(StrEnum):
    """The outcome of an answer, as far as it matters to a link."""

    MATCH = "match"
    MISMATCH = "mismatch"
    NOT_FOUND = "not_found"
    INACTIVE = "inactive"
    AMBIGUOUS = "ambiguous"


class Failure(StrEnum):
    """Why there is no answer."""

    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    MEDIATOR = "mediator"
    DENIED = "denied"
    DRIFT = "drift"
    UNKNOWN = "unknown"  # it answered that it does not know
    HUNG = "hung"  # no answer within the time
    RAISED = "raised"  # the connector failed in a way that it should not
    BAD_CLAIM = "bad_claim"  # our own question is wrong


class Why(StrEnum):
    """Why a link is in its state, beside answers and failures, which say it themselves."""

    MADE = "made"
    AGED = "aged"
    UNDONE = "undone"
    FACTS_MISSING = "facts_missing"  # what the question needs is not known
    CHANGED = "changed"  # the population database says that the citizen's entry was changed
    FLAGGED = "flagged"  # a newer record fits the citizen less well, or another claims the number
    CORRECTED = "corrected"  # a finding was accepted or taken back


class Priority(IntEnum):
    """What is asked about first."""

    URGENT = 0
    FIRST_TIME = 1
    AGAIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a link now."""

    state: LinkState
    reason: str
    since: datetime
    due_at: datetime | None  # None: revoked
    priority: Priority
    confirmed_at: datetime | None = None
    answered_at: datetime | None = None
    attempts: int = 0  # failures in a row
    failure: Failure | None = None  # of the last try


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The population database has answered; args: thorough: it was learnt what is otherwise, or nothing was."""

    said: Said
    as_of: datetime
    thorough: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """There was no answer."""

    failure: Failure
    retry_after: timedelta | None = None  # as the other side asked


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotBeAsked:
    """A fact that the question needs is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownOld:
    """Time has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """Something happened after which the link must be asked about again at once."""

    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The link was undone."""


Happening = Answered | Failed | CannotBeAsked | GrownOld | Doubted | Undone

_FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=6)  # after failures
_LOOK_AGAIN: Final = timedelta(days=30)  # at what was refuted, unclear or could not be asked
_TOMORROW: Final = timedelta(days=1)
_DOUBLINGS: Final = 10
_UNCLEAR: Final = {
    LinkState.VERIFIED: LinkState.STALE,
    LinkState.STALE: LinkState.STALE,
}
_FAILED: Final = {
    LinkState.CANDIDATE: LinkState.UNREACHABLE,
    LinkState.STALE: LinkState.UNREACHABLE,
}


def made(at: datetime) -> Standing:
    """Return what is known of a link that was made just now."""
    return Standing(state=LinkState.CANDIDATE, reason=Why.MADE.value, since=at, due_at=at, priority=Priority.FIRST_TIME)


def after(standing: Standing, event: Happening, *, at: datetime, lasts: timedelta, link_id: UUID) -> Standing:
    """Return what is known of a link after an event.

    Args:
        at: when it happened, as we know it; a clock that goes back does no harm.
        lasts: how long a confirmation lasts.
        link_id: spreads the times at which links are asked about again.
    """
    if standing.state is LinkState.REVOKED:
        return standing
    match event:
        case Answered():
            moved = _answered(standing, event, at=at, lasts=lasts, link_id=link_id)
        case Failed():
            moved = _failed(standing, event, at=at, lasts=lasts, link_id=link_id)
        case CannotBeAsked():
            moved = _not_askable(standing, at=at, lasts=lasts)
        case GrownOld():
            moved = _aged(standing, at=at, lasts=lasts)
        case Doubted():
            moved = _doubted(standing, event, at=at)
        case _:
            moved = replace(_moved(standing, LinkState.REVOKED, Why.UNDONE.value, at), due_at=None)
    return moved


def is_old(standing: Standing, *, at: datetime, lasts: timedelta) -> bool:
    """Say whether a confirmation does not last any more."""
    return standing.confirmed_at is not None and at - standing.confirmed_at > lasts


def _answered(standing: Standing, event: Answered, *, at: datetime, lasts: timedelta, link_id: UUID) -> Standing:
    if event.said is Said.MATCH:
        state, wait = LinkState.VERIFIED, _spread(lasts, link_id)
    elif event.said is Said.AMBIGUOUS:
        state, wait = _UNCLEAR.get(standing.state, LinkState.CANDIDATE), min(_LOOK_AGAIN, lasts)
    else:
        state, wait = LinkState.MISMATCH, min(_LOOK_AGAIN, lasts) if event.thorough else _TOMORROW
    moved = _moved(standing, state, event.said.value, at)
    return replace(
        moved,
        confirmed_at=event.as_of if event.said is Said.MATCH else standing.confirmed_at,
        answered_at=event.as_of,
        due_at=at + wait,
        priority=Priority.AGAIN,
        attempts=0,
        failure=None,
    )


def _failed(standing: Standing, event: Failed, *, at: datetime, lasts: timedelta, link_id: UUID) -> Standing:
    aged = _aged(standing, at=at, lasts=lasts)
    attempts = standing.attempts + 1
    state = _FAILED.get(standing.state, aged.state)
    wait = _spread(min(_FIRST_WAIT * 2 ** min(attempts - 1, _DOUBLINGS), LONGEST_WAIT), link_id)
    if event.retry_after is not None:
        wait = max(wait, min(event.retry_after, LONGEST_WAIT))
    moved = aged if state is aged.state else _moved(aged, state, event.failure.value, at)
    return replace(moved, attempts=attempts, failure=event.failure, due_at=at + wait)


def _not_askable(standing: Standing, *, at: datetime, lasts: timedelta) -> Standing:
    aged = _aged(standing, at=at, lasts=lasts)
    state = LinkState.CANDIDATE if aged.state is LinkState.UNREACHABLE else aged.state
    kept = state in (LinkState.VERIFIED, LinkState.MISMATCH)
    moved = aged if kept else _moved(aged, state, Why.FACTS_MISSING.value, at)
    return replace(moved, due_at=at + min(_LOOK_AGAIN, lasts), attempts=0, failure=None, priority=Priority.AGAIN)


def _aged(standing: Standing, *, at: datetime, lasts: timedelta) -> Standing:
    if standing.state is not LinkState.VERIFIED or not is_old(standing, at=at, lasts=lasts):
        return standing
    return _moved(standing, LinkState.STALE, Why.AGED.value, at)


def _doubted(standing: Standing, event: Doubted, *, at: datetime) -> Standing:
    state = LinkState.STALE if standing.state is LinkState.VERIFIED else standing.state
    moved = _moved(standing, state, event.why.value, at)
    return replace(moved, due_at=at, priority=Priority.URGENT, attempts=0, failure=None)


def _moved(standing: Standing, state: LinkState, reason: str, at: datetime) -> Standing:
    since = standing.since if state is standing.state else at
    return replace(standing, state=state, reason=reason, since=since)


def _spread(wait: timedelta, link_id: UUID) -> timedelta:
    """Return nine tenths of a time and up to a tenth more, by the link: what came together is not due together."""
    share = int.from_bytes(hashlib.sha256(link_id.bytes).digest()[:4], "big") / 2**32
    return wait * (0.9 + share / 10)
