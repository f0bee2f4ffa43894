"""The ways by which requests come: plain on this machine, over TLS, or from a web server in front over a socket."""

from __future__ import annotations

import asyncio
import errno
import os
import pwd
import socket
import ssl
import stat
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from uvicorn.protocols.http.h11_impl import H11Protocol

from connectors.contract import ConnectorError
from registry.protect.keys.private_file import read_private
from registry.protect.requests.front_gate import OVER_SOCKET, Front
from registry.settings import PREFIX, SettingRefused, Settings

SHORTEST_SECRET: Final = 32  # characters
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; 1.3 has no weak ones
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid


class PortTaken(ConnectorError):
    """Another program listens there already."""


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Give a listening socket, so that a taken port is known before any work is done.

    Raises:
        PortTaken: another program listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named: else each waits for 40 ms
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                raise PortTaken(f"port {port} on {host} is taken or not allowed: choose another with --port") from None
            raise
        listener.listen(128)
        yield listener


@contextmanager
def listening_to_proxy(settings: Settings) -> Iterator[socket.socket | None]:
    """Give the socket where a web server in front passes requests on; None: there is none.

    Raises:
        SettingRefused: others could put a socket of theirs in its place, or the system names no other ends.
        PortTaken: another program listens there.
    """
    path = settings.proxy_socket
    if path is None:
        yield None
        return
    _check_place(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        _remove_stale(path)
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        except OSError as error:
            raise _refused("PROXY_SOCKET", f"cannot be made ({error.strerror})") from None
        finally:
            os.umask(before)
        if settings.proxy_account is not None:
            path.chmod(0o666)
        listener.listen(128)
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


def _refused(name: str, rule: str) -> SettingRefused:
    return SettingRefused(rule, field=PREFIX + name)


def _check_place(path: Path) -> None:
    if not hasattr(socket, "SO_PEERCRED"):
        raise _refused("PROXY_SOCKET", "this system does not say who is at the other end: use PROXY_SECRET_FILE")
    folder = path.parent
    if not folder.is_dir() or folder.stat().st_mode & 0o022:
        raise _refused("PROXY_SOCKET", "must lie in a folder that nobody else can write into")


def _remove_stale(path: Path) -> None:
    """Remove the socket of a registry that was killed."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise _refused("PROXY_SOCKET", "there is something else in its place")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise PortTaken("another registry listens on the socket for the web server in front")
    path.unlink()


def allowed_peers(settings: Settings) -> frozenset[int]:
    """Return the operating-system accounts that may speak as the web server in front.

    Raises:
        SettingRefused: there is no such account.
    """
    if settings.proxy_account is None:
        return frozenset({os.geteuid()})
    try:
        return frozenset({pwd.getpwnam(settings.proxy_account).pw_uid})
    except KeyError:
        raise _refused("PROXY_ACCOUNT", "must be the name of an account of this machine") from None


def protocol_for(peers: Collection[int]) -> type[H11Protocol]:
    """Return the protocol of all connections: over the socket of the web server in front only `peers` are heard."""

    class Protocol(H11Protocol):
        """HTTP/1.1, with the other end of a local socket as the kernel names it."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in its parent
            """Begin a connection, or end it at once."""
            super().connection_made(transport)
            connection = transport.get_extra_info("socket")
            if connection is None or connection.family != socket.AF_UNIX:
                return
            said = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            _, account, _ = _CREDENTIALS.unpack(said)
            if account not in peers:
                transport.abort()
                return
            self.app_state = {**self.app_state, OVER_SOCKET: True}

    return Protocol


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """Return how connections are encrypted; None: TLS does not end here.

    Raises:
        SettingRefused: certificate and key do not fit, or cannot be read.
        WrongKeys: others can read the key.
    """
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    read_private(settings.tls_key)  # its owner alone
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password="")
    except (ssl.SSLError, OSError, ValueError):
        raise _refused(
            "TLS_CERTIFICATE", "must be a certificate in PEM, and TLS_KEY its key without a password"
        ) from None
    return context


def front_of(settings: Settings) -> Front:
    """Return what is known of the way by which requests come.

    Raises:
        SettingRefused: the secret of the web server in front is too short.
        WrongKeys: others can read it.
    """
    secret = None
    if settings.proxy_secret_file is not None:
        secret = read_private(settings.proxy_secret_file).strip()
        if len(secret) < SHORTEST_SECRET:
            raise _refused("PROXY_SECRET_FILE", f"the secret must have {SHORTEST_SECRET} characters or more")
    host = None if settings.public_url is None else urlsplit(settings.public_url).netloc
    return Front(public_host=host, secret=secret)
