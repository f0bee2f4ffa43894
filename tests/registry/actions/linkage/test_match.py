"""Linking: what is decided, what is kept of it, what never changes again, and which identities are one child."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from connectors.contract import CallContext, CandidatePage, CandidateQuery
from connectors.population.extract import ExtractConnector
from matching.frequencies import Frequencies
from matching.weights import Model
from registry.actions.intake import load_extract
from registry.actions.intake.load_extract import People
from registry.actions.keys.sealing import open_group
from registry.actions.linkage import match
from registry.actions.linkage.match import Engine, SealedExtract
from registry.actions.linkage.review import Says, decide_pair, undo_link
from registry.jobs.linking import NoExtract, NoSuchRun, link_all
from registry.jobs.opening import Installation
from registry.model.access import Purpose, Role
from registry.model.errors import Refused
from registry.protect.keys.keyring_file import Domain
from registry.store.links import Scope
from tests.people import CASES, PATIENTS, case, citizen, numbered, population, record, tombstone, twin_record, twins
from tests.registry.actions.installed import (
    STAFF,
    child_of,
    count,
    decisions,
    deliver,
    digest_of,
    heads_of,
    leaves,
    links_of,
    load,
    pass_time,
    person_of,
    query,
    reviewer,
    somebody,
)

STRANGER: dict[str, Any] = {
    "name": "Hồ Bảo Ngân",
    "personal_number": None,
    "birth_date": "11/11/2015",
    "mother": None,
    "father": None,
}


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links: the population is there."""
    return peopled


def undo(installed: Installation, child_id: UUID) -> None:
    """Let a person undo a link."""
    access = reviewer(installed, reason="Hai cháu khác nhau.")
    with installed.store.begin(access) as transaction:
        undo_link(transaction, installed.vault, child_id, reason="Hai cháu khác nhau.")


def say(installed: Installation, child_id: UUID, person_id: UUID, says: Says) -> None:
    """Let a person decide a pair."""
    with installed.store.begin(reviewer(installed)) as transaction:
        decide_pair(transaction, installed.vault, child_id, person_id, says=says, reason="Đã gọi cho gia đình.")


# Decisions


def test_a_record_is_linked_reviewed_or_left_alone(installed: Installation) -> None:
    deliver(installed, numbered([record("A"), twin_record("B1", "Le Minh Anh"), record("C1", **STRANGER)]))
    account = link_all(installed)
    assert decisions(installed) == {
        child_of(installed, "A"): "link",
        child_of(installed, "B1"): "review",
        child_of(installed, "C1"): "none",
    }
    assert dict(account.matched) == dict(account.standing) == {"link": 1, "review": 1, "none": 1}
    assert links_of(installed) == {child_of(installed, "A"): person_of(installed, citizen().personal_number)}


def test_a_link_keeps_its_evidence_its_model_and_its_time(installed: Installation) -> None:
    deliver(installed, [record("A")])
    account = link_all(installed)
    (row,) = query(installed, "select * from link join child_key using (child_id) where owner_id = child_id")
    assert (row["model_version"], row["run_id"]) == (Model.load("child_vn").version, account.run_id)
    assert row["made_at"] == installed.clock()
    assert row["made_by"] is None
    wrapped, epoch = bytes(row["wrapped_key"]), row["epoch"]
    key = installed.vault.key(Domain.IDENTITY_WRAP, row["child_id"], wrapped=wrapped, epoch=epoch)
    link_id, sealed = row["link_id"], bytes(row["sealed_evidence"])
    evidence = open_group(key, "link", group="evidence", row=link_id, token=sealed)
    assert {"given", "birth", "number", "mother"} <= {line["field"] for line in evidence["fields"]}
    number = open_group(key, "link", group="number", row=link_id, token=bytes(row["sealed_number"]))
    assert number == {"number": citizen().personal_number}


def test_a_second_run_changes_nothing_but_the_run(installed: Installation) -> None:
    deliver(installed, numbered([record("A"), twin_record("B1", "Le Minh Anh"), record("C1", **STRANGER)]))
    link_all(installed)
    stays = ("link", "pointer", "member", "person_lookup", "identifier_lookup")
    before, decided = digest_of(installed, stays), decisions(installed)
    pass_time(installed, days=1)
    link_all(installed)
    assert digest_of(installed, stays) == before
    assert decisions(installed) == decided


def test_twins_never_share_a_link(installed: Installation) -> None:
    one, other = twins()
    rows = [
        twin_record("B1", "Lê Minh Anh", personal_number=one.personal_number),
        twin_record("B2", "Lê Minh Ánh", personal_number=other.personal_number),
        twin_record("B3", "Lê Minh Anh"),
        twin_record("B4", "Lê Minh Ánh"),
    ]
    deliver(installed, numbered(rows))
    link_all(installed)
    linked = links_of(installed)
    for key in ("B1", "B3"):
        assert linked.get(child_of(installed, key)) in (None, person_of(installed, one.personal_number))
    for key in ("B2", "B4"):
        assert linked.get(child_of(installed, key)) in (None, person_of(installed, other.personal_number))
    assert {child_of(installed, "B1"), child_of(installed, "B2")} <= set(linked)


