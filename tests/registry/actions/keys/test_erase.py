"""An erased child: nothing of her opens or is found, she does not come back, and nobody else is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from registry.actions.finding.find_child import FindQuery, find_child
from registry.actions.keys.erase import Erased, NoSuchChild, erase_child
from registry.actions.keys.prove import prove
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Purpose, Role
from registry.model.errors import ClockBack, Conflict, ReasonNeeded, Refused, WrongKeys
from registry.protect.keys.erasure_ledger import LEDGER_FILE, Erasure, ErasureLedger
from registry.protect.keys.keyring import Keyring
from registry.store.tables.schema import CHILD_OWNED
from tests.database import DatabaseServer
from tests.people import CASES, PATIENTS, case, citizen, numbered, population, record, tombstone, twin_record
from tests.registry.actions.installed import (
    AT,
    child_of,
    count,
    deliver,
    digest_of,
    heads_of,
    installed_on,
    leaves,
    links_of,
    load,
    outcomes,
    province_worker,
    query,
    somebody,
    unguarded,
    worker,
)

SENTENCE = "Gia đình yêu cầu xoá hồ sơ."
ELSEWHERE_NAMED = ("identifier_lookup", "source_key_lookup", "person_lookup")


@pytest.fixture(scope="module")
def base(
    database_server: DatabaseServer, template: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a database with the population, the girl in three systems, and a boy in one; to be copied."""
    name = database_server.clone(template)
    with installed_on(database_server.url(name), keyring, AT, tmp_path_factory.mktemp("erase")) as opened:
        load(opened, population())
        deliver(opened, numbered([record("A"), twin_record("B1", "Lê Minh Anh", personal_number="019216000101")]))
        deliver(opened, [record("H1", form=PATIENTS)], form=PATIENTS)
        deliver(opened, [case()], form=CASES)
        link_all(opened)
    yield name
    database_server.drop(name)


@pytest.fixture
def installed(base: str, database_server: DatabaseServer, keyring: Keyring, tmp_path: Path) -> Iterator[Installation]:
    """A copy of that database of the test's own."""
    name = database_server.clone(base)
    with installed_on(database_server.url(name), keyring, AT, tmp_path) as opened:
        opened.settings.keys.mkdir(mode=0o700)
        yield opened
    database_server.drop(name)


def erase(installed: Installation, child_id: UUID, *, reason: str | None = SENTENCE) -> Erased:
    """Erase a child as the command does: the engine's transaction, for the reason that was given."""
    access = installed.engine(Purpose.MAINTENANCE)
    told = replace(access, reason=reason)
    with installed.store.begin(told) as transaction:
        return erase_child(transaction, installed.vault, child_id, ledger=installed.ledger)


def named_by(installed: Installation, child_id: UUID) -> dict[str, int]:
    """Return the tables in which an identity is named, with the number of rows."""
    found = {}
    for table in (*CHILD_OWNED, "child_key", *ELSEWHERE_NAMED):
        rows = query(installed, f"select count(*) as n from {table} t where to_jsonb(t)::text like '%%{child_id}%%'")  # noqa: S608
        if rows[0]["n"]:
            found[table] = rows[0]["n"]
    return found


@pytest.mark.slow
def test_nothing_is_left_of_an_erased_child_but_a_bare_row(installed: Installation) -> None:
    girl = child_of(installed, "A")
    group = [child for child, head in heads_of(installed).items() if head == heads_of(installed)[girl]]
    assert len(group) == 3, "three systems, one child"
    assert len(named_by(installed, girl)) > 8
    assert erase(installed, girl) == Erased(identities=3)
    for child in group:
        assert named_by(installed, child) == {"child": 1}
    bare = query(installed, "select * from child where child_id = %s", girl)[0]
    kept = {name: value for name, value in bare.items() if value not in (None, [])}
    assert set(kept) == {"child_id", "system", "created_at", "erased_at"}
    assert count(installed, "erasure") == 3
    assert count(installed, "erased_record") == 3
    assert count(installed, "search_memo") == 0


def test_she_is_found_by_no_door(installed: Installation) -> None:
    erase(installed, child_of(installed, "A"))
    for access in (worker(installed), province_worker(installed)):
        for text in ("Nguyễn Thị Hoà", citizen().personal_number, "A", "H1"):
            with installed.store.begin(access) as transaction:
                found = find_child(transaction, installed.vault, FindQuery(text=text, born="2014"))
            assert found.total == 0, text


def test_everybody_else_stays_as_they_were(installed: Installation) -> None:
    boy = child_of(installed, "B1")
    before, linked = named_by(installed, boy), links_of(installed)[boy]
    erase(installed, child_of(installed, "A"))
    assert named_by(installed, boy) == before
    assert links_of(installed) == {boy: linked}
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        assert prove(transaction, installed.vault).sound


@pytest.mark.parametrize("again", ["the same", "a newer version", "a withdrawal", "one that cannot be understood"])
def test_a_later_delivery_does_not_bring_her_back(installed: Installation, again: str) -> None:
    erase(installed, child_of(installed, "A"))
    before = digest_of(installed, CHILD_OWNED)
    rows = {
        "the same": record("A"),
        "a newer version": record("A", day=9, name="Nguyễn Thị Ngọc Hoà"),
        "a withdrawal": tombstone("A"),
        "one that cannot be understood": record("A", birth_date="31/02/2014"),
    }
    account = deliver(installed, [rows[again]])
    assert outcomes(installed, account) == ["superseded"]
    assert digest_of(installed, CHILD_OWNED) == before
    assert count(installed, "quarantine") == 0
    link_all(installed)
    assert query(installed, "select * from match_result m join erasure e on e.child_id = m.child_id") == []


