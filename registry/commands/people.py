"""Commands for people: find a child, print a table, keep accounts."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated, Literal

import typer

from matching import places
from registry.actions.accounts import staff as accounts
from registry.actions.accounts.identity_provider import invite
from registry.actions.accounts.sessions import end_sessions_of
from registry.actions.finding.find_child import FindAnswer, FindQuery, find_child
from registry.actions.law.lawful import LawfulPurposes
from registry.commands.console import AsJson, Data, Login, answer, ask_password, opened, out, table
from registry.exports.sheet import csv_of
from registry.jobs.identity import access_by_password, access_on_demo, bootstrap_access
from registry.jobs.identity_provider import issuer_of
from registry.jobs.opening import Installation
from registry.model.access import PEOPLE_PURPOSES, Access, Area, Purpose, Role
from registry.model.errors import BadQuery, SignInNeeded
from registry.protect.keys.keyring_file import Mark
from registry.protect.policy import SEPARATE_RIGHTS
from registry.statistics.request import request_table
from registry.store.staff import Account

RIGHTS = ", ".join(sorted(SEPARATE_RIGHTS))
staff_app = typer.Typer(help="Keep accounts.", no_args_is_help=True)

OidcSubject = Annotated[
    str | None, typer.Option("--oidc-subject", help="Whom the identity provider means: its `sub` of the person.")
]
OidcName = Annotated[
    str | None, typer.Option("--oidc-name", help="Under which name the person first comes from the identity provider.")
]
As = Annotated[str | None, typer.Option("--as", help="On a demo database: act as this account.")]


def access_of(
    installed: Installation, as_user: str | None, login: str | None, purpose: Purpose, *, sentence: str | None = None
) -> Access:
    """Return the access of whoever runs a command about children: a demo account by name, else by password.

    Raises:
        SignInNeeded: nobody said who they are.
        NoLegalBasis: no law allows this purpose today.
    """
    if as_user is not None:
        access = access_on_demo(installed, as_user, purpose, reason=sentence)
    elif login is not None:
        access = access_by_password(installed, login, purpose, password=ask_password, reason=sentence)
    else:
        raise SignInNeeded("say who you are: --login ACCOUNT, or --as ACCOUNT on a demo", field="login")
    LawfulPurposes(installed.store, installed.law).require(access)
    return access


def find(
    text: Annotated[str, typer.Argument(help="A name (marks optional), a personal number, or a record key.")],
    *,
    born: Annotated[str | None, typer.Option(help="Birth date, or year give or take one.")] = None,
    mother: Annotated[str | None, typer.Option(help="The mother's name.")] = None,
    commune: Annotated[str | None, typer.Option(help="The commune, by name or code.")] = None,
    reason: Annotated[str, typer.Option(help=f"One of: {', '.join(sorted(PEOPLE_PURPOSES))}.")],
    sentence: Annotated[str | None, typer.Option(help="A sentence, where the reason needs one.")] = None,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Find a child in your area; every search is logged with its reason."""
    purpose = _purpose(reason)
    query = FindQuery(text=text, born=born, mother=mother, commune=commune)
    with opened(data) as installed:
        access = access_of(installed, as_user, login, purpose, sentence=sentence)
        with installed.store.begin(access) as transaction:
            found = find_child(transaction, installed.vault, query)
    if json:
        answer(_document(found))
    else:
        _print(found)


def _purpose(code: str) -> Purpose:
    if code not in {purpose.value for purpose in PEOPLE_PURPOSES}:
        raise BadQuery("reason", f"one of: {', '.join(sorted(PEOPLE_PURPOSES))}")
    return Purpose(code)


def _document(found: FindAnswer) -> dict[str, object]:
    return {
        "total": found.total,
        "too_many": found.too_many,
        "advice": found.advice,
        "found": [
            {
                "child_id": str(one.child_id),
                "name": one.name,
                "birth_year": one.birth_year,
                "sex": one.sex,
                "commune": one.commune,
                "mother_given_name": one.mother_given_name,
                "grade": one.grade.value,
                "reasons": list(one.reasons),
            }
            for one in found.found
        ],
    }


def _print(found: FindAnswer) -> None:
    table(
        f"{found.total} found, best first",
        ("grade", "name", "born", "commune", "mother", "why"),
        [
            (
                one.grade.value,
                one.name,
                one.birth_year or "?",
                (one.commune and places.commune_name(one.commune)) or "?",
                one.mother_given_name or "?",
                "; ".join(one.reasons),
            )
            for one in found.found
        ],
    )
    if found.advice:
        out.print(found.advice)


def print_table(
    name: Annotated[str, typer.Argument(help="The name of a table of the catalogue.")],
    *,
    output: Annotated[Literal["csv"], typer.Option("--format", help="The form of the output.")] = "csv",
    language: Annotated[Literal["vi", "en"], typer.Option(help="The language of labels and notes.")] = "en",
    as_user: As = None,
    login: Login = None,
    data: Data = None,
) -> None:
    """Print a table that may be published, with its method note."""
    with opened(data) as installed:
        on_demo = installed.vault.keyring.mark is Mark.DEMO
        if on_demo and as_user is None and login is None:
            access = installed.statistician()
        else:
            access = access_of(installed, as_user, login, Purpose.STATISTICS)
        with installed.store.begin(access) as transaction:
            published = request_table(transaction, installed.vault.keyring, name)
    if output == "csv":
        sys.stdout.write(csv_of(published, language=language, places=places.provinces()).decode())


