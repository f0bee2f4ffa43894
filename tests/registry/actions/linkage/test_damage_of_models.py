"""Damaged values and decoys where models are replayed and learned, and where claims that were held are released."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.jobs.replay import learn
from tests.people import HERE, record, twin_record, twins
from tests.registry.actions.changed_models import changed, replayed, say, three_records
from tests.registry.actions.installed import child_of, decisions, deliver, links_of, query
from tests.registry.actions.keys.test_damage import damage, noted, raised
from tests.registry.actions.oversight.test_decoys import plant

ONE, OTHER = (twin.personal_number for twin in twins())


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here has records: one that is linked, one that waits, one that is nobody's."""
    return three_records(peopled)


def test_a_replay_compares_what_can_be_read_and_no_decoy(installed: Installation) -> None:
    plant(installed, HERE)
    link_all(installed)
    damage(installed, "identity", "sealed_identity", child_of(installed, "C1"))
    account, _ = replayed(installed, changed())
    assert account.compared == 2
    assert noted(installed) == [(child_of(installed, "C1"), "identity", "identity")]


def test_a_difference_whose_kept_evidence_cannot_be_read_is_told_without_its_field(installed: Installation) -> None:
    link_all(installed)
    damage(installed, "candidate", "sealed_evidence", child_of(installed, "A"))
    account, sheet = replayed(installed, changed(link=0.9999999999, review=0.5))
    assert account.compared == 3
    assert sheet.of(child_of(installed, "A"))["field"] == ""
    assert [place for _, place, _ in raised(installed)] == ["candidate.evidence"]


def test_a_model_is_learned_from_the_pairs_that_can_be_read(installed: Installation) -> None:
    deliver(installed, [twin_record("B9", "Le Minh Anh", row=9)], name="later")
    link_all(installed)
    say(installed, child_of(installed, "B1"), ONE, "same")
    say(installed, child_of(installed, "B9"), OTHER, "different")
    before, _ = learn(installed)
    assert (before.same, before.different) == (1, 2)
    damage(installed, "candidate", "sealed_evidence", child_of(installed, "B1"))
    learned, _ = learn(installed)
    assert (learned.same, learned.different) == (0, 1)


def test_a_claim_whose_evidence_cannot_be_read_goes_on_waiting(installed: Installation) -> None:
    deliver(installed, [record("A2", row=2)], name="again")
    strict = replace(
        installed, settings=installed.settings.model_copy(update={"one_record_per_child": frozenset({"education"})})
    )
    link_all(strict)
    held = [child for child, decision in decisions(installed).items() if decision == "review"]
    mine = [child for child in held if child in {child_of(installed, "A"), child_of(installed, "A2")}]
    assert len(mine) == 2
    damage(installed, "candidate", "sealed_evidence", mine[0])
    before = links_of(installed)
    link_all(installed, changed_only=True)  # no source is declared any more: what was held is released
    assert set(links_of(installed)) - set(before) == {mine[1]}
    assert decisions(installed)[mine[0]] == "review"
    assert len(query(installed, "select 1 from damaged_value")) == 1
