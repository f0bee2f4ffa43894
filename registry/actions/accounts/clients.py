"""Clients: which programs speak for a sector system, and by which public keys and certificates they are known."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery, Conflict, NotFound
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.protect.signing_in.client_keys import PublicKey
from registry.store import clients
from registry.store.clients import Client
from registry.store.session import Transaction

_LONGEST_NAME: Final = 120
RIGHTS: Final = ("number", "proposals")  # to read of its own records: verified numbers, proposed corrections
_MOST: Final = 4  # certificates: the one in use, its successor, and as many for a second machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """By what a client is known; one of the two at least."""

    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    certificates: frozenset[str] = frozenset()  # SHA-256


def list_clients(transaction: Transaction, vault: Vault) -> list[Client]:
    """Return all clients."""
    authorize(transaction.access, Action.CLIENTS)
    found = clients.all_clients(transaction)
    log(transaction, vault, Event(action=Action.CLIENTS.value, counts={"clients": len(found)}))
    return found


def add_client(
    transaction: Transaction,
    vault: Vault,
    *,
    name: str,
    system: str,
    streams: Collection[str],
    credentials: Credentials,
    rights: Collection[str] = (),
) -> UUID:
    """Add a client of a system and return its id, which is no secret.

    Raises:
        BadQuery: which rule the name or the credentials break.
        Conflict: the system has a client of this name.
    """
    authorize(transaction.access, Action.CLIENTS)
    if not 1 <= len(name) <= _LONGEST_NAME or any(unicodedata.category(sign)[0] == "C" for sign in name):
        raise BadQuery("name", "1 to 120 characters on one line")
    _check(credentials)
    _check_rights(rights)
    if any((one.system, one.name) == (system, name) for one in clients.all_clients(transaction)):
        raise Conflict("the system has a client of this name", field="name")
    at = transaction.access.at
    client = Client(
        client_id=uuid4(),
        system=system,
        name=name,
        streams=tuple(sorted(streams)),
        keys=credentials.keys,
        certificates=credentials.certificates,
        created_at=at,
        keys_changed_at=at,
        disabled_at=None,
        rights=frozenset(rights),
    )
    clients.add(transaction, client)
    log(transaction, vault, Event(action=Action.CLIENTS.value, counts={"added": 1}))
    return client.client_id


def replace_credentials(transaction: Transaction, vault: Vault, client_id: UUID, credentials: Credentials) -> None:
    """Let a client be known by other keys and certificates alone; every token of it ends.

    Raises:
        BadQuery: there are none, or too many.
        NotFound: there is no such client.
    """
    authorize(transaction.access, Action.CLIENTS)
    _check(credentials)
    _known(transaction, client_id)
    clients.change(
        transaction,
        client_id,
        keys=dict(credentials.keys),
        certificates=sorted(credentials.certificates),
        keys_changed_at=transaction.access.at,
        disabled_at=None,
    )
    clients.drop_tokens(transaction, client_id)
    log(transaction, vault, Event(action=Action.CLIENTS.value, counts={"keys_replaced": 1}))


def replace_rights(transaction: Transaction, vault: Vault, client_id: UUID, rights: Collection[str]) -> None:
    """Let a client have these rights and no others; its tokens have them at once.

    Raises:
        BadQuery: there is no such right.
        NotFound: there is no such client.
    """
    authorize(transaction.access, Action.CLIENTS)
    _check_rights(rights)
    _known(transaction, client_id)
    clients.change(transaction, client_id, rights=sorted(set(rights)))
    log(transaction, vault, Event(action=Action.CLIENTS.value, counts={"rights": len(set(rights))}))


def disable_client(transaction: Transaction, vault: Vault, client_id: UUID) -> None:
    """Shut a client out: no token any more, and none that it has is good. New keys let it in again.

    Raises:
        NotFound: there is no such client.
    """
    authorize(transaction.access, Action.CLIENTS)
    _known(transaction, client_id)
    clients.change(transaction, client_id, disabled_at=transaction.access.at)
    clients.drop_tokens(transaction, client_id)
    log(transaction, vault, Event(action=Action.CLIENTS.value, counts={"disabled": 1}))


def _known(transaction: Transaction, client_id: UUID) -> Client:
    client = clients.by_id(transaction, client_id)
    if client is None:
        raise NotFound("there is no client of this id", field="client")
    return client


def _check(credentials: Credentials) -> None:
    if not credentials.keys and not credentials.certificates:
        raise BadQuery("keys", "a client needs a public key or a certificate")
    if len(credentials.certificates) > _MOST:
        raise BadQuery("certificate", f"at most {_MOST} certificates")


def _check_rights(rights: Collection[str]) -> None:
    if not set(rights) <= set(RIGHTS):
        raise BadQuery("right", f"one of: {', '.join(RIGHTS)}")
