"""Commands about the list for the police: write it, and take in what came back signed."""

from __future__ import annotations

import io
import os
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer

from connectors.contract import FileRefused
from connectors.formats.workbooks import rows_of
from registry.actions.lists.exports import ExportView, State
from registry.actions.population.problem_intake import AnswersRefused, Signature, TakenIn, take_in_answers
from registry.actions.population.problem_lists import ask_problems, fetch_problems
from registry.commands.console import AsJson, Data, Login, Sentence, answer, err, opened, out, table
from registry.commands.people import As, access_of
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.settings import SettingRefused

LARGEST: Final = 20_000_000  # bytes of a file that came back
problems_app = typer.Typer(
    help="Children whose number or facts are missing or wrong: the list for the police, and its answers.",
    no_args_is_help=True,
)


@problems_app.command("export")
def export_problems(
    *,
    out_file: Annotated[Path, typer.Option("--out", help="The workbook, mode 0600.")],
    commune: Annotated[str | None, typer.Option(help="The code of the commune.")] = None,
    list_id: Annotated[UUID | None, typer.Option("--list", help="A list that a second person has approved.")] = None,
    sentence: Sentence = None,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Write the list of a commune; more than 100 children a day need a second person, and then --list ID."""
    if (commune is None) == (list_id is None):
        raise SettingRefused("give one of --commune and --list", field="commune")
    with opened(data) as installed:
        asked = _asked(installed, commune, as_user, login, sentence) if commune else None
        if asked is not None and asked.state is not State.READY:
            _tell(asked, json=json)
            return
        wanted = asked.export_id if asked else list_id
        access = access_of(installed, as_user, login, Purpose.CASE_WORK, sentence=sentence)
        with installed.store.begin(access) as transaction:
            file = fetch_problems(
                transaction, installed.vault, wanted or UUID(int=0), language=installed.settings.locale
            )
    _write(out_file, file.content)
    if json:
        answer({"list": str(wanted), "state": "written", "children": file.children, "left_out": file.left_out})
    else:
        out.print(f"{file.children} children written, {file.left_out} have changed since and are left out")


def _asked(
    installed: Installation, commune: str, as_user: str | None, login: str | None, sentence: str | None
) -> ExportView:
    access = access_of(installed, as_user, login, Purpose.CASE_WORK, sentence=sentence)
    with installed.store.begin(access) as transaction:
        return ask_problems(transaction, installed.vault, commune)


def _tell(asked: ExportView, *, json: bool) -> None:
    if json:
        answer({"list": str(asked.export_id), "state": asked.state.value, "children": asked.children})
    else:
        out.print(f"{asked.children} children: a second person must agree; then write it by --list {asked.export_id}")


def _write(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read; it appears whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    partial.replace(path)


@problems_app.command("import")
def import_problems(
    file: Annotated[Path, typer.Argument(help="The workbook as it came back.")],
    *,
    signed_by: Annotated[str, typer.Option(help="Who signed it.")],
    signed_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d", "%d/%m/%Y"], help="The day of the signature.")],
    sentence: Sentence = None,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Take in the answers of the police: the whole file, or nothing of it and every fault named."""
    if file.stat().st_size > LARGEST:
        raise FileRefused("file_too_large", f"{file.name}: more than {LARGEST} bytes")
    rows = rows_of(io.BytesIO(file.read_bytes()), file.name)
    signature = Signature(by=signed_by, on=date(signed_on.year, signed_on.month, signed_on.day))
    try:
        with opened(data) as installed:
            access = access_of(installed, as_user, login, Purpose.CASE_WORK, sentence=sentence)
            with installed.store.begin(access) as transaction:
                taken = take_in_answers(transaction, installed.vault, rows, signature)
    except AnswersRefused as refused:
        _refuse(refused, json=json)
        raise SystemExit(1) from None
    _told(taken, json=json)


def _told(taken: TakenIn, *, json: bool) -> None:
    if json:
        answer({"answers": dict(taken.answers), "unchanged": taken.unchanged, "findings": taken.findings})
    else:
        table("Taken in", ("answer", "children"), [*taken.answers.items(), ("taken in before", taken.unchanged)])
        out.print(f"{taken.findings} findings wait for a reviewer")


def _refuse(refused: AnswersRefused, *, json: bool) -> None:
    if json:
        faults = [{"row": one.row, "field": one.field, "rule": one.rule.value} for one in refused.faults]
        answer({"refused": faults})
    else:
        err.print("child-registry: the list is refused, nothing of it was taken in", markup=False)
        table("Faults", ("row", "column", "rule"), [(one.row, one.field, one.rule.value) for one in refused.faults])