# What changes later


def test_the_engine_replaces_its_own_link_when_the_evidence_changes(installed: Installation) -> None:
    one, other = twins()
    deliver(installed, [twin_record("B1", "Lê Minh Anh", personal_number=one.personal_number, day=1)])
    link_all(installed)
    child_id = child_of(installed, "B1")
    assert links_of(installed) == {child_id: person_of(installed, one.personal_number)}
    deliver(installed, [twin_record("B1", "Lê Minh Ánh", personal_number=other.personal_number, day=2)])
    pass_time(installed, days=1)
    link_all(installed)
    assert links_of(installed) == {child_id: person_of(installed, other.personal_number)}
    undone = query(installed, "select undone_at, undone_by, sealed_undo_reason from link where undone_at is not null")
    assert undone == [{"undone_at": installed.clock(), "undone_by": None, "sealed_undo_reason": None}]
    linked = query(installed, "select number_index from identifier_lookup where kind = 'linked'")
    assert [bytes(row["number_index"]) for row in linked] == [installed.vault.number_index(other.personal_number)]


def test_the_engine_never_replaces_a_persons_link(installed: Installation) -> None:
    deliver(installed, [twin_record("B1", "Le Minh Anh", day=1)])
    link_all(installed)
    child_id, other = child_of(installed, "B1"), twins()[1].personal_number
    say(installed, child_id, person_of(installed, other), "same")
    deliver(installed, [twin_record("B1", "Lê Minh Anh", personal_number=twins()[0].personal_number, day=2)])
    link_all(installed)
    assert links_of(installed) == {child_id: person_of(installed, other)}
    assert decisions(installed) == {child_id: "link"}


def test_different_binds_for_ever(installed: Installation) -> None:
    deliver(installed, [record("A", day=1)])
    link_all(installed)
    child_id, person_id = child_of(installed, "A"), person_of(installed, citizen().personal_number)
    undo(installed, child_id)
    for day in (2, 3):
        deliver(installed, [record("A", day=day, address=f"Thôn {day}")])
        link_all(installed)
        assert links_of(installed) == {}
    candidates = query(installed, "select person_id from candidate where child_id = %s", child_id)
    assert person_id not in [row["person_id"] for row in candidates]


def test_what_a_person_took_apart_is_looked_at_again_with_a_newer_version_only(installed: Installation) -> None:
    deliver(installed, [record("A", day=1)])
    link_all(installed)
    undo(installed, child_of(installed, "A"))
    assert link_all(installed).matched == {}
    deliver(installed, [twin_record("A", "Lê Minh Anh", personal_number=twins()[0].personal_number, day=2)])
    link_all(installed)
    assert links_of(installed) == {child_of(installed, "A"): person_of(installed, twins()[0].personal_number)}


class Nobody:
    """A population in which nobody is like anybody."""

    def search(self, queries: Sequence[CandidateQuery], context: CallContext) -> Iterator[CandidatePage]:
        """Find nobody."""
        del context
        return (CandidatePage(query_id=query.query_id, candidates=()) for query in queries)


class Interrupting:
    """An extract whose candidates are asked for just as somebody decides a pair."""

    def __init__(self, inner: ExtractConnector, decide: Callable[[], None]) -> None:
        self._inner = inner
        self._decide = decide

    def search(self, queries: Sequence[CandidateQuery], context: CallContext) -> Iterator[CandidatePage]:
        """Let somebody decide, and answer."""
        self._decide()
        return self._inner.search(queries, context)


def test_what_a_person_decides_while_a_run_is_at_work_stands(installed: Installation) -> None:
    deliver(installed, numbered([twin_record("B1", "Le Minh Anh"), record("A")]))
    link_all(installed)
    child_id, other = child_of(installed, "B1"), person_of(installed, twins()[1].personal_number)
    model = Model.load("child_vn")
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        counted = load_extract.frequencies(transaction, installed.vault)
        assert counted is not None
        people = People(installed.vault)
        source = ExtractConnector(SealedExtract(transaction, installed.vault, people), as_of=transaction.access.at)
        matched = match.match_batch(
            transaction,
            installed.vault,
            Engine(run_id=uuid4(), model=model, frequencies=counted, people=people),
            connector=Interrupting(source, lambda: say(installed, child_id, other, "same")),
            after=None,
            scope=Scope(),
        )
    assert matched is not None
    assert dict(matched.decisions) == {"link": 1, "review": 0, "none": 0}
    assert links_of(installed)[child_id] == other
    decided = query(installed, "select decided_by from match_result where child_id = %s", child_id)
    assert decided == [{"decided_by": STAFF}]


# One child


