"""The list of links: one line a link, one a candidate under review, one for nobody; withdrawn records left out."""

from __future__ import annotations

import pytest

from registry.actions.linkage.export_links import LinkLine, list_links
from registry.actions.linkage.review import decide_pair
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Access, Purpose, Role
from registry.model.errors import ReasonNeeded, Refused
from tests.people import CASES, case, citizen, numbered, record, tombstone, twin_record, twins
from tests.registry.actions.installed import child_of, deliver, leaves, person_of, reviewer, somebody, worker

ONE, OTHER = (twin.personal_number for twin in twins())


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links: the population is there."""
    return peopled


@pytest.fixture
def linked(installed: Installation) -> Installation:
    """One record of each decision, a case, and a withdrawn one."""
    stranger = record("C1", name="Hồ Bảo Ngân", personal_number=None, birth_date="11/11/2015", mother=None, father=None)
    rows = [record("A1"), twin_record("B1", "Le Minh Anh"), stranger, record("D1"), tombstone("D1")]
    deliver(installed, numbered(rows))
    deliver(installed, [case()], form=CASES)
    link_all(installed)
    return installed


def lines(installed: Installation, access: Access | None = None) -> list[LinkLine]:
    """Return the list, as the engine asked for it or as somebody else."""
    with installed.store.begin(access or installed.engine(Purpose.LINKAGE)) as transaction:
        return list(list_links(transaction, installed.vault))


def test_the_list_has_a_line_for_each_link_candidate_and_nobody(linked: Installation) -> None:
    found = [(line.system, line.source_key, line.personal_number, line.decision) for line in lines(linked)]
    assert found == [
        ("education", "A1", citizen().personal_number, "link"),
        ("education", "B1", ONE, "review"),
        ("education", "B1", OTHER, "review"),
        ("education", "C1", "", "none"),
        ("protection", "BVTE-2026-0001", citizen().personal_number, "link"),
    ]


def test_the_score_is_the_posterior(linked: Installation) -> None:
    scores = {(line.source_key, line.personal_number): line.score for line in lines(linked)}
    assert scores["A1", citizen().personal_number] > 0.99
    assert scores["C1", ""] > 0.9
    assert 0.05 < scores["B1", ONE] <= 1
    assert scores["B1", ONE] + scores["B1", OTHER] <= 1 + 1e-9


def test_what_a_person_decided_stands_in_the_list(linked: Installation) -> None:
    child_id = child_of(linked, "B1")
    one, other = person_of(linked, ONE), person_of(linked, OTHER)
    with linked.store.begin(reviewer(linked)) as transaction:
        decide_pair(transaction, linked.vault, child_id, one, says="different", reason="Đã gọi.")
    assert [line.personal_number for line in lines(linked) if line.source_key == "B1"] == [OTHER]
    with linked.store.begin(reviewer(linked)) as transaction:
        decide_pair(transaction, linked.vault, child_id, other, says="same", reason="Đã gọi.")
    assert [line.decision for line in lines(linked) if line.source_key == "B1"] == ["link"]


def test_to_make_the_list_leaves_a_leaf(linked: Installation) -> None:
    made = lines(linked)
    (leaf,) = leaves(linked, "export_links")
    assert dict(leaf.counts) == {"lines": len(made)}


def test_a_steward_gives_a_reason_and_a_social_worker_gets_no_list(linked: Installation) -> None:
    with pytest.raises(ReasonNeeded):
        lines(linked, somebody(linked, Role.STEWARD, Purpose.LINKAGE))
    with pytest.raises(Refused):
        lines(linked, worker(linked, Purpose.LINKAGE))
    assert leaves(linked, "export_links") == []
