"""Writing a case by hand: sealed under a key of its own, the child's from then on, silent about other cases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from registry.actions.intake.add_case import NewCase, add_case
from registry.actions.looking.open_child import open_child
from registry.actions.looking.views import ChildView
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Access, Purpose
from registry.model.errors import BadQuery, NotFound, OutsideOpeningArea, Refused
from tests.people import CASES, ELSEWHERE, NEXT_DOOR, case, record
from tests.registry.actions.installed import (
    child_of,
    count,
    deliver,
    heads_of,
    leaves,
    pass_time,
    province_worker,
    query,
    worker,
)

NEW = NewCase(
    groups=(9, 3),
    channel="commune_intake",
    harm_level="high",
    settings=("home",),
    notes="Hàng xóm nghe tiếng khóc mỗi đêm.\nCháu có vết bầm.",
    reporter={"name": "Bùi Văn Tín", "phone": "01998000000", "relation": "hàng xóm"},
    suspect={"relation": "cha dượng", "name": ""},
)


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Some tests here link: the population is there."""
    deliver(peopled, [record("EDU0001")])
    pass_time(peopled, minutes=1)  # the oldest record stands for the child
    return peopled


@pytest.fixture
def girl(installed: Installation) -> UUID:
    """A girl with a school record."""
    return child_of(installed, "EDU0001")


def write(
    installed: Installation,
    child: UUID,
    new: NewCase = NEW,
    *,
    token: UUID | None = None,
    access: Access | None = None,
) -> UUID:
    """Write a case as a worker of the commune."""
    with installed.store.begin(access or worker(installed)) as transaction:
        return add_case(transaction, installed.vault, child, new, token=token or uuid4())


def opened(installed: Installation, child: UUID) -> ChildView:
    """Open a child as a worker of the commune."""
    with installed.store.begin(worker(installed)) as transaction:
        return open_child(transaction, installed.vault, child)


def test_the_case_is_on_the_childs_record_at_once(installed: Installation, girl: UUID) -> None:
    case_id = write(installed, girl)
    shown = opened(installed, girl)
    assert [one.system for one in shown.records] == ["education", "commune"]
    written = shown.records[1]
    assert written.case is not None
    assert written.case["groups"] == [3, 9]
    assert written.case["channel"] == "commune_intake"
    assert written.case_notes == NEW.notes
    assert written.reporter == {"name": "Bùi Văn Tín", "phone": "01998000000", "relation": "hàng xóm"}
    assert written.side.name == "Nguyễn Thị Hoà"
    assert heads_of(installed)[case_id] == girl
    assert opened(installed, case_id).child_id == girl


def test_the_linkage_leaves_the_case_where_the_worker_put_it(installed: Installation, girl: UUID) -> None:
    case_id = write(installed, girl)
    link_all(installed)
    assert heads_of(installed)[case_id] == heads_of(installed)[girl]
    link_all(installed)
    assert heads_of(installed)[case_id] == heads_of(installed)[girl]
    assert len(opened(installed, girl).records) == 2


def test_it_is_sealed_under_a_key_of_its_own(installed: Installation, girl: UUID) -> None:
    case_id = write(installed, girl)
    keys = query(installed, "select domain from child_key where child_id = %s order by domain", case_id)
    assert [row["domain"] for row in keys] == ["case_wrap", "identity_wrap"]
    (version,) = query(installed, "select key_kind from source_version where child_id = %s", case_id)
    assert version["key_kind"] == "case"


def test_a_second_case_says_nothing_of_the_first(installed: Installation, girl: UUID) -> None:
    deliver(installed, [case()], form=CASES)
    link_all(installed)
    before = count(installed, "protection_case")
    first, second = write(installed, girl), write(installed, girl)
    assert first != second
    assert count(installed, "protection_case") == before + 2
    assert [leaf.counts for leaf in leaves(installed, "write_case")] == [{"added": 1}, {"added": 1}]


def test_a_form_sent_twice_writes_one_case(installed: Installation, girl: UUID) -> None:
    token = uuid4()
    assert write(installed, girl, token=token) == write(installed, girl, token=token)
    assert count(installed, "protection_case") == 1


def test_a_case_needs_a_child_of_the_own_area(installed: Installation, girl: UUID) -> None:
    with pytest.raises(OutsideOpeningArea):
        write(installed, girl, access=worker(installed, commune=NEXT_DOOR))
    for child, commune in ((girl, ELSEWHERE), (uuid4(), NEXT_DOOR)):
        with pytest.raises(NotFound) as refused:
            write(installed, child, access=worker(installed, commune=commune))
        assert refused.value.problem() == NotFound().problem()
    assert count(installed, "protection_case") == 0


def test_only_the_case_worker_of_a_commune_writes_one(installed: Installation, girl: UUID) -> None:
    with pytest.raises(Refused):
        write(installed, girl, access=province_worker(installed))
    with pytest.raises(Refused):
        write(installed, girl, access=worker(installed, Purpose.EMERGENCY))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"groups": (15,)}, "groups"),
        ({"groups": (0,)}, "groups"),
        ({"channel": "rumour"}, "channel"),
        ({"harm_level": "extreme"}, "harm_level"),
        ({"settings": ("moon",)}, "settings"),
        ({"groups": (), "notes": "  "}, "notes"),
        ({"notes": "x" * 4001}, "notes"),
        ({"notes": "chuông\x07"}, "notes"),
        ({"reporter": {"name": "=1+1"}}, "reporter.name"),
        ({"reporter": {"phone": "x" * 501}}, "reporter.phone"),
        ({"suspect": {"name": "Ai\x00"}}, "suspect.name"),
    ],
)
def test_a_field_that_breaks_a_rule_is_named_and_nothing_is_kept(
    installed: Installation, girl: UUID, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadQuery) as refused:
        write(installed, girl, replace(NEW, **changes))
    assert refused.value.field == field
    assert count(installed, "child") == 1
