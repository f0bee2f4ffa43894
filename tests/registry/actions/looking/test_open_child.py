"""Opening a child: what a purpose allows, what stays hidden, and the leaf without which there is no answer."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from psycopg.errors import InsufficientPrivilege

from registry.actions.keys.damage import RecordDamaged
from registry.actions.looking.open_child import open_child, purpose_given, reason_is_needed
from registry.actions.looking.views import ChildView, RecordView
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Access, Purpose, Role
from registry.model.errors import NotFound, OutsideOpeningArea, ReasonNeeded, Refused
from registry.protect.keys.keyring import Keyring
from registry.protect.log.access_log import Outcome, reason_of
from registry.protect.pseudonym import child_pseudonym
from tests.people import (
    CASES,
    ELSEWHERE,
    FAR_PROVINCE,
    HERE,
    NEXT_DOOR,
    case,
    facts,
    numbered,
    population,
    record,
    tombstone,
)
from tests.registry.actions.installed import (
    AT,
    STAFF,
    child_of,
    count,
    deliver,
    installed_on,
    leaves,
    links_of,
    load,
    pass_time,
    province_worker,
    query,
    somebody,
    unguarded,
    worker,
)

NUMBER = "019314052001"


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links: the population is there."""
    return peopled


def fill(installed: Installation) -> None:
    """Bring in a girl with a school record and a protection case, linked to a citizen."""
    services = {"school": "Trường Tiểu học Số Một", "group": 5}
    deliver(installed, [record("EDU0001", services=services, carer=facts().mother)])
    pass_time(installed, hours=1)
    deliver(installed, [case()], form=CASES)
    link_all(installed)


@pytest.fixture
def girl(installed: Installation) -> UUID:
    """The girl, in a database of the test's own."""
    fill(installed)
    return child_of(installed, "EDU0001")


