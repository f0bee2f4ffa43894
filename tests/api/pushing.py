"""A program of a sector's system that pushes records, and what is known of them by other ways."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import psycopg
from sqlalchemy import make_url

from registry.actions.accounts.clients import replace_rights
from registry.model.access import Purpose, Role
from registry.protect.feed_names import FeedNames
from tests.api.machines import Machine
from tests.web.world import World

RECORDS = "/v1/sources/education/streams/pupils/records"
BATCHES = "/v1/sources/education/streams/pupils/batches"


def new_key() -> str:
    """Return a key that no record has."""
    return f"EDU {uuid4()}"


def pupil(key: str | None = None, **changed: Any) -> dict[str, Any]:
    """Return a record of an invented pupil; args: changed: members of the record in the place of these."""
    child = {"name": "Bế Thị Én", "sex": "female", "birth_date": "2014-05-03", "commune_code": "24133"}
    good = {"version": 1, "version_at": "2026-10-01T08:00:00+07:00", "child": child, "services": {}}
    return good | changed | ({} if key is None else {"key": key})


def push(machine: Machine, records: Any, *, key: str | None = None, **more: Any) -> httpx.Response:
    """Push a batch; args: key: for idempotency; None: a new one."""
    headers = {"idempotency-key": key or str(uuid4()), **more.pop("headers", {})}
    body = {"json": records} if "content" not in more else {}
    return machine.client.post(BATCHES, headers=headers, **body, **more)


def outcomes(answer: httpx.Response) -> list[str]:
    """Return the outcome of each record of a batch."""
    assert answer.status_code in {200, 202}, answer.text
    return [record["outcome"] for record in answer.json()["records"]]


def place(key: str) -> str:
    """Return the address of a record."""
    return f"{RECORDS}/{quote(key, safe='')}"


def put(machine: Machine, key: str, record: Any, **headers: str) -> httpx.Response:
    """Write one record; args: headers: with underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return machine.client.put(place(key), json=record, headers=named)


def give_rights(world: World, machine: Machine, *rights: str) -> None:
    """Let a program read more of its own records."""
    with world.services.store.begin(world.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)) as transaction:
        replace_rights(transaction, world.services.vault, machine.id, rights)


def rows(world: World, query: str, *arguments: object) -> list[tuple[Any, ...]]:
    """Return what a query finds, as the engine sees it."""
    address = make_url(world.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("set role child_registry_engine; set app.purpose = 'maintenance'")
        return connection.execute(query.encode(), arguments).fetchall()


def child_of(world: World, name: str) -> UUID:
    """Return the identity that the education system knows by a name."""
    found = FeedNames(world.services.vault.keyring, "education").child_of(name)
    assert found is not None
    return found
