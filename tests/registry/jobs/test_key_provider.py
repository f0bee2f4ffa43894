"""Which keeper the settings ask for, and how a keyring moves from one to another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.jobs.key_provider import move_root, open_keyring, provider_of
from registry.model.errors import ProviderUnavailable, WrongKeys
from registry.protect.keys.key_provider import Keeper
from registry.protect.keys.keyring import Domain, Keyring, Mark
from registry.settings import SettingRefused, Settings
from tests.registry.protect.transit_server import TOKEN, Engine, EngineKey, serving


@pytest.fixture
def engine() -> Engine:
    return Engine(keys={"children": EngineKey()})


@pytest.fixture
def transit(engine: Engine, tmp_path: Path) -> Iterator[Settings]:
    """Settings that name an engine which answers as long as the test runs."""
    with serving(engine) as address:
        yield settings(tmp_path, key_provider="transit", transit_address=address)


def settings(tmp_path: Path, **changes: Any) -> Settings:
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text(TOKEN)
    return Settings(data=tmp_path / "data", transit_key="children", transit_token_file=token, **changes)


def made(folder: Path, **changes: Any) -> dict[Domain, bytes]:
    """Make a keyring and return its keys."""
    keyring = Keyring.create(folder, mark=Mark.DEMO, **changes)
    return {domain: keyring.raw(domain) for domain in Domain}


def test_without_a_word_the_keyring_has_its_key_file_beside_it(tmp_path: Path) -> None:
    plain = settings(tmp_path)
    assert provider_of(plain, folder=tmp_path / "keys") is None
    keys = made(tmp_path / "keys")
    opened = open_keyring(plain, folder=tmp_path / "keys")
    assert {domain: opened.raw(domain) for domain in Domain} == keys


def test_a_keyring_sealed_by_an_engine_opens_with_it_and_outlives_its_outage(
    tmp_path: Path, transit: Settings, engine: Engine
) -> None:
    keys = made(tmp_path / "keys", provider=provider_of(transit, folder=tmp_path / "keys"))
    opened = open_keyring(transit, folder=tmp_path / "keys")
    del engine.keys["children"]
    assert {domain: opened.raw(domain) for domain in Domain} == keys
    with pytest.raises(WrongKeys):
        open_keyring(transit, folder=tmp_path / "keys")


def test_the_root_moves_to_an_engine_and_back_and_every_key_stays(tmp_path: Path, transit: Settings) -> None:
    folder = tmp_path / "keys"
    keys = made(folder)
    moved = move_root(transit, folder=folder)
    assert (moved.before, moved.after) == (Keeper.KEYFILE, Keeper.TRANSIT)
    assert moved.to_destroy == folder / "root.key"
    moved.to_destroy.unlink()
    opened = open_keyring(transit, folder=folder)
    assert {domain: opened.raw(domain) for domain in Domain} == keys
    back = settings(tmp_path, transit_address=transit.transit_address)
    assert move_root(back, folder=folder).to_destroy is None
    again = open_keyring(back, folder=folder)
    assert {domain: again.raw(domain) for domain in Domain} == keys


def test_a_root_that_is_there_already_does_not_move(tmp_path: Path) -> None:
    made(tmp_path / "keys")
    with pytest.raises(WrongKeys, match="sealed by keyfile already"):
        move_root(settings(tmp_path), folder=tmp_path / "keys")


def test_a_move_to_an_engine_that_is_away_changes_nothing(tmp_path: Path, engine: Engine) -> None:
    keys = made(tmp_path / "keys")
    before = (tmp_path / "keys" / "keyring.json").read_bytes()
    with serving(engine) as address:
        pass
    with pytest.raises(ProviderUnavailable):
        move_root(settings(tmp_path, key_provider="transit", transit_address=address), folder=tmp_path / "keys")
    assert (tmp_path / "keys" / "keyring.json").read_bytes() == before
    opened = open_keyring(settings(tmp_path), folder=tmp_path / "keys")
    assert {domain: opened.raw(domain) for domain in Domain} == keys


def test_a_move_that_lacks_a_setting_of_the_old_keeper_names_it(tmp_path: Path, transit: Settings) -> None:
    made(tmp_path / "keys", provider=provider_of(transit, folder=tmp_path / "keys"))
    with pytest.raises(SettingRefused) as refused:
        move_root(settings(tmp_path), folder=tmp_path / "keys")
    assert refused.value.field == "CHILD_REGISTRY_TRANSIT_ADDRESS"
