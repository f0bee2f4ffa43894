"""A newer mapping reads again what waits in quarantine and what stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.contract import Checkpoint, Record
from connectors.records import Rejected, SourceRecord
from registry.jobs.opening import Installation
from registry.jobs.syncing import SourceFailed, retry
from tests.registry.actions.installed import count, query
from tests.registry.sources.invented import (
    PUPILS,
    Invented,
    later,
    pupil,
    read,
    source_of,
    standing,
    state,
    understand,
    yielding,
)

NEWER = later(PUPILS, mapping_version=2)


def forgiving(record: Record) -> SourceRecord | Rejected:
    """Understand also what the first mapping has refused, and sex by another field."""
    said = {**record.payload, "name": "Nguyễn Thị Hỏi" if record.payload["name"] == "?" else record.payload["name"]}
    understood = understand(Record(key=record.key, payload={**said, "sex": "Nam"}))
    assert isinstance(understood, SourceRecord)
    return understood


def waiting(installed: Installation) -> int:
    """Return how many records wait."""
    return len(query(installed, "select from quarantine where resolved_at is null"))


def test_a_newer_mapping_reads_quarantine_and_standing_records_again(installed: Installation) -> None:
    source = Invented([pupil("a"), pupil("b", name="?"), pupil("c")])
    assert read(installed, source).quarantined == 1
    newer = Invented(source.log, stream=NEWER, map_=forgiving)
    run = read(installed, newer)
    assert (run.replayed, run.records) == (3, 0)
    assert (waiting(installed), standing(installed)) == (0, {"standing": 3})
    assert {row["sex"] for row in query(installed, "select sex from child")} == {"male"}
    assert {row["mapping_version"] for row in query(installed, "select mapping_version from identity")} == {2}
    assert (state(installed).mapping_version, state(installed).replayed_to) == (2, None)
    assert read(installed, newer).replayed == 0
    assert count(installed, "source_version") == 3


def test_a_record_that_waited_does_not_overwrite_a_newer_one(installed: Installation) -> None:
    read(installed, Invented([pupil("a", 1, name="?"), pupil("a", 2)]))
    read(installed, Invented(stream=NEWER, map_=forgiving, script=yielding(Checkpoint(cursor="2"))))
    assert query(installed, "select said_version from source_record") == [{"said_version": 2}]
    assert waiting(installed) == 0


def test_a_standing_record_that_the_newer_mapping_refuses_keeps_what_was_understood(installed: Installation) -> None:
    def strict(record: Record) -> SourceRecord | Rejected:
        return Rejected(row=0, rule="not_any_more", field=None, raw=b"")

    source = Invented([pupil("a")])
    read(installed, source)
    run = read(installed, Invented(source.log, stream=NEWER, map_=strict))
    assert (run.state, standing(installed), waiting(installed)) == ("done", {"standing": 1}, 1)
    assert read(installed, Invented(source.log, stream=NEWER, map_=strict)).replayed == 0
    mended = Invented(source.log, stream=later(PUPILS, mapping_version=3))
    read(installed, mended)
    assert (standing(installed), waiting(installed)) == ({"standing": 1}, 0)


def test_what_was_refused_may_be_tried_again_without_a_newer_mapping(installed: Installation) -> None:
    source = Invented([pupil("b", name="?", row=5)])
    read(installed, source)
    assert retry(installed, source_of(source), PUPILS) == {"retried": 1, "recovered": 0}
    source.map_ = forgiving
    assert retry(installed, source_of(source), PUPILS) == {"retried": 1, "recovered": 1}
    assert (waiting(installed), standing(installed)) == (0, {"standing": 1})


class Rereading(Invented):
    """A source that reads again what it had to refuse itself."""

    def reread(self, stream: str, raw: bytes, *, row: int) -> Record | Rejected:
        """Read one line again."""
        assert stream == "roster"
        return replace(pupil(raw.decode()), row=row)


def test_what_a_source_refused_itself_is_read_again_by_it(installed: Installation) -> None:
    refused = Rejected(row=4, rule="line_broken", field=None, raw=b"k9")
    source = Rereading(script=yielding(refused, Checkpoint(cursor="1")))
    read(installed, source)
    assert retry(installed, source_of(source), PUPILS) == {"retried": 1, "recovered": 1}
    assert query(installed, "select row_number from source_record") == [{"row_number": 4}]


def test_what_no_connector_reads_again_goes_on_waiting(installed: Installation) -> None:
    refused = Rejected(row=4, rule="line_broken", field=None, raw=b"k9")
    source = Invented(script=yielding(refused, Checkpoint(cursor="1")))
    read(installed, source)
    assert retry(installed, source_of(source), PUPILS) == {"retried": 1, "recovered": 0}
    assert waiting(installed) == 1


def test_a_connector_that_breaks_in_a_replay_loses_nothing(installed: Installation) -> None:
    class Broken(Rereading):
        def reread(self, stream: str, raw: bytes, *, row: int) -> Record | Rejected:
            raise RuntimeError(stream, raw, row)

    refused = Rejected(row=4, rule="line_broken", field=None, raw=b"k9")
    source = Broken(script=yielding(refused, Checkpoint(cursor="1")))
    read(installed, source)
    with pytest.raises(SourceFailed):
        retry(installed, source_of(source), PUPILS)
    assert read(installed, replace(source, stream=NEWER)).failure == "connector_broke"
    assert waiting(installed) == 1
