"""Commands about limits: whose account it is, and from which list of children a file was taken."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Final

import typer

from connectors.contract import FileRefused
from connectors.formats.workbooks import texts_of
from registry.actions.lists.trace_export import Origin, Traced, trace_export
from registry.actions.oversight.own_family import OwnPerson, say_person
from registry.commands.console import AsJson, Data, Login, answer, opened, out
from registry.commands.people import As, access_of, staff_app
from registry.model.access import Purpose

LARGEST: Final = 20_000_000  # bytes of a file that is traced
exports_app = typer.Typer(help="Lists of children that have left the registry.", no_args_is_help=True)


@staff_app.command("person")
def staff_person(
    account: Annotated[str, typer.Argument(help="The login of the account.")],
    *,
    name: Annotated[str, typer.Option(prompt=True, help="Whose account it is: the full name.")],
    home_commune: Annotated[str | None, typer.Option(help="The code of the commune of the home.")] = None,
    home_address: Annotated[str | None, typer.Option(help="The address in that commune.")] = None,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
) -> None:
    """Say whose account it is, so that looks at the own family raise an alarm. It is kept sealed, and never shown."""
    person = OwnPerson(name=name, commune=home_commune or None, address=home_address or None)
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            say_person(transaction, installed.vault, login=account, person=person)
    out.print(f"{account}: looks at the own family are noticed from now on")


@exports_app.callback()
def exports() -> None:
    """Keep the command below the name of its group."""


@exports_app.command("trace")
def trace(
    file: Annotated[Path, typer.Argument(help="A file that was found, or a part of one: CSV or XLSX.")],
    *,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Find out from which list of children a file was taken. It needs an auditor."""
    table = table_of(file)
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            found = trace_export(transaction, installed.vault, table)
    if json:
        answer({"rows": found.rows, "forged_codes": found.forged, "origins": list(map(_document, found.origins))})
    else:
        _print(found)


def table_of(file: Path) -> list[list[str]]:
    """Return the rows of a file as texts.

    Raises: FileRefused: it is too large, unsafe, or no text.
    """
    if file.stat().st_size > LARGEST:
        raise FileRefused("file_too_large", f"{file.name}: more than {LARGEST} bytes")
    with file.open("rb") as stream:
        start = stream.read(4)
    if start == b"PK\x03\x04":
        return texts_of(file)
    try:
        text = file.read_text(encoding="utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        lines = text.replace("\x00", "").splitlines()
        return [row for line in lines for row in csv.reader([line], delimiter=_delimiter(line))]
    except UnicodeError:
        raise FileRefused("encoding_unknown", f"{file.name}: neither UTF-8 nor UTF-16") from None
    except csv.Error:
        raise FileRefused("table_broken", file.name) from None


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _document(origin: Origin) -> dict[str, object]:
    return {
        "export": str(origin.export_id),
        "login": origin.login,
        "office": origin.office,
        "asked_at": origin.asked_at,
        "verdict": origin.verdict,
        "codes": origin.codes,
        "agree": origin.likeness.agree,
        "of": origin.likeness.of,
        "in_order": origin.likeness.in_order,
        "bits": round(origin.likeness.bits, 1),
    }


def _print(found: Traced) -> None:
    out.print(f"{found.rows} rows of children, {found.forged} codes that name no list of ours")
    for one in found.origins:
        out.print(f"{one.verdict}: list {one.export_id}", markup=False)
        asked_at = one.asked_at.isoformat(timespec="minutes")
        out.print(f"  asked for by {one.login}, {one.office}, {asked_at}", markup=False)
        order = ", rows in its order" if one.likeness.in_order else ""
        out.print(
            f"  {one.codes} codes; {one.likeness.agree} of {one.likeness.of} ways of writing agree{order};"
            f" {one.likeness.bits:.0f} bits of evidence",
            markup=False,
        )
