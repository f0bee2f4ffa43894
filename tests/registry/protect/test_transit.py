"""The keeper in a Transit engine: the client library unchanged, over a real socket."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from registry.model.errors import KeyUnavailable, ProviderUnavailable, WrongKeys
from registry.protect.keys.key_provider import KEY_BYTES, Keeper, Wrapped, keeper_of
from registry.protect.keys.keyring import Domain, Keyring, Mark
from registry.protect.providers.keyfile import KeyfileProvider
from registry.protect.providers.transit import TransitKey, TransitProvider
from tests.registry.protect.provider_contract import AAD, ProviderContract
from tests.registry.protect.transit_server import TOKEN, Canned, Engine, EngineKey, serving

HTML = Canned(body=b"<html><body>Welcome to sesame</body></html>", content_type="text/html")


@pytest.fixture
def engine() -> Engine:
    return Engine(keys={"children": EngineKey(), "others": EngineKey()})


@pytest.fixture
def address(engine: Engine) -> Iterator[str]:
    with serving(engine) as found:
        yield found


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(TOKEN + "\n")
    return path


def provider_at(address: str, token_file: Path, **changes: object) -> TransitProvider:
    settings: dict[str, object] = {"address": address, "key": "children", "token_file": token_file}
    settings |= {"seconds": 20.0, "pause": lambda _: None}
    return TransitProvider(TransitKey(**(settings | changes)))  # type: ignore[arg-type]  # a test's own keywords


@pytest.fixture
def provider(address: str, token_file: Path) -> TransitProvider:
    return provider_at(address, token_file)


class TestTransit(ProviderContract):
    @pytest.fixture
    def stranger(self, address: str, token_file: Path) -> TransitProvider:
        return provider_at(address, token_file, key="others")


def test_the_root_names_engine_key_and_version(provider: TransitProvider, engine: Engine) -> None:
    assert provider.wrap(bytes(KEY_BYTES), AAD).root == "transit:transit/children@1"
    engine.keys["children"].versions.append(AESGCM(os.urandom(32)))
    wrapped = provider.wrap(bytes(KEY_BYTES), AAD)
    assert wrapped.root == "transit:transit/children@2"
    assert keeper_of(wrapped.root) is Keeper.TRANSIT
    assert provider.health().version == "2"


def test_a_keyring_lives_on_a_transit_engine(provider: TransitProvider, engine: Engine, tmp_path: Path) -> None:
    made = Keyring.create(tmp_path / "keys", mark=Mark.DEMO, provider=provider)
    made.open_all()
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["keyring.json"]
    engine.keys["children"].versions.append(AESGCM(os.urandom(32)))
    assert made.rotate(Domain.INDEX) == 2
    opened = Keyring.open(tmp_path / "keys", provider=provider)
    assert opened.raw(Domain.INDEX, 1) == made.raw(Domain.INDEX, 1)
    engine.sealed = True
    assert opened.raw(Domain.INDEX, 1) == made.raw(Domain.INDEX, 1)
    with pytest.raises(ProviderUnavailable, match="the vault is sealed"):
        opened.rotate(Domain.SEARCH)


def test_a_keyring_moves_from_a_key_file_to_an_engine_and_back(provider: TransitProvider, tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "keys", mark=Mark.DEMO)
    index = keyring.raw(Domain.INDEX)
    keyring.move_root(provider)
    assert Keyring.open(tmp_path / "keys", provider=provider).raw(Domain.INDEX) == index
    keyring.move_root(KeyfileProvider(tmp_path / "keys" / "root.key"))
    assert Keyring.open(tmp_path / "keys").raw(Domain.INDEX) == index


def test_a_key_that_was_deleted_is_named_and_not_made_anew(provider: TransitProvider, engine: Engine) -> None:
    wrapped = provider.wrap(bytes(KEY_BYTES), AAD)
    del engine.keys["children"]
    with pytest.raises(KeyUnavailable, match=r"no such key.*transit/children at 127.0.0.1"):
        provider.unwrap(wrapped, AAD)
    with pytest.raises(KeyUnavailable, match="no such key"):
        provider.wrap(bytes(KEY_BYTES), AAD)
    assert "children" not in engine.keys


def test_a_version_that_opens_no_longer_is_told(provider: TransitProvider, engine: Engine) -> None:
    wrapped = provider.wrap(bytes(KEY_BYTES), AAD)
    engine.keys["children"].versions.append(AESGCM(os.urandom(32)))
    engine.keys["children"].min_decryption_version = 2
    with pytest.raises(KeyUnavailable, match="no longer opens with this version"):
        provider.unwrap(wrapped, AAD)
    newer = Wrapped(wrapped.root, wrapped.token.replace(b":v1:", b":v9:"))
    with pytest.raises(KeyUnavailable, match="or never had it"):
        provider.unwrap(newer, AAD)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (EngineKey(kind="chacha20-poly1305"), "must be of type aes256-gcm96"),
        (EngineKey(exportable=True), "nor exportable"),
        (EngineKey(derived=True), "neither derived"),
    ],
)
def test_a_key_of_another_sort_is_refused(provider: TransitProvider, engine: Engine, key: EngineKey, said: str) -> None:
    engine.keys["children"] = key
    with pytest.raises(ProviderUnavailable, match=said):
        provider.wrap(bytes(KEY_BYTES), AAD)


def test_an_engine_that_ignores_associated_data_is_refused(provider: TransitProvider, engine: Engine) -> None:
    engine.ignores_associated_data = True
    with pytest.raises(ProviderUnavailable, match="too old"):
        provider.wrap(bytes(KEY_BYTES), AAD)


def test_a_new_token_is_taken_up_while_running(provider: TransitProvider, engine: Engine, token_file: Path) -> None:
    wrapped = provider.wrap(bytes(KEY_BYTES), AAD)
    engine.tokens = {"hvs.renewed"}
    with pytest.raises(ProviderUnavailable, match="permission denied") as refused:
        provider.unwrap(wrapped, AAD)
    assert TOKEN not in str(refused.value)
    token_file.write_text("hvs.renewed")
    assert provider.unwrap(wrapped, AAD) == bytes(KEY_BYTES)


@pytest.mark.parametrize("content", [b"", b"two words", b"line\r\nX-Vault-Namespace: root", "thẻ".encode()])
def test_a_file_without_a_token_is_refused_before_anything_is_sent(
    provider: TransitProvider, engine: Engine, token_file: Path, content: bytes
) -> None:
    token_file.write_bytes(content)
    with pytest.raises(WrongKeys, match=r"holds no token, at .*token"):
        provider.health()
    assert engine.requests == []


def test_a_token_file_that_others_can_read_is_refused(provider: TransitProvider, token_file: Path) -> None:
    token_file.chmod(0o644)
    with pytest.raises(WrongKeys, match="chmod 600"):
        provider.health()


def test_a_namespace_is_sent(engine: Engine, address: str, token_file: Path) -> None:
    engine.namespace = "registry"
    assert provider_at(address, token_file, namespace="registry").health().version == "1"
    with pytest.raises(ProviderUnavailable, match="no such key or no such mount"):
        provider_at(address, token_file).health()


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_passes_by_is_asked_again(provider: TransitProvider, engine: Engine, status: int) -> None:
    engine.canned = deque([Canned(status=status, body=b'{"errors": ["sesame"]}')] * 2)
    assert provider.health().version == "1"
    assert len(engine.requests) == 3


def test_a_connection_that_breaks_is_made_again(provider: TransitProvider, engine: Engine) -> None:
    engine.canned = deque([Canned(hang_up=True)])
    assert provider.health().version == "1"


@pytest.mark.parametrize(
    ("status", "requests"), [(400, 1), (403, 1), (404, 1), (405, 1), (412, 1), (501, 1), (429, 3), (500, 3), (503, 3)]
)
def test_asking_ends(provider: TransitProvider, engine: Engine, status: int, requests: int) -> None:
    engine.always = Canned(status=status, body=b'{"errors": ["sesame"]}')
    with pytest.raises(ProviderUnavailable, match="transit/children at") as refused:
        provider.health()
    assert len(engine.requests) == requests
    assert "sesame" not in str(refused.value)


RUBBISH = [
    HTML,
    Canned(status=204),
    Canned(),
    Canned(body=b"null"),
    Canned(body=b'"sesame"'),
    Canned(body=b"[1, 2]"),
    Canned(body=b'{"data": "sesame"}'),
    Canned(body=b'{"data": {}}'),
    Canned(body=b'{"data": {"ciphertext": 5, "plaintext": 5, "latest_version": "sesame"}}'),
    Canned(body=b'{"data": {"ciphertext": "sesame", "plaintext": "?sesame?"}}'),
    Canned(body=b'{"data": {"ciphertext": "vault:v1:", "plaintext": ""}}'),
    Canned(body=json.dumps({"data": {"ciphertext": "vault:v0:AAAA", "plaintext": "c2VzYW1l"}}).encode()),
    Canned(body=b"\xff\xfe\x00", content_type="application/json"),
    Canned(status=307, location="http://127.0.0.1:9/sesame"),
    Canned(status=400, body=b"[]"),
    Canned(status=400, body=b'{"errors": 7}'),
    Canned(status=500, body=b"<html>sesame</html>", content_type="text/html"),
]


@pytest.mark.parametrize("canned", RUBBISH)
def test_rubbish_is_no_key(provider: TransitProvider, engine: Engine, canned: Canned) -> None:
    wrapped = provider.wrap(bytes(KEY_BYTES), AAD)
    engine.always = canned
    for call in (provider.health, lambda: provider.unwrap(wrapped, AAD), lambda: provider.wrap(bytes(KEY_BYTES), AAD)):
        with pytest.raises(ProviderUnavailable, match="transit/children at") as refused:
            call()
        assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("canned", RUBBISH)
def test_rubbish_in_place_of_a_sealed_key_is_found_out(
    provider: TransitProvider, engine: Engine, canned: Canned
) -> None:
    engine.canned = deque([None, canned, canned, canned])
    with pytest.raises(ProviderUnavailable):
        provider.wrap(bytes(KEY_BYTES), AAD)


@pytest.mark.parametrize("kept", [slice(0, 20), slice(5, None)])
def test_a_sealed_key_that_is_none_is_refused_unasked(provider: TransitProvider, engine: Engine, kept: slice) -> None:
    wrapped = provider.wrap(bytes(KEY_BYTES), AAD)
    asked = len(engine.requests)
    with pytest.raises(WrongKeys):
        provider.unwrap(Wrapped(wrapped.root, wrapped.token[kept].replace(b"vault", b"vaulx")), AAD)
    assert len(engine.requests) == asked


def test_an_engine_that_drips_is_given_up(engine: Engine, address: str, token_file: Path) -> None:
    engine.always = Canned(body=b" " * 100, seconds=0.1)
    with pytest.raises(ProviderUnavailable, match=r"no answer within 0.3 s, at transit key transit/children at 127"):
        provider_at(address, token_file, seconds=0.3).health()


def test_an_engine_that_is_down_is_named_without_a_secret(token_file: Path) -> None:
    with serving(Engine()) as address:
        pass
    with pytest.raises(
        ProviderUnavailable, match=r"cannot be reached, at transit key transit/children at 127"
    ) as refused:
        provider_at(address, token_file).health()
    assert TOKEN not in str(refused.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine's loopback address, with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(7).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    made = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    path = tmp_path_factory.mktemp("certificate") / "loopback.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def test_a_certificate_of_our_own_authority_is_trusted_and_no_other(
    engine: Engine, token_file: Path, certificate: Path
) -> None:
    with serving(engine, certificate=certificate) as address:
        assert provider_at(address, token_file, ca_file=certificate).health().version == "1"
        asked = len(engine.requests)
        with pytest.raises(ProviderUnavailable, match="certificate is not one that we trust"):
            provider_at(address, token_file).health()
    assert len(engine.requests) == asked
