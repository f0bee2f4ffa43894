"""A model is learned from what people decided in reviews, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matching.model_files import document_of, toml_of
from registry.actions.linkage.adopt_model import understood
from registry.actions.linkage.learn_model import NothingDecided
from registry.actions.linkage.review import undo_link
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.jobs.replay import learn
from tests.people import citizen, record, twin_record, twins
from tests.registry.actions.changed_models import adopted, changed, say, three_records
from tests.registry.actions.installed import child_of, deliver, leaves, links_of, person_of, reviewer

ONE, OTHER = (twin.personal_number for twin in twins())
WHY = "Đã gọi cho gia đình."


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here has records: one that is linked, one that waits, one that is nobody's."""
    return three_records(peopled)


def test_a_model_is_learned_from_what_people_decided_then_replayed_and_adopted(installed: Installation) -> None:
    link_all(installed)
    say(installed, child_of(installed, "B1"), ONE, "same")
    learned, others = learn(installed)
    assert (learned.same, learned.different, others) == (1, 1, 0), "the other twin is said to be another child"
    assert learned.loss_after <= learned.loss_before
    assert dict(leaves(installed, "learn_model")[0].counts) == {"same": 1, "different": 1}
    model = understood(toml_of(document_of(learned.model)).encode())
    adopted(installed, model)
    link_all(installed)
    assert links_of(installed)[child_of(installed, "B1")] == person_of(installed, ONE)


def test_a_record_that_still_waits_tells_of_what_was_said_only(installed: Installation) -> None:
    link_all(installed)
    say(installed, child_of(installed, "B1"), ONE, "different")
    learned, _ = learn(installed)
    assert (learned.same, learned.different) == (0, 1)


def test_what_was_decided_under_another_model_is_counted_and_not_used_twice(installed: Installation) -> None:
    link_all(installed)
    say(installed, child_of(installed, "B1"), ONE, "same")
    adopted(installed, changed())
    with pytest.raises(NothingDecided):
        learn(installed)
    link_all(installed)
    deliver(installed, [twin_record("B2", "Le Minh Anh")])
    link_all(installed)
    say(installed, child_of(installed, "B2"), OTHER, "same")
    learned, others = learn(installed)
    assert (learned.same, learned.different, others) == (1, 1, 1)


def test_without_decisions_nothing_is_learned(installed: Installation) -> None:
    link_all(installed)
    say(installed, child_of(installed, "B1"), ONE, "unsure")
    with pytest.raises(NothingDecided):
        learn(installed)


def test_links_that_a_person_undid_teach_nothing(installed: Installation) -> None:
    link_all(installed)
    with installed.store.begin(reviewer(installed, reason=WHY)) as transaction:
        undo_link(transaction, installed.vault, child_of(installed, "A"), reason=WHY)
    with pytest.raises(NothingDecided):
        learn(installed)


def test_records_that_were_held_back_teach_nothing(installed: Installation) -> None:
    settings = installed.settings.model_copy(update={"one_record_per_child": frozenset({"education"})})
    declared = replace(installed, settings=settings)
    deliver(declared, [record("A2")])
    link_all(declared)
    say(declared, child_of(declared, "A"), citizen().personal_number, "same")
    say(declared, child_of(declared, "A2"), citizen().personal_number, "different")
    with pytest.raises(NothingDecided):
        learn(declared)
