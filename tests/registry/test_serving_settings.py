"""Others than this machine are served only with TLS, a public address and a real sign-in; what is missing is named."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from registry.settings import SettingRefused, Settings

SAFE: Mapping[str, str] = {
    "MARK": "real",
    "HOST": "0.0.0.0",  # noqa: S104  every address of the machine
    "PUBLIC_URL": "https://registry.example",
    "TLS_CERTIFICATE": "/etc/registry/tls.pem",
    "TLS_KEY": "/etc/registry/tls.key",
    "OIDC_ISSUER": "https://sign-in.example",
    "OIDC_CLIENT_ID": "registry",
}
BEHIND: Mapping[str, str] = {
    "MARK": "real",
    "PUBLIC_URL": "https://registry.example",
    "PROXY_SOCKET": "/run/registry/proxy",
    "OIDC_ISSUER": "https://sign-in.example",
    "OIDC_CLIENT_ID": "registry",
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {*SAFE, *BEHIND, "PROXY_ACCOUNT", "PROXY_SECRET_FILE", "DATA", "KEYS", "DATABASE_URL"}:
        monkeypatch.delenv("CHILD_REGISTRY_" + name, raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)


def load(monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, str]) -> Settings:
    for name, value in settings.items():
        monkeypatch.setenv("CHILD_REGISTRY_" + name, value)
    return Settings.load()


def refusal(monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, str]) -> SettingRefused:
    with pytest.raises(SettingRefused) as refused:
        load(monkeypatch, settings)
    return refused.value


def test_with_everything_that_makes_it_safe_others_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, SAFE).host == SAFE["HOST"]


def test_behind_a_web_server_no_tls_of_our_own_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, BEHIND)
    assert settings.proxied
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize("missing", [{"PUBLIC_URL"}, {"OIDC_ISSUER"}, {"MARK"}, {"TLS_CERTIFICATE", "TLS_KEY"}])
def test_each_missing_thing_is_named(monkeypatch: pytest.MonkeyPatch, missing: set[str]) -> None:
    told = refusal(monkeypatch, {name: value for name, value in SAFE.items() if name not in missing})
    assert told.field == "CHILD_REGISTRY_HOST"
    assert all(name in told.rule for name in missing)
    assert not any(name in told.rule for name in set(SAFE) - missing - {"HOST", "OIDC_CLIENT_ID"})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "registry.example"])  # noqa: S104  what must be refused
def test_everything_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    told = refusal(monkeypatch, {"HOST": host})
    assert told.field == "CHILD_REGISTRY_HOST"
    assert all(name in told.rule for name in ("TLS_CERTIFICATE", "TLS_KEY", "PUBLIC_URL", "OIDC_ISSUER", "MARK=real"))
    assert host not in str(told)


@pytest.mark.parametrize("missing", ["PUBLIC_URL", "OIDC_ISSUER", "MARK"])
@pytest.mark.parametrize("way", ["PROXY_SOCKET", "PROXY_SECRET_FILE"])
def test_a_web_server_in_front_serves_others_too(monkeypatch: pytest.MonkeyPatch, missing: str, way: str) -> None:
    settings = {name: value for name, value in BEHIND.items() if name not in {missing, "PROXY_SOCKET"}}
    told = refusal(monkeypatch, settings | {way: "/run/registry/proxy"})
    assert (told.field, missing in told.rule) == ("CHILD_REGISTRY_" + way, True)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"TLS_KEY": ""}, "TLS_KEY"),
        ({"TLS_CERTIFICATE": ""}, "TLS_CERTIFICATE"),
        ({"PROXY_SOCKET": "/run/registry/proxy"}, "TLS_CERTIFICATE"),
        ({"PROXY_ACCOUNT": "www-data"}, "PROXY_ACCOUNT"),
        ({"PROXY_ACCOUNT": "sesame street"}, "PROXY_ACCOUNT"),
        ({"PUBLIC_URL": "http://registry.example"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://registry.example/sesame"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://account:sesame@registry.example"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://Registry.example"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "registry.example"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "http://127.0.0.1:8080"}, "HOST"),
    ],
    ids=range(11),
)
def test_what_does_not_fit_together_is_refused(
    monkeypatch: pytest.MonkeyPatch, changed: Mapping[str, str], field: str
) -> None:
    told = refusal(monkeypatch, {**SAFE, **changed})
    assert told.field == "CHILD_REGISTRY_" + field
    assert "sesame" not in str(told)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://registry.example/", "https://registry.example"),
        ("https://registry.example:443", "https://registry.example"),
        ("https://registry.example:8443", "https://registry.example:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_a_public_address_has_one_spelling(monkeypatch: pytest.MonkeyPatch, written: str, kept: str) -> None:
    assert load(monkeypatch, {"PUBLIC_URL": written}).public_url == kept


def test_a_demo_serves_this_machine_and_tls_there_needs_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {name: SAFE[name] for name in ("TLS_CERTIFICATE", "TLS_KEY")}
    assert load(monkeypatch, files).mark == "demo"
