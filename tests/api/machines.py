"""A program of a sector system: it makes its own keys, proves itself with them, and calls with the token it is given.

What it signs is put together here, by the text of the standards alone.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from registry.actions.accounts.clients import Credentials, add_client
from registry.model.access import Purpose, Role
from registry.protect.signing_in.client_keys import public_keys
from tests.web.world import World

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def b64(content: bytes) -> str:
    """Return bytes as they stand in a token."""
    return urlsafe_b64encode(content).decode().rstrip("=")


def _number(value: int, length: int | None = None) -> str:
    return b64(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


def jwk(key: PrivateKey, *, alg: str, kid: str | None = "first") -> dict[str, str]:
    """Return the public half of a key."""
    named = {"alg": alg} | ({} if kid is None else {"kid": kid})
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key().public_bytes_raw()), **named}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _number(numbers.x, 32), "y": _number(numbers.y, 32), **named}
    public = key.public_key().public_numbers()
    return {"kty": "RSA", "n": _number(public.n), "e": _number(public.e), **named}


def signature(key: PrivateKey, alg: str, signed: bytes) -> bytes:
    """Return what a key signs by an algorithm."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(signed)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        first, second = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return first.to_bytes(32, "big") + second.to_bytes(32, "big")
    if alg == "PS256":
        return key.sign(signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())


def compact(header: object, claims: object) -> str:
    """Return what is to be signed."""
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"


@dataclass
class Signer:
    """A key and its one algorithm."""

    key: PrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    alg: str = "ES256"

    def sign(self, claims: Mapping[str, object], **header: object) -> str:
        """Return a signed statement; a member of the header that is None is left out."""
        whole = {"alg": self.alg, "kid": "first", "typ": "JWT"} | header
        signed = compact({name: value for name, value in whole.items() if value is not None}, claims)
        return f"{signed}.{b64(signature(self.key, self.alg, signed.encode()))}"

    @property
    def jwks(self) -> bytes:
        """Its public half as a set."""
        return json.dumps({"keys": [jwk(self.key, alg=self.alg)]}).encode()


def claims_of(client_id: object, audience: str, at: datetime, **changed: object) -> dict[str, object]:
    """Return the claims of a good assertion, some of them changed; None leaves one out."""
    good: dict[str, object] = {
        "iss": str(client_id),
        "sub": str(client_id),
        "aud": audience,
        "iat": int(at.timestamp()),
        "exp": int((at + timedelta(minutes=2)).timestamp()),
        "jti": str(uuid4()),
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def certificate(
    at: datetime, *, days: float = 30, key: Any = None, usage: bool = True, ca: bool = False
) -> x509.Certificate:
    """Return a certificate of a client that begins a day before `at`."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at.astimezone(UTC) - timedelta(days=1))
        .not_valid_after(at.astimezone(UTC) + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH if usage else ExtendedKeyUsageOID.SERVER_AUTH
    made = made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    is_ed25519 = isinstance(key, ed25519.Ed25519PrivateKey)
    return made.sign(key, None if is_ed25519 else hashes.SHA256())


def pem(made: x509.Certificate) -> bytes:
    """Return a certificate as a file."""
    return made.public_bytes(Encoding.PEM)


class Machine:
    """A program of a system that the registry knows; `token()` signs it in."""

    def __init__(
        self,
        world: World,
        client: httpx.Client | None = None,
        *,
        system: str = "education",
        stream: str = "pupils",
        streams: Sequence[str] = (),
    ) -> None:
        self.world = world
        self.signer = Signer()
        self.client = client or world.browser()
        self.id = self._added(system, streams or (stream,))

    def _added(self, system: str, streams: Sequence[str]) -> UUID:
        access = self.world.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)
        with self.world.services.store.begin(access) as transaction:
            return add_client(
                transaction,
                self.world.services.vault,
                name=f"client {uuid4()}",
                system=system,
                streams=list(streams),
                credentials=Credentials(keys=public_keys(self.signer.jwks)),
            )

    @property
    def audience(self) -> str:
        """The registry's name on this connection."""
        return str(self.client.base_url).rstrip("/")

    def assertion(self, **changed: object) -> str:
        """Return a good assertion with some claims changed."""
        return self.signer.sign(claims_of(self.id, self.audience, self.world.clock(), **changed))

    def ask(self, assertion: str | None = None, **form: str) -> httpx.Response:
        """Ask for a token."""
        proof = {"client_assertion_type": BEARER, "client_assertion": assertion or self.assertion()}
        return self.client.post("/v1/oauth/token", data={"grant_type": "client_credentials"} | proof | form)

    def token(self) -> str:
        """Return a new token."""
        answer = self.ask()
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def signed_in(self) -> Machine:
        """Let it call with a new token from now on."""
        self.client.headers["authorization"] = f"Bearer {self.token()}"
        return self
