"""A key is rotated while the registry is in use: nothing is lost, everybody is found, and the old version can go."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.plugins import file_readers
from registry.actions.keys import rotate_keys
from registry.actions.keys.prove import Proof, prove
from registry.actions.keys.rotate_keys import FIXED, ROTATING, KeyInUse
from registry.jobs import drop, linking, rotating
from registry.jobs.opening import Installation, installation
from registry.model.access import Purpose
from registry.model.errors import BadQuery, ClockBack
from registry.protect.keys.keyring import Keyring
from registry.protect.keys.keyring_file import Domain, KeyState
from registry.settings import Settings
from registry.store import keys, rotation
from tests.database import DatabaseServer
from tests.registry.actions.installed import unguarded

WITH_ROWS = (
    Domain.IDENTITY_WRAP,
    Domain.CASE_WRAP,
    Domain.EXTRACT_WRAP,
    Domain.QUARANTINE_WRAP,
    Domain.INDEX,
    Domain.SEARCH,
    Domain.BLOCK,
)


@dataclass(frozen=True, slots=True)
class Base:
    """A database with its keys, to be copied for each test."""

    name: str
    data: Path


@pytest.fixture(scope="module")
def base(
    database_server: DatabaseServer, template: str, village: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Base]:
    """A village with an extract, the files of all systems, and what linkage decided."""
    made = Base(database_server.clone(template), tmp_path_factory.mktemp("rotating") / "data")
    with opened_at(database_server.url(made.name), made.data) as installed:
        connectors = file_readers()
        found = drop.look_into(village, connectors)
        quiet = lambda _what, _total=None: lambda _done: None  # noqa: E731  a step of which nobody is told
        drop.run_drop(installed, found, connectors, digest=b"a drop", step=quiet)
    yield made
    database_server.drop(made.name)


@contextmanager
def opened_at(url: str, data: Path) -> Iterator[Installation]:
    """Open an installation, and make it if there is none."""
    settings = Settings(data=data, database_url=SecretStr(url))
    with installation(settings, clock=lambda: datetime.now(UTC), may_create=True) as opened:
        yield opened


@pytest.fixture
def filled(base: Base, database_server: DatabaseServer, tmp_path: Path) -> Iterator[Installation]:
    """A copy of the village of the test's own."""
    name = database_server.clone(base.name)
    shutil.copytree(base.data, tmp_path / "data")
    with opened_at(database_server.url(name), tmp_path / "data") as installed:
        yield installed
    database_server.drop(name)


def proof(installed: Installation) -> Proof:
    """Open everything and look everybody up."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return prove(transaction, installed.vault)


def referring(installed: Installation, domain: Domain) -> dict[int, int]:
    """Return how many rows refer to each version."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return rotation.referring(transaction, domain.value)