def test_erasing_again_says_so_and_changes_nothing(installed: Installation) -> None:
    girl = child_of(installed, "A")
    erase(installed, girl)
    before = digest_of(installed, [*CHILD_OWNED, "erasure"])
    assert erase(installed, girl).already
    assert digest_of(installed, [*CHILD_OWNED, "erasure"]) == before
    assert len(installed.ledger.entries()) == 1


def test_nobody_of_that_id_is_one_clear_refusal(installed: Installation) -> None:
    with pytest.raises(NoSuchChild, match="no such child"):
        erase(installed, uuid4())
    assert installed.ledger.entries() == []


def test_a_reason_is_needed_and_people_who_look_at_children_may_not(installed: Installation) -> None:
    with pytest.raises(ReasonNeeded):
        erase(installed, child_of(installed, "A"), reason=None)
    access = somebody(installed, Role.COMMUNE_WORKER, Purpose.CASE_WORK, reason=SENTENCE)
    with pytest.raises(Refused), installed.store.begin(access) as transaction:
        erase_child(transaction, installed.vault, child_of(installed, "A"), ledger=installed.ledger)


def test_the_log_tells_of_it_under_pseudonyms(installed: Installation) -> None:
    erase(installed, child_of(installed, "A"))
    (leaf,) = leaves(installed, "erase")
    assert len(leaf.children) == 3
    assert leaf.sealed_reason is not None
    assert SENTENCE.encode() not in leaf.content()


def test_who_had_her_open_writes_nothing_of_her_afterwards(installed: Installation) -> None:
    girl = child_of(installed, "A")
    erase(installed, girl)
    with pytest.raises(Conflict), installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        transaction.connection.exec_driver_sql(
            "insert into candidate (child_id, person_id, rank, probability, bits, sealed_evidence, run_id)"
            " values (%s, %s, 1, 0.5, 1, '', %s)",
            (girl, uuid4(), uuid4()),
        )


def test_a_pair_that_was_written_in_that_very_moment_goes_with_the_next_look(installed: Installation) -> None:
    girl = child_of(installed, "A")
    erase(installed, girl)
    with unguarded(installed.url) as owner:
        owner.execute(
            "insert into child (child_id, system, communes, created_at)"
            " values ('00000000-0000-0000-0000-000000000001', 'education', '{}', now())"
        )
        owner.execute(
            "insert into record_pair"
            " values ('00000000-0000-0000-0000-000000000001', %s, 0.5, 1, false, '', '1', gen_random_uuid())",
            [girl],
        )
    replay(installed)
    assert count(installed, "record_pair") == 0


# -- the ledger ----------------------------------------------------------------------------------------------------


def replay(installed: Installation) -> int:
    """Replay the ledger as the opening of an installation does."""
    return installed.replay_erasures()


def test_a_stop_between_ledger_and_database_is_made_good(installed: Installation) -> None:
    girl = child_of(installed, "A")
    digest = installed.vault.index.erased_record("education", "students", "A")
    erasure = Erasure(children=(girl,), records=(digest,), at=installed.clock(), by=None)
    installed.ledger.append(erasure)
    assert replay(installed) == 1
    assert named_by(installed, girl) == {"child": 1}
    assert count(installed, "erased_record") == 1
    before = digest_of(installed, [*CHILD_OWNED, "erasure", "erased_record"])
    assert replay(installed) == 0
    assert digest_of(installed, [*CHILD_OWNED, "erasure", "erased_record"]) == before


def test_somebody_whom_this_database_never_had_is_remembered(installed: Installation) -> None:
    stranger = Erasure(children=(uuid4(),), records=(b"\x07" * 32,), at=installed.clock(), by=None)
    installed.ledger.append(stranger)
    assert replay(installed) == 0
    assert count(installed, "erasure") == 1
    assert count(installed, "erased_record") == 1


def test_a_line_that_a_crash_cut_off_never_happened(tmp_path: Path, clock: datetime) -> None:
    ledger = ErasureLedger(tmp_path)
    whole = Erasure(children=(uuid4(),), records=(b"\x01" * 32,), at=clock, by=uuid4())
    ledger.append(whole)
    file = tmp_path / LEDGER_FILE
    file.write_bytes(file.read_bytes() + whole.line()[:40])
    assert ledger.entries() == [whole]
    ledger.append(whole)
    assert ledger.entries() == [whole, whole]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_damaged_line_is_named_by_its_number(tmp_path: Path, clock: datetime) -> None:
    ledger = ErasureLedger(tmp_path)
    ledger.append(Erasure(children=(uuid4(),), records=(), at=clock, by=None))
    file = tmp_path / LEDGER_FILE
    file.write_bytes(json.dumps({"children": ["x"]}).encode() + b"\n" + file.read_bytes())
    with pytest.raises(WrongKeys, match="line 1 of the ledger"):
        ledger.entries()


def test_a_clock_that_went_back_erases_nobody(installed: Installation) -> None:
    girl = child_of(installed, "A")
    access = installed.engine(Purpose.MAINTENANCE)
    early = type(access).of_engine(Purpose.MAINTENANCE, at=access.at - timedelta(days=2), request_id=access.request_id)
    told = replace(early, reason=SENTENCE)
    with pytest.raises(ClockBack), installed.store.begin(told) as transaction:
        erase_child(transaction, installed.vault, girl, ledger=installed.ledger)
    assert installed.ledger.entries() == []
