"""What waits for a person is listed page by page, the records whose decision tells most first."""

from __future__ import annotations

from uuid import UUID

import pytest

from registry.actions.linkage.list_reviews import ReviewPage, review_page
from registry.actions.linkage.review import review_queue
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import NATION, Area
from registry.model.errors import BadQuery, Refused
from tests.people import ELSEWHERE, numbered, twin_record, twins
from tests.registry.actions.changed_models import say
from tests.registry.actions.installed import (
    COLLEAGUE,
    STAFF,
    child_of,
    deliver,
    query,
    reviewer,
    unguarded,
    worker,
)

ONE, OTHER = (twin.personal_number for twin in twins())
KEYS = tuple(f"B{place}" for place in range(1, 8))


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here has seven records of the twins, who cannot be told apart, and some of them tell more."""
    deliver(peopled, numbered([twin_record(key, "Le Minh Anh") for key in KEYS]))
    link_all(peopled)
    ids = sorted(child_of(peopled, key) for key in KEYS)
    with unguarded(peopled.url) as connection:
        for place, child_id in enumerate(ids):
            words = "update match_result set information = %s where child_id = %s"
            connection.execute(words, [(place % 3) / 3, child_id])
    return peopled


def page(
    installed: Installation,
    *,
    after: str | None = None,
    limit: int = 3,
    staff_id: UUID = STAFF,
    area: Area = NATION,
) -> ReviewPage:
    """Return a page as a reviewer sees it."""
    with installed.store.begin(reviewer(installed, staff_id=staff_id, area=area)) as transaction:
        return review_page(transaction, after=after, limit=limit)


def walked(installed: Installation, *, staff_id: UUID = STAFF) -> list[UUID]:
    """Return the whole queue, page by page."""
    found: list[UUID] = []
    after: str | None = None
    while True:
        one = page(installed, after=after, staff_id=staff_id)
        found += [item.child_id for item in one.items]
        if one.next is None:
            return found
        after = one.next


def test_the_pages_hold_everything_once_the_most_telling_first(installed: Installation) -> None:
    every = {row["child_id"]: row["information"] for row in query(installed, "select * from match_result")}
    assert walked(installed) == sorted(every, key=lambda child: (-every[child], child))


def test_the_first_of_the_pages_is_the_first_that_is_offered(installed: Installation) -> None:
    with installed.store.begin(reviewer(installed)) as transaction:
        assert review_queue(transaction) == (7, page(installed).items[0].child_id)


def test_what_is_decided_between_two_pages_moves_nothing_else(installed: Installation) -> None:
    before = walked(installed)
    first = page(installed)
    say(installed, first.items[0].child_id, ONE, "same")
    say(installed, before[5], ONE, "same")
    rest = page(installed, after=first.next, limit=10)
    assert [item.child_id for item in rest.items] == [before[3], before[4], before[6]]
    assert rest.next is None


def test_what_somebody_is_not_sure_of_comes_last_for_her_alone(installed: Installation) -> None:
    before = walked(installed)
    say(installed, before[0], ONE, "unsure")
    assert walked(installed) == [*before[1:], before[0]]
    assert walked(installed, staff_id=COLLEAGUE) == before
    assert [item.unsure for item in page(installed, limit=7).items] == [False] * 6 + [True]


def test_a_page_shows_the_own_area_only(installed: Installation) -> None:
    assert page(installed, area=Area(communes=frozenset({ELSEWHERE}))) == ReviewPage(items=(), next=None)


@pytest.mark.parametrize(
    "after", ["", "x", "0.0x1p0", "0.0x1p0.not-an-id", "0.0x1p9999.5b0d8f4e-0000-4000-8000-000000000001"]
)
def test_a_place_of_no_page_is_refused(installed: Installation, after: str) -> None:
    with pytest.raises(BadQuery) as refused:
        page(installed, after=after)
    assert refused.value.field == "after"


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_limit_out_of_range_is_refused(installed: Installation, limit: int) -> None:
    with pytest.raises(BadQuery):
        page(installed, limit=limit)


def test_a_social_worker_lists_nothing(installed: Installation) -> None:
    with pytest.raises(Refused), installed.store.begin(worker(installed)) as transaction:
        review_page(transaction)


# What a review is worth


def information(installed: Installation, key: str) -> float:
    """Return what the review of a record is worth."""
    words = "select information from match_result where child_id = %s"
    return float(query(installed, words, child_of(installed, key))[0]["information"])


def test_a_record_of_which_the_like_was_decided_tells_less_at_the_next_match(peopled: Installation) -> None:
    deliver(peopled, numbered([twin_record("B1", "Le Minh Anh"), twin_record("B2", "Le Minh Anh")]))
    link_all(peopled)
    before = information(peopled, "B2")
    assert before == pytest.approx(1.0, abs=0.1), "one of two twins: one bit"
    say(peopled, child_of(peopled, "B1"), OTHER, "same")
    assert information(peopled, "B2") == before, "the queue stays as it is until the record is matched again"
    link_all(peopled)
    assert information(peopled, "B2") == pytest.approx(before / 1.1)


def test_the_pattern_of_an_agreement_is_kept_as_a_keyed_hash_of_records_that_wait_only(peopled: Installation) -> None:
    rows = [twin_record("B1", "Le Minh Anh"), twin_record("B2", "Le Minh Anh")]
    deliver(peopled, numbered([*rows, twin_record("B3", "Lê Minh Anh", personal_number=ONE)]))
    link_all(peopled)
    kept = query(peopled, "select decision, pattern, information from match_result order by decision, child_id")
    assert [(row["decision"], row["pattern"] is None) for row in kept] == [
        ("link", True),
        ("review", False),
        ("review", False),
    ]
    assert len(bytes(kept[1]["pattern"])) == 8
    assert bytes(kept[1]["pattern"]) == bytes(kept[2]["pattern"])
    assert kept[0]["information"] == 0
