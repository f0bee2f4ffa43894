"""A registry in which a girl is known to three systems, for the tests of the duties of the law."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Access, Purpose, Role
from tests.people import CASES, PATIENTS, case, numbered, population, record
from tests.registry.actions.installed import child_of, deliver, load, province_worker, somebody, worker

MOTHER, FATHER = "Lê Thị Mai", "Nguyễn Văn Sáu"


def a_girl(installed: Installation, *, case_facts: Mapping[str, Any] | None = None) -> UUID:
    """Fill an installation with one girl in education, health and protection, linked; return her id."""
    load(installed, population())
    deliver(installed, numbered([record("A")]))
    deliver(installed, [record("H1", form=PATIENTS)], form=PATIENTS)
    deliver(installed, [case(case_facts=case_facts)], form=CASES)
    link_all(installed)
    return child_of(installed, "A")


def commune(installed: Installation, **changes: Any) -> Access:
    """Return the access of the girl's commune, which a family asks for something."""
    return worker(installed, Purpose.SUBJECT_REQUEST, **changes)


def province(installed: Installation, **changes: Any) -> Access:
    """Return the access of her province, which a family asks for something."""
    return province_worker(installed, Purpose.SUBJECT_REQUEST, **changes)


def auditor(installed: Installation) -> Access:
    """Return the access of an auditor."""
    return somebody(installed, Role.AUDITOR, Purpose.ADMINISTRATION)
