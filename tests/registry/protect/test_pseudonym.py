"""Names that stand for a child, and cannot be joined."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

from registry.protect.keys.keyring import Domain, Keyring, Mark
from registry.protect.pseudonym import cell_secret, child_pseudonym, child_pseudonyms, record_key, release_pseudonym

CHILD = UUID(int=21)


def test_a_child_has_one_name_in_the_log_and_others_elsewhere(keyring: Keyring) -> None:
    frame = uuid4()
    names = {child_pseudonym(keyring, CHILD), release_pseudonym(keyring, CHILD, frame)}
    assert child_pseudonym(keyring, CHILD) in names
    assert len(names) == 2
    assert {len(name) for name in names} == {16}
    assert child_pseudonym(keyring, uuid4()) not in names


def test_two_frames_cannot_be_joined(keyring: Keyring) -> None:
    assert release_pseudonym(keyring, CHILD, UUID(int=1)) != release_pseudonym(keyring, CHILD, UUID(int=2))
    assert release_pseudonym(keyring, UUID(int=1), UUID(int=2)) != release_pseudonym(keyring, UUID(int=2), UUID(int=1))


def test_a_record_key_is_64_signed_bits_and_stays(keyring: Keyring) -> None:
    keys = [record_key(keyring, UUID(int=number)) for number in range(200)]
    assert keys == [record_key(keyring, UUID(int=number)) for number in range(200)]
    assert len(set(keys)) == 200
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert {key < 0 for key in keys} == {True, False}


def test_the_secret_of_the_noise_is_its_own(keyring: Keyring) -> None:
    assert len(cell_secret(keyring)) == 32
    assert cell_secret(keyring) not in {keyring.raw(Domain.CELL_KEY), keyring.raw(Domain.RECORD_KEY)}


def test_after_a_rotation_the_log_still_knows_the_child_by_her_old_name(tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "keys", mark=Mark.DEMO)
    old = child_pseudonym(keyring, CHILD)
    keyring.rotate(Domain.PSEUDONYM)
    assert child_pseudonyms(keyring, CHILD) == (child_pseudonym(keyring, CHILD), old)
    assert child_pseudonym(keyring, CHILD) != old
