"""Opens an installation: server, schema, keys, and the check that they belong together."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from connectors import plugins
from registry.actions.keys import install, rotate_keys
from registry.actions.keys.replay_erasures import replay_erasures
from registry.actions.keys.sealing import Vault
from registry.jobs.key_provider import open_keyring, provider_of
from registry.jobs.log_settings import sink_from
from registry.model.access import NOWHERE, Access, Purpose, Role
from registry.model.errors import DatabaseUnavailable, RegistryError, WrongKeys
from registry.model.law import Law, law_of
from registry.protect.keys.erasure_ledger import ErasureLedger
from registry.protect.keys.keyring import Keyring
from registry.protect.keys.keyring_file import Mark
from registry.settings import PREFIX, SettingRefused, Settings
from registry.store.server import migrate
from registry.store.server.embedded import EmbeddedServer
from registry.store.session import Store

Clock = Callable[[], datetime]
CONNECTIONS: Final = 8


class NotMigrated(RegistryError):
    """The database has an older schema or none: run `child-registry migrate`."""

    status = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An open installation: the store, the keys, and the clock that everything is stamped by."""

    settings: Settings
    store: Store
    vault: Vault
    clock: Clock
    url: str
    server: EmbeddedServer | None  # None: the database is somebody else's server

    def __repr__(self) -> str:
        return "Installation()"

    def engine(self, purpose: Purpose) -> Access:
        """Return the access of background work, with the operating-system account that started it."""
        return Access.of_engine(purpose, at=self.clock(), request_id=uuid4(), os_account=os_account())

    @property
    def law(self) -> Law:
        """What the law sets in numbers, days and texts, as this installation goes by it."""
        return law_of(self.settings.law_file)

    @property
    def ledger(self) -> ErasureLedger:
        """The ledger of erasures, beside the keys."""
        return ErasureLedger(self.settings.keys)

    def replay_erasures(self) -> int:
        """Erase again whom the ledger names and the database does not; return how many identities that were."""
        access = replace(self.engine(Purpose.MAINTENANCE), reason="replay of the ledger of erasures")
        with self.store.begin(access) as transaction:
            return replay_erasures(transaction, self.vault, ledger=self.ledger)

    def statistician(self) -> Access:
        """Return the access of a table asked for at the command line: aggregates only, and no account needed."""
        return replace(self.engine(Purpose.STATISTICS), role=Role.STATISTICIAN, login="command line", area=NOWHERE)


def os_account() -> str | None:
    """Return the operating-system account of this process, or None where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


@contextmanager
def database(settings: Settings) -> Iterator[tuple[str, EmbeddedServer | None]]:
    """Give the address of the database, with the embedded server running as long as the block does."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value(), None
        return
    with EmbeddedServer(settings.data) as server:
        try:
            yield server.url, server
        except DatabaseUnavailable as error:
            raise server.disk_full() or error from None  # a server that ended says only that the connection is lost


@contextmanager
def installation(settings: Settings, *, clock: Clock, may_create: bool = False) -> Iterator[Installation]:
    """Open the installation of `settings` as long as the block runs.

    Args:
        may_create: migrate, and make keys where neither keys nor sealed rows exist yet.

    Raises:
        NotMigrated: the schema is not the newest, and may not be made so here.
        WrongKeys: the keys are missing, unreadable or another database's.
        SettingRefused: a system that is said to hold one record per child is none that we know.
    """
    _check_systems(settings)
    with ExitStack() as stack:
        url, server = stack.enter_context(database(settings))
        _prepare(url, may_create=may_create)
        store = Store(url, connections=CONNECTIONS)
        stack.callback(store.close)
        vault = Vault(_keyring(settings, store, clock, may_create=may_create))
        store.see_changes(vault.keyring.follow)
        _tell_second_sink(store, settings, stack)
        opened = Installation(settings=settings, store=store, vault=vault, clock=clock, url=url, server=server)
        with store.begin(opened.engine(Purpose.MAINTENANCE)) as transaction:
            install.claim(transaction, vault)
            rotate_keys.tell_states(transaction, vault)
        opened.replay_erasures()
        yield opened


def _tell_second_sink(store: Store, settings: Settings, stack: ExitStack) -> None:
    """Tell the second sink of every leaf from here on."""
    sink = sink_from(settings)
    if sink is not None:
        stack.callback(sink.close)
        store.tell_leaves(sink)


def _check_systems(settings: Settings) -> None:
    """Refuse a name that no connector bears: a rule that was meant for a source must not be lost by a slip."""
    if not settings.one_record_per_child:
        return
    known = plugins.file_readers()
    if settings.one_record_per_child - set(known):
        raise SettingRefused(f"must name systems out of: {', '.join(known)}", field=f"{PREFIX}ONE_RECORD_PER_CHILD")


def _prepare(url: str, *, may_create: bool) -> None:
    if migrate.current(url) == migrate.newest():
        return
    if not may_create:
        raise NotMigrated("run `child-registry migrate` first")
    migrate.upgrade(url)


def _keyring(settings: Settings, store: Store, clock: Clock, *, may_create: bool) -> Keyring:
    folder: Path = settings.keys
    if folder.exists():
        return open_keyring(settings, folder=folder, at=clock())
    if not may_create:
        raise WrongKeys(
            "there are no keys here yet: `child-registry staff add` makes them, or bring those of the database",
            place=str(folder),
        )
    access = Access.of_engine(Purpose.MAINTENANCE, at=clock(), request_id=uuid4())
    with store.begin(access) as transaction:
        if install.is_claimed(transaction):
            raise WrongKeys("the database is sealed, but its keys are missing", place=str(folder))
    provider = provider_of(settings, folder=folder)
    return Keyring.create(folder, mark=Mark(settings.mark), provider=provider, at=clock())
