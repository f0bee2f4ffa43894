"""Reading a source: every record lands once, in whatever order it comes, and the newest version stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors.contract import Checkpoint, CursorKind, Deletes, FileFormat, StartOver
from registry.jobs.opening import Installation
from registry.jobs.syncing import begin, step
from tests.registry.actions.installed import child_of, count, pass_time, query, written_now
from tests.registry.sources.invented import (
    PUPILS,
    Invented,
    after,
    gone,
    later,
    payloads,
    proposals,
    pupil,
    read,
    source_of,
    standing,
    state,
    versions,
    yielding,
)


def test_a_source_is_read_to_its_end_and_read_on_from_there(installed: Installation) -> None:
    source = Invented([pupil(f"k{n}") for n in range(7)])
    first = read(installed, source, page=3)
    assert (first.state, first.records, first.accepted, first.pages) == ("done", 7, 7, 3)
    source.log.append(pupil("k0", 2, name="Nguyễn Thị Hoa"))
    second = read(installed, source, page=3)
    assert (second.records, second.accepted, second.run_no > first.run_no) == (1, 1, True)
    assert source.asked == [None, "3", "6", "7"]
    assert standing(installed) == {"standing": 7}


def test_the_same_records_again_change_nothing(installed: Installation) -> None:
    log = [pupil("a"), pupil("b"), gone("b")]
    read(installed, Invented(log))
    before = count(installed, "source_version"), count(installed, "outbox_event")
    again = read(installed, Invented(log), full=True)
    assert (again.accepted, again.unchanged + again.superseded) == (0, 3)
    assert (count(installed, "source_version"), count(installed, "outbox_event")) == before


@pytest.mark.parametrize("seed", range(4))
def test_in_whatever_order_versions_come_the_highest_stands(installed: Installation, seed: int) -> None:
    log = [pupil("a", n, name=f"Nguyễn Thị {'ABCDE'[n]}") for n in range(5)]
    log += [pupil("b", 1), gone("b", 2), pupil("b", 3, name="Trần Văn Bình"), gone("b", 4)]
    log = [*log[seed + 1 :], *reversed(log[: seed + 1])]
    read(installed, Invented(log + log[:4]), page=2)
    assert versions(installed) == [4, 4]
    assert standing(installed) == {"standing": 1, "withdrawn": 1}


def test_a_higher_version_wins_over_a_later_time(installed: Installation) -> None:
    read(installed, Invented([pupil("a", 2, at=after(1)), pupil("a", 1, at=after(5), name="Nguyễn Thị Cũ")]))
    assert versions(installed) == [2]


def test_another_content_of_the_same_version_is_a_conflict_and_the_later_time_wins(installed: Installation) -> None:
    log = [
        pupil("a", 1, at=after(1)),
        pupil("a", 1, at=after(0), name="Nguyễn Thị Trước"),
        pupil("a", 1, at=after(2), name="Nguyễn Thị Sau"),
    ]
    run = read(installed, Invented(log), page=1)
    assert (run.conflicts, run.accepted, run.superseded) == (2, 2, 1)
    child = query(installed, "select child_id from child")[0]["child_id"]
    assert written_now(installed, child)["payload"] == {**log[2].payload}


def test_another_content_of_the_same_version_without_times_does_not_overwrite(installed: Installation) -> None:
    run = read(installed, Invented([pupil("a", 1), pupil("a", 1, name="Nguyễn Thị Khác")]), page=1)
    assert (run.conflicts, run.accepted, run.superseded) == (1, 1, 1)


def test_a_tombstone_withdraws_at_once_and_a_newer_record_brings_back(installed: Installation) -> None:
    source = Invented([pupil("a", 1), gone("a", 2)])
    read(installed, source)
    assert standing(installed) == {"withdrawn": 1}
    source.log.append(pupil("a", 3))
    read(installed, source)
    assert standing(installed) == {"standing": 1}


def test_without_versions_and_times_what_is_read_last_stands_even_if_it_stood_before(installed: Installation) -> None:
    stream = later(PUPILS, cursor=CursorKind.NONE, deletes=Deletes.NONE)
    for name in ("Nguyễn Thị Hoà", "Nguyễn Thị Hoa", "Nguyễn Thị Hoà"):
        read(installed, Invented(payloads({"a": name}), stream=stream))
    (row,) = query(installed, "select version_no from source_record")
    assert row["version_no"] == 1
    child = query(installed, "select child_id from child")[0]["child_id"]
    payload = written_now(installed, child)["payload"]
    assert isinstance(payload, dict)
    assert payload["name"] == "Nguyễn Thị Hoà"


def test_a_cursor_of_times_goes_back_by_the_overlap_and_never_into_the_future(installed: Installation) -> None:
    stream = later(PUPILS, cursor=CursorKind.TIMESTAMP, overlap=timedelta(hours=2))
    source = Invented(stream=stream, script=yielding(pupil("a"), Checkpoint(cursor=f"{after(3).isoformat()}|p=2")))
    read(installed, source)
    read(installed, source)
    assert source.asked == [None, (after(3) - timedelta(hours=2)).isoformat()]
    source.script = yielding(Checkpoint(cursor="2099-01-01T00:00:00+00:00"))
    read(installed, source)
    pass_time(installed, days=1)
    source.asked.clear()
    read(installed, source)
    assert source.asked == [(installed.clock() - timedelta(days=1, hours=2)).isoformat()]


def test_a_window_of_days_goes_back_by_days(installed: Installation) -> None:
    stream = later(PUPILS, cursor=CursorKind.WINDOW, overlap=timedelta(days=3))
    source = Invented(stream=stream, script=yielding(Checkpoint(cursor="2026-10-20|5")))
    read(installed, source)
    read(installed, source)
    assert source.asked == [None, "2026-10-17"]


def test_within_a_pass_cursors_are_handed_back_as_they_are(installed: Installation) -> None:
    stream = later(PUPILS, cursor=CursorKind.TIMESTAMP, overlap=timedelta(hours=2))
    source = Invented(stream=stream, script=yielding(Checkpoint(cursor=f"{after(3).isoformat()}|p=2", more=True)))
    place = begin(installed, source_of(source), stream)
    step(installed, source_of(source), place)
    source.script = yielding(Checkpoint(cursor=after(4).isoformat()))
    assert read(installed, source).state == "done"
    assert source.asked[-1] == f"{after(3).isoformat()}|p=2"


def test_a_source_that_forgot_our_place_is_compared_from_its_beginning(installed: Installation) -> None:
    source = Invented([pupil("a"), pupil("b"), pupil("c")])
    read(installed, source)
    log = [pupil("a"), pupil("b", 2, name="Trần Văn Bình")]

    def script(cursor: str | None, limit: int) -> Iterator[object]:
        del limit
        if cursor == "3":
            raise StartOver("forgotten")
        yield from log
        yield Checkpoint(cursor="77")

    source.script = script
    run = read(installed, source, shrink_share=0.9)
    assert (run.state, run.accepted, run.unchanged) == ("done", 1, 1)
    assert [one.absent for one in proposals(installed)] == [1]
    assert state(installed).cursor == "77"


def test_a_run_is_logged_without_anybodys_values(installed: Installation) -> None:
    read(installed, Invented([pupil("a")]))
    assert count(installed, "source_record") == 1
    lines = str(query(installed, "select * from sync_run")) + str(query(installed, "select * from source_stream"))
    assert "Hoà" not in lines


def test_a_record_is_found_by_its_own_key(installed: Installation) -> None:
    read(installed, Invented([pupil("k1")]))
    form = FileFormat(system="education", stream="roster", file_name="", required_columns=(), mapping_version=1)
    assert child_of(installed, "k1", form=form)
