"""Certificates: only the named authority is trusted, and ours is shown."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from connectors.contract import Unreachable
from connectors.http import Call, HttpClient, HttpSettings


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Return the files of a certificate of its own authority and of its key, for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


class _Greeter(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"you are known")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class _Server(HTTPServer):
    def handle_error(self, *_: object) -> None:
        """Keep quiet about callers who are turned away."""


@contextmanager
def serving(theirs: tuple[Path, Path], ours: Path) -> Iterator[str]:
    """Yield the address of a server that lets in only who shows our certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ours)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*theirs)
    with _Server(("127.0.0.1", 0), _Greeter) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_both_sides_show_who_they_are(tmp_path: Path) -> None:
    theirs, ours = certificate(tmp_path, "theirs"), certificate(tmp_path, "ours")
    with serving(theirs, ours[0]) as address:
        known = {"ca_file": theirs[0], "certificate_file": ours[0], "key_file": ours[1]}
        nameless = {"ca_file": theirs[0]}
        trusting_another = {**known, "ca_file": ours[0]}
        settings = HttpSettings.model_validate({"endpoint": address, "attempts": 1, **known})
        with HttpClient(settings) as client:
            assert client.ask(Call(), read=lambda answer: answer.content) == b"you are known"
        for files in (nameless, trusting_another, {}):
            settings = HttpSettings.model_validate({"endpoint": address, "attempts": 1, **files})
            with HttpClient(settings) as client, pytest.raises(Unreachable):
                client.ask(Call(), read=lambda answer: answer.content)
