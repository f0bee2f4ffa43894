"""The table of a link's states: whatever happens in whatever order, it is asked about again until it is undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.model.link_state import (
    Answered,
    CannotBeAsked,
    Doubted,
    Failed,
    Failure,
    GrownOld,
    Happening,
    LinkState,
    Priority,
    Said,
    Standing,
    Undone,
    Why,
    after,
    made,
)

AT = datetime(2026, 11, 1, 8, tzinfo=UTC)
LASTS = timedelta(days=180)
LINK = UUID(int=7)
LONGEST = LASTS + timedelta(hours=6)

moments = st.integers(-500 * 86400, 500 * 86400).map(lambda seconds: AT + timedelta(seconds=seconds))
waits = st.none() | st.floats(0, 1e7).map(lambda seconds: timedelta(seconds=seconds))
happenings: st.SearchStrategy[Happening] = st.one_of(
    st.builds(Answered, said=st.sampled_from(Said), as_of=moments, thorough=st.booleans()),
    st.builds(Failed, failure=st.sampled_from(Failure), retry_after=waits),
    st.just(CannotBeAsked()),
    st.just(GrownOld()),
    st.builds(Doubted, why=st.sampled_from([Why.CHANGED, Why.FLAGGED, Why.CORRECTED])),
)


def run(events: list[tuple[datetime, Happening]]) -> list[Standing]:
    """Return what is known after each event."""
    known = [made(AT)]
    for at, event in events:
        known.append(after(known[-1], event, at=at, lasts=LASTS, link_id=LINK))
    return known


@given(st.lists(st.tuples(moments, happenings), max_size=30))
def test_no_order_of_answers_failures_and_clocks_leaves_a_link_that_nobody_asks_again(
    events: list[tuple[datetime, Happening]],
) -> None:
    for (at, event), known in zip(events, run(events)[1:], strict=True):
        assert known.due_at is not None
        assert known.state is not LinkState.REVOKED
        if not isinstance(event, GrownOld):
            assert timedelta(0) <= known.due_at - at <= LONGEST


@given(st.lists(st.tuples(moments, happenings), max_size=10), moments, happenings)
def test_an_undone_link_stays_undone(events: list[tuple[datetime, Happening]], at: datetime, event: Happening) -> None:
    last = run([*events, (at, Undone())])[-1]
    assert (last.state, last.due_at) == (LinkState.REVOKED, None)
    assert after(last, event, at=at, lasts=LASTS, link_id=LINK) == last


@given(st.lists(st.tuples(moments, happenings), max_size=20))
def test_a_link_is_verified_only_if_it_was_confirmed(events: list[tuple[datetime, Happening]]) -> None:
    confirmed = None
    for (_, event), known in zip(events, run(events)[1:], strict=True):
        if isinstance(event, Answered) and event.said is Said.MATCH:
            confirmed = event.as_of
        assert known.confirmed_at == confirmed
        if known.state is LinkState.VERIFIED:
            assert confirmed is not None


@given(st.lists(st.tuples(moments, happenings), max_size=10), st.sampled_from(Failure), waits)
def test_a_failure_is_never_an_answer(
    events: list[tuple[datetime, Happening]], failure: Failure, wait: timedelta | None
) -> None:
    before = run(events)[-1]
    later = after(before, Failed(failure=failure, retry_after=wait), at=AT, lasts=LASTS, link_id=LINK)
    assert (later.confirmed_at, later.answered_at) == (before.confirmed_at, before.answered_at)
    if before.state is not LinkState.MISMATCH:
        assert later.state is not LinkState.MISMATCH
    if before.state is not LinkState.VERIFIED:
        assert later.state is not LinkState.VERIFIED


MATCH = Answered(said=Said.MATCH, as_of=AT)
NO = Answered(said=Said.NOT_FOUND, as_of=AT)
UNCLEAR = Answered(said=Said.AMBIGUOUS, as_of=AT)
DOWN = Failed(failure=Failure.TRANSIENT)
DOUBT = Doubted(why=Why.FLAGGED)
LATER = AT + timedelta(days=200)

C, V, M, U, S = (
    LinkState.CANDIDATE,
    LinkState.VERIFIED,
    LinkState.MISMATCH,
    LinkState.UNREACHABLE,
    LinkState.STALE,
)
TO_REACH: dict[LinkState, list[Happening]] = {C: [], V: [MATCH], M: [NO], U: [DOWN], S: [MATCH, DOUBT]}


@pytest.mark.parametrize(
    ("event", "becomes"),
    [
        (MATCH, {C: V, V: V, M: V, U: V, S: V}),
        (NO, {C: M, V: M, M: M, U: M, S: M}),
        (UNCLEAR, {C: C, V: S, M: C, U: C, S: S}),
        (DOWN, {C: U, V: V, M: M, U: U, S: U}),
        (CannotBeAsked(), {C: C, V: V, M: M, U: C, S: S}),
        (GrownOld(), {C: C, V: V, M: M, U: U, S: S}),
        (DOUBT, {C: C, V: S, M: M, U: U, S: S}),
    ],
)
def test_every_cell_of_the_table(event: Happening, becomes: dict[LinkState, LinkState]) -> None:
    for state, expected in becomes.items():
        known = run([(AT, one) for one in TO_REACH[state]])[-1]
        assert known.state is state
        assert after(known, event, at=AT, lasts=LASTS, link_id=LINK).state is expected


@pytest.mark.parametrize("event", [GrownOld(), DOWN, CannotBeAsked()])
def test_age_alone_takes_away_what_was_confirmed(event: Happening) -> None:
    known = after(run([(AT, MATCH)])[-1], event, at=LATER, lasts=LASTS, link_id=LINK)
    assert (known.state, known.confirmed_at) == (LinkState.STALE, AT)


def test_failures_wait_longer_each_time_and_never_longer_than_six_hours() -> None:
    known = run([(AT, DOWN)] * 20)
    waits = [one.due_at - AT for one in known[1:] if one.due_at]
    assert waits == sorted(waits)
    assert timedelta(seconds=50) < waits[0] < timedelta(minutes=2)
    assert timedelta(hours=5) < waits[-1] <= timedelta(hours=6)


def test_what_the_other_side_asks_for_is_waited_for() -> None:
    told = Failed(failure=Failure.RATE_LIMITED, retry_after=timedelta(hours=2))
    assert run([(AT, told)])[-1].due_at == AT + timedelta(hours=2)


def test_doubt_comes_first_and_at_once() -> None:
    known = run([(AT, MATCH), (LATER, DOUBT)])[-1]
    assert (known.due_at, known.priority) == (LATER, Priority.URGENT)


def test_a_refuted_link_of_which_nothing_more_was_learnt_is_looked_at_again_the_next_day() -> None:
    told = Answered(said=Said.MISMATCH, as_of=AT, thorough=False)
    assert run([(AT, told)])[-1].due_at == AT + timedelta(days=1)
