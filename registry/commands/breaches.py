"""Commands for breach records: what happened, the clock of the notice, and the notice as a file."""

from __future__ import annotations

import sys
from typing import Annotated, Literal
from uuid import UUID

import typer

from registry.actions.law import breaches
from registry.actions.law.breaches import BreachFacts
from registry.commands.console import AsJson, Data, Login, answer, opened, out
from registry.commands.law import moment_of
from registry.commands.people import As, access_of
from registry.model.access import Purpose
from registry.web.breach_notice import notice_csv, notice_document, notice_html

breaches_app = typer.Typer(help="Breach records, with their clock of 72 hours.", no_args_is_help=True)

What = Annotated[str, typer.Option(help="What happened, without names.")]
Kinds = Annotated[list[str], typer.Option("--kind", help="A kind of values concerned; may be repeated.")]
Children = Annotated[int | None, typer.Option(help="How many children; left out if it is not known.", min=0)]
Consequences = Annotated[str, typer.Option(help="What may come of it.")]
Measures = Annotated[str, typer.Option(help="What is done about it.")]
Contact = Annotated[str, typer.Option(help="Who answers for it: an office.")]
Breach = Annotated[UUID, typer.Argument(help="The breach, by the id that `breaches list` shows.")]


@breaches_app.command("list")
def breaches_list(*, as_user: As = None, login: Login = None, data: Data = None, json: AsJson = False) -> None:
    """List the breaches with their clocks, the newest first."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            found = breaches.list_breaches(transaction, installed.vault, installed.law)
    if json:
        answer({"breaches": [notice_document(one) for one in found]})
        return
    for one in found:
        told = f"notice given {one.notified_at:%Y-%m-%d %H:%M}" if one.notified_at else "notice not given"
        out.print(f"{one.breach_id}  discovered {one.discovered_at:%Y-%m-%d %H:%M %Z}", markup=False)
        late = ", LATE" if one.late else ""
        out.print(f"  notice by {one.notify_by:%Y-%m-%d %H:%M %Z}, {told}{late}: {one.newest.what}", markup=False)


@breaches_app.command("add")
def breaches_add(
    *,
    discovered_at: Annotated[str, typer.Option(help="When it was discovered, such as 2026-11-01T08:00+07:00.")],
    what: What,
    kind: Kinds,
    children: Children = None,
    consequences: Consequences,
    measures: Measures,
    contact: Contact,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Write a breach down; the clock runs since it was discovered."""
    facts = BreachFacts(
        what=what,
        kinds=tuple(kind),
        children=children,
        consequences=consequences,
        measures=measures,
        contact=contact,
    )
    discovered = moment_of(discovered_at, "discovered_at")
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            breach_id = breaches.add_breach(transaction, installed.vault, discovered_at=discovered, facts=facts)
        by = breaches.notify_by(installed.law, discovered)
    if json:
        answer({"breach_id": str(breach_id), "notify_by": by})
    else:
        out.print(f"written down: {breach_id}; tell the authority by {by:%Y-%m-%d %H:%M %Z}", soft_wrap=True)


@breaches_app.command("update")
def breaches_update(
    breach: Breach,
    *,
    what: What,
    kind: Kinds,
    children: Children = None,
    consequences: Consequences,
    measures: Measures,
    contact: Contact,
    notified_at: Annotated[str | None, typer.Option(help="When the authority was told.")] = None,
    late_because: Annotated[str | None, typer.Option(help="Why a late notice is late.")] = None,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Add what is known now, whole, as a version of its own; earlier versions stay."""
    facts = BreachFacts(
        what=what,
        kinds=tuple(kind),
        children=children,
        consequences=consequences,
        measures=measures,
        contact=contact,
        late_because=late_because,
    )
    told = moment_of(notified_at, "notified_at") if notified_at else None
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            breaches.update_breach(transaction, installed.vault, installed.law, breach, facts=facts, notified_at=told)
    if json:
        answer({"breach_id": str(breach)})
    else:
        out.print("added")


@breaches_app.command("export")
def breaches_export(
    breach: Breach,
    *,
    form: Annotated[Literal["json", "html", "csv"], typer.Option("--format", help="The form of the notice.")] = "json",
    language: Annotated[Literal["vi", "en"], typer.Option("--lang", help="The language of a page.")] = "vi",
    as_user: As = None,
    login: Login = None,
    data: Data = None,
) -> None:
    """Print the fields of the notice: JSON for a program, CSV for a sheet, HTML to print and sign."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            shown = breaches.show_breach(transaction, installed.vault, installed.law, breach)
    if form == "json":
        answer(notice_document(shown))
    else:
        sys.stdout.write(notice_csv(shown, language) if form == "csv" else notice_html(shown, language))
