"""A suspect who stands for the child: known to decisions, and shown to nobody by them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import NameJudge
from connectors.records import SourceRecord
from connectors.sectors.protection import Protection
from registry.actions.keys.prove import prove
from registry.actions.looking.suspects import guardian_is_suspect, is_suspect
from registry.demo.invention import invent
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.representative import Relation
from tests.people import CASES, case
from tests.registry.actions.installed import child_of, deliver, query
from tests.registry.law.family import FATHER, MOTHER


def decided(installed: Installation, suspect: dict[str, Any] | None, *, day: int = 5) -> bool:
    """Deliver the girl's case with a suspect, and say whether somebody who stands for her is."""
    deliver(installed, [case(day=day, case_facts={"suspect": suspect})], form=CASES)
    members = [row["child_id"] for row in query(installed, "select child_id from child")]
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return guardian_is_suspect(transaction, installed.vault, members)


@pytest.mark.parametrize(
    ("relation", "guardian"),
    [
        ("father", True),
        ("mẹ", True),
        ("stepfather", True),
        ("chú ruột", True),
        ("người chăm sóc", True),
        ("neighbour", False),
        ("Hàng xóm", False),
        ("teacher", False),
        ("stranger", False),
    ],
)
def test_whoever_is_not_certainly_an_outsider_counts(installed: Installation, relation: str, guardian: bool) -> None:
    assert decided(installed, {"relation": relation, "name": None}) is guardian


def test_nobody_is_suspected_unless_somebody_is_named(installed: Installation) -> None:
    assert decided(installed, {"relation": "father", "name": None})
    assert not decided(installed, None, day=6)
    assert query(installed, "select from protection_case where sealed_suspect is not null") == []


@pytest.mark.parametrize(
    ("relation", "name", "expected"),
    [
        (Relation.FATHER, "Ai đó", True),
        (Relation.GUARDIAN, "NGUYEN VAN SAU", True),
        (Relation.MOTHER, MOTHER, False),
        (Relation.FACILITY, "Phạm Văn Trưởng", False),
    ],
)
def test_one_person_is_the_suspect_by_relation_or_by_name(
    installed: Installation, relation: Relation, name: str, expected: bool
) -> None:
    members = [child_of(installed, "BVTE-2026-0001", form=CASES)]
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        assert is_suspect(transaction, installed.vault, members, relation=relation, name=name) is expected


def test_the_suspect_is_sealed_and_opens_in_its_place(installed: Installation) -> None:
    (row,) = query(installed, "select p::text as line from protection_case p")
    assert FATHER not in row["line"]
    assert FATHER.encode().hex() not in row["line"]
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        proof = prove(transaction, installed.vault)
    assert proof.sound
    assert proof.opened["protection_case.suspect"] == 1


def judge(words: Any) -> float:
    """Answer for no name."""
    return 0.0


@pytest.mark.parametrize(
    ("line", "suspect"),
    [
        ('"suspect": {"relation": "father", "name": " Nguyễn Văn Sáu "}', {"relation": "father", "name": FATHER}),
        ('"suspect": {"relation": "neighbour"}', {"relation": "neighbour", "name": None}),
        ('"suspect": {"relation": "  "}', None),
        ('"suspect": null', None),
        ('"status": "closed"', None),
        ('"suspect": {"name": "Nguyễn Văn Sáu"}', "field_broken"),
        ('"suspect": "father"', "field_broken"),
        ('"suspect": {"relation": 7}', "field_broken"),
    ],
)
def test_the_file_of_cases_may_name_a_suspect(tmp_path: Any, line: str, suspect: Any) -> None:
    path = tmp_path / Protection.format.file_name
    head = '{"case_id": "BVTE-1", "updated_at": "2026-09-01T08:00:00+07:00", "child": {"name": "Bế Thị Én"}, '
    path.write_text(head + line + "}\n", encoding="utf-8")
    looks: NameJudge = judge
    (row,) = list(Protection().open(path, looks).rows)
    found = row.rule if hasattr(row, "rule") else row.case.suspect  # type: ignore[union-attr]  # one of the two
    assert found == suspect


def test_the_invented_province_names_some_suspects_in_cases_of_harm(tmp_path: Path) -> None:
    invent(tmp_path, seed=4, children=400, on=date(2026, 10, 31))
    looks: NameJudge = judge
    rows = Protection().open(tmp_path / Protection.format.file_name, looks).rows
    cases = [row.case for row in rows if isinstance(row, SourceRecord) and row.case is not None]
    named = [one for one in cases if one.suspect is not None]
    assert 0 < len(named) < len(cases)
    assert all({9, 10, 11, 12}.intersection(one.groups) for one in named)
