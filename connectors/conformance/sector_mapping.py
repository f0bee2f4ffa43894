"""Clauses on the mapping: it answers for everything, is pure, keeps values as written, and nothing tells them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any, Final

from connectors.conformance.clauses import Broken, Clause, NotShown, require
from connectors.conformance.purity import watched
from connectors.conformance.scenario import NotOffered, Row, Trouble
from connectors.conformance.subject import ROWS, Bench, Subject, mapped
from connectors.conformance.values import leaves, personal, require_silence
from connectors.contract import ConnectorError, Record, SectorConnector
from connectors.records import ChildFacts, PersonFacts, Rejected, SourceRecord

_RUBBISH: Final[tuple[Any, ...]] = (
    None,
    "",
    " ",
    "?" * 10_000,
    "\x00",
    "ngày không tháng không",
    -1,
    10**30,
    0.5,
    True,
    [],
    [None],
    {},
    {"kit": {"kit": []}},
    ["kit", 1, None],
)


def map_answers(subject: Subject) -> None:
    """Whatever a payload holds, the mapping answers, and never raises."""
    with subject.filled() as bench:
        connector = bench.connector()
        records = bench.read_through().landed.yielded
        for record in records:
            answer = _answer(connector, record, "a sound record")
            require(isinstance(answer, SourceRecord), "map() rejects a sound record")
        for broken, how in _broken(records[0]):
            _answer(connector, broken, how)


def _broken(record: Record) -> Iterator[tuple[Record, str]]:
    """Yield a record with rubbish in one field after the other, and what was done to it."""
    yield replace(record, payload={}), "an empty payload"
    yield replace(record, payload={**record.payload, "kit_unknown": "kit"}), "a field that nobody knows"
    for name in record.payload:
        rest = {other: value for other, value in record.payload.items() if other != name}
        yield replace(record, payload=rest), f"a payload without {name}"
        for rubbish in _RUBBISH:
            yield replace(record, payload={**rest, name: rubbish}), f"{type(rubbish).__name__} in {name}"


def _answer(connector: SectorConnector, record: Record, how: str) -> SourceRecord | Rejected:
    try:
        answer = connector.map(record)
    except Exception as error:  # noqa: BLE001  whatever a connector of others may raise is the finding
        raise Broken(f"map() raises {type(error).__name__} for {how}") from None
    if not isinstance(answer, SourceRecord | Rejected):
        raise Broken(f"map() returns {type(answer).__name__} for {how}")
    return answer


def map_pure(subject: Subject) -> None:
    """The same record, the same answer, at any time, by any connector; nothing else is looked at or changed."""
    with subject.filled() as bench:
        connector, another = bench.connector(), bench.connector()
        for record in bench.read_through().landed.yielded:
            untouched = deepcopy(record)
            first = connector.map(record)
            require(record == untouched, "map() changes the record that it is given")
            again, seen = watched(partial(connector.map, record))
            require(not seen, f"map() looks at {' and '.join(sorted(seen))}")
            require(first == again, "map() answers otherwise at the second call")
            require(first == another.map(record), "another connector of the same settings maps otherwise")


def as_written(subject: Subject) -> None:
    """Names and numbers stand in the mapping's answer as they stand in the row."""
    with subject.filled() as bench:
        for record, source in mapped(bench):
            told = {unicodedata.normalize("NFC", word) for leaf in leaves(record.payload) for word in _words(leaf)}
            for name, value in _written(source.facts):
                missing = [word for word in _words(value) if unicodedata.normalize("NFC", word) not in told]
                require(not missing, f"{name} is not as the row has it")


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _written(facts: ChildFacts) -> Iterator[tuple[str, str]]:
    """Yield the names and numbers among facts: those that nobody may write another way."""
    child = PersonFacts(name=facts.name, number=facts.personal_number)
    people = {"child": child, "mother": facts.mother, "father": facts.father, "carer": facts.carer}
    for who, person in people.items():
        if person is not None and person.name:
            yield f"the name of the {who}", person.name
        if person is not None and person.number:
            yield f"the number of the {who}", person.number


def silence(subject: Subject) -> None:
    """What is printed of messages, answers and failures tells nothing of anybody."""
    with subject.filled() as bench:
        values = frozenset().union(*(personal(record, source) for record, source in mapped(bench)))
        required = sorted(bench.stream().required)
        for number, name in enumerate(required, start=1):
            _write_without(bench, number, name)
        landed, connector = bench.read_through().landed, bench.connector()
        for record in landed.yielded:
            require_silence(f"{record!r} {record!s}", values, of="repr() of a record")
            answer = connector.map(record)
            require_silence(f"{answer!r} {answer!s}", values, of="repr() of what map() answers")
            if isinstance(answer, Rejected):
                require_silence(f"{answer.rule} {answer.field}", values, of="the rule or field of a rejection")
        for message in [*landed.rejected, *landed.drifts]:
            require_silence(repr(message), values, of=f"repr() of a {type(message).__name__}")
        for broken, _ in _broken(landed.yielded[0]):
            require_silence(repr(connector.map(broken)), values, of="repr() of what map() answers")
    for trouble in Trouble:
        _silent_in(subject, trouble, values)


def _write_without(bench: Bench, number: int, name: str) -> None:
    try:
        bench.write(Row(number=number, version=2, at=bench.scenario.now(), without=name))
    except NotOffered:
        return


def _silent_in(subject: Subject, trouble: Trouble, values: frozenset[str]) -> None:
    """Look at what a broken source makes a connector say."""
    try:
        with subject.filled() as bench:
            bench.read_through()
            bench.scenario.trouble(trouble)
            connector = bench.connector()
            require_silence(" ".join(connector.check().faults), values, of="check()")
            for message in connector.read(bench.scenario.stream, None, limit=ROWS):
                require_silence(repr(message), values, of=f"repr() of a {type(message).__name__}")
    except ConnectorError as error:
        require_silence(f"{error!s} {error!r}", values, of=f"the text of {type(error).__name__}")
    except NotShown:
        return


CLAUSES: Final = (
    Clause(
        name="map-answers",
        promise="map() understands sound records, and answers for whatever a payload holds",
        show=map_answers,
        needs=("whole",),
    ),
    Clause(
        name="map-pure",
        promise="map() gives the same answer at any time, and neither looks at nor changes anything else",
        show=map_pure,
        needs=("map-answers",),
    ),
    Clause(
        name="as-written",
        promise="names and numbers are handed on as the row has them",
        show=as_written,
        needs=("map-answers",),
    ),
    Clause(
        name="silence",
        promise="what is printed of messages, answers and failures tells nothing of anybody",
        show=silence,
        needs=("map-answers", "failures", "missing-field"),
    ),
)
