"""Keys: made once, refused when unsafe, bound to their owner, rotated and destroyed."""

from __future__ import annotations

import base64
import json
import os
import resource
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from registry.model.errors import KeyUnavailable, Tampered, WrongKeys
from registry.protect.cipher import Place, seal, unseal
from registry.protect.keys.data_key import DataKey, WrappedKey
from registry.protect.keys.key_provider import Wrapped
from registry.protect.keys.keyring import Domain, Keyring, KeyState, Mark
from registry.protect.keys.keyring_file import entry_of
from registry.protect.keys.private_file import create_private, replace_private
from registry.protect.providers.keyfile import KeyfileProvider
from tests.registry.protect.fixed_keys import OpenProvider, domain_key, keyring_with

OWNER = UUID(int=5)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with a demo keyring."""
    Keyring.create(tmp_path / "keys", mark=Mark.DEMO, at=datetime(2026, 11, 1, tzinfo=UTC))
    return tmp_path / "keys"


def same_key(one: DataKey, other: DataKey) -> bool:
    place = Place("identity", "family", OWNER, one.generation)
    return unseal(other, place, seal(one, place, b"Mau")) == b"Mau"


def test_a_new_keyring_opens_with_every_key(keys: Path) -> None:
    keyring = Keyring.open(keys)
    assert keyring.mark is Mark.DEMO
    assert len({keyring.raw(domain) for domain in Domain}) == len(Domain)
    assert keyring.provider.health().name == "keyfile"


def test_key_files_are_for_their_owner_alone(keys: Path) -> None:
    assert keys.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in keys.iterdir()} == {
        "keyring.json": 0o600,
        "root.key": 0o600,
    }


def test_a_keyring_is_not_created_twice(keys: Path) -> None:
    before = (keys / "keyring.json").read_bytes()
    with pytest.raises(WrongKeys, match="exists here already"):
        Keyring.create(keys, mark=Mark.REAL)
    assert (keys / "keyring.json").read_bytes() == before


def test_a_root_key_is_never_overwritten(keys: Path) -> None:
    with pytest.raises(WrongKeys, match="not overwritten"):
        KeyfileProvider.create(keys / "root.key")


def test_a_creation_that_was_stopped_is_taken_up(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    KeyfileProvider.create(tmp_path / "keys" / "root.key")
    made = Keyring.create(tmp_path / "keys", mark=Mark.REAL)
    assert Keyring.open(tmp_path / "keys").keyring_id == made.keyring_id


@pytest.mark.parametrize("name", ["root.key", "keyring.json"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_file_that_others_can_read_is_refused_by_name(keys: Path, name: str, mode: int) -> None:
    (keys / name).chmod(mode)
    with pytest.raises(WrongKeys, match=rf"others can read the file; run chmod 600 on it, at .*{name}"):
        Keyring.open(keys)


@pytest.mark.parametrize("name", ["root.key", "keyring.json"])
def test_a_missing_file_is_named(keys: Path, name: str) -> None:
    (keys / name).unlink()
    with pytest.raises(WrongKeys, match=rf"cannot be opened.*{name}"):
        Keyring.open(keys)


@pytest.mark.parametrize("name", ["root.key", "keyring.json"])
@pytest.mark.parametrize("kept", [0, 1, 40])
def test_a_truncated_file_is_refused(keys: Path, name: str, kept: int) -> None:
    path = keys / name
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WrongKeys, match="truncated"):
        Keyring.open(keys)


def test_a_damaged_root_key_is_refused(keys: Path) -> None:
    lines = (keys / "root.key").read_text().splitlines()
    flipped = "0" if lines[1][0] != "0" else "1"
    (keys / "root.key").write_text("\n".join([lines[0], flipped + lines[1][1:], lines[2], ""]))
    with pytest.raises(WrongKeys, match="damaged"):
        Keyring.open(keys)


def test_the_root_key_of_another_installation_is_refused(keys: Path, tmp_path: Path) -> None:
    Keyring.create(tmp_path / "other", mark=Mark.DEMO)
    (keys / "root.key").write_bytes((tmp_path / "other" / "root.key").read_bytes())
    with pytest.raises(WrongKeys, match="of another keyring"):
        Keyring.open(keys)


def test_a_folder_or_a_pipe_in_place_of_a_key_file_is_refused(keys: Path) -> None:
    (keys / "root.key").unlink()
    (keys / "root.key").mkdir(mode=0o700)
    with pytest.raises(WrongKeys, match="not a plain file"):
        Keyring.open(keys)
    (keys / "root.key").rmdir()
    os.mkfifo(keys / "root.key", 0o600)
    with pytest.raises(WrongKeys, match="not a plain file"):
        Keyring.open(keys)


def test_a_huge_key_file_is_refused(keys: Path) -> None:
    with (keys / "root.key").open("r+b") as file:
        file.truncate(5 * 1024 * 1024)
    with pytest.raises(WrongKeys, match="too large"):
        Keyring.open(keys)


def test_a_file_of_another_account_is_refused(tmp_path: Path) -> None:
    foreign = Path("/etc/passwd")  # of root
    if os.geteuid() == 0:
        foreign = tmp_path / "root.key"
        foreign.write_bytes(b"")
        os.chown(foreign, 65534, -1)
    with pytest.raises(WrongKeys, match="another account"):
        KeyfileProvider(foreign)


def test_a_folder_into_which_others_can_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys").chmod(0o777)
    with pytest.raises(WrongKeys, match="chmod 700"):
        Keyring.create(tmp_path / "keys", mark=Mark.DEMO)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file stands in the way")
    with pytest.raises(WrongKeys, match=r"cannot be made.*keys"):
        Keyring.create(tmp_path / "keys", mark=Mark.DEMO)


def test_a_root_key_in_a_missing_folder_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(WrongKeys, match="cannot be written"):
        KeyfileProvider.create(tmp_path / "missing" / "root.key")


def edited(folder: Path, **changes: object) -> None:
    path = folder / "keyring.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_demo_keyring_cannot_be_marked_real(keys: Path) -> None:
    edited(keys, mark="real")
    with pytest.raises(WrongKeys, match="does not open"):
        Keyring.open(keys)


def test_an_edited_keyring_is_refused(keys: Path) -> None:
    entries = json.loads((keys / "keyring.json").read_text())["keys"]
    entries[0]["state"] = "retired"
    edited(keys, keys=entries)
    with pytest.raises(WrongKeys, match="edited"):
        Keyring.open(keys)


@pytest.mark.parametrize("changes", [{"format": 2}, {"keys": [{"domain": "unheard_of"}]}, {"more": 1}])
def test_a_keyring_of_a_newer_version_is_refused(keys: Path, changes: dict[str, object]) -> None:
    edited(keys, **changes)
    with pytest.raises(WrongKeys, match="newer version"):
        Keyring.open(keys)


def test_a_key_that_is_not_base64_is_refused(keys: Path) -> None:
    entries = json.loads((keys / "keyring.json").read_text())["keys"]
    entries[0]["token"] = "???"
    edited(keys, keys=entries)
    with pytest.raises(WrongKeys, match="damaged"):
        Keyring.open(keys)


def test_a_keeper_that_answers_rubbish_is_refused(tmp_path: Path) -> None:
    class Rubbish(OpenProvider):
        def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
            return super().unwrap(wrapped, aad)[:9]

    Keyring.create(tmp_path / "keys", mark=Mark.DEMO, provider=OpenProvider())
    with pytest.raises(WrongKeys, match="no key"):
        Keyring.open(tmp_path / "keys", provider=Rubbish())


def test_neither_keyring_nor_provider_shows_a_key(keys: Path) -> None:
    keyring = Keyring.open(keys)
    shown = f"{keyring!r} {keyring.provider!r} {keyring.provider.wrap(bytes(32), b'aad')!r}"
    for domain in Domain:
        assert keyring.raw(domain).hex() not in shown
    root = (keys / "root.key").read_text().splitlines()[1]
    assert root not in shown


def test_the_keyring_file_holds_no_open_key(keys: Path) -> None:
    content = (keys / "keyring.json").read_bytes()
    keyring = Keyring.open(keys)
    for domain in Domain:
        assert keyring.raw(domain).hex().encode() not in content
        assert base64.b64encode(keyring.raw(domain)) not in content


def test_a_data_key_opens_for_its_owner_only(keyring: Keyring) -> None:
    key, wrapped = keyring.new_data_key(Domain.IDENTITY_WRAP, OWNER, 2)
    assert len(wrapped.wrapped) == 60
    assert same_key(key, keyring.open_data_key(Domain.IDENTITY_WRAP, wrapped, OWNER, 2))
    for domain, owner, generation in [
        (Domain.IDENTITY_WRAP, uuid4(), 2),
        (Domain.IDENTITY_WRAP, OWNER, 1),
        (Domain.CASE_WRAP, OWNER, 2),
    ]:
        with pytest.raises(Tampered):
            keyring.open_data_key(domain, wrapped, owner, generation)


@pytest.mark.parametrize("damaged", [b"", b"short", bytes(60)])
def test_a_damaged_data_key_is_refused(keyring: Keyring, damaged: bytes) -> None:
    with pytest.raises(Tampered):
        keyring.open_data_key(Domain.IDENTITY_WRAP, WrappedKey(1, damaged), OWNER, 1)


@pytest.mark.parametrize("generation", [0, 65536])
def test_a_generation_that_no_token_can_carry_is_refused(keyring: Keyring, generation: int) -> None:
    with pytest.raises(ValueError, match="generation"):
        keyring.new_data_key(Domain.IDENTITY_WRAP, OWNER, generation)


def test_an_index_key_wraps_nothing(keyring: Keyring) -> None:
    with pytest.raises(KeyUnavailable, match="wraps no data keys"):
        keyring.new_data_key(Domain.INDEX, OWNER)


def test_a_shared_key_belongs_to_one_owner_and_one_version(keys: Path) -> None:
    keyring = Keyring.open(keys)
    first = keyring.shared_key(Domain.LOG_SEAL, OWNER)
    assert same_key(first, keyring.shared_key(Domain.LOG_SEAL, OWNER, 1))
    with pytest.raises(Tampered):
        same_key(first, keyring.shared_key(Domain.LOG_SEAL, uuid4(), 1))
    keyring.rotate(Domain.LOG_SEAL)
    assert keyring.shared_key(Domain.LOG_SEAL, OWNER).generation == 2
    with pytest.raises(KeyUnavailable, match="stored, not derived"):
        keyring.shared_key(Domain.IDENTITY_WRAP, OWNER)


def test_after_a_rotation_old_keys_open_and_new_ones_are_of_the_new_epoch(keys: Path) -> None:
    keyring = Keyring.open(keys)
    key, old = keyring.new_data_key(Domain.IDENTITY_WRAP, OWNER)
    assert keyring.rotate(Domain.IDENTITY_WRAP, at=datetime(2027, 1, 1, tzinfo=UTC)) == 2
    assert keyring.new_data_key(Domain.IDENTITY_WRAP, OWNER)[1].epoch == 2
    assert same_key(key, keyring.open_data_key(Domain.IDENTITY_WRAP, old, OWNER, 1))
    assert keyring.usable(Domain.IDENTITY_WRAP) == (2, 1)


def test_a_rewrapped_key_is_the_same_key_and_survives_the_old_epoch(keys: Path) -> None:
    keyring = Keyring.open(keys)
    key, old = keyring.new_data_key(Domain.CASE_WRAP, OWNER)
    keyring.rotate(Domain.CASE_WRAP)
    new = keyring.rewrap(Domain.CASE_WRAP, old, OWNER, 1)
    keyring.retire(Domain.CASE_WRAP, 1)
    keyring.destroy(Domain.CASE_WRAP, 1)
    assert same_key(key, Keyring.open(keys).open_data_key(Domain.CASE_WRAP, new, OWNER, 1))


def test_a_destroyed_epoch_opens_nothing_in_any_process(keys: Path) -> None:
    keyring, other = Keyring.open(keys), Keyring.open(keys)
    _, old = keyring.new_data_key(Domain.IDENTITY_WRAP, OWNER)
    keyring.rotate(Domain.IDENTITY_WRAP)
    keyring.retire(Domain.IDENTITY_WRAP, 1)
    with pytest.raises(KeyUnavailable, match=r"retired, at identity_wrap@1"):
        keyring.open_data_key(Domain.IDENTITY_WRAP, old, OWNER, 1)
    keyring.destroy(Domain.IDENTITY_WRAP, 1)
    states = {entry.version: entry for entry in keyring.entries() if entry.domain is Domain.IDENTITY_WRAP}
    assert states[1].state is KeyState.DESTROYED
    assert states[1].token is None
    other.refresh()
    for found in (keyring, other, Keyring.open(keys)):
        with pytest.raises(KeyUnavailable, match="destroyed"):
            found.open_data_key(Domain.IDENTITY_WRAP, old, OWNER, 1)


def test_a_rotation_by_another_process_is_noticed_when_its_key_is_met(keys: Path) -> None:
    running, rotating = Keyring.open(keys), Keyring.open(keys)
    rotating.rotate(Domain.IDENTITY_WRAP)
    key, new = rotating.new_data_key(Domain.IDENTITY_WRAP, OWNER)
    assert same_key(key, running.open_data_key(Domain.IDENTITY_WRAP, new, OWNER, 1))


def test_two_processes_that_rotate_lose_neither_key(keys: Path) -> None:
    one, other = Keyring.open(keys), Keyring.open(keys)
    assert [one.rotate(Domain.INDEX), other.rotate(Domain.INDEX), one.rotate(Domain.INDEX)] == [2, 3, 4]
    assert Keyring.open(keys).usable(Domain.INDEX) == (4, 3, 2, 1)


def test_only_a_key_at_rest_is_retired_and_only_a_retired_one_destroyed(keys: Path) -> None:
    keyring = Keyring.open(keys)
    with pytest.raises(KeyUnavailable, match="decrypt_only"):
        keyring.retire(Domain.INDEX, 1)
    with pytest.raises(KeyUnavailable, match="retired"):
        keyring.destroy(Domain.INDEX, 1)
    with pytest.raises(KeyUnavailable, match="decrypt_only"):
        keyring.retire(Domain.INDEX, 9)


def test_an_unknown_version_is_named(keyring: Keyring) -> None:
    with pytest.raises(KeyUnavailable, match=r"not of this keyring, at index@9"):
        keyring.raw(Domain.INDEX, 9)


def test_a_keyring_exchanged_while_running_is_refused(keys: Path, tmp_path: Path) -> None:
    keyring = Keyring.open(keys)
    Keyring.create(tmp_path / "other", mark=Mark.DEMO)
    (keys / "keyring.json").write_bytes((tmp_path / "other" / "keyring.json").read_bytes())
    with pytest.raises(WrongKeys, match="exchanged"):
        keyring.refresh()


def test_a_keyring_without_a_key_for_a_domain_says_so() -> None:
    with pytest.raises(KeyUnavailable, match="no active key, at index"):
        keyring_with().active(Domain.INDEX)


def test_an_active_key_without_bytes_opens_nothing() -> None:
    entry = entry_of(Domain.INDEX, 1, wrapped=Wrapped("open", domain_key(Domain.INDEX)), since=None)
    with pytest.raises(KeyUnavailable, match="destroyed, at index@1"):
        keyring_with(entry.model_copy(update={"token": None})).raw(Domain.INDEX)


def test_a_full_disk_leaves_the_file_as_it_was_and_no_debris(tmp_path: Path) -> None:
    create_private(tmp_path / "kept", b"before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(WrongKeys, match=r"cannot be written .*kept"):
            replace_private(tmp_path / "kept", b"after")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


def test_a_folder_in_the_way_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with pytest.raises(WrongKeys, match=r"cannot be written .*kept"):
        replace_private(tmp_path / "kept", b"after")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_refused_change_leaves_the_keyring_as_it_was(keys: Path) -> None:
    keyring = Keyring.open(keys)
    with pytest.raises(KeyUnavailable):
        keyring.destroy(Domain.INDEX, 1)
    assert sorted(path.name for path in keys.iterdir()) == ["keyring.json", "root.key"]
    assert Keyring.open(keys).active(Domain.INDEX) == 1
