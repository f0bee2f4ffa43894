"""Who looked at a child, when and why: whole for the auditor, by office for her family, and nothing that harms her."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from registry.actions.finding.find_child import FindQuery, find_child
from registry.actions.intake.add_case import NewCase, add_case
from registry.actions.looking.open_child import open_child
from registry.actions.looking.who_looked import Looks, looks_by_account, who_looked
from registry.actions.oversight.seal_log import seal_log
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import NOWHERE, Access, Purpose, Role
from registry.model.errors import NotFound, OutsideOpeningArea, ReasonNeeded, Refused
from registry.protect.keys.keyring import Domain
from registry.protect.log.access_log import Outcome
from tests.people import CASES, HERE, case, record
from tests.registry.actions.installed import (
    child_of,
    deliver,
    leaves,
    pass_time,
    province_worker,
    somebody,
    worker,
)

WHY = "Gia đình khiếu nại."
OPENED = "Đến thăm nhà."


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links: the population is there."""
    deliver(peopled, [record("EDU0001")])
    deliver(peopled, [case()], form=CASES)
    link_all(peopled)
    return peopled


@pytest.fixture
def girl(installed: Installation) -> UUID:
    """A girl with a school record and a protection case."""
    return child_of(installed, "EDU0001")


def look(installed: Installation, child: UUID, purpose: Purpose = Purpose.CASE_WORK, reason: str | None = None) -> None:
    """Open the child."""
    with installed.store.begin(worker(installed, purpose, reason=reason)) as transaction:
        open_child(transaction, installed.vault, child)


def asked(installed: Installation, child: UUID, access: Access) -> Looks:
    """Ask who looked."""
    with installed.store.begin(access) as transaction:
        return who_looked(transaction, installed.vault, child)


def auditor(installed: Installation, reason: str | None = WHY) -> Access:
    """Return the access of an auditor."""
    return somebody(installed, Role.AUDITOR, Purpose.ADMINISTRATION, area=NOWHERE, reason=reason)


def family(installed: Installation) -> Access:
    """Return the access of a worker who asks for a family."""
    return worker(installed, Purpose.SUBJECT_REQUEST)


def test_every_look_by_whichever_record_is_told_the_newest_first(installed: Installation, girl: UUID) -> None:
    before = len(asked(installed, girl, family(installed)).looks)
    look(installed, girl)
    pass_time(installed, minutes=5)
    look(installed, child_of(installed, "BVTE-2026-0001", form=CASES), Purpose.OTHER, OPENED)
    found = asked(installed, girl, family(installed))
    assert [one.purpose for one in found.looks if one.action == "open"] == ["other", "case_work"]
    assert found.looks[0].at - found.looks[-1].at >= timedelta(minutes=5)
    assert len(found.looks) == before + 3, "that somebody asked is told too"


def test_a_search_that_showed_her_is_told(installed: Installation, girl: UUID) -> None:
    with installed.store.begin(worker(installed)) as transaction:
        find_child(transaction, installed.vault, FindQuery(text="Nguyen Thi Hoa", commune=HERE))
    assert "find" in {one.action for one in asked(installed, girl, family(installed)).looks}


def test_looks_from_before_a_change_of_keys_are_told(installed: Installation, girl: UUID) -> None:
    look(installed, girl)
    installed.vault.keyring.rotate(Domain.PSEUDONYM, at=installed.clock())
    look(installed, girl)
    assert [one.action for one in asked(installed, girl, family(installed)).looks].count("open") == 2


def test_a_family_learns_the_office_and_neither_account_nor_sentence(installed: Installation, girl: UUID) -> None:
    look(installed, girl, Purpose.OTHER, OPENED)
    (opened,) = [one for one in asked(installed, girl, family(installed)).looks if one.action == "open"]
    assert (opened.office, opened.role, opened.login, opened.reason) == (
        "UBND phường Thử",
        "commune_worker",
        None,
        None,
    )
    assert "identity" in opened.groups
    assert not [group for group in opened.groups if group.startswith("group_")]


def test_an_auditor_gives_a_sentence_and_reads_those_that_were_given(installed: Installation, girl: UUID) -> None:
    look(installed, girl, Purpose.OTHER, OPENED)
    with pytest.raises(ReasonNeeded):
        asked(installed, girl, auditor(installed, None))
    found = asked(installed, girl, auditor(installed))
    assert OPENED in {one.reason for one in found.looks}
    assert leaves(installed, "who_looked")[-1].counts["looks"] == len(found.looks)


def test_numbers_are_those_of_the_signed_log(installed: Installation, girl: UUID) -> None:
    look(installed, girl)
    found = asked(installed, girl, family(installed))
    assert {one.place for one in found.looks if one.action == "open"} == {None}
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        seal_log(transaction, installed.vault)
    found = asked(installed, girl, family(installed))
    (place,) = {one.place for one in found.looks if one.action == "open"}
    assert place is not None
    assert place < found.signed_size


def test_while_a_parent_is_the_suspect_the_family_learns_nothing_of_the_case(
    installed: Installation, girl: UUID
) -> None:
    look(installed, girl)
    assert "open" in {one.action for one in asked(installed, girl, family(installed)).looks}
    new = NewCase(
        groups=(9,),
        channel="commune_intake",
        harm_level="high",
        settings=("home",),
        notes="Hàng xóm nghe tiếng khóc.",
        reporter={"name": "Bùi Văn Tín", "phone": "01998000000", "relation": "hàng xóm"},
        suspect={"relation": "cha", "name": ""},
    )
    with installed.store.begin(worker(installed)) as transaction:
        add_case(transaction, installed.vault, girl, new, token=uuid4())
    look(installed, girl)
    told = asked(installed, girl, family(installed)).looks
    assert not {"open", "write_case"} & {one.action for one in told}, "each of these showed the case"
    assert {"open", "write_case"} <= {one.action for one in asked(installed, girl, auditor(installed)).looks}


def test_what_was_refused_is_told_to_the_auditor_alone(installed: Installation, girl: UUID) -> None:
    with pytest.raises((NotFound, OutsideOpeningArea)), installed.store.begin(_elsewhere(installed)) as transaction:
        open_child(transaction, installed.vault, girl)
    refused = Outcome.REFUSED.value
    assert refused in {one.outcome for one in asked(installed, girl, auditor(installed)).looks}
    assert refused not in {one.outcome for one in asked(installed, girl, family(installed)).looks}


def _elsewhere(installed: Installation) -> Access:
    return worker(installed, commune="00004")


def test_elsewhere_the_child_does_not_exist(installed: Installation, girl: UUID) -> None:
    for child in (girl, uuid4()):
        with pytest.raises(NotFound):
            asked(installed, child, worker(installed, Purpose.SUBJECT_REQUEST, commune="00004"))
    assert asked(installed, uuid4(), auditor(installed)).looks == ()


def test_who_does_not_ask_for_a_family_is_refused(installed: Installation, girl: UUID) -> None:
    for access in (worker(installed), province_worker(installed)):
        with pytest.raises(Refused):
            asked(installed, girl, access)


def test_accounts_with_alarms_and_unusual_days_stand_first(installed: Installation, girl: UUID) -> None:
    look(installed, girl)
    with installed.store.begin(auditor(installed, None)) as transaction:
        (one,) = looks_by_account(transaction, installed.vault)
    assert (one.opened, one.days, one.most) == (1, 1, 1)
    with pytest.raises(Refused), installed.store.begin(worker(installed)) as transaction:
        looks_by_account(transaction, installed.vault)
