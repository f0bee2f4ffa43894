"""Sealed values that were changed: left out, noted once with an alarm, and everything else goes on."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from psycopg import sql

from connectors.records import SourceRecord
from registry.actions.build_frame import build_frame
from registry.actions.keys.damage import MOST, KeysDoNotFit, RecordDamaged
from registry.actions.linkage.export_links import list_links
from registry.actions.linkage.review import decide_pair, open_pair
from registry.actions.looking.open_child import open_child
from registry.actions.looking.views import ChildView
from registry.actions.oversight import alarms
from registry.actions.oversight.alarms import AlarmKind, AlarmView
from registry.jobs.intake import today
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Purpose, Role
from registry.model.errors import Conflict, NotFound, Refused
from registry.protect.pseudonym import child_pseudonym
from tests.people import CASES, case, numbered, record, twin_record, twins
from tests.registry.actions.installed import (
    child_of,
    decisions,
    deliver,
    heads_of,
    leaves,
    links_of,
    outcomes,
    pass_time,
    person_of,
    query,
    reviewer,
    somebody,
    unguarded,
    worker,
)
from tests.registry.actions.linkage.test_cluster import absent, standing, two_systems

GIRL = "EDU0001"


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links: the population is there."""
    return peopled


def damage(installed: Installation, table: str, column: str, child_id: UUID) -> None:
    """Flip a bit of a sealed value."""
    flip = sql.SQL("update {0} set {1} = set_byte({1}, 20, get_byte({1}, 20) # 1) where child_id = %s")
    with unguarded(installed.url) as connection:
        changed = connection.execute(flip.format(sql.Identifier(table), sql.Identifier(column)), [child_id])
        assert changed.rowcount > 0


def noted(installed: Installation) -> list[tuple[UUID, str, str]]:
    """Return the damaged values that were noted."""
    rows = query(installed, "select * from damaged_value order by table_name, group_name, child_id")
    return [(row["child_id"], row["table_name"], row["group_name"]) for row in rows]


def raised(installed: Installation) -> list[tuple[str, str | None, bytes | None]]:
    """Return the alarms: kind, place, child."""
    rows = query(installed, "select * from alarm order by raised_at, kind, place")
    return [(row["kind"], row["place"], row["child_pseudonym"]) for row in rows]


def look(installed: Installation, child_id: UUID) -> ChildView:
    """Open a child as the worker of the commune."""
    with installed.store.begin(worker(installed)) as transaction:
        return open_child(transaction, installed.vault, child_id)


def named(installed: Installation, child_id: UUID) -> bytes:
    """Return the pseudonym of a child."""
    return child_pseudonym(installed.vault.keyring, child_id)


def frame_size(installed: Installation) -> int:
    """Build a frame and return the number of children in it."""
    with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
        build_frame(transaction, installed.vault, as_of=today(installed))
    return len(query(installed, "select 1 from frame_fact"))


