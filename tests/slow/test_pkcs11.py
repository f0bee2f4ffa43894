"""The keeper in a security module: SoftHSM, a real module without the hardware."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pkcs11
import pytest

from registry.model.errors import KeyUnavailable, ProviderUnavailable, WrongKeys
from registry.protect.keys.key_provider import KEY_BYTES, Wrapped
from registry.protect.keys.keyring import Domain, Keyring, Mark
from registry.protect.providers.pkcs11 import ModuleKey, Pkcs11Provider
from tests.registry.protect.provider_contract import AAD, ProviderContract
from tests.slow.softhsm import SoftHsm

pytestmark = pytest.mark.slow

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> SoftHsm:
    return SoftHsm.start(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture
def empty(hsm: SoftHsm) -> ModuleKey:
    """A token of its own, without a key."""
    return hsm.token(f"token-{next(_NUMBERS)}")


@pytest.fixture
def key(hsm: SoftHsm, empty: ModuleKey) -> ModuleKey:
    hsm.put(empty)
    return empty


@pytest.fixture
def provider(key: ModuleKey) -> Iterator[Pkcs11Provider]:
    found = Pkcs11Provider(key)
    yield found
    found.close()


class TestPkcs11(ProviderContract):
    @pytest.fixture
    def stranger(self, hsm: SoftHsm, key: ModuleKey) -> Iterator[Pkcs11Provider]:
        hsm.put(key, label="other")
        found = Pkcs11Provider(replace(key, key="other"))
        yield found
        found.close()


def test_the_root_names_token_and_key(provider: Pkcs11Provider, key: ModuleKey) -> None:
    assert provider.wrap(bytes(KEY_BYTES), AAD).root == f"pkcs11:{key.token}/root"
    assert provider.health().version == "07"


def test_a_keyring_lives_in_a_module(provider: Pkcs11Provider, key: ModuleKey, tmp_path: Path) -> None:
    made = Keyring.create(tmp_path / "keys", mark=Mark.DEMO, provider=provider)
    made.rotate(Domain.INDEX)
    opened = Keyring.open(tmp_path / "keys", provider=Pkcs11Provider(key))
    opened.open_all()
    assert opened.raw(Domain.INDEX, 1) == made.raw(Domain.INDEX, 1)


def test_a_session_that_was_closed_is_opened_again(provider: Pkcs11Provider) -> None:
    wrapped = provider.wrap(bytes(KEY_BYTES), AAD)
    for _ in range(3):
        provider.close()
        assert provider.unwrap(wrapped, AAD) == bytes(KEY_BYTES)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the library, as it drops a search
def test_a_module_that_was_started_anew_is_met_with_a_new_session(provider: Pkcs11Provider, key: ModuleKey) -> None:
    wrapped = provider.wrap(bytes(KEY_BYTES), AAD)
    pkcs11.lib(str(key.module)).reinitialize()
    assert provider.unwrap(wrapped, AAD) == bytes(KEY_BYTES)
    gc.collect()  # the search is dropped here, and not in another test


def test_a_wrong_key_does_not_close_the_session(provider: Pkcs11Provider) -> None:
    wrapped = provider.wrap(bytes(KEY_BYTES), AAD)
    for _ in range(3):
        with pytest.raises(WrongKeys, match="does not open"):
            provider.unwrap(wrapped, AAD + b"x")
        assert provider.unwrap(wrapped, AAD) == bytes(KEY_BYTES)


def test_a_wrong_pin_is_tried_once(key: ModuleKey) -> None:
    key.pin_file.write_text("0000000")
    with pytest.raises(ProviderUnavailable, match=f"refuses the PIN.*key root in token {key.token}") as refused:
        Pkcs11Provider(key).health()
    assert "0000000" not in str(refused.value)
    pkcs11.lib(str(key.module)).reinitialize()
    flags = pkcs11.lib(str(key.module)).get_token(token_label=key.token).flags
    assert pkcs11.TokenFlag.USER_PIN_LOCKED not in flags


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_file_without_a_pin_is_refused(key: ModuleKey, content: bytes) -> None:
    key.pin_file.write_bytes(content)
    with pytest.raises(WrongKeys, match=r"holds no PIN, at .*\.pin"):
        Pkcs11Provider(key).health()


def test_a_pin_file_that_others_can_read_is_refused(key: ModuleKey) -> None:
    key.pin_file.chmod(0o640)
    with pytest.raises(WrongKeys, match="chmod 600"):
        Pkcs11Provider(key).health()


def test_a_missing_key_token_or_module_is_named(empty: ModuleKey, tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match=f"no such key.*root in token {empty.token}"):
        Pkcs11Provider(empty).health()
    with pytest.raises(ProviderUnavailable, match="no token of this name"):
        Pkcs11Provider(replace(empty, token="elsewhere")).health()
    with pytest.raises(ProviderUnavailable, match="module cannot be used"):
        Pkcs11Provider(replace(empty, module=tmp_path / "none.so")).health()


def test_a_key_of_another_sort_is_refused(hsm: SoftHsm, empty: ModuleKey) -> None:
    hsm.put(empty, bits=128, label="short")
    hsm.put(empty, extractable=True, label="loose")
    hsm.put(empty, encrypts=False, label="mute")
    hsm.put(empty, label="twin")
    hsm.put(empty, label="twin")
    for label, said in {
        "short": "AES key of 256 bits",
        "loose": "not extractable",
        "mute": "allowed to encrypt",
        "twin": "several keys",
    }.items():
        with pytest.raises(ProviderUnavailable, match=said):
            Pkcs11Provider(replace(empty, key=label)).wrap(bytes(KEY_BYTES), AAD)


def test_a_key_that_was_deleted_is_named(hsm: SoftHsm, provider: Pkcs11Provider, key: ModuleKey) -> None:
    wrapped = provider.wrap(bytes(KEY_BYTES), AAD)
    provider.close()
    hsm.remove(key)
    with pytest.raises(KeyUnavailable, match="it was deleted"):
        provider.unwrap(wrapped, AAD)


def test_a_token_of_another_length_is_refused_unasked(provider: Pkcs11Provider, key: ModuleKey) -> None:
    with pytest.raises(WrongKeys, match="damaged"):
        provider.unwrap(Wrapped(f"pkcs11:{key.token}/root", bytes(61)), AAD)


def test_several_threads_and_providers_do_not_disturb_each_other(key: ModuleKey) -> None:
    providers = [Pkcs11Provider(replace(key, seconds=60)), Pkcs11Provider(replace(key, seconds=60))]
    faults: list[Exception] = []

    def work(provider: Pkcs11Provider, number: int) -> None:
        secret = bytes([number]) * KEY_BYTES
        try:
            for _ in range(20):
                assert provider.unwrap(provider.wrap(secret, AAD), AAD) == secret
        except Exception as error:  # noqa: BLE001 - told to the test, which fails by it
            faults.append(error)

    threads = [threading.Thread(target=work, args=(providers[number % 2], number)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_module_that_hangs_is_given_up(key: ModuleKey) -> None:
    provider = Pkcs11Provider(replace(key, seconds=0.2))
    busy = threading.Event()
    done = threading.Event()

    def hang(found: object) -> None:
        busy.set()
        done.wait()

    with pytest.raises(ProviderUnavailable, match=r"no answer within 0.2 s"):
        provider._asked(hang)
    assert busy.is_set()
    with pytest.raises(ProviderUnavailable, match=r"no answer within 0.2 s"):
        provider.health()
    done.set()
