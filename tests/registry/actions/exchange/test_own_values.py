"""Verified numbers and proposed corrections: read by whoever has the right, answered once they are known."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from registry.actions.exchange.own_records import OwnRecord as Own
from registry.actions.exchange.own_records import answer_proposal, find_standing, read_own
from registry.actions.keys.sealing import seal_group
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import BadQuery, NotFound
from registry.store.clients import Client
from tests.registry.actions.exchange.exchanging import PUPILS, as_client, client_of, pushed, record
from tests.registry.actions.installed import leaves, query

NUMBER = "001314000777"


def standing_of(installed: Installation, client: Client) -> tuple[UUID, object]:
    """Return the identity of the one record, and its open key."""
    with installed.store.begin(as_client(installed, client), system=client.system) as transaction:
        found = find_standing(transaction, installed.vault, PUPILS, "HS1")
    assert found is not None
    return found.state.child_id, found.keys.child


@pytest.fixture
def client(installed: Installation) -> Client:
    """A client of the education system without rights, and a record of its own."""
    made = client_of(installed)
    pushed(installed, made, record("HS1"))
    return made


def link(installed: Installation, client: Client, *, state: str) -> None:
    """Link the record to a citizen whose number is known."""
    child_id, key = standing_of(installed, client)
    link_id = uuid4()
    sealed = seal_group(key, "link", group="number", row=link_id, document={"number": NUMBER})  # type: ignore[arg-type]  # an open key
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        transaction.connection.execute(
            text(
                "insert into link (child_id, link_id, person_id, probability, sealed_number, sealed_evidence,"
                " model_version, made_at) values (:child, :link, :person, 0.99, :number, :number, 'm', :at)"
            ),
            {"child": child_id, "link": link_id, "person": uuid4(), "number": sealed, "at": installed.clock()},
        )
        transaction.connection.execute(
            text(
                "update link_state set state = :state, confirmed_at = :at, answered_at = :at, connector = 'npdb'"
                " where child_id = :child"
            ),
            {"child": child_id, "state": state, "at": installed.clock()},
        )


def read(installed: Installation, client: Client, *rights: str) -> Own:
    """Read the record with rights."""
    with installed.store.begin(as_client(installed, client), system=client.system) as transaction:
        return read_own(transaction, installed.vault, PUPILS, key="HS1", rights=rights)


def test_a_verified_number_is_whole_for_the_right_and_masked_without_it(
    installed: Installation, client: Client
) -> None:
    link(installed, client, state="verified")
    plain, whole = read(installed, client), read(installed, client, "number")
    assert (plain.number, plain.number_masked) == (None, "001***777")
    assert (whole.number, whole.number_masked) == (NUMBER, "001***777")
    assert plain.link is not None
    assert (plain.link.state, plain.link.connector) == ("verified", "npdb")
    assert NUMBER not in repr(whole)


@pytest.mark.parametrize("state", ["candidate", "mismatch", "unreachable", "stale"])
def test_a_number_that_is_not_verified_is_not_told(installed: Installation, client: Client, state: str) -> None:
    link(installed, client, state=state)
    found = read(installed, client, "number")
    assert (found.number, found.number_masked) == (None, None)
    assert found.link is not None
    assert found.link.state == state


def test_a_look_at_a_number_stands_in_the_log_with_what_was_shown(installed: Installation, client: Client) -> None:
    link(installed, client, state="verified")
    read(installed, client, "number")
    (leaf,) = leaves(installed, "link_state")
    assert (leaf.staff_id, leaf.groups, len(leaf.children)) == (client.client_id, ("identity",), 1)


def propose(installed: Installation, client: Client) -> UUID:
    """Propose a correction of the name."""
    child_id, key = standing_of(installed, client)
    correction = uuid4()
    document = {"from": "Bế Thị Én", "to": "Bế Thị Yến"}
    sealed = seal_group(key, "proposed_correction", group="correction", row=correction, document=document)  # type: ignore[arg-type]  # an open key
    with installed.store.begin(installed.engine(Purpose.VERIFICATION)) as transaction:
        transaction.connection.execute(
            text(
                "insert into proposed_correction (child_id, correction_id, finding_id, field, sealed_correction,"
                " proposed_at) values (:child, :id, :finding, 'name', :sealed, :at)"
            ),
            {"child": child_id, "id": correction, "finding": uuid4(), "sealed": sealed, "at": installed.clock()},
        )
    return correction


def answer(installed: Installation, client: Client, proposal: UUID, *, taken: bool, rule: str | None = None) -> None:
    """Answer a proposal."""
    with installed.store.begin(as_client(installed, client), system=client.system) as transaction:
        answer_proposal(transaction, installed.vault, proposal, streams=client.streams, taken=taken, rule=rule)


def test_a_proposal_is_read_and_answered(installed: Installation, client: Client) -> None:
    proposal = propose(installed, client)
    assert read(installed, client).proposals is None
    (one,) = read(installed, client, "proposals").proposals or ()
    assert (one.proposal_id, one.about, one.before, one.proposed) == (proposal, "name", "Bế Thị Én", "Bế Thị Yến")
    assert (one.answered_at, one.taken) == (None, None)
    answer(installed, client, proposal, taken=False, rule="checked_on_paper")
    answer(installed, client, proposal, taken=True)
    (again,) = read(installed, client, "proposals").proposals or ()
    assert (again.taken, again.answered_at) == (True, installed.clock())
    assert [row["taken"] for row in query(installed, "select taken from proposal_answer")] == [True]


def test_a_refusal_says_why_and_only_a_refusal(installed: Installation, client: Client) -> None:
    proposal = propose(installed, client)
    for taken, rule in ((False, None), (True, "other"), (False, "because")):
        with pytest.raises(BadQuery):
            answer(installed, client, proposal, taken=taken, rule=rule)


def test_another_system_answers_nothing(installed: Installation, client: Client) -> None:
    proposal = propose(installed, client)
    other = client_of(installed, system="health", stream="infants")
    narrower = client_of(installed, stream="teachers")
    for somebody in (other, narrower):
        with pytest.raises(NotFound):
            answer(installed, somebody, proposal, taken=True)
