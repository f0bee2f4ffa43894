"""A loopback server that speaks the Transit engine's API, written from its description, and strict about requests.

No Vault or OpenBao can be installed from the registries at hand, so this stands for both. It also plays every fault.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs.sesame-0123456789"
_ENCRYPT = frozenset({"plaintext", "associated_data"})
_DECRYPT = frozenset({"ciphertext", "associated_data"})


@dataclass
class EngineKey:
    """A key of the engine: its versions, the oldest of which still open."""

    versions: list[AESGCM] = field(default_factory=lambda: [AESGCM(os.urandom(32))])
    min_decryption_version: int = 1
    kind: str = "aes256-gcm96"
    exportable: bool = False
    derived: bool = False


@dataclass(frozen=True)
class Canned:
    """An answer that stands for something else than the engine."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    seconds: float = 0.0  # before each of ten pieces of the body
    hang_up: bool = False
    location: str | None = None


class Refusal(Exception):
    """What the engine answers instead of data."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(status, errors)
        self.status = status
        self.errors = errors


@dataclass
class Engine:
    """The state of the server; a test changes it at will."""

    keys: dict[str, EngineKey] = field(default_factory=dict)
    mount: str = "transit"
    namespace: str | None = None
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    may_create: bool = True  # the token may make keys: then sealing with an unknown key makes it
    ignores_associated_data: bool = False  # as engines before 1.9 do
    sealed: bool = False
    canned: deque[Canned | None] = field(default_factory=deque)  # None: this request is served
    always: Canned | None = None
    requests: list[str] = field(default_factory=list)  # method and path

    def answer(self, method: str, path: str, *, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        if self.sealed:
            raise Refusal(503, "Vault is sealed")
        if headers.get("x-vault-namespace") != self.namespace:
            raise Refusal(404, "no handler for route")
        if headers.get("x-vault-token") not in self.tokens:
            raise Refusal(403, "permission denied")
        found = re.fullmatch(rf"/v1/{re.escape(self.mount)}/(keys|encrypt|decrypt)/([A-Za-z0-9_.-]+)", path)
        if found is None:
            raise Refusal(404, "no handler for route")
        if found[1] == "keys":
            return self._described(method, found[2])
        if method not in {"POST", "PUT"}:
            raise Refusal(405, "unsupported operation")
        asked = _document(body, _ENCRYPT if found[1] == "encrypt" else _DECRYPT)
        return self._encrypted(found[2], asked) if found[1] == "encrypt" else self._decrypted(found[2], asked)

    def _described(self, method: str, name: str) -> dict[str, Any]:
        if method != "GET":
            raise Refusal(405, "unsupported operation")
        key = self.keys.get(name)
        if key is None:
            raise Refusal(404)
        return {
            "name": name,
            "type": key.kind,
            "derived": key.derived,
            "exportable": key.exportable,
            "deletion_allowed": False,
            "latest_version": len(key.versions),
            "min_decryption_version": key.min_decryption_version,
            "min_encryption_version": 0,
            "keys": {str(number + 1): 1763769600 for number in range(len(key.versions))},
            "supports_encryption": True,
        }

    def _encrypted(self, name: str, asked: dict[str, str]) -> dict[str, Any]:
        if name not in self.keys:
            if not self.may_create:
                raise Refusal(403, "permission denied")
            self.keys[name] = EngineKey()
        key = self.keys[name]
        nonce = os.urandom(12)
        sealed = nonce + key.versions[-1].encrypt(nonce, _bytes(asked, "plaintext"), self._bound(asked))
        version = len(key.versions)
        return {"ciphertext": f"vault:v{version}:{base64.b64encode(sealed).decode()}", "key_version": version}

    def _decrypted(self, name: str, asked: dict[str, str]) -> dict[str, Any]:
        key = self.keys.get(name)
        if key is None:
            raise Refusal(400, "encryption key not found")
        found = re.fullmatch(r"vault:v(\d+):(.*)", asked.get("ciphertext", ""))
        if found is None:
            raise Refusal(400, "invalid ciphertext: no prefix")
        version = int(found[1])
        if version > len(key.versions):
            raise Refusal(400, "invalid ciphertext: version is too new")
        if version < key.min_decryption_version:
            raise Refusal(400, "ciphertext or signature version is disallowed by policy (too old)")
        try:
            sealed = base64.b64decode(found[2], validate=True)
        except binascii.Error:
            raise Refusal(400, "invalid ciphertext: could not decode base64") from None
        try:
            plain = key.versions[version - 1].decrypt(sealed[:12], sealed[12:], self._bound(asked))
        except (InvalidTag, ValueError):
            raise Refusal(400, "cipher: message authentication failed") from None
        return {"plaintext": base64.b64encode(plain).decode()}

    def _bound(self, asked: dict[str, str]) -> bytes:
        return b"" if self.ignores_associated_data else _bytes(asked, "associated_data")


def _document(body: bytes, members: frozenset[str]) -> dict[str, str]:
    try:
        asked = json.loads(body)
    except ValueError:
        raise Refusal(400, "failed to parse JSON input") from None
    if set(asked) != members or not all(isinstance(value, str) for value in asked.values()):
        raise Refusal(400, "unexpected members")
    return dict(asked)


def _bytes(asked: dict[str, str], member: str) -> bytes:
    try:
        return base64.b64decode(asked[member], validate=True)
    except binascii.Error:
        raise Refusal(400, f"failed to base64-decode {member}") from None


class _Handler(BaseHTTPRequestHandler):
    engine: Engine

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def do_PUT(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        return

    def _serve(self, body: bytes) -> None:
        self.engine.requests.append(f"{self.command} {self.path}")
        canned = self.engine.canned.popleft() if self.engine.canned else None
        canned = self.engine.always or canned
        if canned is not None:
            self._play(canned)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            found: dict[str, Any] = {"data": self.engine.answer(self.command, self.path, headers=headers, body=body)}
            status = 200
        except Refusal as refusal:
            found, status = {"errors": list(refusal.errors)}, refusal.status
        self._play(Canned(status=status, body=json.dumps(found).encode()))

    def _play(self, canned: Canned) -> None:
        if canned.hang_up:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(canned.status)
        self.send_header("Content-Type", canned.content_type)
        self.send_header("Content-Length", str(len(canned.body)))
        if canned.location:
            self.send_header("Location", canned.location)
        self.end_headers()
        step = max(1, len(canned.body) // 10)
        try:
            for start in range(0, len(canned.body), step):
                time.sleep(canned.seconds)
                self.wfile.write(canned.body[start : start + step])
                self.wfile.flush()
        except OSError:
            return  # the client has had enough


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        return  # a client that hangs up, or does not trust the certificate


@contextmanager
def serving(engine: Engine, *, certificate: Path | None = None) -> Iterator[str]:
    """Serve the engine on a free port of this machine as long as the block runs, and give its address."""
    handler = type("Handler", (_Handler,), {"engine": engine})
    with _QuietServer(("127.0.0.1", 0), handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
