"""An invented province, and the places where the commands have worked on it."""

from __future__ import annotations

import shutil
from base64 import b32decode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from registry.actions.accounts.one_time_codes import enrol, proposal, propose
from registry.actions.accounts.sign_in import Started, choose_password, current, nobody, sign_in
from registry.actions.accounts.staff import NewAccount, add_account
from registry.demo.invention import invent
from registry.jobs.identity import bootstrap_access
from registry.jobs.opening import Installation, installation
from registry.model.access import NOWHERE, Role
from registry.model.errors import BadQuery
from registry.protect.signing_in import totp
from registry.settings import Settings
from registry.store import second_steps
from tests.database import DatabaseServer
from tests.registry.commands.command_line import Home, Said

ON = date(2026, 10, 31)
SEED, CHILDREN = 4, 120  # with a withdrawn case, a case under review and every kind of unreadable row


@dataclass(frozen=True, slots=True)
class Demo:
    """A data folder after the main job, what the job said, and the list of links it wrote."""

    home: Home
    said: Said
    links: Path


@pytest.fixture(scope="session")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of an invented province, with their truth."""
    folder = tmp_path_factory.mktemp("drop")
    invent(folder, seed=SEED, children=CHILDREN, on=ON, truth=True)
    return folder


@pytest.fixture(scope="session")
def demo(drop: Path, database_server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The province after the main job; to be read only."""
    name = database_server.clone(database_server.template())
    folder = tmp_path_factory.mktemp("demo")
    home = Home(folder / "data", database_server.url(name))
    links = folder / "links.csv"
    said = home.run("demo", "--drop", drop, "--links", links, "--no-serve", "--json")
    assert said.code == 0, said
    yield Demo(home, said, links)
    database_server.drop(name)


@pytest.fixture
def home(demo: Demo, database_server: DatabaseServer, tmp_path: Path) -> Iterator[Home]:
    """A copy of the place where the main job ran, to be changed."""
    name = database_server.clone(make_url(demo.home.database_url or "").database)
    shutil.copytree(demo.home.data, tmp_path / "data")
    yield Home(tmp_path / "data", database_server.url(name))
    database_server.drop(name)


@pytest.fixture
def other_keys(demo: Demo, tmp_path: Path) -> Home:
    """The place where the main job ran, with a copy of its keys to be spoilt; its database is to be read only."""
    shutil.copytree(demo.home.data, tmp_path / "data")
    return Home(tmp_path / "data", demo.home.database_url)


@pytest.fixture(scope="module")
def untouched(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A place for commands that are refused: nothing is ever stored there."""
    return Home(tmp_path_factory.mktemp("untouched") / "data", module_database_url)


@pytest.fixture
def new_home(database_url: str, tmp_path: Path) -> Home:
    """A place with a migrated database where nothing has happened yet."""
    return Home(tmp_path / "data", database_url)


@dataclass(frozen=True, slots=True)
class RealHome:
    """A place that is no demo, with an administrator and a steward who have chosen their passwords."""

    home: Home
    recovery: Iterator[str]
    words: str = "một câu dài dễ nhớ"

    @property
    def password(self) -> str:
        """What is typed to sign in: the password, and a code for a lost device; none is good twice."""
        return f"{self.words}\n{next(self.recovery)}"


@pytest.fixture
def real(new_home: Home) -> RealHome:
    """A place that is no demo."""
    home = new_home.with_settings(CHILD_REGISTRY_MARK="real")
    codes = [code for _ in range(4) for code in totp.recovery_codes()]
    real = RealHome(home, iter(codes))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CHILD_REGISTRY_MARK", "real")
        settings = Settings(data=home.data, database_url=SecretStr(home.database_url or ""))
    with installation(settings, clock=lambda: datetime.now(UTC), may_create=True) as opened:
        access = bootstrap_access(opened)
        assert access is not None
        for login, role in (("chief", Role.ADMINISTRATOR), ("steward", Role.STEWARD)):
            with opened.store.begin(access) as transaction:
                account = NewAccount(login=login, role=role, office="Sở A", area=NOWHERE)
                first = add_account(transaction, opened.vault, account)
            with opened.store.begin(nobody(at=opened.clock(), request_id=uuid4())) as transaction:
                started = sign_in(transaction, opened.vault, login=login, password=first)
                assert isinstance(started, Started)
                holder = current(transaction, started.token)
                assert holder is not None
                words = real.words
                chosen = choose_password(transaction, opened.vault, signed_in=holder, password=words, again=words)
            set_up_codes(opened, chosen.token, codes)
    return real


def set_up_codes(opened: Installation, token: str, codes: Sequence[str]) -> None:
    """Set up a device for an account, with recovery codes that tests know."""
    with opened.store.begin(nobody(at=opened.clock(), request_id=uuid4())) as transaction:
        holder = current(transaction, token)
        assert holder is not None
        propose(transaction, opened.vault, signed_in=holder)
        letters = proposal(transaction, opened.vault, signed_in=holder).written.replace(" ", "")
        code = totp.code_at(b32decode(letters), totp.step_at(opened.clock()))
        assert not isinstance(enrol(transaction, opened.vault, signed_in=holder, code=code), BadQuery)
        kept = second_steps.of(transaction, holder.account.staff_id)
        assert kept is not None
        assert kept.sealed_secret is not None
        second_steps.settle(
            transaction,
            holder.account.staff_id,
            sealed_secret=kept.sealed_secret,
            last_step=kept.last_step,
            recovery=[digest for code in codes if (digest := totp.recovery_digest(code))],
        )


@pytest.fixture
def changed_drop(drop: Path, tmp_path: Path) -> Callable[..., Path]:
    """Copies the drop without its truth and changes one file of it."""

    def change(file: str, content: bytes | None) -> Path:
        copy = tmp_path / "changed"
        shutil.copytree(drop, copy, ignore=shutil.ignore_patterns("*truth.csv"))
        if content is None:
            (copy / file).unlink()
        else:
            (copy / file).write_bytes(content)
        return copy

    return change
