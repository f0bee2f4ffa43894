"""Commands for the custodian: how the keys stand, a new version, the end of an old one, and to erase a child."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

import typer

from registry.actions.keys import rotate_keys
from registry.actions.keys.erase import Erased, erase_child
from registry.actions.keys.key_status import KeyLine, key_status
from registry.commands.console import AsJson, Bars, Data, Login, Sentence, answer, opened, operator, out, table
from registry.jobs import rotating
from registry.jobs.identity import permit
from registry.jobs.key_provider import move_root
from registry.jobs.opening import Installation
from registry.jobs.rotating import RotationAccount
from registry.model.access import Purpose
from registry.model.errors import BadQuery, ReasonNeeded, WrongKeys
from registry.protect.authorize import Action
from registry.protect.keys.keyring_file import Domain
from registry.settings import Settings
from registry.store.erasures import TOUCHED
from registry.store.server.vacuum import vacuum

ALL_WRAPPING = "wrapping"

keys_app = typer.Typer(help="Look after the keys.", no_args_is_help=True)

DomainArgument = Annotated[str, typer.Argument(help=f"A key, by the name that `keys status` shows; `{ALL_WRAPPING}`.")]


@keys_app.command("status")
def keys_status(*, login: Login = None, data: Data = None, json: AsJson = False) -> None:
    """Show every version of every key, how many rows need it, and what is to be done."""
    with opened(data) as installed:
        permit(installed, operator(login), Action.KEYS, Purpose.MAINTENANCE)
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            lines = key_status(transaction, installed.vault)
        keeper = keeper_of(installed)
    if json:
        answer({"keeper": keeper, "keys": [_document(line) for line in lines]})
        return
    table(
        "Keys",
        ("key", "version", "state", "since", "rows", "to do"),
        [
            (
                line.domain.value,
                line.version,
                line.state.value.replace("_", " "),
                f"{line.since:%Y-%m-%d}" if line.since else "?",
                f"{line.rows:,}",
                "; ".join(line.advice),
            )
            for line in lines
        ],
    )
    out.print(f"keeper of the root key: {keeper['name']}, {keeper['answer']}")


def keeper_of(installed: Installation) -> dict[str, str]:
    """Return who keeps the root key, and whether it answers."""
    provider = installed.vault.keyring.provider
    try:
        health = provider.health()
    except WrongKeys as error:
        return {"name": type(provider).__name__.removesuffix("Provider").lower(), "answer": f"does not answer: {error}"}
    return {"name": health.name, "answer": f"answers, version {health.version}"}


def _document(line: KeyLine) -> dict[str, object]:
    return {
        "domain": line.domain.value,
        "version": line.version,
        "state": line.state.value,
        "since": line.since,
        "rows": line.rows,
        "to_do": list(line.advice),
    }


@keys_app.command("rotate")
def keys_rotate(
    domain: DomainArgument,
    *,
    anew: Annotated[bool, typer.Option("--anew", help="Although rows that cannot be read still wait.")] = False,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Make the next version of a key and move everything to it, while the registry is in use.

    A rotation that was left unfinished is carried on instead.
    """
    domains = rotate_keys.WRAPPING if domain == ALL_WRAPPING else (_domain(domain),)
    for one in domains:
        rotate_keys.may_rotate(one)
    with opened(data) as installed, Bars(quiet=json) as bars:
        permit(installed, operator(login), Action.KEYS, Purpose.MAINTENANCE)
        accounts = [rotating.rotate(installed, one, anew=anew, progress=bars.step(one.value)) for one in domains]
    if json:
        answer({"rotations": [_account(account) for account in accounts]})
        return
    for account in accounts:
        out.print(_told(account))


def _account(account: RotationAccount) -> dict[str, object]:
    return {
        "domain": account.domain.value,
        "version": account.version,
        "continued": account.continued,
        "rows": account.rows,
        "unreadable": account.unreadable,
        "finished": account.finished,
    }


def _told(account: RotationAccount) -> str:
    how = "unfinished rotation carried on" if account.continued else "rotated"
    said = [f"{account.domain.value}: {how} to version {account.version}, {account.rows:,} rows moved"]
    if account.unreadable:
        said.append(f"{account.unreadable:,} cannot be read and keep the older version alive")
    if not account.finished:
        said.append("not finished: run it again, or leave it to the running service")
    return "; ".join(said)


@keys_app.command("retire")
def keys_retire(
    domain: DomainArgument,
    version: Annotated[int, typer.Argument(help="The version, as `keys status` shows it.", min=1)],
    *,
    destroy: Annotated[bool, typer.Option("--destroy", help="Delete its bytes: nothing brings it back.")] = False,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Give up an old version that no row needs; with --destroy what it wrapped in old copies opens nowhere any more."""
    which = _domain(domain)
    with opened(data) as installed:
        permit(installed, operator(login), Action.KEYS, Purpose.MAINTENANCE)
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            rotate_keys.retire(transaction, installed.vault, which, version)
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            state = rotate_keys.close(transaction, installed.vault, which, version, destroy=destroy)
    if json:
        answer({"domain": which.value, "version": version, "state": state.value})
    else:
        out.print(
            f"{which.value}, version {version}, is {state.value}; copy the key folder anew, destroy its old copies"
        )


@keys_app.command("move-root")
def keys_move_root(*, data: Data = None) -> None:
    """Have the keeper that the settings name seal the keys which another one sealed until now."""
    settings = Settings.load(data)
    moved = move_root(settings, folder=settings.keys)
    out.print(f"the root key moved from {moved.before.value} to {moved.after.value}")
    if moved.to_destroy is not None:
        out.print(f"destroy {moved.to_destroy} and its copies: it opens every old copy of the keyring", soft_wrap=True)


def _domain(name: str) -> Domain:
    if name not in set(Domain):
        raise BadQuery("domain", f"one of: {', '.join(domain.value for domain in rotate_keys.ROTATING)}")
    return Domain(name)


def erase(
    child: Annotated[str, typer.Argument(help="The child's id, as the address of her page shows it.")],
    *,
    sentence: Sentence = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Erase a child for good: her keys, all that was sealed of her, and all by which she is found."""
    child_id = _child(child)
    if not (sentence and sentence.strip()):
        raise ReasonNeeded("say why with --sentence, without a name: the log keeps it", field="sentence")
    with opened(data) as installed:
        account = permit(installed, operator(login, sentence), Action.ERASE, Purpose.MAINTENANCE)
        access = replace(installed.engine(Purpose.MAINTENANCE), reason=sentence)
        with installed.store.begin(access) as transaction:
            erased = erase_child(transaction, installed.vault, child_id, ledger=installed.ledger, by=account)
        if not erased.already:
            vacuum(installed.url, TOUCHED)
    if json:
        answer({"child_id": str(child_id), "identities": erased.identities, "already": erased.already})
    else:
        out.print(_said(erased))


def _said(erased: Erased) -> str:
    if erased.already:
        return "she was erased before; nothing was changed"
    said = f"erased with {erased.identities} records; copies of the data keys open her until their epoch is destroyed"
    if erased.without_digest:
        said += f"; {erased.without_digest} of the records could not be read: only their look-up keeps them away"
    return said


def _child(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadQuery("child", "not the id of a child") from None
