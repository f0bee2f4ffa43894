"""Which identity provider the settings name, and every setting of it that is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from registry.jobs.identity_provider import provider_of, takes_passwords
from registry.model.errors import WrongKeys
from registry.settings import SettingRefused, Settings

ISSUER = "https://provider.example"


def settings(folder: Path, **more: Any) -> Settings:
    """Return settings with a provider."""
    return Settings(data=folder, oidc_issuer=ISSUER, oidc_client_id="child-registry", **more)


def private(folder: Path, content: bytes) -> Path:
    """Write a file that its owner alone can read."""
    path = folder / "file"
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path


def test_without_an_issuer_there_is_no_provider_and_passwords_are_taken(tmp_path: Path) -> None:
    plain = Settings(data=tmp_path)
    assert provider_of(plain) is None
    assert takes_passwords(plain)
    assert takes_passwords(plain, at_command_line=True)


@pytest.mark.parametrize(
    ("said", "pages", "command_line"),
    [(None, False, False), ("nowhere", False, False), ("command_line", False, True), ("everywhere", True, True)],
)
def test_beside_a_provider_passwords_are_taken_where_it_is_said(
    tmp_path: Path, said: str | None, pages: bool, command_line: bool
) -> None:
    chosen = settings(tmp_path, local_passwords=said)
    assert takes_passwords(chosen) is pages
    assert takes_passwords(chosen, at_command_line=True) is command_line


@pytest.mark.parametrize(
    "key",
    [ECKey.generate_key("P-256").as_pem(private=True), RSAKey.generate_key(2048).as_pem(private=True)],
    ids=["EC", "RSA"],
)
def test_a_private_key_of_ours_is_read(tmp_path: Path, key: bytes) -> None:
    provider = provider_of(settings(tmp_path, oidc_client_key_file=private(tmp_path, key)))
    assert provider is not None
    assert provider.issuer == ISSUER
    provider.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key",
        ECKey.generate_key("P-256").as_pem(private=False),
        ECKey.generate_key("P-384").as_pem(private=True),
        OKPKey.generate_key("Ed25519").as_pem(private=True),
        OctKey.generate_key(256).raw_value,
    ],
    ids=["empty", "rubbish", "public", "P-384", "Ed25519", "symmetric"],
)
def test_what_is_no_private_key_of_ours_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SettingRefused) as refused:
        provider_of(settings(tmp_path, oidc_client_key_file=private(tmp_path, content)))
    assert refused.value.field == "CHILD_REGISTRY_OIDC_CLIENT_KEY_FILE"


def test_either_a_key_or_a_secret_is_needed_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    secret = private(tmp_path, b"a secret\n")
    for more in ({}, {"oidc_client_key_file": secret, "oidc_client_secret_file": secret}):
        with pytest.raises(SettingRefused):
            provider_of(settings(tmp_path, **more))
    secret.chmod(0o644)
    with pytest.raises(WrongKeys):
        provider_of(settings(tmp_path, oidc_client_secret_file=secret))


@pytest.mark.parametrize("algorithms", ["", "none", "HS256", "RS256 HS256", "RS1"])
def test_algorithms_without_a_key_of_the_provider_are_refused(tmp_path: Path, algorithms: str) -> None:
    with pytest.raises(SettingRefused) as refused:
        provider_of(settings(tmp_path, oidc_algorithms=algorithms))
    assert refused.value.field == "CHILD_REGISTRY_OIDC_ALGORITHMS"


@pytest.mark.parametrize(
    "issuer",
    [
        *(
            "http://provider.example",
            "provider.example",
            "https://a:b@provider.example",
            "https://provider.example?x=1",
        ),
        *("https://provider.example#x", "ftp://provider.example", ""),
    ],
)
def test_an_issuer_that_could_be_read_or_exchanged_on_the_way_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, issuer: str
) -> None:
    monkeypatch.setenv("CHILD_REGISTRY_OIDC_ISSUER", issuer or "x")
    with pytest.raises(SettingRefused) as refused:
        Settings.load(tmp_path)
    assert refused.value.field == "CHILD_REGISTRY_OIDC_ISSUER"
    assert "a:b" not in str(refused.value)


def test_an_issuer_needs_a_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHILD_REGISTRY_OIDC_ISSUER", ISSUER)
    with pytest.raises(SettingRefused) as refused:
        Settings.load(tmp_path)
    assert refused.value.field == "CHILD_REGISTRY_OIDC_CLIENT_ID"
