"""A client of the education system as the actions know it, and an address that takes what it is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from registry.actions.exchange.events import Page, read_feed
from registry.actions.exchange.outcomes import Batch
from registry.actions.exchange.push import Push, push, read_elements
from registry.actions.exchange.push_records import Stream
from registry.actions.exchange.subscriptions import Given, Wish, subscribe
from registry.jobs.opening import Installation
from registry.model.access import NOWHERE, Access, Purpose, Role
from registry.store import clients
from registry.store.clients import Client
from tests.registry.actions.installed import somebody

PUPILS = Stream("education", "pupils")


def client_of(installed: Installation, *rights: str, system: str = "education", stream: str = "pupils") -> Client:
    """Let the registry know a client."""
    at = installed.clock()
    made = Client(
        client_id=uuid4(),
        system=system,
        name=f"client {uuid4()}",
        streams=(stream,),
        keys={},
        certificates=frozenset(),
        created_at=at,
        keys_changed_at=at,
        disabled_at=None,
        rights=frozenset(rights),
    )
    with installed.store.begin(somebody(installed, Role.ADMINISTRATOR, Purpose.ADMINISTRATION)) as transaction:
        clients.add(transaction, made)
    return made


def as_client(installed: Installation, client: Client) -> Access:
    """Return the access of a client."""
    return Access(
        staff_id=client.client_id,
        login=client.name,
        role=Role.SECTOR_SYSTEM,
        area=NOWHERE,
        office=client.system,
        purpose=Purpose.INGEST,
        reason=None,
        at=installed.clock(),
        session_ref=None,
        os_account=None,
        request_id=uuid4(),
    )


def record(key: str, **changed: Any) -> dict[str, Any]:
    """Return a record of an invented pupil."""
    child = {"name": "Bế Thị Én", "sex": "female", "birth_date": "2014-05-03", "commune_code": "24133"}
    return {"key": key, "version": 1, "child": child} | changed


def pushed(installed: Installation, client: Client, *records: Mapping[str, Any]) -> Batch:
    """Push records as a client."""
    stream = Stream(client.system, client.streams[0])
    sent = Push(
        client_id=client.client_id,
        stream=stream,
        key=str(uuid4()),
        body=repr(records).encode(),
        read=read_elements(records, stream),
    )
    with installed.store.begin(as_client(installed, client), system=client.system) as transaction:
        return push(transaction, installed.vault, sent)


def told(installed: Installation, client: Client, after: str | None = None, *, limit: int = 1000) -> Page:
    """Return a page of the feed."""
    with installed.store.begin(as_client(installed, client), system=client.system) as transaction:
        return read_feed(
            transaction,
            installed.vault,
            system=client.system,
            streams=client.streams,
            after=after,
            limit=limit,
        )


def subscribed(installed: Installation, client: Client, address: str, *kinds: str) -> Given:
    """Subscribe to events; the loopback address may be sent to."""
    wish = Wish(client_id=client.client_id, system=client.system, address=address, kinds=kinds)
    with installed.store.begin(as_client(installed, client), system=client.system) as transaction:
        return subscribe(transaction, installed.vault, wish, allowed={place_of(address)})


def place_of(address: str) -> str:
    """Return the host and port of an address."""
    return address.split("/")[2]


@dataclass
class Received:
    """What arrived at an address."""

    headers: Mapping[str, str]
    body: bytes


@dataclass
class Subscriber:
    """An address that answers as it is told."""

    address: str = ""
    received: list[Received] = field(default_factory=list)
    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: threading.Event | None = None  # waits for it before it answers

    @property
    def place(self) -> str:
        """Its host and port."""
        return place_of(self.address)


@contextmanager
def subscriber() -> Iterator[Subscriber]:
    """Serve an address on this machine."""
    one = Subscriber()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            one.received.append(Received({name.lower(): value for name, value in self.headers.items()}, body))
            if one.hang is not None:
                one.hang.wait(5)
            self.send_response(one.status)
            for name, value in one.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as its parent names it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    one.address = f"http://127.0.0.1:{server.server_port}/events"
    try:
        yield one
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