def test_two_records_of_one_child_become_one_child_led_by_the_oldest(installed: Installation) -> None:
    deliver(installed, [record("A")])
    pass_time(installed, hours=1)
    deliver(installed, [record("PAT01", form=PATIENTS)], form=PATIENTS)
    pass_time(installed, hours=1)
    deliver(installed, [case()], form=CASES)
    link_all(installed)
    first = child_of(installed, "A")
    heads = heads_of(installed)
    assert set(heads.values()) == {first}
    assert len(heads) == 3
    members = {row["member_id"] for row in query(installed, "select member_id from member where child_id = %s", first)}
    assert members == set(heads)


def test_undo_takes_a_child_apart(installed: Installation) -> None:
    deliver(installed, [record("A")])
    pass_time(installed, hours=1)
    deliver(installed, [record("PAT01", form=PATIENTS)], form=PATIENTS)
    link_all(installed)
    patient = child_of(installed, "PAT01", form=PATIENTS)
    undo(installed, patient)
    assert heads_of(installed) == {child_of(installed, "A"): child_of(installed, "A")}
    assert decisions(installed)[patient] == "none"
    assert count(installed, "verdict") == 1


def test_undoing_the_link_of_the_oldest_leaves_the_next_one_as_head(installed: Installation) -> None:
    deliver(installed, [record("A")])
    pass_time(installed, hours=1)
    deliver(installed, [record("PAT01", form=PATIENTS)], form=PATIENTS)
    link_all(installed)
    undo(installed, child_of(installed, "A"))
    patient = child_of(installed, "PAT01", form=PATIENTS)
    assert heads_of(installed) == {patient: patient}


def test_a_withdrawn_record_leaves_its_child_and_comes_back_with_a_newer_version(installed: Installation) -> None:
    deliver(installed, [record("A", day=1)])
    pass_time(installed, hours=1)
    deliver(installed, [record("PAT01", form=PATIENTS)], form=PATIENTS)
    link_all(installed)
    first, patient = child_of(installed, "A"), child_of(installed, "PAT01", form=PATIENTS)
    deliver(installed, [tombstone("A", day=2)])
    link_all(installed, changed_only=True)
    assert heads_of(installed) == {patient: patient}
    deliver(installed, [record("A", day=3)])
    link_all(installed, changed_only=True)
    assert heads_of(installed) == {first: first, patient: first}


def test_a_withdrawn_record_is_not_matched(installed: Installation) -> None:
    deliver(installed, numbered([record("A"), tombstone("A")]))
    assert link_all(installed).matched == {}


# Which identities a run looks at


def test_a_run_of_what_changed_looks_at_new_and_newer_records_only(installed: Installation) -> None:
    deliver(installed, numbered([record("A", day=1), twin_record("B1", "Le Minh Anh")]))
    link_all(installed)
    assert link_all(installed, changed_only=True).matched == {}
    deliver(installed, numbered([record("A", day=2), record("C1", **STRANGER)]))
    assert link_all(installed, changed_only=True).matched == {"link": 1, "review": 0, "none": 1}


def test_a_run_since_another_looks_at_what_was_seen_after_it_began(installed: Installation) -> None:
    deliver(installed, [record("A")])
    pass_time(installed, hours=1)
    first = link_all(installed).run_id
    pass_time(installed, hours=1)
    deliver(installed, [twin_record("B1", "Le Minh Anh")])
    assert link_all(installed, since=first).matched == {"link": 0, "review": 1, "none": 0}


def test_an_unknown_run_and_a_missing_extract_are_told_apart(bare: Installation) -> None:
    with pytest.raises(NoExtract):
        link_all(bare)
    load(bare, population())
    with pytest.raises(NoSuchRun):
        link_all(bare, since=uuid4())


def test_without_candidates_a_record_is_nobodys(installed: Installation) -> None:
    deliver(installed, [record("A")])
    engine = Engine(
        run_id=uuid4(),
        model=Model.load("child_vn"),
        frequencies=Frequencies.counting([]),
        people=People(installed.vault),
    )
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        match.match_batch(transaction, installed.vault, engine, connector=Nobody(), after=None, scope=Scope())
    assert query(installed, "select decision, nobody from match_result") == [{"decision": "none", "nobody": 1.0}]


# Who may, and the log


def test_a_run_leaves_a_leaf_a_batch_with_counts_and_no_child(installed: Installation) -> None:
    deliver(installed, [record("A")])
    link_all(installed)
    (leaf,) = leaves(installed, "link")
    assert (dict(leaf.counts), leaf.children) == ({"link": 1, "review": 0, "none": 0}, ())


def test_a_social_worker_runs_no_linkage(installed: Installation) -> None:
    engine = Engine(
        run_id=uuid4(),
        model=Model.load("child_vn"),
        frequencies=Frequencies.counting([]),
        people=People(installed.vault),
    )
    access = somebody(installed, Role.COMMUNE_WORKER, Purpose.LINKAGE)
    with pytest.raises(Refused), installed.store.begin(access) as transaction:
        match.match_batch(transaction, installed.vault, engine, connector=Nobody(), after=None, scope=Scope())
