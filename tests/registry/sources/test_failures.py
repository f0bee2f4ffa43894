"""Whatever a connector does, its failure has a kind, the cursor stays where it was, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime

import pytest

from connectors.contract import (
    BadClaim,
    Checkpoint,
    ConnectorError,
    ContractDrift,
    CursorKind,
    Denied,
    Drift,
    FileRefused,
    MediatorFailure,
    RateLimited,
    Record,
    StartOver,
    Stream,
    Transient,
)
from connectors.listening import Failure
from connectors.records import Rejected, SourceRecord
from registry.actions.sources.run import MOST_TRIES, SourceWaits
from registry.jobs.opening import Installation
from registry.jobs.syncing import PageOvertaken, SourceFailed, begin, step, streams_of, sync_stream
from tests.registry.actions.installed import count, leaves, query
from tests.registry.sources.invented import (
    PUPILS,
    Invented,
    Script,
    later,
    pupil,
    raising,
    read,
    source_of,
    standing,
    state,
    understand,
    yielding,
)

SECRET = "Trần Văn Bí Mật"


def endless(cursor: str | None, limit: int) -> Iterator[object]:
    """Yield records for ever."""
    del cursor, limit
    number = 0
    while True:
        yield pupil(f"k{number}")
        number += 1


@pytest.mark.parametrize(
    ("error", "kind", "place"),
    [
        (Denied(SECRET), "denied", None),
        (ContractDrift("users[3].name"), "contract_drift", "users[3].name"),
        (ContractDrift(SECRET), "contract_drift", "unknown"),
        (FileRefused("columns_missing", SECRET), "file_refused", "columns_missing"),
        (BadClaim("since"), "bad_claim", "since"),
        (StartOver(SECRET), "start_over", None),
        (ConnectorError(SECRET), "refused", "ConnectorError"),
        (RuntimeError(SECRET), "connector_broke", "RuntimeError"),
        (RecursionError(SECRET), "connector_broke", "RecursionError"),
    ],
)
def test_what_does_not_pass_ends_the_run_with_its_kind(
    installed: Installation, error: Exception, kind: str, place: str | None
) -> None:
    run = read(installed, Invented(script=raising(error)))
    assert (run.state, run.failure, run.failed_at_place, run.tries) == ("failed", kind, place, 1)
    assert SECRET not in str(query(installed, "select * from sync_run"))
    assert [leaf.outcome for leaf in leaves(installed, "sync")] == ["failed"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Transient("away"), "transient"),
        (RateLimited("slowly"), "rate_limited"),
        (MediatorFailure("bus"), "mediator"),
    ],
)
def test_what_passes_is_tried_again_and_given_up_in_the_end(
    installed: Installation, error: Exception, kind: str
) -> None:
    waits: list[float] = []
    source = Invented(script=raising(error))
    run = sync_stream(installed, source_of(source), PUPILS, sleep=waits.append)
    assert (run.state, run.failure, run.tries) == ("failed", kind, MOST_TRIES)
    assert waits == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]


def test_a_source_that_says_when_to_come_again_is_left_alone_until_then(installed: Installation) -> None:
    waits: list[float] = []
    answers = [raising(RateLimited("slowly", retry_after=77.0)), yielding(pupil("a"), Checkpoint(cursor="1"))]

    def script(cursor: str | None, limit: int) -> Iterator[object]:
        return answers.pop(0)(cursor, limit)

    run = sync_stream(installed, source_of(Invented(script=script)), PUPILS, sleep=waits.append)
    assert (run.state, run.accepted, waits) == ("done", 1, [77.0])


def test_what_stands_before_the_last_checkpoint_is_good_and_the_rest_comes_again(installed: Installation) -> None:
    def script(cursor: str | None, limit: int) -> Iterator[object]:
        del limit
        if cursor is None:
            yield pupil("a")
            yield Checkpoint(cursor="1", more=True)
            yield pupil("b")
            raise Denied("no more")
        yield pupil("b")
        yield Checkpoint(cursor="2")

    source = Invented(script=script)
    assert read(installed, source).state == "failed"
    assert (standing(installed), state(installed).cursor) == ({"standing": 1}, "1")
    assert read(installed, source).state == "done"
    assert (standing(installed), source.asked) == ({"standing": 2}, [None, "1"])


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (yielding(pupil("a"), "no message", Checkpoint(cursor="1")), "rubbish"),
        (yielding(None), "rubbish"),
        (yielding(Record(key="a", payload={"name": datetime(2026, 1, 1)}), Checkpoint(cursor="1")), "rubbish"),  # noqa: DTZ001  no JSON
        (yielding(Record(key="a", payload=["name"]), Checkpoint(cursor="1")), "rubbish"),  # type: ignore[arg-type]
        (yielding(Rejected(row=1, rule="x", field=None, raw="text")), "rubbish"),  # type: ignore[arg-type]
        (endless, "flood"),
        (yielding(pupil("a"), Checkpoint(cursor="x" * 4001)), "cursor_broken"),
        (yielding(pupil("a"), Checkpoint(cursor=None)), "cursor_broken"),  # type: ignore[arg-type]
        (yielding(pupil("a"), Checkpoint(cursor="1\0")), "cursor_broken"),
        (yielding(pupil("a")), "no_checkpoint"),
        (yielding(), "no_checkpoint"),
    ],
)
def test_a_connector_that_yields_rubbish_lands_nothing(installed: Installation, script: Script, kind: str) -> None:
    run = read(installed, Invented(script=script), page=5)
    assert (run.state, run.failure, run.records) == ("failed", kind, 0)
    assert (count(installed, "source_record"), state(installed).cursor) == (0, None)


def test_a_connector_that_turns_in_a_circle_is_stopped(installed: Installation) -> None:
    source = Invented(script=yielding(Checkpoint(cursor="1", more=True)))
    assert read(installed, source).failure == "cursor_stuck"


def test_a_time_cursor_without_a_time_is_refused(installed: Installation) -> None:
    stream = later(PUPILS, cursor=CursorKind.TIMESTAMP)
    source = Invented(stream=stream, script=yielding(pupil("a"), Checkpoint(cursor="yesterday")))
    assert read(installed, source).failure == "cursor_broken"
    assert count(installed, "source_record") == 0


def test_a_connector_that_hangs_is_left_alone_and_asked_no_more(installed: Installation) -> None:
    gate = threading.Event()

    def script(cursor: str | None, limit: int) -> Iterator[object]:
        del limit
        if cursor is None:
            yield pupil("a")
            yield Checkpoint(cursor="1", more=True)
        gate.wait(20)
        yield Checkpoint(cursor="2")

    source = source_of(Invented(script=script), deadline=0.3)
    waits: list[float] = []
    first = sync_stream(installed, source, PUPILS, sleep=waits.append)
    second = sync_stream(installed, source, PUPILS, sleep=waits.append)
    gate.set()
    assert [(run.state, run.failure, run.failed_at_place) for run in (first, second)] == [
        ("failed", "hangs", None),
        ("failed", "hangs", "still"),
    ]
    assert (standing(installed), state(installed).cursor, waits) == ({"standing": 1}, "1", [])


def test_a_connector_that_cannot_name_its_streams_is_told_by_kind(installed: Installation) -> None:
    class Lost(Invented):
        def discover(self) -> list[Stream]:
            raise RuntimeError(SECRET)

    with pytest.raises(SourceFailed, match="connector_broke at RuntimeError"):
        streams_of(source_of(Lost()))


@pytest.mark.parametrize(
    ("broken", "rule", "field"),
    [
        (pupil("a", name=None), "field_missing", "name"),
        (pupil("a", name=""), "field_missing", "name"),
        (pupil("a", name="?"), "name_missing", "name"),
        (pupil(""), "key_broken", None),
        (pupil("x" * 513), "key_broken", None),
        (pupil("a", 1 << 63), "version_broken", None),
        (pupil("a", at=datetime(2026, 1, 1)), "stamp_broken", None),  # noqa: DTZ001  the fault that is meant
        (pupil("a", name="x" * (1 << 20)), "record_too_long", None),
        (pupil("a", born="31/02/2014"), "impossible_date", "birth_date"),
        (Rejected(row=3, rule="line_too_long", field=SECRET + "!", raw=b"x"), "line_too_long", None),
        (Rejected(row=3, rule=SECRET, field="name", raw=b"x"), "refused", "name"),
    ],
)
def test_a_broken_row_waits_in_quarantine_and_the_others_go_on(
    installed: Installation, broken: object, rule: str, field: str | None
) -> None:
    run = read(installed, Invented(script=yielding(broken, pupil("good"), Checkpoint(cursor="2"))))
    assert (run.state, run.accepted, run.quarantined) == ("done", 1, 1)
    assert [(r["rule"], r["field"]) for r in query(installed, "select rule, field from quarantine")] == [(rule, field)]
    assert query(installed, "select rule, field from sync_refusal") == [{"rule": rule, "field": field}]


def test_a_mapping_that_breaks_costs_its_own_row_alone(installed: Installation) -> None:
    def map_(record: Record) -> SourceRecord | Rejected:
        match record.key:
            case "raises":
                raise ValueError(record.payload["name"])
            case "nothing":
                return None  # type: ignore[return-value]  # the fault that is meant
            case "number":
                said = understand(record)
                assert isinstance(said, SourceRecord)
                object.__setattr__(said.facts, "name", 7)
                return said
            case _:
                return understand(record)

    run = read(installed, Invented([pupil(key) for key in ("raises", "nothing", "number", "good")], map_=map_))
    assert (run.accepted, run.quarantined) == (1, 3)
    assert {row["rule"] for row in query(installed, "select rule from quarantine")} == {"mapping_broke"}


def test_an_unknown_field_is_noted_and_its_record_kept(installed: Installation) -> None:
    log = [pupil("a", lop="6A"), pupil("b", lop="6B"), pupil("c", points="ten"), pupil("d", **{"090123456789": 1})]
    run = read(installed, Invented(log))
    assert (run.accepted, run.drifts) == (4, 4)
    found = query(installed, "select field, seen, expected, times from source_drift order by field, seen")
    assert found == [
        {"field": "(hidden)", "seen": "number", "expected": None, "times": 1},
        {"field": "lop", "seen": "text", "expected": None, "times": 2},
        {"field": "points", "seen": "text", "expected": "number", "times": 1},
    ]


def test_drift_that_a_connector_tells_is_noted_in_mid_run(installed: Installation) -> None:
    drift = Drift(field="Lớp", seen="text", expected=None)
    read(installed, Invented(script=yielding(pupil("a"), drift, pupil("b"), Checkpoint(cursor="2"))))
    assert query(installed, "select field, times from source_drift") == [{"field": "Lớp", "times": 1}]
    assert standing(installed) == {"standing": 2}


def test_a_source_that_makes_up_names_of_fields_fills_no_table(installed: Installation) -> None:
    wide = {f"f{chr(97 + n % 26)}{chr(97 + n // 26)}": "x" for n in range(300)}
    read(installed, Invented([pupil("a", **wide)]))
    assert count(installed, "source_drift") == 200


def test_two_processes_do_not_land_a_page_twice(installed: Installation) -> None:
    source = Invented([pupil("a"), pupil("b")])
    place = begin(installed, source_of(source, page=1), PUPILS)
    step(installed, source_of(source, page=1), place)
    with pytest.raises(PageOvertaken):
        step(installed, source_of(source, page=1), place)
    assert read(installed, source, page=1).records == 2


def test_a_run_that_was_broken_off_is_gone_on_with(installed: Installation) -> None:
    source = Invented([pupil("a"), pupil("b"), pupil("c")])
    place = begin(installed, source_of(source, page=1), PUPILS)
    step(installed, source_of(source, page=1), place)
    run = read(installed, source, page=1)
    assert (run.run_id, run.records, run.state) == (place.run.run_id, 3, "done")


def test_failures_are_kinds_and_no_sentences() -> None:
    assert Failure.__dataclass_fields__.keys() == {"kind", "place", "retry_after"}
    assert SourceWaits("it is paused").status == 409
