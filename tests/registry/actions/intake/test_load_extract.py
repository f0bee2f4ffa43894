"""Loading the population extract: sealed under one key a load, found by keyed hashes, loaded again without doubles."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from connectors.contract import CitizenSnapshot
from connectors.records import Rejected
from registry.actions.intake import load_extract
from registry.actions.intake.load_extract import People
from registry.actions.linkage.match import SealedExtract
from registry.jobs.intake import today
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import Refused
from registry.store import extract
from tests.people import citizen, twins, village
from tests.registry.actions.installed import count, digest_of, leaves, load, pass_time, query, worker

TABLES = ("extract_person", "extract_number_lookup", "extract_block")


def known(installed: Installation, number: str) -> CitizenSnapshot | None:
    """Return the citizen who bears a number, as the loaded extract tells."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        return SealedExtract(transaction, installed.vault, People(installed.vault)).person_with_number(number)


def test_a_citizen_comes_back_as_written(installed: Installation) -> None:
    girl = citizen(former_numbers=("019314000009",))
    load(installed, [girl, *twins()])
    assert known(installed, girl.personal_number) == girl
    assert known(installed, "019314999999") is None


def test_loading_the_same_file_again_changes_nothing(installed: Installation) -> None:
    load(installed, [citizen(), *twins()])
    before = digest_of(installed, TABLES)
    load(installed, [citizen(), *twins()])
    assert digest_of(installed, TABLES) == before
    assert count(installed, "extract_batch") == 1


def test_a_newer_extract_replaces_who_has_changed_and_keeps_their_ids(installed: Installation) -> None:
    load(installed, [citizen(), *twins()], name="october")
    ids = query(installed, "select person_id from extract_person order by person_id")
    pass_time(installed, days=30)
    load(installed, [citizen(full_name="Nguyễn Thị Hoà Bình"), *twins()], name="november")
    assert query(installed, "select person_id from extract_person order by person_id") == ids
    assert query(installed, "select count(distinct batch_id) as loads from extract_person") == [{"loads": 2}]
    moved = known(installed, citizen().personal_number)
    assert moved is not None
    assert moved.full_name == "Nguyễn Thị Hoà Bình"


def test_a_citizen_whose_number_was_replaced_stays_one_person(installed: Installation) -> None:
    load(installed, [citizen()], name="october")
    pass_time(installed, days=30)
    new = citizen("019314052777", former_numbers=(citizen().personal_number,))
    load(installed, [new], name="november")
    assert count(installed, "extract_person") == 1
    assert known(installed, new.personal_number) == new
    assert known(installed, citizen().personal_number) is None


def test_the_last_of_two_rows_with_one_number_counts(installed: Installation) -> None:
    load(installed, [citizen(full_name="Nguyễn Thị Cũ"), citizen()])
    assert count(installed, "extract_person") == 1
    assert known(installed, citizen().personal_number) == citizen()


def test_a_row_that_breaks_a_rule_is_counted_and_left_out(installed: Installation) -> None:
    formula = citizen("019314052002", full_name="=1+1")
    unreadable = Rejected(row=2, rule="sex_form", field="sex", raw=b"?")
    digest = hashlib.sha256(b"extract").digest()
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        batch = load_extract.open_load(transaction, installed.vault, digest)
        rows: list[tuple[int, CitizenSnapshot | Rejected]] = [(0, citizen()), (1, unreadable), (2, formula)]
        load_extract.load_people(transaction, installed.vault, rows, batch=batch, today=today(installed))
        assert extract.refused(transaction, batch.batch_id) == {"sex_form": 1, "formula_text": 1}
        assert extract.size(transaction) == 1
    (leaf,) = leaves(installed, "load_extract")
    assert dict(leaf.counts) == {"people": 1, "refused": 2}


def test_a_load_that_was_broken_off_goes_on_after_its_checkpoint(installed: Installation) -> None:
    digest = hashlib.sha256(b"extract").digest()
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        batch = load_extract.open_load(transaction, installed.vault, digest)
        load_extract.load_people(transaction, installed.vault, [(0, citizen())], batch=batch, today=today(installed))
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        again = load_extract.open_load(transaction, installed.vault, digest)
        assert load_extract.frequencies(transaction, installed.vault) is None
    assert (again.batch_id, again.rows_done, again.finished_at) == (batch.batch_id, 1, None)


def test_the_frequencies_are_counted_over_everybody_and_sealed(installed: Installation) -> None:
    load(installed, village())
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        counted = load_extract.frequencies(transaction, installed.vault)
    assert counted is not None
    assert counted.people == len(village())
    sealed = bytes(query(installed, "select sealed_frequencies from extract_batch")[0]["sealed_frequencies"])
    assert b"tran" not in sealed


def test_people_who_are_opened_are_few_at_a_time_and_their_repr_shows_none(installed: Installation) -> None:
    load(installed, [citizen(), *twins()])
    people = People(installed.vault, capacity=2)
    ids = [row["person_id"] for row in query(installed, "select person_id from extract_person order by person_id")]
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        assert set(people.get(transaction, ids[:2])) == set(ids[:2])
        assert set(people.get(transaction, ids[1:])) == set(ids[1:])
        assert repr(people) == "People(2 open)"
        assert people.get(transaction, [installed.vault.keyring.keyring_id]) == {}


def test_a_social_worker_loads_no_extract(installed: Installation) -> None:
    with pytest.raises(Refused), installed.store.begin(worker(installed)) as transaction:
        load_extract.open_load(transaction, installed.vault, b"digest")


def test_a_citizen_who_changed_is_met_by_the_new_facts_only(installed: Installation) -> None:
    load(installed, [citizen()], name="october")
    before = {row["token"] for row in query(installed, "select token from extract_block")}
    pass_time(installed, days=30)
    load(installed, [replace(citizen(), birth_date="2015-05-03", mother_name=None)], name="november")
    after = {row["token"] for row in query(installed, "select token from extract_block")}
    assert after - before
    assert before - after
