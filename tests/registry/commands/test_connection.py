"""What each way by which requests come needs first: files of its own, and a place that nobody shares."""

from __future__ import annotations

import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from registry.commands.connection import PortTaken, allowed_peers, front_of, listening, listening_to_proxy, tls_of
from registry.model.errors import WrongKeys
from registry.settings import SettingRefused, Settings
from tests.api.connections import REAL, authority

SECRET = "a secret that is long enough to be one"


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(data=folder / "data", public_url="https://registry.example", **REAL, **more)


def test_a_certificate_and_its_key_make_tls_of_today(tmp_path: Path) -> None:
    authority(tmp_path)
    context = tls_of(settings(tmp_path, tls_certificate=tmp_path / "tls.pem", tls_key=tmp_path / "tls.key"))
    assert context is not None
    assert context.minimum_version.name == "TLSv1_2"
    names = {cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] == "TLSv1.2"}
    assert names
    assert all(name.startswith("ECDHE-") and ("GCM" in name or "CHACHA20" in name) for name in names)


def test_without_a_certificate_there_is_no_tls(tmp_path: Path) -> None:
    assert tls_of(settings(tmp_path)) is None


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    authority(tmp_path)
    (tmp_path / "tls.key").chmod(0o640)
    with pytest.raises(WrongKeys, match="others can read"):
        tls_of(settings(tmp_path, tls_certificate=tmp_path / "tls.pem", tls_key=tmp_path / "tls.key"))


@pytest.mark.parametrize("certificate", ["ca.pem", "tls.key", "nothing.pem"])
def test_a_certificate_that_is_not_the_keys_is_refused(tmp_path: Path, certificate: str) -> None:
    authority(tmp_path)
    with pytest.raises(SettingRefused, match="TLS_KEY its key") as refused:
        tls_of(settings(tmp_path, tls_certificate=tmp_path / certificate, tls_key=tmp_path / "tls.key"))
    assert refused.value.field == "CHILD_REGISTRY_TLS_CERTIFICATE"


def test_a_secret_of_the_web_server_is_long_and_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n", encoding="utf-8")
    file.chmod(0o600)
    front = front_of(settings(tmp_path, proxy_secret_file=file))
    assert (front.secret, front.public_host) == (SECRET.encode(), "registry.example")
    assert SECRET not in repr(front)
    file.chmod(0o644)
    with pytest.raises(WrongKeys):
        front_of(settings(tmp_path, proxy_secret_file=file))
    file.chmod(0o600)
    file.write_text("short", encoding="utf-8")
    with pytest.raises(SettingRefused, match="32 characters"):
        front_of(settings(tmp_path, proxy_secret_file=file))


def test_the_socket_of_a_registry_that_was_killed_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "proxy"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(path))
    assert path.exists()
    with listening_to_proxy(settings(tmp_path, proxy_socket=path)) as listener:
        assert listener is not None
        assert stat.S_ISSOCK(path.stat().st_mode)
        with pytest.raises(PortTaken), listening_to_proxy(settings(tmp_path, proxy_socket=path)):
            pass
    assert not path.exists()


def test_what_else_stands_in_the_place_of_the_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "proxy"
    path.write_text("not ours", encoding="utf-8")
    with (
        pytest.raises(SettingRefused, match="something else"),
        listening_to_proxy(settings(tmp_path, proxy_socket=path)),
    ):
        pass
    assert path.read_text(encoding="utf-8") == "not ours"


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_folder_that_others_can_write_into_is_no_place_for_the_socket(tmp_path: Path, mode: int) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(mode)
    for place in (shared / "proxy", tmp_path / "missing" / "proxy"):
        with (
            pytest.raises(SettingRefused, match="nobody else"),
            listening_to_proxy(settings(tmp_path, proxy_socket=place)),
        ):
            pass


def test_the_account_of_the_web_server_must_be_there(tmp_path: Path) -> None:
    named = settings(tmp_path, proxy_socket=tmp_path / "proxy", proxy_account="no-such-account")
    with pytest.raises(SettingRefused, match="account of this machine"):
        allowed_peers(named)


def test_a_port_that_is_taken_is_told() -> None:
    with listening("127.0.0.1", 0) as first, pytest.raises(PortTaken), listening("127.0.0.1", first.getsockname()[1]):
        pass
