"""The keepers of the root key keep one contract; a keyring survives what a keeper does."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from registry.model.errors import KeyUnavailable, ProviderUnavailable, WrongKeys
from registry.protect.keys.key_provider import KEY_BYTES, Keeper, Wrapped, keeper_of, wrap_proven
from registry.protect.keys.keyring import Domain, Keyring, KeyState, Mark
from registry.protect.keys.keyring_file import read_keyring_file
from registry.protect.keys.keyring_root import keeper_of_keyring
from registry.protect.providers.deadline import within
from registry.protect.providers.keyfile import KeyfileProvider
from tests.registry.protect.fake_provider import DOWN, GONE, FakeProvider, Fault
from tests.registry.protect.provider_contract import AAD, ProviderContract

OWNER = UUID(int=5)


class TestKeyfile(ProviderContract):
    @pytest.fixture
    def provider(self, tmp_path: Path) -> KeyfileProvider:
        return KeyfileProvider.create(tmp_path / "root.key")

    @pytest.fixture
    def stranger(self, tmp_path: Path) -> KeyfileProvider:
        return KeyfileProvider.create(tmp_path / "other.key")


class TestFake(ProviderContract):
    @pytest.fixture
    def provider(self) -> FakeProvider:
        return FakeProvider()

    @pytest.fixture
    def stranger(self) -> FakeProvider:
        return FakeProvider()


@pytest.fixture
def fake() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def keyring(fake: FakeProvider, tmp_path: Path) -> Keyring:
    made = Keyring.create(tmp_path / "keys", mark=Mark.DEMO, provider=fake)
    made.open_all()
    return made


def test_the_name_of_a_root_tells_its_keeper() -> None:
    roots = ["0123456789abcdef", "transit:transit/children@3", "pkcs11:children/root", "elsewhere:root"]
    assert [keeper_of(root) for root in roots] == [Keeper.KEYFILE, Keeper.TRANSIT, Keeper.PKCS11, None]


@pytest.mark.parametrize("answer", [b"", b"short", bytes(60)])
def test_a_keeper_that_seals_rubbish_is_found_out_before_anybody_relies_on_it(
    fake: FakeProvider, answer: bytes
) -> None:
    fake.faults = deque([Fault(answer=answer)])
    with pytest.raises(ProviderUnavailable, match="cannot open what it has just sealed, at fake"):
        wrap_proven(fake, bytes(KEY_BYTES), AAD)


@pytest.mark.parametrize("fault", [DOWN, GONE, Fault(answer=b"rubbish")])
def test_a_keeper_that_fails_at_the_start_leaves_no_keyring_behind(
    fake: FakeProvider, tmp_path: Path, fault: Fault
) -> None:
    fake.faults = deque([None] * 20 + [fault])
    with pytest.raises(KeyUnavailable):
        Keyring.create(tmp_path / "keys", mark=Mark.DEMO, provider=fake)
    assert list((tmp_path / "keys").iterdir()) == []


def test_an_outage_after_the_start_disturbs_neither_reading_nor_writing(keyring: Keyring, fake: FakeProvider) -> None:
    asked = len(fake.calls)
    fake.down = True
    key, wrapped = keyring.new_data_key(Domain.CASE_WRAP, OWNER)
    assert keyring.open_data_key(Domain.CASE_WRAP, wrapped, OWNER, 1).generation == key.generation
    for domain in Domain:
        keyring.derived(domain, b"label")
    keyring.refresh()
    assert len(fake.calls) == asked


@pytest.mark.parametrize("fault", [DOWN, GONE, Fault(answer=b"rubbish")])
@pytest.mark.parametrize("served_before", [0, 1])
def test_a_rotation_during_an_outage_changes_nothing(
    keyring: Keyring, fake: FakeProvider, tmp_path: Path, fault: Fault, served_before: int
) -> None:
    before = (tmp_path / "keys" / "keyring.json").read_bytes()
    fake.faults = deque([None] * served_before + [fault])
    with pytest.raises(KeyUnavailable):
        keyring.rotate(Domain.INDEX)
    assert (tmp_path / "keys" / "keyring.json").read_bytes() == before
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["keyring.json"]
    assert keyring.rotate(Domain.INDEX) == 2


def test_opening_during_an_outage_is_refused_and_works_afterwards(
    keyring: Keyring, fake: FakeProvider, tmp_path: Path
) -> None:
    fake.down = True
    with pytest.raises(ProviderUnavailable, match="cannot be reached, at fake key") as refused:
        Keyring.open(tmp_path / "keys", provider=fake)
    assert refused.value.status == 503
    assert "rule" not in refused.value.problem()
    fake.down = False
    assert Keyring.open(tmp_path / "keys", provider=fake).keyring_id == keyring.keyring_id


def test_an_answer_of_another_length_is_no_key(keyring: Keyring, fake: FakeProvider, tmp_path: Path) -> None:
    fake.faults = deque([Fault(answer=b"nine byte")])
    with pytest.raises(ProviderUnavailable, match="no key"):
        Keyring.open(tmp_path / "keys", provider=fake)


def test_a_keyring_moves_to_another_keeper_with_every_key_it_has(
    keyring: Keyring, fake: FakeProvider, tmp_path: Path
) -> None:
    keyring.rotate(Domain.INDEX, at=datetime(2026, 11, 1, tzinfo=UTC))
    keyring.rotate(Domain.SEARCH)
    keyring.retire(Domain.SEARCH, 1)
    keyring.rotate(Domain.BLOCK)
    keyring.retire(Domain.BLOCK, 1)
    keyring.destroy(Domain.BLOCK, 1)
    keys = {(domain, version): keyring.raw(domain, version) for domain in Domain for version in keyring.usable(domain)}
    states = {(entry.domain, entry.version): (entry.state, entry.since) for entry in keyring.entries()}
    new = FakeProvider(name="other")
    keyring.move_root(new)
    assert keyring.provider is new
    opened = Keyring.open(tmp_path / "keys", provider=new)
    assert {place: opened.raw(*place) for place in keys} == keys
    assert {(entry.domain, entry.version): (entry.state, entry.since) for entry in opened.entries()} == states
    assert {entry.root for entry in opened.entries() if entry.state is not KeyState.DESTROYED} == {"other"}
    with pytest.raises(WrongKeys, match="another keeper"):
        Keyring.open(tmp_path / "keys", provider=fake)


@pytest.mark.parametrize("served_before", [0, 1, 9])
def test_a_move_that_fails_half_way_changes_nothing(
    keyring: Keyring, fake: FakeProvider, tmp_path: Path, served_before: int
) -> None:
    before = (tmp_path / "keys" / "keyring.json").read_bytes()
    with pytest.raises(ProviderUnavailable):
        keyring.move_root(FakeProvider(faults=deque([None] * served_before + [DOWN])))
    assert (tmp_path / "keys" / "keyring.json").read_bytes() == before
    assert keyring.provider is fake
    assert keyring.rotate(Domain.INDEX) == 2


def test_a_keyring_of_an_older_version_gets_the_keys_it_lacks(fake: FakeProvider, tmp_path: Path) -> None:
    older = Keyring.create(tmp_path / "keys", mark=Mark.DEMO, provider=fake)
    with older._exclusive():
        older._write(tuple(entry for entry in older.entries() if entry.domain is not Domain.CONTENT))
    at = datetime(2026, 11, 2, tzinfo=UTC)
    opened = Keyring.open(tmp_path / "keys", provider=fake, at=at)
    fresh = [entry for entry in opened.entries() if entry.domain is Domain.CONTENT]
    assert [(entry.version, entry.state, entry.since) for entry in fresh] == [(1, KeyState.ACTIVE, at)]
    again = Keyring.open(tmp_path / "keys", provider=fake)
    assert again.raw(Domain.CONTENT) == opened.raw(Domain.CONTENT)
    assert again.raw(Domain.INDEX) == older.raw(Domain.INDEX)


def test_the_file_of_a_keyring_tells_its_keeper(tmp_path: Path) -> None:
    Keyring.create(tmp_path / "keys", mark=Mark.DEMO)
    path = tmp_path / "keys" / "keyring.json"
    assert keeper_of_keyring(path) is Keeper.KEYFILE
    root = read_keyring_file(path.read_bytes(), place="keyring").keys[0].root
    path.write_text(path.read_text().replace(root, "transit:transit/children@1"))
    assert keeper_of_keyring(path) is Keeper.TRANSIT
    with pytest.raises(WrongKeys, match="sealed by transit, not by keyfile"):
        Keyring.open(tmp_path / "keys")
    path.write_text(path.read_text().replace("transit:", "elsewhere:"))
    assert keeper_of_keyring(path) is None
    with pytest.raises(WrongKeys, match="does not know"):
        Keyring.open(tmp_path / "keys")


def test_a_keeper_that_never_answers_is_given_up() -> None:
    with pytest.raises(ProviderUnavailable, match=r"gives no answer within 0.01 s, at fake key"):
        within(0.01, lambda: FakeProvider(latency=1.0).health(), place="fake key")


def test_what_a_keeper_raises_in_time_is_raised() -> None:
    with pytest.raises(WrongKeys, match="another keeper"):
        within(60, lambda: FakeProvider().unwrap(Wrapped("other", b""), AAD), place="fake key")
    assert within(60, lambda: 7, place="fake key") == 7
