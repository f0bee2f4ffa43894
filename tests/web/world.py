"""A small registry that runs: invented people taken in and linked, an account for each role, a server on loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount

from connectors import plugins
from registry.actions.accounts.sign_in import choose_password, current, nobody, sign_in
from registry.actions.accounts.staff import NewAccount, add_account
from registry.actions.build_frame import build_frame
from registry.actions.keys import install
from registry.actions.keys.sealing import Vault
from registry.actions.services import Services
from registry.api.app import api
from registry.jobs.intake import ingest_file, load_population
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import NATION, NOWHERE, Access, Area, Purpose, Role
from registry.model.frame import Fact
from registry.protect.keys.keyring import Keyring
from registry.protect.policy import SEPARATE_RIGHTS
from registry.settings import Settings
from registry.store import frames
from registry.store.session import Store
from registry.web.app import pages
from tests.web import invented

PASSWORD = "một câu dài dễ nhớ"
ACCOUNTS: Mapping[str, tuple[Role, Area]] = {
    "worker": (Role.COMMUNE_WORKER, Area(communes=frozenset({invented.HERE}))),
    "neighbour": (Role.COMMUNE_WORKER, Area(communes=frozenset({invented.ELSEWHERE}))),
    "province": (Role.PROVINCE_WORKER, Area(provinces=frozenset({invented.PROVINCE}))),
    "reviewer": (Role.REVIEWER, NATION),
    "statistician": (Role.STATISTICIAN, NATION),
    "auditor": (Role.AUDITOR, NATION),
    "custodian": (Role.CUSTODIAN, NATION),
    "steward": (Role.STEWARD, NOWHERE),
    "administrator": (Role.ADMINISTRATOR, NOWHERE),
}


@dataclass
class Clock:
    """A time that stands still until a test moves it."""

    now: datetime

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def forward(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by


@dataclass(frozen=True, kw_only=True)
class World:
    """The running registry as a test sees it."""

    address: str
    url: str = field(repr=False)  # of the database
    clock: Clock
    services: Services
    open_things: ExitStack = field(repr=False)

    def browser(self, **settings: Any) -> httpx.Client:
        """Return a new browser, which does not follow redirects by itself; it is closed with the world."""
        return self.open_things.enter_context(httpx.Client(base_url=self.address, timeout=30, **settings))

    def access(self, role: Role, purpose: Purpose, *, area: Area = NATION) -> Access:
        """Return the access of somebody in a role."""
        return Access(
            staff_id=None,
            login="test",
            role=role,
            area=area,
            office="test",
            purpose=purpose,
            reason=None,
            at=self.clock(),
            session_ref=None,
            os_account="test",
            request_id=uuid4(),
            rights=frozenset(SEPARATE_RIGHTS),
            proven_at=self.clock(),
        )

    def add_account(self, login: str, role: Role, area: Area) -> str:
        """Add an account and return its one-time password."""
        access = self.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)
        with_children = role in {Role.COMMUNE_WORKER, Role.PROVINCE_WORKER}
        rights = frozenset(SEPARATE_RIGHTS) if with_children else frozenset[str]()
        with self.services.store.begin(access) as transaction:
            return add_account(
                transaction,
                self.services.vault,
                NewAccount(login=login, role=role, office="UBND xã Thử", area=area, rights=rights),
            )

    def choose_password(self, login: str, one_time: str, password: str) -> None:
        """Replace an account's one-time password."""
        vault = self.services.vault
        with self.services.store.begin(nobody(at=self.clock(), request_id=uuid4())) as transaction:
            started = sign_in(transaction, vault, login=login, password=one_time)
            assert not isinstance(started, Exception)
            signed_in = current(transaction, started.token)
            assert signed_in is not None
            choose_password(transaction, vault, signed_in=signed_in, password=password, again=password)


@contextmanager
def running_world(url: str, keyring: Keyring, at: datetime, folder: Path) -> Iterator[World]:
    """Fill a database and serve it."""
    with ExitStack() as things:
        store, clock = Store(url), Clock(at)
        things.callback(store.close)
        services = Services(store=store, vault=Vault(keyring), clock=clock, demo=True)
        settings = Settings(data=folder / "data")
        installed = Installation(
            settings=settings, store=store, vault=services.vault, clock=clock, url=url, server=None
        )
        with store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            install.claim(transaction, services.vault)
        _fill(installed, folder)
        address = things.enter_context(served(services))
        world = World(address=address, url=url, clock=clock, services=services, open_things=things)
        for login, (role, area) in ACCOUNTS.items():
            world.choose_password(login, world.add_account(login, role, area), PASSWORD)
        yield world


@contextmanager
def served(services: Services) -> Iterator[str]:
    """Serve pages and interface on a free port, and return the address."""
    routes = [Mount("/v1", api(services)), Mount("/", pages(services))]
    app = Starlette(routes=routes, exception_handlers={404: _nowhere})
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


async def _nowhere(_request: Request, _error: Exception) -> Response:
    """Answer for a path that no part takes, such as one with a line break; in earnest it ends at the gate in front."""
    document = {"type": "about:blank", "title": "Not Found", "status": 404}
    return JSONResponse(document, status_code=404, media_type="application/problem+json")


def _fill(installed: Installation, folder: Path) -> None:
    invented.write_drop(folder)
    load_population(installed, folder / "population.csv")
    for system in ("education", "protection"):
        connector = plugins.file_readers()[system]
        ingest_file(installed, connector, folder / connector.format.file_name)
    link_all(installed)
    with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
        frame_id: UUID = build_frame(transaction, installed.vault, as_of=installed.clock().date())
        frames.add_facts(transaction, frame_id, _many_facts())


def _many_facts() -> list[Fact]:
    """Return so many facts of one province that its numbers may be published."""
    return [
        Fact(
            pseudonym=place.to_bytes(16, "big"),
            record_key=(place * 0x9E3779B97F4A7C15) % (1 << 63),
            province=invented.PROVINCE,
            age=place % 16,
            sex=("male", "female")[place // 16 % 2],
        )
        for place in range(1, 801)
    ]