def retire(installed: Installation, domain: Domain, version: int, *, destroy: bool = False) -> KeyState:
    """Retire a version as the command does."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        rotate_keys.retire(transaction, installed.vault, domain, version)
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return rotate_keys.close(transaction, installed.vault, domain, version, destroy=destroy)


def test_every_key_that_rotates_moves_all_its_rows_and_the_old_version_is_destroyed(filled: Installation) -> None:
    before = proof(filled)
    assert before.sound
    for domain in WITH_ROWS:
        rows = referring(filled, domain)
        assert set(rows) == {1}, domain
        account = rotating.rotate(filled, domain)
        assert (account.version, account.continued, account.finished) == (2, False, True), domain
        assert referring(filled, domain) == {2: rows[1]}, domain
        assert retire(filled, domain, 1, destroy=True) is KeyState.DESTROYED
    assert proof(filled) == before
    with filled.store.begin(filled.engine(Purpose.MAINTENANCE)) as transaction:
        states = keys.versions(transaction)
    assert {states[domain.value, 1] for domain in WITH_ROWS} == {"destroyed"}
    assert {states[domain.value, 2] for domain in WITH_ROWS} == {"active"}


def test_a_version_that_rows_refer_to_is_not_retired(filled: Installation) -> None:
    filled.vault.keyring.rotate(Domain.IDENTITY_WRAP, at=filled.clock())
    with pytest.raises(KeyInUse, match="rows still refer"):
        retire(filled, Domain.IDENTITY_WRAP, 1)
    assert proof(filled).sound


def test_an_unfinished_rotation_is_carried_on_instead_of_making_another_version(filled: Installation) -> None:
    with filled.store.begin(filled.engine(Purpose.MAINTENANCE)) as transaction:
        begun = rotate_keys.begin(transaction, filled.vault, Domain.INDEX)
    with filled.store.begin(filled.engine(Purpose.MAINTENANCE)) as transaction:
        rotate_keys.make(transaction, filled.vault, begun)
    assert proof(filled).sound
    account = rotating.rotate(filled, Domain.INDEX)
    assert (account.version, account.continued, account.finished) == (2, True, True)
    assert [one.domain for one in rotating.carry_on_all(filled)] == []


def test_who_was_stopped_before_the_key_file_was_written_makes_the_same_version(filled: Installation) -> None:
    with filled.store.begin(filled.engine(Purpose.MAINTENANCE)) as transaction:
        rotate_keys.begin(transaction, filled.vault, Domain.SEARCH)
    assert filled.vault.keyring.active(Domain.SEARCH) == 1
    assert rotating.rotate(filled, Domain.SEARCH).version == 2
    assert proof(filled).sound


@pytest.mark.parametrize("domain", FIXED)
def test_a_key_that_is_for_ever_says_why(installed: Installation, domain: Domain) -> None:
    with pytest.raises(BadQuery, match="is not rotated"):
        rotating.rotate(installed, domain)
    assert domain not in ROTATING


def test_every_domain_is_rotated_or_says_why_not() -> None:
    assert {*ROTATING, *FIXED} == set(Domain)


def test_another_process_sees_the_new_key_at_its_next_transaction(filled: Installation) -> None:
    folder = filled.settings.keys
    other = Keyring.open(folder)
    other.rotate(Domain.IDENTITY_WRAP, at=filled.clock())
    with filled.store.begin(filled.engine(Purpose.MAINTENANCE)):
        assert filled.vault.keyring.active(Domain.IDENTITY_WRAP) == 2


def test_a_clock_that_went_back_makes_no_key(filled: Installation) -> None:
    access = filled.engine(Purpose.MAINTENANCE)
    early = type(access).of_engine(Purpose.MAINTENANCE, at=access.at - timedelta(hours=1), request_id=access.request_id)
    with pytest.raises(ClockBack, match="set the clock"), filled.store.begin(early) as transaction:
        rotate_keys.begin(transaction, filled.vault, Domain.INDEX)
    assert filled.vault.keyring.active(Domain.INDEX) == 1


def test_rows_delivered_and_matched_between_two_batches_are_found_under_the_new_key(
    filled: Installation, village: Path
) -> None:
    with filled.store.begin(filled.engine(Purpose.MAINTENANCE)) as transaction:
        begun = rotate_keys.begin(transaction, filled.vault, Domain.BLOCK)
    with filled.store.begin(filled.engine(Purpose.MAINTENANCE)) as transaction:
        rotate_keys.make(transaction, filled.vault, begun)
    index = filled.vault.index
    assert [version for version, _ in index.block_tokens("name", "x")] == [2, 1], "both are written"
    linked = dict(linking.link_all(filled).standing)
    assert rotating.rotate(filled, Domain.BLOCK).finished
    assert dict(linking.link_all(filled).standing) == linked


def test_a_key_that_cannot_be_opened_keeps_its_version_alive_and_stops_no_other(filled: Installation) -> None:
    with unguarded(filled.url) as owner:
        owner.execute(
            "update child_key set wrapped_key = set_byte(wrapped_key, 0, get_byte(wrapped_key, 0) # 1)"
            " where owner_id = (select child_id from child order by 1 limit 1)"
        )
    first = rotating.rotate(filled, Domain.IDENTITY_WRAP)
    assert (first.unreadable, first.finished) == (1, False)
    assert referring(filled, Domain.IDENTITY_WRAP)[1] == 1
    again = rotating.rotate(filled, Domain.IDENTITY_WRAP)
    assert (again.version, again.continued) == (2, True)
    anew = rotating.rotate(filled, Domain.IDENTITY_WRAP, anew=True)
    assert (anew.version, set(referring(filled, Domain.IDENTITY_WRAP))) == (3, {1, 3})
    with pytest.raises(KeyInUse):
        retire(filled, Domain.IDENTITY_WRAP, 1)
    assert retire(filled, Domain.IDENTITY_WRAP, 2, destroy=True) is KeyState.DESTROYED
