"""Commands for the duties of the law: legal bases, retention, legal holds, the record of processing."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import typer

from connectors import plugins
from registry.actions.law import legal_bases, legal_holds
from registry.actions.law.legal_bases import NewBasis
from registry.actions.law.processing_record import SourceLine, processing_record
from registry.actions.law.retention import OF_CHILDREN, RuleAccount, schedule
from registry.commands.console import AsJson, Data, Login, answer, opened, operator, out, table
from registry.commands.keys import keeper_of
from registry.commands.people import As, access_of
from registry.jobs.duties import run_retention
from registry.jobs.identity import permit
from registry.jobs.intake import today
from registry.model.access import Purpose
from registry.model.errors import BadQuery
from registry.protect.authorize import Action
from registry.protect.keys.keyring_file import Mark
from registry.store.erasures import TOUCHED
from registry.store.server.vacuum import vacuum
from registry.web.processing_document import markdown_of

bases_app = typer.Typer(help="The register of legal bases: which law allows which purpose.", no_args_is_help=True)
retention_app = typer.Typer(
    help="What is kept how long, and to let go what was kept long enough.", no_args_is_help=True
)
holds_app = typer.Typer(help="Legal holds: who must be kept, whatever the schedule says.", no_args_is_help=True)

Why = Annotated[str, typer.Option("--sentence", help="Why, in a sentence without a name.")]


def day_of(text: str, field: str) -> date:
    """Return a day written as 2026-12-31.

    Raises:
        BadQuery: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadQuery(field, "a day such as 2026-12-31") from None


def moment_of(text: str, field: str) -> datetime:
    """Return a moment written as 2026-12-31T08:00+07:00.

    Raises:
        BadQuery: it is none, or has no time zone.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadQuery(field, "a moment with its time zone, such as 2026-12-31T08:00+07:00")
    return found


@bases_app.command("list")
def bases_list(*, as_user: As = None, login: Login = None, data: Data = None, json: AsJson = False) -> None:
    """List the register, the ended entries too."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            found = legal_bases.list_bases(transaction, installed.vault, installed.law)
            missing = legal_bases.without_basis(transaction, installed.law)
    names = ("basis_id", "purpose", "law", "article", "wording", "valid_from", "valid_to")
    if json:
        bases = [{name: getattr(one, name) for name in names} for one in found]
        answer({"bases": bases, "without_basis": [one.value for one in missing]})
        return
    for one in found:
        until = f" until {one.valid_to}" if one.valid_to else ""
        out.print(f"{one.purpose}  {one.basis_id}  since {one.valid_from}{until}", markup=False)
        out.print(f"  {one.law}; {one.article}: {one.wording}", markup=False)
    for purpose in missing:
        out.print(f"{purpose.value}: no law is entered", markup=False)


