"""A database belongs to one keyring and one mark, and to one drop folder of the demo."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.actions.keys.install import claim, claim_drop, is_claimed
from registry.actions.keys.sealing import Vault
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import DemoRefused, WrongKeys
from registry.protect.keys.keyring import Keyring, Mark
from registry.store.session import Store
from tests.registry.actions.installed import query


def vault_of(folder: Path, mark: Mark) -> Vault:
    """Return the vault of a new keyring."""
    return Vault(Keyring.create(folder / mark.value, mark=mark))


def claim_with(installed: Installation, vault: Vault) -> None:
    """Open the database with a keyring."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        claim(transaction, vault)


def test_a_new_database_becomes_that_of_the_keyring(installed: Installation) -> None:
    (row,) = query(installed, "select mark, keyring_id from installation")
    assert row == {"mark": "demo", "keyring_id": installed.vault.keyring.keyring_id}
    claim_with(installed, installed.vault)
    assert len(query(installed, "select mark from installation")) == 1


def test_a_database_that_nobody_has_claimed_is_told(installed: Installation) -> None:
    query(installed, "delete from installation returning 1")
    store = Store(installed.url, connections=1)
    with store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        assert not is_claimed(transaction)
        claim(transaction, installed.vault)
        assert is_claimed(transaction)
    store.close()


def test_another_keyring_is_refused(installed: Installation, tmp_path: Path) -> None:
    with pytest.raises(WrongKeys):
        claim_with(installed, vault_of(tmp_path, Mark.DEMO))


def test_real_keys_do_not_open_a_demo_database(installed: Installation, tmp_path: Path) -> None:
    with pytest.raises(DemoRefused):
        claim_with(installed, vault_of(tmp_path, Mark.REAL))


def test_demo_keys_do_not_open_a_real_database(installed: Installation) -> None:
    query(installed, "update installation set mark = 'real' returning 1")
    with pytest.raises(DemoRefused):
        claim_with(installed, installed.vault)


def test_the_demo_takes_one_drop_folder_for_ever(installed: Installation) -> None:
    for digest in (b"one", b"one"):
        with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
            claim_drop(transaction, digest)
    with (
        pytest.raises(DemoRefused, match="another drop"),
        installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction,
    ):
        claim_drop(transaction, b"two")


def test_the_demo_runs_on_no_real_database(installed: Installation) -> None:
    query(installed, "update installation set mark = 'real' returning 1")
    with (
        pytest.raises(DemoRefused),
        installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction,
    ):
        claim_drop(transaction, b"one")
