"""Asking the population database about links: an answer is kept as of when, and an outage decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import pytest

from connectors.contract import CitizenSnapshot
from connectors.population.npdb import NpdbConnector, NpdbSettings, Retry
from connectors.simulators.faults import Fault
from connectors.simulators.npdb_people import Account
from connectors.simulators.npdb_server import serve
from registry.actions.intake.load_extract import People
from registry.actions.linkage.review import undo_link
from registry.actions.linkage.verify import Verified, verify_links
from registry.actions.looking.open_child import open_child
from registry.jobs.linking import link_all, verify_some
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import Refused
from tests.people import citizen, numbered, population, record, twin_record, twins
from tests.registry.actions.installed import (
    child_of,
    decisions,
    deliver,
    leaves,
    load,
    pass_time,
    query,
    reviewer,
    worker,
)

ACCOUNT = Account(user="registry", secret="s3cret-for-tests", api_key="key-for-tests")
GIRL, BOY, BROTHER = citizen(), *twins()


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links: the population is there."""
    return peopled


@pytest.fixture
def linked(installed: Installation) -> Installation:
    """Three records with a link each."""
    boys = [
        twin_record(f"B{place}", twin.full_name or "", personal_number=twin.personal_number)
        for place, twin in enumerate((BOY, BROTHER), start=1)
    ]
    deliver(installed, numbered([record("A"), *boys]))
    assert link_all(installed).matched["link"] == 3
    return installed


@contextmanager
def asking(
    installed: Installation, known: Iterable[CitizenSnapshot], faults: Iterable[Fault | None] = ()
) -> Iterator[NpdbConnector]:
    """Yield a connector to a running service that knows some citizens and fails as told."""
    people = [(one.personal_number, one.full_name or "", one.birth_date or "") for one in known]
    with serve(people, ACCOUNT, clock=installed.clock, faults=faults) as url:
        settings = NpdbSettings(
            endpoint=url,
            user=ACCOUNT.user,
            secret=ACCOUNT.secret,
            api_key=ACCOUNT.api_key,
            x_road_client="VN/GOV/G01/registry",
            retry=Retry(attempts=1),
        )
        with NpdbConnector(settings, clock=installed.clock, sleep=lambda _: None) as connector:
            yield connector


def said(installed: Installation) -> dict[str, list[str]]:
    """Return what was said of each record's link, oldest first."""
    rows = query(installed, "select child_id, outcome from verification order by as_of")
    keys = {child_of(installed, key): key for key in ("A", "B1", "B2")}
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(keys[row["child_id"]], []).append(row["outcome"])
    return found


def test_each_link_is_asked_about_once_and_the_answer_kept(linked: Installation) -> None:
    with asking(linked, [GIRL, BOY]) as connector:
        assert verify_some(linked, connector, limit=10) == {"match": 2, "not_found": 1}
        assert verify_some(linked, connector, limit=10) == {}
    assert said(linked) == {"A": ["match"], "B1": ["match"], "B2": ["not_found"]}
    rows = query(linked, "select distinct connector, as_of from verification")
    assert rows == [{"connector": "npdb", "as_of": linked.clock()}]


def test_a_refuted_link_stands_until_a_person_undoes_it(linked: Installation) -> None:
    with asking(linked, []) as connector:
        verify_some(linked, connector, limit=10)
    assert set(decisions(linked).values()) == {"link"}
    child_id = child_of(linked, "A")
    with linked.store.begin(worker(linked)) as transaction:
        (link,) = open_child(transaction, linked.vault, child_id).links
    assert (link.verified, link.verified_at) == ("not_found", linked.clock())


def test_an_outage_is_unknown_and_asked_again(linked: Installation) -> None:
    outages = (Fault.SERVER_ERROR, Fault.DENIED, Fault.RATE_LIMITED, Fault.BUS_ERROR, Fault.OTHER_REQUEST)
    faults = [fault for fault in outages for _ in range(3)]
    with asking(linked, [GIRL, BOY, BROTHER], faults) as connector:
        for _ in outages:
            assert verify_some(linked, connector, limit=10) == {"unknown": 3}
            pass_time(linked, hours=1)
        assert verify_some(linked, connector, limit=10) == {"match": 3}
    assert said(linked)["A"] == ["unknown"] * len(outages) + ["match"]
    assert set(decisions(linked).values()) == {"link"}


def test_one_that_is_never_answered_does_not_hold_up_the_others(linked: Installation) -> None:
    with asking(linked, [GIRL, BOY, BROTHER], [Fault.SERVER_ERROR, None, None]) as connector:
        assert verify_some(linked, connector, limit=3) == {"unknown": 1, "match": 2}


def test_a_citizen_about_whom_nothing_can_be_asked_does_not_hold_up_the_others(own: Installation) -> None:
    load(own, population())
    deliver(own, [record("A")])
    link_all(own)
    pass_time(own, hours=1)
    load(own, [citizen(birth_date=None)], name="november")  # she comes first, and cannot be asked about
    deliver(own, [twin_record("B1", "Lê Minh Anh", personal_number=BOY.personal_number)])
    link_all(own, changed_only=True)
    with asking(own, [GIRL, BOY]) as connector:
        first = _ask_one(own, connector, after=None)
        assert _ask_one(own, connector, after=first.last).outcomes == {"match": 1}
        assert first.outcomes == {}
        assert verify_some(own, connector, limit=10) == {}


def _ask_one(installed: Installation, connector: NpdbConnector, *, after: tuple[datetime, UUID] | None) -> Verified:
    people = People(installed.vault)
    with installed.store.begin(installed.engine(Purpose.VERIFICATION)) as transaction:
        verified = verify_links(transaction, installed.vault, connector, people=people, limit=1, after=after)
    assert verified is not None
    return verified


def test_the_answer_about_a_link_that_was_undone_is_not_shown_of_the_next(linked: Installation) -> None:
    with asking(linked, [GIRL, BOY, BROTHER]) as connector:
        verify_some(linked, connector, limit=10)
    child_id = child_of(linked, "B1")
    with linked.store.begin(reviewer(linked, reason="Nhầm anh em.")) as transaction:
        undo_link(transaction, linked.vault, child_id, reason="Nhầm anh em.")
    deliver(linked, [record("B1", day=5)])
    link_all(linked)
    with linked.store.begin(worker(linked)) as transaction:
        links = open_child(transaction, linked.vault, child_id).links
    assert [link.verified for link in links if link.child_id == child_id] == [None]


def test_asking_leaves_a_leaf_with_the_children_and_the_outcomes(linked: Installation) -> None:
    with asking(linked, [GIRL]) as connector:
        verify_some(linked, connector, limit=10)
    (leaf,) = leaves(linked, "verify")
    assert (len(leaf.children), dict(leaf.counts)) == (3, {"match": 1, "not_found": 2})


def test_a_social_worker_asks_nothing(linked: Installation) -> None:
    people = People(linked.vault)
    with (
        asking(linked, [GIRL]) as connector,
        pytest.raises(Refused),
        linked.store.begin(worker(linked)) as transaction,
    ):
        verify_links(transaction, linked.vault, connector, people=people, limit=1)
    assert said(linked) == {}