def exported(installed: Installation) -> list[str]:
    """Return the record keys of the list of links."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        return [line.source_key for line in list_links(transaction, installed.vault)]


def two_records(installed: Installation) -> tuple[UUID, UUID]:
    """Bring in the girl from two systems, linked to one citizen."""
    deliver(installed, [record(GIRL)])
    pass_time(installed, hours=1)
    deliver(installed, [case()], form=CASES)
    link_all(installed)
    return child_of(installed, GIRL), child_of(installed, "BVTE-2026-0001", form=CASES)


# Opening


@pytest.mark.parametrize("column", ["sealed_identity", "sealed_family", "sealed_contact", "sealed_services"])
def test_a_child_is_shown_without_the_record_that_cannot_be_read(installed: Installation, column: str) -> None:
    school, protection = two_records(installed)
    damage(installed, "identity", column, school)
    child = look(installed, protection)
    assert [one.system for one in child.records] == ["protection"]
    assert child.unreadable == 1
    group = column.removeprefix("sealed_")
    assert noted(installed) == [(school, "identity", group)]
    assert raised(installed) == [("damaged_value", f"identity.{group}", named(installed, school))]


WAYS = {
    "cut": "substring({0} for 30)",
    "emptied": "''::bytea",
    "another format": "set_byte({0}, 0, 9)",
    "another generation": "set_byte({0}, 3, 2)",
    "the tag": "set_byte({0}, length({0}) - 1, get_byte({0}, length({0}) - 1) # 128)",
    "longer": "{0} || '\\x00'::bytea",
    "moved": "(select other.{0} from {1} other where other.child_id <> {1}.child_id limit 1)",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(("table", "column"), [("identity", "sealed_family"), ("child_key", "wrapped_key")])
def test_however_a_value_was_changed_the_rest_is_shown(
    installed: Installation, table: str, column: str, way: str
) -> None:
    school, protection = two_records(installed)
    names = (sql.Identifier(column), sql.Identifier(table))
    statement = sql.SQL("update {1} set {0} = {2} where child_id = %s").format(*names, sql.SQL(way).format(*names))
    with unguarded(installed.url) as connection:
        assert connection.execute(statement, [school]).rowcount == 1
    assert [one.system for one in look(installed, protection).records] == ["protection"]
    assert [child for child, _, _ in noted(installed)] == [school]


def test_what_is_noted_once_is_not_noted_again_and_raises_one_alarm(installed: Installation) -> None:
    school, _ = two_records(installed)
    damage(installed, "identity", "sealed_identity", school)
    for _ in range(3):
        look(installed, school)
    assert len(noted(installed)) == 1
    assert len(raised(installed)) == 1


def test_a_record_whose_data_key_was_changed_is_left_out_too(installed: Installation) -> None:
    school, _ = two_records(installed)
    damage(installed, "child_key", "wrapped_key", school)
    assert [one.system for one in look(installed, school).records] == ["protection"]
    assert noted(installed) == [(school, "identity_wrap", "key")]


def test_a_link_whose_evidence_was_changed_leaves_the_records(installed: Installation) -> None:
    school, _ = two_records(installed)
    damage(installed, "link", "sealed_evidence", school)
    child = look(installed, school)
    assert (len(child.records), len(child.links), child.unreadable) == (2, 1, 1)
    assert noted(installed) == [(school, "link", "evidence")]


def test_a_case_that_cannot_be_read_leaves_the_record_it_is_of(installed: Installation) -> None:
    _, protection = two_records(installed)
    damage(installed, "protection_case", "sealed_case_notes", protection)
    child = look(installed, protection)
    (shown,) = [one for one in child.records if one.system == "protection"]
    assert (shown.case, shown.case_notes) == (None, None)
    assert shown.side.name == "Nguyễn Thị Hoà"
    assert child.unreadable == 1


def test_a_child_of_whom_nothing_can_be_read_is_refused_and_the_alarm_stands(installed: Installation) -> None:
    deliver(installed, [record(GIRL)])
    child_id = child_of(installed, GIRL)
    damage(installed, "identity", "sealed_identity", child_id)
    for _ in range(2):
        with pytest.raises(RecordDamaged) as refused:
            look(installed, child_id)
    assert "Hoà" not in str(refused.value)
    assert leaves(installed, "open") == []
    assert noted(installed) == [(child_id, "identity", "identity")]
    assert [kind for kind, _, _ in raised(installed)] == ["damaged_value"]
    assert len(leaves(installed, "alarm.damaged_value")) == 1


# Batches


def test_a_frame_the_linkage_and_the_list_of_links_go_on_without_it(installed: Installation) -> None:
    deliver(installed, numbered([record(GIRL), twin_record("B1", "Lê Minh Anh"), absent("C1")]))
    child_id = child_of(installed, "C1")
    damage(installed, "identity", "sealed_identity", child_id)
    link_all(installed)
    assert child_id not in decisions(installed)
    assert len(decisions(installed)) == 2
    assert frame_size(installed) == 2
    damage(installed, "identity", "sealed_source", child_of(installed, GIRL))
    assert exported(installed) == ["B1"]
    assert len(raised(installed)) == 2


def test_the_link_of_a_record_that_can_no_longer_be_read_stands(installed: Installation) -> None:
    school, _ = two_records(installed)
    before = links_of(installed)
    damage(installed, "identity", "sealed_identity", school)
    link_all(installed)
    assert links_of(installed) == before


def test_a_citizen_who_cannot_be_read_changes_no_decision(installed: Installation) -> None:
    deliver(
        installed,
        numbered([record(GIRL), twin_record("B1", "Lê Minh Anh", personal_number=twins()[0].personal_number)]),
    )
    link_all(installed)
    before, decided = links_of(installed), decisions(installed)
    person = person_of(installed, "019314052001")
    flip = "update extract_person set sealed_person = set_byte(sealed_person, 20, get_byte(sealed_person, 20) # 1)"
    query(installed, flip + " where person_id = %s returning 1", person)
    try:
        link_all(installed)
        assert (links_of(installed), decisions(installed)) == (before, decided)
        assert raised(installed) == [("damaged_value", "extract_person.person", None)]
    finally:
        query(installed, flip + " where person_id = %s returning 1", person)  # the extract is the other tests', too


def test_a_join_with_a_record_that_cannot_be_read_stands(installed: Installation) -> None:
    one, other = two_systems(installed)
    link_all(installed)
    before, heads = standing(installed), heads_of(installed)
    assert len(before) == 1
    damage(installed, "identity", "sealed_family", other)
    link_all(installed)
    assert [join["join_id"] for join in standing(installed)] == [join["join_id"] for join in before]
    assert heads_of(installed) == heads
    assert look(installed, one).unreadable == 1


def test_keys_that_fit_nothing_stop_the_work_with_one_alarm_and_no_note(installed: Installation) -> None:
    rows = [absent(f"C{number}", name=f"Hồ Bảo Ngân {chr(65 + number)}") for number in range(MOST + 5)]
    deliver(installed, numbered(rows))
    query(
        installed,
        "update child_key set wrapped_key = set_byte(wrapped_key, 20, get_byte(wrapped_key, 20) # 1) returning 1",
    )
    with pytest.raises(KeysDoNotFit):
        frame_size(installed)
    assert noted(installed) == []
    assert [(kind, place) for kind, place, _ in raised(installed)] == [("keys_do_not_fit", "identity_wrap.key")]


# A person decides


def test_a_pair_of_which_the_record_cannot_be_read_is_refused(installed: Installation) -> None:
    deliver(installed, [twin_record("B1", "Le Minh Anh")])
    link_all(installed)
    child_id = child_of(installed, "B1")
    person = person_of(installed, twins()[0].personal_number)
    damage(installed, "candidate", "sealed_evidence", child_id)
    with installed.store.begin(reviewer(installed)) as transaction:
        pair = open_pair(transaction, installed.vault, child_id)
    assert [candidate.evidence for candidate in pair.candidates] == [()] * len(pair.candidates)
    with pytest.raises(RecordDamaged), installed.store.begin(reviewer(installed)) as transaction:
        decide_pair(transaction, installed.vault, child_id, person, says="same", reason="Đã gọi.")
    damage(installed, "identity", "sealed_identity", child_id)
    with pytest.raises(RecordDamaged), installed.store.begin(reviewer(installed)) as transaction:
        open_pair(transaction, installed.vault, child_id)
    assert noted(installed) == [(child_id, "candidate", "evidence"), (child_id, "identity", "identity")]
    assert decisions(installed)[child_id] == "review"


# Healing


@pytest.mark.parametrize("again", [record(GIRL), record(GIRL, day=1, name="Nguyễn Thị Hòa")], ids=["same", "newer"])
def test_a_delivery_of_the_record_heals_it(installed: Installation, again: SourceRecord) -> None:
    deliver(installed, [record(GIRL)])
    child_id = child_of(installed, GIRL)
    damage(installed, "identity", "sealed_identity", child_id)
    with pytest.raises(RecordDamaged):
        look(installed, child_id)
    pass_time(installed, hours=1)
    deliver(installed, [again], name="again")
    assert noted(installed) == []
    assert look(installed, child_id).records[0].side.name == again.facts.name


def test_a_record_whose_key_was_changed_takes_nothing_and_the_rest_of_the_file_is_taken(
    installed: Installation,
) -> None:
    deliver(installed, [record(GIRL)])
    child_id = child_of(installed, GIRL)
    damage(installed, "child_key", "wrapped_key", child_id)
    account = deliver(installed, numbered([record(GIRL, day=1), record("EDU0002", name="Nguyễn Thị Khác")]))
    assert outcomes(installed, account) == ["quarantined", "accepted"]
    assert account.outcomes.rules == {"record_damaged": 1}
    assert raised(installed) == [("damaged_value", "identity_wrap.key", named(installed, child_id))]


# Alarms


def office(installed: Installation, role: Role) -> list[AlarmView]:
    """List the waiting alarms in a role."""
    with installed.store.begin(somebody(installed, role, Purpose.ADMINISTRATION)) as transaction:
        return alarms.list_alarms(transaction, installed.vault, waiting_only=True)


def acknowledge(installed: Installation, alarm_id: UUID, role: Role = Role.AUDITOR) -> None:
    """Acknowledge an alarm in a role."""
    with installed.store.begin(somebody(installed, role, Purpose.ADMINISTRATION)) as transaction:
        alarms.acknowledge_alarm(transaction, installed.vault, alarm_id)


@pytest.fixture
def alarm(installed: Installation) -> AlarmView:
    """An alarm that a worker caused."""
    with installed.store.begin(worker(installed)) as transaction:
        alarms.raise_alarm(transaction, installed.vault, AlarmKind.DECOY_OPENED, child_id=uuid4())
    return office(installed, Role.AUDITOR)[0]


def test_an_auditor_sees_who_and_which_others_the_kind_alone(installed: Installation, alarm: AlarmView) -> None:
    assert alarm.login == "hoa.tran"
    assert alarm.child is not None
    for role in (Role.ADMINISTRATOR, Role.CUSTODIAN):
        (seen,) = office(installed, role)
        assert (seen.kind, seen.login, seen.child) == ("decoy_opened", None, None)
    with pytest.raises(Refused):
        office(installed, Role.STEWARD)
    assert "hoa.tran" not in repr(alarm)


def test_an_alarm_is_acknowledged_once_by_an_auditor_and_the_log_says_so(
    installed: Installation, alarm: AlarmView
) -> None:
    for role in (Role.ADMINISTRATOR, Role.CUSTODIAN, Role.COMMUNE_WORKER):
        with pytest.raises(Refused):
            acknowledge(installed, alarm.alarm_id, role)
    acknowledge(installed, alarm.alarm_id)
    assert office(installed, Role.AUDITOR) == []
    with pytest.raises(Conflict):
        acknowledge(installed, alarm.alarm_id)
    with pytest.raises(NotFound):
        acknowledge(installed, uuid4())
    (leaf,) = leaves(installed, "who_alarmed")
    assert leaf.counts == {"acknowledged": 1}


@pytest.mark.parametrize("statement", ["delete from alarm", "truncate alarm"])
def test_no_role_unsays_an_alarm(installed: Installation, alarm: AlarmView, statement: str) -> None:
    assert alarm.acknowledged_at is None
    for role, purpose in ((Role.AUDITOR, Purpose.ADMINISTRATION), (Role.COMMUNE_WORKER, Purpose.CASE_WORK)):
        with (
            pytest.raises(Exception, match="permission denied"),
            installed.store.begin(somebody(installed, role, purpose)) as transaction,
        ):
            transaction.connection.exec_driver_sql(statement)
