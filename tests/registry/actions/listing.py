"""Whoever asks for lists of children in the tests, agrees to them and fetches them."""

from __future__ import annotations

import csv
from dataclasses import replace
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

from connectors.records import SourceRecord
from registry.actions.lists.export_rows import Question
from registry.actions.lists.exports import ALONE, ExportView, ask_export, decide_export, waiting_export
from registry.actions.lists.fetch_export import ExportFile, Form, fetch_export
from registry.actions.lists.trace_export import Traced, trace_export
from registry.jobs.opening import Installation
from registry.model.access import NATION, Access, Area, Purpose, Role
from tests.people import HERE, NEXT_DOOR, PROVINCE, record
from tests.registry.actions.installed import COLLEAGUE, deliver, somebody

EVERYBODY = Question(commune=HERE, first_year=2010, last_year=2026, sex=None)
WHY = "danh sách cho ngày tiêm chủng"


def village(installed: Installation) -> None:
    """Let three children live here, and one next door."""
    deliver(installed, [record(), boy("EDU0002"), boy("EDU0003", year=2018), boy("EDU0004", commune_code=NEXT_DOOR)])


def boy(key: str, *, year: int = 2016, **changes: Any) -> SourceRecord:
    """Return the record of a boy who is like no other."""
    name = "Trần Văn " + "".join(chr(ord("a") + int(digit)) * 2 for digit in key[-4:])
    facts = {"name": name, "sex": "Nam", "birth_date": f"0{int(key[-1]) % 9 + 1}/10/{year}", "personal_number": None}
    return record(key, row=int(key[-4:]), **{**facts, **changes})


def asker(installed: Installation, *, reason: str | None = WHY, purpose: Purpose = Purpose.CASE_WORK) -> Access:
    """Return the access of the worker here."""
    area = Area(communes=frozenset({HERE}))
    return somebody(installed, Role.COMMUNE_WORKER, purpose, area=area, reason=reason)


def second(installed: Installation, *, province: str = PROVINCE, staff_id: UUID = COLLEAGUE) -> Access:
    """Return the access of somebody of the province who may agree."""
    area = Area(provinces=frozenset({province}))
    access = somebody(
        installed, Role.PROVINCE_WORKER, Purpose.ADMINISTRATION, area=area, reason="đã kiểm tra", staff_id=staff_id
    )
    return replace(access, login="minh.le", office="Sở Y tế")


def auditor(installed: Installation) -> Access:
    """Return the access of an auditor."""
    return somebody(installed, Role.AUDITOR, Purpose.ADMINISTRATION, area=NATION, reason="kiểm tra", staff_id=uuid4())


def ask(installed: Installation, question: Question = EVERYBODY) -> ExportView:
    """Ask for a list."""
    with installed.store.begin(asker(installed)) as transaction:
        return ask_export(transaction, installed.vault, question)


def fetch(
    installed: Installation, export_id: UUID, *, form: Form = Form.CSV, access: Access | None = None
) -> ExportFile:
    """Fetch a list."""
    with installed.store.begin(access or asker(installed)) as transaction:
        return fetch_export(transaction, installed.vault, export_id, form=form, language="vi")


def decide(installed: Installation, export: ExportView, *, approved: bool = True, by: Access | None = None) -> None:
    """Let a second person decide."""
    with installed.store.begin(by or second(installed)) as transaction:
        shown = waiting_export(transaction, installed.vault, export.export_id)
        decide_export(transaction, installed.vault, export.export_id, approved=approved, digest=shown.digest)


def trace(installed: Installation, table: list[list[str]]) -> Traced:
    """Trace a file."""
    with installed.store.begin(auditor(installed)) as transaction:
        return trace_export(transaction, installed.vault, table)


def cells(file: ExportFile) -> list[list[str]]:
    """Return the rows of a CSV file, notes and titles included."""
    return list(csv.reader(StringIO(file.content.decode("utf-8-sig"), newline="")))


def children_in(file: ExportFile) -> list[list[str]]:
    """Return the rows of children."""
    return [row for row in cells(file) if len(row) > 1][1:]


def large(installed: Installation, number: int = ALONE + 1) -> None:
    """Let so many children live here."""
    deliver(installed, [boy(f"EDU{place:04d}", year=2012 + place % 9) for place in range(1000, 1000 + number)])