@staff_app.command("list")
def staff_list(*, as_user: As = None, login: Login = None, data: Data = None, json: AsJson = False) -> None:
    """List the accounts."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            found = accounts.list_accounts(transaction, installed.vault)
        at = installed.clock()
    logins = {one.staff_id: one.login for one in found}
    above = {one.login: logins.get(one.supervisor_id, "") if one.supervisor_id else "" for one in found}
    rows = [(one.login, one.role.value, one.office, _state(one, at), above[one.login]) for one in found]
    names = ("login", "role", "office", "state", "supervisor")
    if json:
        answer({"accounts": [dict(zip(names, row, strict=True)) for row in rows]})
    else:
        table("Accounts", names, rows)


def _state(account: Account, at: datetime) -> str:
    if account.disabled_at is not None:
        return "disabled"
    return "locked" if account.is_suspended(at) else "active"


@staff_app.command("add")
def staff_add(
    new: Annotated[str, typer.Argument(help="The login of the new account.")],
    *,
    role: Annotated[Role, typer.Option(help="What the account may be.")],
    office: Annotated[str, typer.Option(help="Its office.")],
    commune: Annotated[list[str] | None, typer.Option(help="A commune code; may be repeated.")] = None,
    province: Annotated[list[str] | None, typer.Option(help="A province code; may be repeated.")] = None,
    nation: Annotated[bool, typer.Option("--nation", help="The whole nation.")] = False,
    right: Annotated[list[str] | None, typer.Option(help=f"A separate right: {RIGHTS}; may be repeated.")] = None,
    supervisor: Annotated[str | None, typer.Option(help="The login of who judges its emergencies.")] = None,
    oidc_subject: OidcSubject = None,
    oidc_name: OidcName = None,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Add an account and print its one-time password. The first account of all is an administrator's."""
    area = Area(nation=nation, provinces=frozenset(province or ()), communes=frozenset(commune or ()))
    account = accounts.NewAccount(
        login=new, role=role, office=office, area=area, rights=frozenset(right or ()), supervisor=supervisor
    )
    with opened(data, may_create=True) as installed:
        first = bootstrap_access(installed) if as_user is None and login is None else None
        if first is not None and role is not Role.ADMINISTRATOR:
            raise BadQuery("role", "the first account must be an administrator's")
        access = first or access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            password: str | None = accounts.add_account(transaction, installed.vault, account)
            if oidc_subject is not None or oidc_name is not None:
                password = None  # told to nobody, so known to nobody
                issuer = issuer_of(installed.settings)
                invite(transaction, installed.vault, login=new, issuer=issuer, subject=oidc_subject, name=oidc_name)
    if json:
        answer({"login": new, "one_time_password": password})
    else:
        out.print(f"{new}: one-time password {password}" if password else f"{new} signs in at the identity provider")


@staff_app.command("invite")
def staff_invite(
    of: Annotated[str, typer.Argument(help="The login of the account.")],
    *,
    oidc_subject: OidcSubject = None,
    oidc_name: OidcName = None,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
) -> None:
    """Let the identity provider vouch for an account, from now on for this person alone."""
    with opened(data) as installed:
        access, issuer = access_of(installed, as_user, login, Purpose.ADMINISTRATION), issuer_of(installed.settings)
        with installed.store.begin(access) as transaction:
            invite(transaction, installed.vault, login=of, issuer=issuer, subject=oidc_subject, name=oidc_name)
    out.print(f"{of} signs in at the identity provider")


@staff_app.command("end-sessions")
def staff_end_sessions(
    of: Annotated[str, typer.Argument(help="The login of the account.")],
    *,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
) -> None:
    """End every session of an account at once."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            end_sessions_of(transaction, installed.vault, login=of)
    out.print(f"{of} is signed in nowhere")


@staff_app.command("supervisor")
def staff_supervisor(
    of: Annotated[str, typer.Argument(help="The login of the account.")],
    supervisor: Annotated[str, typer.Argument(help="The login of who hears of its emergencies and judges them.")],
    *,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
) -> None:
    """Name the supervisor of an account; what waits for a verdict is theirs from now on."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            passed = accounts.name_supervisor(transaction, installed.vault, login=of, supervisor=supervisor)
    out.print(f"{supervisor} is the supervisor of {of}; {passed} emergencies wait for a verdict")


@staff_app.command("disable")
def staff_disable(
    old: Annotated[str, typer.Argument(help="The login of the account.")],
    *,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
) -> None:
    """Disable an account and end its sessions."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            accounts.disable_account(transaction, installed.vault, login=old)
    out.print(f"{old} is disabled")


@staff_app.command("renew")
def staff_renew(
    old: Annotated[str, typer.Argument(help="The login of the account.")],
    *,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Give an account a new one-time password, end its sessions and lift a lock."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            password = accounts.renew_password(transaction, installed.vault, login=old)
    if json:
        answer({"login": old, "one_time_password": password})
    else:
        out.print(f"{old}: one-time password {password}")
