"""Commands for programs of sector systems: which there are, and by which public keys and certificates they prove it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from connectors import plugins
from registry.actions.accounts import clients
from registry.actions.accounts.clients import Credentials
from registry.commands.console import AsJson, Data, Login, answer, now, opened, out, table
from registry.commands.people import As, access_of
from registry.jobs.opening import Installation
from registry.model.access import Access, Purpose
from registry.model.errors import BadQuery
from registry.protect.signing_in.client_keys import certificate_digest, public_keys
from registry.store.clients import Client

clients_app = typer.Typer(help="Keep the clients: programs of sector systems.", no_args_is_help=True)

Jwks = Annotated[Path | None, typer.Option("--jwks", help="A file of public keys: a JWKS or one JWK.")]
Certificates = Annotated[
    list[Path] | None, typer.Option("--certificate", help="A file of a certificate in PEM; may be repeated.")
]
Rights = Annotated[
    list[str] | None,
    typer.Option("--right", help="What it may read of its own records: number, proposals; may be repeated."),
]
ClientId = Annotated[UUID, typer.Argument(help="The id of the client.")]


@clients_app.command("add")
def clients_add(
    name: Annotated[str, typer.Argument(help="What people call the client.")],
    *,
    system: Annotated[str, typer.Option(help="The sector system it speaks for.")],
    stream: Annotated[
        list[str] | None, typer.Option(help="A stream of the system; may be repeated. All of them by default.")
    ] = None,
    right: Rights = None,
    jwks: Jwks = None,
    certificate: Certificates = None,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Add a client and print its id; its private key is made by its owner and never comes here."""
    streams = _streams(system, stream)
    credentials = _credentials(jwks, certificate)
    with opened(data) as installed, installed.store.begin(_access(installed, as_user, login)) as transaction:
        client_id = clients.add_client(
            transaction,
            installed.vault,
            name=name,
            system=system,
            streams=streams,
            credentials=credentials,
            rights=right or (),
        )
    if json:
        answer({"client_id": str(client_id), "system": system, "streams": streams, "keys": sorted(credentials.keys)})
    else:
        out.print(f"{name}: client id {client_id}")


@clients_app.command("list")
def clients_list(*, as_user: As = None, login: Login = None, data: Data = None, json: AsJson = False) -> None:
    """List the clients."""
    with opened(data) as installed, installed.store.begin(_access(installed, as_user, login)) as transaction:
        found = clients.list_clients(transaction, installed.vault)
    columns = ("client_id", "name", "system", "streams", "rights", "keys", "certificates", "state")
    rows = [_row(client) for client in found]
    if json:
        answer({"clients": [dict(zip(columns, row, strict=True)) for row in rows]})
    else:
        short = [(row[0], row[2], row[1], row[-1]) for row in rows]  # ids are copied, so they must fit on a line
        table("Clients", ("client_id", "system", "name", "state"), short)


@clients_app.command("keys")
def clients_keys(
    client: ClientId,
    *,
    jwks: Jwks = None,
    certificate: Certificates = None,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
) -> None:
    """Replace the keys and certificates of a client and end its tokens; to change over, give the old and the new."""
    credentials = _credentials(jwks, certificate)
    with opened(data) as installed, installed.store.begin(_access(installed, as_user, login)) as transaction:
        clients.replace_credentials(transaction, installed.vault, client, credentials)
    out.print(f"{client} has {len(credentials.keys)} keys and {len(credentials.certificates)} certificates")


@clients_app.command("rights")
def clients_rights(
    client: ClientId, *, right: Rights = None, as_user: As = None, login: Login = None, data: Data = None
) -> None:
    """Let a client have these rights and no others; without any --right it has none."""
    with opened(data) as installed, installed.store.begin(_access(installed, as_user, login)) as transaction:
        clients.replace_rights(transaction, installed.vault, client, right or ())
    out.print(f"{client} has the rights: {', '.join(sorted(set(right or ()))) or 'none'}")


@clients_app.command("disable")
def clients_disable(client: ClientId, *, as_user: As = None, login: Login = None, data: Data = None) -> None:
    """Shut a client out and end its tokens; new keys let it in again."""
    with opened(data) as installed, installed.store.begin(_access(installed, as_user, login)) as transaction:
        clients.disable_client(transaction, installed.vault, client)
    out.print(f"{client} is disabled")


def _access(installed: Installation, as_user: str | None, login: str | None) -> Access:
    return access_of(installed, as_user, login, Purpose.ADMINISTRATION)


def _streams(system: str, chosen: list[str] | None) -> list[str]:
    """Return the streams that a client may ask for.

    Raises:
        BadQuery: there is no such system, or it has no such stream.
    """
    known = {name: connector.format.stream for name, connector in plugins.file_readers().items()}
    if system not in known:
        raise BadQuery("system", f"one of: {', '.join(known)}")
    if not set(chosen or ()) <= {known[system]}:
        raise BadQuery("stream", f"one of: {known[system]}")
    return sorted(set(chosen or (known[system],)))


def _credentials(jwks: Path | None, certificates: list[Path] | None) -> Credentials:
    return Credentials(
        keys={} if jwks is None else public_keys(_content("jwks", jwks)),
        certificates=frozenset(
            certificate_digest(_content("certificate", path), at=now()) for path in certificates or ()
        ),
    )


def _content(option: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadQuery(option, f"the file cannot be read ({error.strerror})") from None


def _row(client: Client) -> tuple[str, ...]:
    named = ", ".join(f"{name} ({key['alg']})" for name, key in sorted(client.keys.items()))
    return (
        str(client.client_id),
        client.name,
        client.system,
        " ".join(client.streams),
        " ".join(sorted(client.rights)),
        named,
        ", ".join(sorted(digest[:16] for digest in client.certificates)),
        "disabled" if client.disabled_at else "active",
    )
