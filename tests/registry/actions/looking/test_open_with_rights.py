"""Separate rights at an opened child: the groups of the law, who reported, and a suspected guardian."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from registry.actions.looking.open_child import open_child
from registry.actions.looking.views import RecordView
from registry.jobs.opening import Installation
from registry.model.access import Access, Purpose
from registry.protect.policy import SEPARATE_RIGHTS
from tests.people import CASES, case
from tests.registry.actions.installed import child_of, deliver, worker

SUSPECT = {"relation": "stepfather", "name": "Hồ Văn Ác"}
GROUPS = (3, 5, 9, 11, 12)


@pytest.fixture
def known(installed: Installation) -> UUID:
    """A child with a case in which a guardian is the suspect."""
    deliver(installed, [case(case_facts={"groups": GROUPS, "suspect": SUSPECT})], form=CASES)
    return child_of(installed, "BVTE-2026-0001", form=CASES)


def opened(installed: Installation, child_id: UUID, access: Access) -> RecordView:
    """Return the record of the case as an access sees it."""
    with installed.store.begin(access) as transaction:
        (record,) = open_child(transaction, installed.vault, child_id).records
    return record


def holding(installed: Installation, *rights: str, purpose: Purpose = Purpose.CASE_WORK) -> Access:
    """Return the access of a worker who holds some separate rights."""
    return replace(worker(installed, purpose), rights=frozenset(rights))


def test_who_holds_every_right_sees_the_whole_case(installed: Installation, known: UUID) -> None:
    record = opened(installed, known, holding(installed, *SEPARATE_RIGHTS))
    assert record.case is not None
    assert (record.suspect, tuple(record.case["groups"])) == (SUSPECT, GROUPS)
    assert record.reporter is not None


@pytest.mark.parametrize("right", sorted(SEPARATE_RIGHTS))
def test_each_right_shows_its_own_and_no_other(installed: Installation, known: UUID, right: str) -> None:
    record = opened(installed, known, holding(installed, right))
    shown = {f"group_{group}" for group in (record.case or {})["groups"] if group != 3}
    shown |= {"suspect_guardian"} if record.suspect is not None else set()
    shown |= {"reporter"} if record.reporter is not None else set()
    assert shown == {right}


@pytest.mark.parametrize("purpose", [Purpose.REFERRAL, Purpose.DUPLICATE_CHECK])
def test_no_right_shows_the_suspect_for_another_purpose(installed: Installation, known: UUID, purpose: Purpose) -> None:
    record = opened(installed, known, holding(installed, *SEPARATE_RIGHTS, purpose=purpose))
    assert record.suspect is None


def test_a_case_that_names_nobody_shows_nobody(installed: Installation) -> None:
    deliver(installed, [case()], form=CASES)
    child_id = child_of(installed, "BVTE-2026-0001", form=CASES)
    assert opened(installed, child_id, holding(installed, *SEPARATE_RIGHTS)).suspect is None
