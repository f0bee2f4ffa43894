"""What a person said of a pair binds for ever: newer records, newer runs, newer models, newer extracts."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from registry.actions.linkage.review import Says, decide_pair, open_pair, undo_link
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from tests.people import citizen, numbered, population, record, tombstone, twin_record, twins
from tests.registry.actions.changed_models import adopted, changed
from tests.registry.actions.installed import (
    STAFF,
    child_of,
    decisions,
    deliver,
    links_of,
    load,
    pass_time,
    person_of,
    query,
    reviewer,
)

ONE, OTHER = (twin.personal_number for twin in twins())
NEW = "019216000999"  # the number that replaces another
WHY = "Đã gọi cho gia đình."


@pytest.fixture
def installed(own: Installation) -> Installation:
    """Every test here links, and some change the extract."""
    load(own, population())
    return own


@pytest.fixture
def child_id(installed: Installation) -> UUID:
    """A record of one of the twins that waits for a person."""
    deliver(installed, [twin_record("B1", "Le Minh Anh", day=1)])
    link_all(installed)
    return child_of(installed, "B1")


def say(installed: Installation, child_id: UUID, person_id: UUID, says: Says) -> None:
    """Let a person decide a pair."""
    with installed.store.begin(reviewer(installed)) as transaction:
        decide_pair(transaction, installed.vault, child_id, person_id, says=says, reason=WHY)


def everything_comes_again(installed: Installation) -> None:
    """Let time pass: the record in a newer version, withdrawn and back, other runs, and another model."""
    deliver(installed, [twin_record("B1", "Lê Minh Anh", personal_number=ONE, day=2)])
    link_all(installed)
    deliver(installed, [tombstone("B1", day=3)])
    link_all(installed, changed_only=True)
    deliver(installed, [twin_record("B1", "Lê Minh Anh", personal_number=ONE, address="Thôn Mới", day=4)])
    pass_time(installed, days=1)
    run = link_all(installed, changed_only=True).run_id
    link_all(installed, since=run)
    adopted(installed, changed(link=0.6, version="eager"))
    link_all(installed)


def test_same_stands_whatever_comes(installed: Installation, child_id: UUID) -> None:
    say(installed, child_id, person_of(installed, OTHER), "same")
    everything_comes_again(installed)
    assert links_of(installed) == {child_id: person_of(installed, OTHER)}
    assert decisions(installed) == {child_id: "link"}
    assert query(installed, "select made_by from link") == [{"made_by": STAFF}]


def test_different_stands_whatever_comes(installed: Installation, child_id: UUID) -> None:
    barred = person_of(installed, ONE)
    say(installed, child_id, barred, "different")
    everything_comes_again(installed)
    assert barred not in [row["person_id"] for row in query(installed, "select person_id from link")]
    assert barred not in [row["person_id"] for row in query(installed, "select person_id from candidate")]


def test_an_undone_link_is_not_made_again_whatever_comes(installed: Installation) -> None:
    deliver(installed, [twin_record("B1", "Lê Minh Anh", personal_number=ONE, day=1)])
    link_all(installed)
    child_id = child_of(installed, "B1")
    with installed.store.begin(reviewer(installed, reason=WHY)) as transaction:
        undo_link(transaction, installed.vault, child_id, reason=WHY)
    everything_comes_again(installed)
    assert person_of(installed, ONE) not in links_of(installed).values()


# A citizen whose number was replaced


def replaced(installed: Installation, number: str) -> None:
    """Load an extract in which a twin has a new number in the place of `number`."""
    people = [
        replace(one, personal_number=NEW, former_numbers=(number,)) if one.personal_number == number else one
        for one in population()
    ]
    load(installed, people, name="with the number replaced")


def test_a_citizen_keeps_what_was_said_of_him_under_the_number_that_was_replaced(
    installed: Installation, child_id: UUID
) -> None:
    before = person_of(installed, ONE)
    say(installed, child_id, before, "different")
    replaced(installed, ONE)
    assert person_of(installed, NEW) == before
    everything_comes_again(installed)
    assert before not in links_of(installed).values()


def test_same_stands_when_the_number_is_replaced(installed: Installation, child_id: UUID) -> None:
    say(installed, child_id, person_of(installed, ONE), "same")
    replaced(installed, ONE)
    everything_comes_again(installed)
    assert links_of(installed) == {child_id: person_of(installed, NEW)}


def merged(installed: Installation) -> UUID:
    """Load an extract that had one twin twice, and then one that says the second number replaced the first.

    Returns: the citizen under the second number.
    """
    double = replace(twins()[0], personal_number=NEW)
    load(installed, population(double), name="with a citizen twice")
    second = person_of(installed, NEW)
    load(installed, [replace(double, former_numbers=(ONE,))], name="merged")
    assert person_of(installed, NEW) == second != person_of(installed, ONE)
    return second


def test_different_bars_the_citizen_who_was_merged_with_the_one_it_was_said_of(
    installed: Installation, child_id: UUID
) -> None:
    say(installed, child_id, person_of(installed, ONE), "different")
    second = merged(installed)
    everything_comes_again(installed)
    assert {second, person_of(installed, ONE)}.isdisjoint(links_of(installed).values())
    assert second not in [row["person_id"] for row in query(installed, "select person_id from candidate")]


def test_same_stands_though_the_citizen_was_merged_with_another(installed: Installation, child_id: UUID) -> None:
    first = person_of(installed, ONE)
    say(installed, child_id, first, "same")
    merged(installed)
    everything_comes_again(installed)
    assert links_of(installed) == {child_id: first}


def test_of_two_candidates_who_are_one_citizen_both_go_with_one_answer(installed: Installation, child_id: UUID) -> None:
    second = merged(installed)
    link_all(installed)
    with installed.store.begin(reviewer(installed)) as transaction:
        shown = {candidate.person_id for candidate in open_pair(transaction, installed.vault, child_id).candidates}
    assert {second, person_of(installed, ONE)} <= shown
    say(installed, child_id, second, "different")
    say(installed, child_id, person_of(installed, OTHER), "different")
    assert decisions(installed) == {child_id: "none"}


def test_what_was_said_of_one_record_does_not_bind_another(installed: Installation, child_id: UUID) -> None:
    say(installed, child_id, person_of(installed, ONE), "different")
    deliver(installed, numbered([twin_record("B2", "Lê Minh Anh", personal_number=ONE), record("A")]))
    link_all(installed)
    assert links_of(installed)[child_of(installed, "B2")] == person_of(installed, ONE)
    assert links_of(installed)[child_of(installed, "A")] == person_of(installed, citizen().personal_number)
