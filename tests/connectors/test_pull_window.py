"""Sources that are asked from a day to a day, page by page; against a real server on loopback."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import (
    Checkpoint,
    ContractDrift,
    CursorKind,
    Deletes,
    StartOver,
    Transient,
)
from connectors.records import SourceRecord
from connectors.sectors.pull_window_cursor import MOST_PAGES, Round, opened, read_standing
from connectors.simulators.sectors.faulty import PASSING
from connectors.simulators.sectors.invented import invented_child
from connectors.simulators.sectors.paged import PagedSource, put_all
from tests.connectors.draining import Landed, drained, page
from tests.connectors.pulling import (
    FIRST,
    NOW,
    children,
    paged,
    seeded,
    windowed,
)


def test_a_window_is_read_page_by_page_and_each_row_says_what_was_meant() -> None:
    source = paged()
    with windowed(source, page_size=10) as connector:
        landed = drained(connector, "doses")
        assert set(landed.living()) == source.keys()
        said = connector.map(landed.records[0])
        assert isinstance(said, SourceRecord)
        row = source.row("SIM-000000")
        assert said.facts.name == row["full_name"]
        assert (said.system, said.stream, said.services["school"]) == ("health", "doses", row["school"])
        assert landed.cursor == "2026-03-01", "the upper bound, where the next pass begins"
        (stream,) = connector.discover()
        assert (stream.cursor, stream.deletes, stream.overlap) == (CursorKind.WINDOW, Deletes.NONE, timedelta(days=3))


def test_windows_follow_one_another_without_a_gap() -> None:
    asked: list[tuple[str, str]] = []
    source = paged()
    with windowed(source, window_days=7) as connector:
        landed, more = Landed(), True
        while more:
            more = landed.land(page(connector, "doses", landed.cursor, limit=100))
            if landed.cursor and "|" in landed.cursor:
                first, behind = landed.cursor.split("|")
                asked.append((first, behind[6:16]))
    days = sorted(set(asked))
    assert days[0] == ("2026-01-01", "2026-01-07")
    assert all(
        date.fromisoformat(later[0]) == date.fromisoformat(earlier[1]) + timedelta(days=1)
        for earlier, later in pairwise(days)
    )
    assert days[-1][1] == "2026-03-01"
    assert set(landed.living()) == source.keys()


@pytest.mark.parametrize("total", ["data.tongSo", None])
def test_a_row_that_moves_between_pages_while_they_are_read_is_not_lost(total: str | None) -> None:
    source = paged(30, tells_total=total is not None)
    moved = source.row("SIM-000001")
    source.between_pages(
        lambda one: one.put(moved, at=FIRST + timedelta(days=20)),  # all behind it move up by one
        lambda one: one.remove("SIM-000003"),
        lambda one: one.put(invented_child(99, seeded(1), at=FIRST), at=FIRST),  # committed late, before all others
    )
    with windowed(source, page_size=10, total=total) as connector:
        landed = drained(connector, "doses")
    assert source.keys() <= set(landed.living())


def test_rows_that_never_stand_still_are_told_in_an_old_window_and_come_again_in_a_new_one() -> None:
    source = paged(30, tells_total=False)
    source.between_pages(*[_rotate(number) for number in range(200)])
    with windowed(source, page_size=10) as connector, pytest.raises(Transient, match="move"):
        drained(connector, "doses")
    source = paged(30, tells_total=False)
    source.between_pages(*[_rotate(number) for number in range(200)])
    with windowed(source, page_size=10, overlap_days=300) as connector:
        assert set(drained(connector, "doses").living()) == source.keys()


def _rotate(number: int) -> Any:
    def change(one: PagedSource) -> None:
        key = sorted(one.keys())[number % 30]
        one.put(one.row(key) | {"school": f"Trường {number}"}, at=FIRST + timedelta(minutes=number))

    return change


def test_a_source_that_gives_less_than_was_asked_for_is_read_to_its_end_all_the_same() -> None:
    source = paged(25, largest_page=4, tells_total=False)
    with windowed(source, page_size=10) as connector:
        assert set(drained(connector, "doses").living()) == source.keys()


def test_what_was_committed_late_comes_with_the_overlap_and_equal_stamps_are_not_lost() -> None:
    source = paged(5)
    with windowed(source) as connector:
        landed = drained(connector, "doses")
        late = [invented_child(number, seeded(number), at=NOW - timedelta(days=1)) for number in (50, 51, 52)]
        put_all(source, late, first=NOW - timedelta(days=1), step=timedelta(0))
        assert landed.cursor is not None
        begun = (date.fromisoformat(landed.cursor) - timedelta(days=3)).isoformat()
        again = drained(connector, "doses", begun=Landed(cursor=begun), limit=2)
    assert set(again.living()) == {"SIM-000050", "SIM-000051", "SIM-000052"}


def test_a_clock_that_was_put_back_reads_a_window_that_ends_today() -> None:
    source = paged(3)
    with windowed(source) as connector:
        landed = drained(connector, "doses", begun=Landed(cursor="2027-01-01"))
    assert landed.cursor == "2026-03-01"


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(limit=st.integers(1, 40), seed=st.integers(0, 99))
def test_whatever_the_page_and_the_kills_the_same_rows_come_from_a_failing_source(limit: int, seed: int) -> None:
    source = paged(20, seed=seed, shares=dict.fromkeys(PASSING, 0.05), slow_seconds=0.0)
    source.double("SIM-000004")
    chance, landed, more = seeded(seed), Landed(), True
    with windowed(source, page_size=7, attempts=2) as connector:
        while more:
            try:
                messages = page(connector, "doses", landed.cursor, limit=limit)
            except Transient:
                continue
            if chance.random() < 0.3:
                continue  # killed before it was landed
            more = landed.land(messages)
    assert set(landed.living()) == source.keys()


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "2026-13-01", "2026-01-01|", "2026-01-01|{}", '2026-01-01|{"t":"2025-01-01"}', "|", "2026-01-01|[" * 99],
)
def test_a_foreign_cursor_of_a_window_starts_over(cursor: str) -> None:
    with windowed(paged(1)) as connector, pytest.raises(StartOver):
        page(connector, "doses", cursor, limit=1)


@pytest.mark.parametrize("form", ["yyyymmdd", "iso_day", "dd/mm/yyyy", "iso_time"])
@pytest.mark.parametrize("posts", [False, True])
def test_days_are_written_and_parameters_sent_as_the_service_wants(form: str, *, posts: bool) -> None:
    source = paged(5)
    with windowed(source, day_form=form, posts=posts, window_days=20) as connector:
        assert set(drained(connector, "doses").living()) == source.keys()


def test_a_window_of_more_pages_than_a_cursor_holds_is_halved_and_a_day_of_them_is_told() -> None:
    day = opened(date(2026, 1, 1), NOW, days=31, size=1)
    full = replace(day, round=Round(page=MOST_PAGES, rows=MOST_PAGES, digests=("0" * 8,) * MOST_PAGES))
    assert len(full.text()) < 4000
    half = full.halved()
    assert half is not None
    assert (half.first, half.last, half.round) == (date(2026, 1, 1), date(2026, 1, 15), Round())
    day = opened(date(2026, 1, 1), NOW, days=1, size=1)
    assert day.halved() is None
    source = PagedSource()
    put_all(source, children(MOST_PAGES + 5), first=FIRST, step=timedelta(0))
    with windowed(source, page_size=1) as connector:
        *_, last = page(connector, "doses", full.text(), limit=1)
        assert last == Checkpoint(cursor=half.text(), more=True)
        with pytest.raises(ContractDrift, match="a day has more pages"):
            page(connector, "doses", replace(full, last=day.last).text(), limit=1)


@given(st.dates(date(2020, 1, 1), date(2026, 3, 1)), st.integers(1, 400), st.integers(1, 5000))
def test_a_place_in_a_pass_is_read_as_it_was_written(first: date, days: int, size: int) -> None:
    place = opened(first, NOW, days=days, size=size)
    assert read_standing(place.text()) == place
    further = place.next_page("0123abcd", size)
    assert read_standing(further.text()) == further
    assert read_standing(further.next_round(1).text()) == further.next_round(1)
    assert place.is_last_window == (place.last == date(2026, 3, 1))
