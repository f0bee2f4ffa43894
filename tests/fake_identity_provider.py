"""A strict identity provider on loopback: real HTTP, real signatures, and every way to be wrong on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "child-registry"
SECRET = "a secret between the two"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class Mood(StrEnum):
    """How the provider answers."""

    WELL = "well"
    DOWN = "down"
    SLOW = "slow"
    RUBBISH = "rubbish"
    HUGE = "huge"
    ELSEWHERE = "elsewhere"  # redirects
    IN_CLEAR = "in_clear"  # describes itself with addresses that are not encrypted


@dataclass
class Grant:
    """A code that was given and not yet redeemed."""

    question: Mapping[str, str]
    subject: str
    more: Mapping[str, Any]


@dataclass
class FakeProvider:
    """The provider as a test sees it."""

    clock: Callable[[], datetime]
    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: new_key())
    mood: Mood = Mood.WELL
    change: Callable[[dict[str, Any]], None] | None = None  # None: nothing is changed
    sign: Callable[[dict[str, Any]], str] | None = None  # None: as it should be
    says_issuer: bool = True
    grants: dict[str, Grant] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # paths, in order

    def approve(self, address: str, subject: str = "subject-of-lan", **more: Any) -> dict[str, str]:
        """Let a person sign in who was sent to `address`; return what the browser takes back."""
        question = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert question["response_type"] == "code"
        assert question["client_id"] == CLIENT_ID
        assert question["code_challenge_method"] == "S256"
        code = uuid4().hex
        self.grants[code] = Grant(question, subject, more)
        return {"code": code, "state": question["state"], **({"iss": self.issuer} if self.says_issuer else {})}

    def redeem(self, form: Mapping[str, str], authorization: str) -> dict[str, Any] | None:
        """Return tokens for a code; None: refused."""
        grant = self.grants.pop(form.get("code", ""), None)
        expected = "Basic " + base64.b64encode(f"{CLIENT_ID}:{SECRET.replace(' ', '+')}".encode()).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if grant is None or authorization != expected or form.get("redirect_uri") != grant.question["redirect_uri"]:
            return None
        if challenge != grant.question["code_challenge"]:
            return None
        access_token = uuid4().hex
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {
            **self.stamped(),
            "sub": grant.subject,
            "nonce": grant.question["nonce"],
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
            "auth_time": int(self.clock().timestamp()),
            **grant.more,
        }
        if self.change is not None:
            self.change(claims)
        return {"access_token": access_token, "token_type": "Bearer", "id_token": (self.sign or self.signed)(claims)}

    def stamped(self) -> dict[str, Any]:
        """Return the claims of every token."""
        now = int(self.clock().timestamp())
        return {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300}

    def signed(self, claims: dict[str, Any], **header: str) -> str:
        """Return a token."""
        return jwt.encode({"alg": "RS256", "kid": str(self.key.kid), **header}, claims, self.key)

    def logout_token(self, **claims: Any) -> str:
        """Return the token of a sign-out; a claim of None is left out."""
        whole = {**self.stamped(), "jti": uuid4().hex, "events": {LOGOUT: {}}, **claims}
        return self.signed({name: value for name, value in whole.items() if value is not None}, typ="logout+jwt")

    def description(self) -> dict[str, Any]:
        """Return what the provider says of itself."""
        ours = self.issuer if self.mood is not Mood.IN_CLEAR else "http://provider.example"
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{ours}/authorize",
            "token_endpoint": f"{ours}/token",
            "jwks_uri": f"{ours}/jwks",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": self.says_issuer,
        }


def new_key(bits: int = 2048) -> RSAKey:
    """Return a fresh key with a name."""
    return RSAKey.generate_key(bits, parameters={"kid": uuid4().hex[:8], "use": "sig"})


@contextmanager
def fake_provider(clock: Callable[[], datetime]) -> Iterator[FakeProvider]:
    """Run a provider on a free port."""
    provider = FakeProvider(clock)

    class Handler(_Handler):
        fake = provider

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeProvider
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        documents: dict[str, Callable[[], dict[str, Any]]] = {
            "/.well-known/openid-configuration": self.fake.description,
            "/jwks": lambda: {"keys": [self.fake.key.as_dict(private=False), {"kty": "unheard of"}]},
        }
        self._answer(documents.get(self.path, dict)())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        found = self.fake.redeem(form, self.headers.get("authorization", ""))
        self._answer(found or {"error": "invalid_grant"}, status=200 if found else 400)

    def _answer(self, document: dict[str, Any], *, status: int = 200) -> None:
        self.fake.asked.append(self.path)
        mood = self.fake.mood
        body = json.dumps(document).encode()
        if mood is Mood.SLOW:
            time.sleep(1.5)
        if mood is Mood.RUBBISH:
            body = b"{" * 2000
        if mood is Mood.HUGE:
            body = b'{"keys": "' + b"x" * 600_000 + b'"}'
        status = {Mood.DOWN: 500, Mood.ELSEWHERE: 302}.get(mood, status)
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if mood is Mood.ELSEWHERE:
                self.send_header("Location", "https://example.org/")
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""