@bases_app.command("add")
def bases_add(
    purpose: Annotated[str, typer.Argument(help=f"One of: {', '.join(Purpose)}.")],
    *,
    law: Annotated[str, typer.Option(help="Name and number of the law.")],
    article: Annotated[str, typer.Option(help="Where in it.")],
    wording: Annotated[str, typer.Option(help="What it allows.")],
    valid_from: Annotated[str, typer.Option(help="First day, such as 2026-01-01.")],
    valid_to: Annotated[str | None, typer.Option(help="Last day; without it until further notice.")] = None,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Enter a legal basis for a purpose."""
    basis = NewBasis(
        purpose=purpose,
        law=law,
        article=article,
        wording=wording,
        valid_from=day_of(valid_from, "valid_from"),
        valid_to=day_of(valid_to, "valid_to") if valid_to else None,
    )
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            basis_id = legal_bases.add_basis(transaction, installed.vault, basis)
    _done(json, {"basis_id": str(basis_id)}, f"entered: {basis_id}")


@bases_app.command("end")
def bases_end(
    basis: Annotated[UUID, typer.Argument(help="The basis, by the id that `legal-bases list` shows.")],
    *,
    last_day: Annotated[str, typer.Option(help="Last day, such as 2026-12-31.")],
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """End a legal basis; a purpose without any is refused from the next day on."""
    until = day_of(last_day, "last_day")
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            legal_bases.end_basis(transaction, installed.vault, installed.law, basis, last_day=until)
    _done(json, {"basis_id": str(basis), "last_day": until}, f"ends with {until}")


@retention_app.command("schedule")
def retention_schedule(*, data: Data = None, json: AsJson = False) -> None:
    """Show the schedule as it stands today, with its sources."""
    with opened(data) as installed:
        lines = schedule(installed.law, today(installed))
    if json:
        answer({"rules": [{**line.rule.model_dump(mode="json"), "until": line.until} for line in lines]})
        return
    table(
        "Retention",
        ("rule", "age", "months", "goes if older than", "source", "checked"),
        [
            (r.name.value, "-" if r.age is None else r.age, r.months, line.until, r.law, r.checked)
            for line in lines
            for r in [line.rule]
        ],
    )


@retention_app.command("run")
def retention_run(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what each rule would let go.")] = False,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Let go what was kept long enough, unless a hold, an open case or an open request keeps it."""
    with opened(data) as installed:
        permit(installed, operator(login, "retention schedule"), Action.ERASE, Purpose.MAINTENANCE)
        accounts = run_retention(installed, dry_run=dry_run)
        if any(account.gone for account in accounts if account.name in OF_CHILDREN):
            vacuum(installed.url, TOUCHED)
    if json:
        answer({"dry_run": dry_run, "rules": [_account(account) for account in accounts]})
        return
    table(
        "Retention, counted only" if dry_run else "Retention",
        ("rule", "due", "gone", "kept for"),
        [
            (one.name.value, one.due, one.gone, ", ".join(f"{why} {n}" for why, n in one.blocked.items()) or "-")
            for one in accounts
        ],
    )


def _account(account: RuleAccount) -> dict[str, object]:
    blocked = dict(account.blocked)
    return {"rule": account.name.value, "due": account.due, "gone": account.gone, "kept_for": blocked}


@holds_app.command("list")
def holds_list(*, as_user: As = None, login: Login = None, data: Data = None, json: AsJson = False) -> None:
    """List the holds, those that hold first."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            found = legal_holds.list_holds(transaction, installed.vault)
    names = ("hold_id", "held_id", "of_case", "placed_at", "sentence", "lifted_at", "lifting")
    if json:
        answer({"holds": [{name: getattr(one, name) for name in names} for one in found]})
        return
    for one in found:
        state = f"lifted {one.lifted_at:%Y-%m-%d}" if one.lifted_at else "holds"
        out.print(f"{one.hold_id}  {'case' if one.of_case else 'child'} {one.held_id}", markup=False, soft_wrap=True)
        out.print(f"  since {one.placed_at:%Y-%m-%d}, {state}: {one.sentence}", markup=False)


@holds_app.command("place")
def holds_place(
    held: Annotated[UUID, typer.Argument(help="The child's id, or with --case that of the case.")],
    *,
    sentence: Why,
    case: Annotated[bool, typer.Option("--case", help="It is a protection case.")] = False,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Keep a child or a case until the hold is lifted."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            hold_id = legal_holds.place_hold(transaction, installed.vault, held, of_case=case, sentence=sentence)
    _done(json, {"hold_id": str(hold_id)}, f"held: {hold_id}")


@holds_app.command("lift")
def holds_lift(
    hold: Annotated[UUID, typer.Argument(help="The hold, by the id that `holds list` shows.")],
    *,
    sentence: Why,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Lift a hold."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            legal_holds.lift_hold(transaction, installed.vault, hold, sentence=sentence)
    _done(json, {"hold_id": str(hold)}, "lifted")


def print_processing_record(
    *,
    language: Annotated[Literal["vi", "en"], typer.Option("--lang", help="The language of the document.")] = "vi",
    as_user: As = None,
    login: Login = None,
    data: Data = None,
) -> None:
    """Print the record of processing of this installation as Markdown."""
    sources = [
        SourceLine(system=one.format.system, stream=one.format.stream) for one in plugins.file_readers().values()
    ]
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        demo = installed.vault.keyring.mark is Mark.DEMO
        keeper = keeper_of(installed)["name"]
        with installed.store.begin(access) as transaction:
            record = processing_record(
                transaction, installed.vault, installed.law, sources=sources, keeper=keeper, demo=demo
            )
    sys.stdout.write(markdown_of(record, language))


def _done(json: bool, document: dict[str, object], words: str) -> None:  # noqa: FBT001  the flag that every command has
    if json:
        answer(document)
    else:
        out.print(words, markup=False)
