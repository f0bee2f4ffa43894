"""Settings come from the environment, and a wrong one is named without its value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from registry.settings import SettingRefused, Settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "KEYS", "DATABASE_URL", "MARK", "HOST", "PORT", "LOCALE", "ONE_RECORD_PER_CHILD"):
        monkeypatch.delenv("CHILD_REGISTRY_" + name, raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)


def test_without_any_setting_the_embedded_server_serves_this_machine_only() -> None:
    settings = Settings.load()
    assert settings.embedded
    assert (settings.host, settings.port, settings.mark) == ("127.0.0.1", 8080, "demo")
    assert settings.keys == settings.data / "keys"


def test_the_folder_named_on_the_command_line_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHILD_REGISTRY_DATA", str(tmp_path / "environment"))
    assert Settings.load().data == tmp_path / "environment"
    assert Settings.load(tmp_path / "line").data == tmp_path / "line"


@pytest.mark.parametrize("name", ["DATABASE_URL", "CHILD_REGISTRY_DATABASE_URL"])
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_usual_spellings_of_an_address_are_understood(
    monkeypatch: pytest.MonkeyPatch, name: str, scheme: str
) -> None:
    monkeypatch.setenv(name, f"{scheme}://account:word@server:5432/children?sslmode=require")
    url = Settings.load().database_url
    assert url is not None
    assert url.get_secret_value() == "postgresql+psycopg://account:word@server:5432/children?sslmode=require"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://account:sesame@server/children"),
        ("DATABASE_URL", "sesame"),
        ("DATABASE_URL", "postgresql://account:sesame@server"),
        ("CHILD_REGISTRY_HOST", "0.0.0.0"),  # noqa: S104 - the address that must be refused
        ("CHILD_REGISTRY_HOST", "sesame.example"),
        ("CHILD_REGISTRY_PORT", "sesame"),
        ("CHILD_REGISTRY_PORT", "70000"),
        ("CHILD_REGISTRY_MARK", "sesame"),
        ("CHILD_REGISTRY_ONE_RECORD_PER_CHILD", "sesame street"),
        ("CHILD_REGISTRY_ONE_RECORD_PER_CHILD", "health,,education"),
        ("CHILD_REGISTRY_ONE_RECORD_PER_CHILD", '["sesame"]'),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingRefused) as refused:
        Settings.load()
    assert refused.value.field.endswith(name)
    assert "sesame" not in str(refused.value)
    assert value not in str(refused.value)


@pytest.mark.parametrize("place", ["pg18", "pg18/keys", "."])
def test_keys_never_lie_in_the_folder_of_the_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    monkeypatch.setenv("CHILD_REGISTRY_KEYS", str(tmp_path / place))
    with pytest.raises(SettingRefused, match="never lie together"):
        Settings.load(tmp_path)


def test_the_password_is_not_shown() -> None:
    settings = Settings(database_url="postgresql://account:sesame@server/children")
    assert "sesame" not in repr(settings)


def test_systems_with_one_record_per_child_are_named_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().one_record_per_child == frozenset()
    monkeypatch.setenv("CHILD_REGISTRY_ONE_RECORD_PER_CHILD", "civil_status, education")
    assert Settings.load().one_record_per_child == {"civil_status", "education"}


TRANSIT = {
    "KEY_PROVIDER": "transit",
    "TRANSIT_ADDRESS": "https://vault.example:8200/",
    "TRANSIT_KEY": "children",
    "TRANSIT_TOKEN_FILE": "/run/registry/token",
}
PKCS11 = {
    "KEY_PROVIDER": "pkcs11",
    "PKCS11_MODULE": "/usr/lib/softhsm/libsofthsm2.so",
    "PKCS11_TOKEN": "registry",
    "PKCS11_KEY": "children",
    "PKCS11_PIN_FILE": "/run/registry/pin",
}


def set_all(monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        monkeypatch.setenv("CHILD_REGISTRY_" + name, value)


def test_the_root_key_lies_in_a_file_unless_a_keeper_is_named() -> None:
    assert Settings.load().key_provider == "keyfile"


@pytest.mark.parametrize("keeper", [TRANSIT, PKCS11], ids=["transit", "pkcs11"])
def test_a_keeper_needs_all_that_belongs_to_it(monkeypatch: pytest.MonkeyPatch, keeper: Mapping[str, str]) -> None:
    set_all(monkeypatch, keeper)
    assert Settings.load().key_provider == keeper["KEY_PROVIDER"]
    for name in set(keeper) - {"KEY_PROVIDER"}:
        with monkeypatch.context() as without:
            without.delenv("CHILD_REGISTRY_" + name)
            with pytest.raises(SettingRefused, match="is needed when CHILD_REGISTRY_KEY_PROVIDER is") as refused:
                Settings.load()
            assert refused.value.field == "CHILD_REGISTRY_" + name


def test_what_belongs_to_another_keeper_may_stay_set(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, TRANSIT | PKCS11)
    assert Settings.load().transit_address == "https://vault.example:8200"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KEY_PROVIDER", "sesame"),
        ("TRANSIT_ADDRESS", "https://account:sesame@vault.example"),
        ("TRANSIT_ADDRESS", "https://vault.example/?token=sesame"),
        ("TRANSIT_ADDRESS", "http://sesame.example:8200"),
        ("TRANSIT_KEY", "../sesame"),
        ("TRANSIT_MOUNT", "sesame?list=true"),
    ],
)
def test_a_wrong_setting_of_a_keeper_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    set_all(monkeypatch, TRANSIT | {name: value})
    with pytest.raises(SettingRefused) as refused:
        Settings.load()
    assert refused.value.field == "CHILD_REGISTRY_" + name
    assert "sesame" not in str(refused.value)


def test_transit_on_this_machine_may_be_asked_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, TRANSIT | {"TRANSIT_ADDRESS": "http://127.0.0.1:8200"})
    assert Settings.load().transit_address == "http://127.0.0.1:8200"
