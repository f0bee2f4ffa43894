"""The running registry over each way by which requests come, and an authority that signs a certificate for it."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from registry.commands.connection import front_of, listening, listening_to_proxy
from registry.commands.serving import server_of, whole
from registry.settings import Settings
from tests.web.world import World

SECRET = "a secret that is long enough to be one"
REAL: Mapping[str, Any] = {  # what a registry that serves others has beside
    "mark": "real",
    "oidc_issuer": "https://sign-in.example",
    "oidc_client_id": "registry",
}


def authority(folder: Path) -> Path:
    """Write a certificate for this machine, its key, and the certificate of who signed it; return the last."""
    signer, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate(signer, signer, name="authority", by="authority", ca=True)
    own = _certificate(key, signer, name="localhost", by="authority", ca=False)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    written = {"ca.pem": root.public_bytes(Encoding.PEM), "tls.pem": own.public_bytes(Encoding.PEM), "tls.key": private}
    for name, content in written.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
    return folder / "ca.pem"


def _certificate(
    key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, *, name: str, by: str, ca: bool
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    known_as = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(by))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(known_as), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )


@dataclass(frozen=True, kw_only=True)
class Running:
    """A registry that runs, and where."""

    settings: Settings
    port: int

    def raw(self, request: bytes, *, path: Path | None = None) -> bytes:
        """Send bytes as they are and return all that is answered until the other end closes."""
        family = socket.AF_INET if path is None else socket.AF_UNIX
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(15)
            connection.connect(("127.0.0.1", self.port) if path is None else str(path))
            connection.sendall(request)
            answered = b""
            try:
                while part := connection.recv(65536):
                    answered += part
            except ConnectionResetError:
                pass
            return answered


@contextmanager
def running(world: World, folder: Path, **settings: Any) -> Iterator[Running]:
    """Serve the world as `serve` does, with these settings; `{port}` in them is the port."""
    with ExitStack() as stack:
        listener = stack.enter_context(listening("127.0.0.1", 0))
        port = listener.getsockname()[1]
        filled = {
            name: value.format(port=port) if isinstance(value, str) else value for name, value in settings.items()
        }
        chosen = Settings(data=folder / "data", **filled)
        services = replace(world.services, public_url=chosen.public_url)
        app = whole(services, jobs=dict, token_file=None, front=front_of(chosen))
        server = server_of(app, chosen)
        from_proxy = stack.enter_context(listening_to_proxy(chosen))
        sockets = [listener] if from_proxy is None else [listener, from_proxy]
        thread = threading.Thread(target=server.run, kwargs={"sockets": sockets}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        try:
            yield Running(settings=chosen, port=port)
        finally:
            server.should_exit = True
            thread.join()


def over_tls(ca: Path, *, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> ssl.SSLContext:
    """Return how a client trusts the authority; args: newest: the highest version it speaks."""
    context = ssl.create_default_context(cafile=str(ca))
    context.maximum_version = newest
    return context


def through_socket(path: Path, **headers: str) -> httpx.Client:
    """Return a client that speaks as the web server in front does, over its socket."""
    said = {"host": "registry.example", "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.7"}
    return httpx.Client(
        transport=httpx.HTTPTransport(uds=str(path)),
        base_url="http://registry.example",
        headers=said | headers,
        timeout=30,
    )