@pytest.fixture(scope="module")
def shared(
    module_database_url: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The girl, for all tests that only look at her."""
    with installed_on(module_database_url, keyring, AT, tmp_path_factory.mktemp("shared")) as opened:
        load(opened, population())
        fill(opened)
        yield opened


@pytest.fixture(scope="module")
def known(shared: Installation) -> UUID:
    """The girl of the shared database."""
    return child_of(shared, "EDU0001")


def look(installed: Installation, child_id: UUID, access: Access | None = None) -> ChildView:
    """Open a child as the worker of the commune, or as somebody else."""
    with installed.store.begin(access or worker(installed)) as transaction:
        return open_child(transaction, installed.vault, child_id)


def school(child: ChildView) -> RecordView:
    """Return what the school knows."""
    return next(record for record in child.records if record.system == "education")


def protection(child: ChildView) -> RecordView:
    """Return what child protection knows."""
    return next(record for record in child.records if record.system == "protection")


# What is shown


def test_a_child_is_shown_with_every_record_and_its_link(shared: Installation, known: UUID) -> None:
    child = look(shared, known)
    assert child.child_id == known
    assert [record.system for record in child.records] == ["education", "protection"]
    shown = school(child)
    assert (shown.side.name, shown.side.birth, shown.side.mother) == ("Nguyễn Thị Hoà", "2014-05-03", "Lê Thị Mai")
    assert (shown.source_key, shown.address, shown.carer) == ("EDU0001", "Thôn Suối Mơ", "Lê Thị Mai")
    assert shown.services == {"school": "Trường Tiểu học Số Một"}
    (link, other) = child.links
    assert {link.child_id, other.child_id} == set(links_of(shared))
    assert link.probability > 0.99
    assert not link.made_by_person


def test_any_record_of_a_child_opens_the_whole_child(shared: Installation, known: UUID) -> None:
    child = look(shared, child_of(shared, "BVTE-2026-0001", form=CASES))
    assert child.child_id == known
    assert len(child.records) == 2


def test_the_number_is_masked_everywhere(shared: Installation, known: UUID) -> None:
    child = look(shared, known)
    assert [school(child).side.number, *(link.number_masked for link in child.links)] == ["019***001"] * 3


def test_a_view_shows_nothing_personal_in_its_repr(shared: Installation, known: UUID) -> None:
    said = repr(look(shared, known))
    for value in ("Hoà", "2014-05-03", NUMBER, "Suối Mơ", "Mai", "Tiểu học", "Bùi Văn Tín", "EDU0001"):
        assert value not in said


@pytest.mark.parametrize(
    ("purpose", "address", "services", "welfare"),
    [
        (Purpose.CASE_WORK, True, True, (5,)),
        (Purpose.DUPLICATE_CHECK, False, False, ()),
        (Purpose.OTHER, True, True, ()),
    ],
)
def test_a_purpose_opens_its_own_groups(
    shared: Installation, known: UUID, purpose: Purpose, address: bool, services: bool, welfare: tuple[int, ...]
) -> None:
    shown = school(look(shared, known, worker(shared, purpose, reason="Nhà trường hỏi.")))
    assert (shown.address is not None, bool(shown.services), shown.welfare_groups) == (address, services, welfare)


def test_a_province_worker_sees_no_address(shared: Installation, known: UUID) -> None:
    assert school(look(shared, known, province_worker(shared))).address is None


# The case


def test_the_officer_of_the_commune_sees_the_case_its_notes_and_who_reported(shared: Installation, known: UUID) -> None:
    shown = protection(look(shared, known))
    assert shown.case is not None
    assert shown.case["groups"] == [3, 9]
    assert shown.case_notes is not None
    assert shown.reporter is not None
    assert shown.reporter["name"] == "Bùi Văn Tín"


@pytest.mark.parametrize(
    ("role", "purpose", "case_shown", "notes_shown"),
    [
        ("commune", Purpose.REFERRAL, True, False),
        ("commune", Purpose.EMERGENCY, True, True),
        ("commune", Purpose.OTHER, False, False),
        ("commune", Purpose.DUPLICATE_CHECK, False, False),
        ("province", Purpose.CASE_WORK, True, False),
        ("province", Purpose.EMERGENCY, True, True),
    ],
)
def test_who_reported_is_shown_to_nobody_else(
    shared: Installation, known: UUID, role: str, purpose: Purpose, case_shown: bool, notes_shown: bool
) -> None:
    access = (
        worker(shared, purpose, reason="Nhà trường hỏi.") if role == "commune" else province_worker(shared, purpose)
    )
    shown = protection(look(shared, known, access))
    assert (shown.case is not None, shown.case_notes is not None) == (case_shown, notes_shown)
    assert shown.reporter is None


def test_restricted_groups_are_hidden_without_the_right(installed: Installation) -> None:
    deliver(installed, numbered([record("EDU0001", services={"group": 12}), record("EDU0002", services={"group": 4})]))
    restricted, plain = child_of(installed, "EDU0001"), child_of(installed, "EDU0002")
    other = worker(installed, Purpose.OTHER, reason="Nhà trường hỏi.")
    assert school(look(installed, restricted)).welfare_groups == (12,)
    assert school(look(installed, restricted, other)).welfare_groups == ()
    assert school(look(installed, plain, other)).welfare_groups == (4,)


# Where and who


def test_beyond_where_she_may_be_found_a_child_does_not_exist(installed: Installation, girl: UUID) -> None:
    nobody = uuid4()
    with pytest.raises(NotFound) as outside:
        look(installed, girl, worker(installed, commune=ELSEWHERE))
    with pytest.raises(NotFound) as missing:
        look(installed, nobody)
    assert str(outside.value) == str(missing.value)
    refused = leaves(installed, "open")
    assert [leaf.children for leaf in refused] == [
        (child_pseudonym(installed.vault.keyring, child),) for child in (girl, nobody)
    ]
    assert {(leaf.outcome, *leaf.counts.items()) for leaf in refused} == {(Outcome.REFUSED, ("missing", 1))}


def test_a_child_of_the_next_commune_is_there_and_is_opened_by_others(installed: Installation, girl: UUID) -> None:
    with pytest.raises(OutsideOpeningArea) as refused:
        look(installed, girl, worker(installed, commune=NEXT_DOOR))
    assert refused.value.place == HERE, "who may"
    assert [leaf.outcome for leaf in leaves(installed, "open")] == [Outcome.REFUSED]
    look(installed, girl, province_worker(installed))
    with pytest.raises(OutsideOpeningArea):
        look(installed, girl, province_worker(installed, province=FAR_PROVINCE))


def test_a_withdrawn_child_does_not_exist(installed: Installation) -> None:
    deliver(installed, numbered([record("EDU0001"), tombstone("EDU0001")]))
    with pytest.raises(NotFound):
        look(installed, child_of(installed, "EDU0001"))


def test_a_record_elsewhere_is_opened_with_the_child_it_belongs_to(installed: Installation) -> None:
    far, near = _moved(installed)
    child = look(installed, near)
    assert child.child_id == far
    assert len(child.records) == 2


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.COMMUNE_WORKER, Role.PROVINCE_WORKER}])
def test_other_roles_open_no_child(installed: Installation, role: Role) -> None:
    with pytest.raises(Refused):
        look(installed, uuid4(), somebody(installed, role, Purpose.CASE_WORK))


# The reason


def test_without_a_purpose_of_looking_a_child_stays_closed(shared: Installation, known: UUID) -> None:
    with pytest.raises(ReasonNeeded) as refused:
        look(shared, known, worker(shared, Purpose.STATISTICS))
    assert refused.value.field == "purpose"
    with pytest.raises(ReasonNeeded) as refused:
        look(shared, known, worker(shared, Purpose.OTHER, reason="  "))
    assert refused.value.field == "reason"


def test_a_reason_is_asked_once_in_a_working_day(installed: Installation, girl: UUID) -> None:
    assert _needed(installed, girl)
    look(installed, girl)
    assert not _needed(installed, girl)
    pass_time(installed, hours=11)
    assert not _needed(installed, girl)
    with installed.store.begin(worker(installed)) as transaction:
        assert purpose_given(transaction, girl) == Purpose.CASE_WORK.value
    pass_time(installed, hours=2)
    assert _needed(installed, girl)


def test_the_reason_of_one_person_is_not_anothers(installed: Installation, girl: UUID) -> None:
    look(installed, girl)
    colleague = somebody(
        installed, Role.COMMUNE_WORKER, Purpose.CASE_WORK, area=worker(installed).area, staff_id=uuid4()
    )
    with installed.store.begin(colleague) as transaction:
        assert reason_is_needed(transaction, girl)


def test_a_reason_for_one_record_of_a_child_holds_for_all_of_them(installed: Installation) -> None:
    far, near = _moved(installed)
    look(installed, near)
    for child_id in (far, near):
        assert not _needed(installed, child_id)


def test_to_ask_for_the_reason_tells_nothing_of_a_child_outside_the_area(installed: Installation, girl: UUID) -> None:
    look(installed, girl)
    with installed.store.begin(worker(installed, commune=NEXT_DOOR)) as transaction:
        assert reason_is_needed(transaction, girl)


def _needed(installed: Installation, child_id: UUID) -> bool:
    with installed.store.begin(worker(installed)) as transaction:
        return reason_is_needed(transaction, child_id)


def _moved(installed: Installation) -> tuple[UUID, UUID]:
    """Bring in a girl whose older record is held by another province."""
    deliver(installed, [record("FAR", commune_code=ELSEWHERE, address=None)])
    pass_time(installed, hours=1)
    deliver(installed, [record("NEAR")])
    link_all(installed)
    return child_of(installed, "FAR"), child_of(installed, "NEAR")


# The leaf


def test_opening_leaves_a_leaf_with_groups_children_and_the_sealed_reason(installed: Installation, girl: UUID) -> None:
    look(installed, girl, worker(installed, reason="Thăm gia đình."))
    (leaf,) = leaves(installed, "open")
    keyring = installed.vault.keyring
    both = {girl, child_of(installed, "BVTE-2026-0001", form=CASES)}
    assert set(leaf.children) == {child_pseudonym(keyring, child_id) for child_id in both}
    assert {"identity", "family", "contact", "case", "case_notes", "reporter"} <= set(leaf.groups)
    assert (leaf.staff_id, leaf.purpose) == (STAFF, "case_work")
    assert reason_of(leaf, keyring) == "Thăm gia đình."
    assert "Thăm".encode() not in leaf.content()


def test_a_case_that_is_not_shown_is_not_in_the_leaf(installed: Installation, girl: UUID) -> None:
    look(installed, girl, worker(installed, Purpose.DUPLICATE_CHECK))
    (leaf,) = leaves(installed, "open")
    assert not {"case", "reporter"} & set(leaf.groups)


def test_without_the_leaf_there_is_no_child(own: Installation) -> None:
    deliver(own, [record()])
    with unguarded(own.url) as connection:
        connection.execute("revoke execute on function append_access_leaf from child_registry_commune_worker")
    with pytest.raises(InsufficientPrivilege):
        look(own, child_of(own, "EDU0001"))
    assert count(own, "opening") == 0


def test_a_sealed_value_put_in_anothers_place_is_not_shown(installed: Installation) -> None:
    deliver(installed, numbered([record("EDU0001"), record("EDU0002", name="Nguyễn Thị Khác")]))
    mine, other = child_of(installed, "EDU0001"), child_of(installed, "EDU0002")
    swap = "update identity set sealed_identity = (select sealed_identity from identity where child_id = %s)"
    query(installed, swap + " where child_id = %s returning 1", other, mine)
    with pytest.raises(RecordDamaged):
        look(installed, mine)
    assert leaves(installed, "open") == []
