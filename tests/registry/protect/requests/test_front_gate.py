"""The gate in front of everything: plain requests pass, and what two programs could read differently does not."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from registry.protect.requests.front_gate import OVER_SOCKET, Front, FrontGate, client_certificate, is_proxied
from registry.protect.signing_in.client_keys import digest_of
from tests.api.machines import certificate

AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
SECRET = b"a secret that is long enough to be one"
HERE = (b"host", b"127.0.0.1:8080")
PUBLIC = (b"host", b"registry.example")
TLS = (b"x-forwarded-proto", b"https")
SHOWN = certificate(AT)
CERTIFICATE = (b"client-cert", b":" + b64encode(SHOWN.public_bytes(Encoding.DER)) + b":")

Headers = Sequence[tuple[bytes, bytes]]


@dataclass
class Behind:
    """What stands behind the gate: it keeps what came through, and answers nothing."""

    came: list[dict[str, Any]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    forgeries: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        del receive, send
        self.came.append(scope)

    async def forged(self) -> None:
        self.forgeries += 1


def enter(
    headers: Headers,
    *,
    path: bytes = b"/vi/find",
    query: bytes = b"",
    front: Front | None = None,
    over_socket: bool = False,
    scheme: str = "http",
) -> tuple[Behind, dict[str, Any] | None]:
    """Send a request to the gate; return what came of it, and the document of a refusal."""
    behind = Behind()
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": scheme,
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": list(headers),
        "client": ("127.0.0.1", 50000),
        "state": {OVER_SOCKET: True} if over_socket else {},
    }

    async def send(message: Any) -> None:
        behind.sent.append(message)

    async def receive() -> Any:
        raise AssertionError("the gate reads no body")

    gate = FrontGate(behind, front=front or Front(public_host="registry.example", secret=SECRET), forged=behind.forged)
    asyncio.run(gate(scope, receive, send))
    return behind, json.loads(behind.sent[1]["body"]) if behind.sent else None


def stopped(status: int, rule: str, headers: Headers, **how: Any) -> Behind:
    """See that a request is stopped with a clean refusal, and that the connection is closed after it."""
    behind, document = enter(headers, **how)
    assert not behind.came
    assert document is not None, "it was let in"
    assert (document["status"], rule in document["rule"]) == (status, True), document
    answered = dict(behind.sent[0]["headers"])
    assert (answered[b"connection"], answered[b"content-type"]) == (b"close", b"application/problem+json")
    assert answered[b"cache-control"] == b"no-store"
    return behind


@pytest.mark.parametrize("host", [b"127.0.0.1", b"localhost:8080", b"[::1]:8080", b"LOCALHOST", b"registry.example"])
def test_a_plain_request_passes_unchanged(host: bytes) -> None:
    behind, refusal = enter([(b"host", host), (b"accept", b"*/*"), (b"Via", b"1.1 office")])
    assert refusal is None
    (came,) = behind.came
    assert (came["scheme"], came["client"], is_proxied(came)) == ("http", ("127.0.0.1", 50000), False)
    assert client_certificate(came) is None


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"host", b"")],
        [(b"host", b"evil.example")],
        [(b"host", b"registry.example.evil.example")],
        [(b"host", b"127.0.0.1.evil.example")],
        [(b"host", b"registry.example:8443")],
        [(b"host", b"registry.example@evil.example")],
        [(b"host", b"registry.example, evil.example")],
        [(b"host", b"registry.example/")],
        [(b"host", b"10.0.0.7")],
        [(b"host", b"registry.example.")],
    ],
    ids=range(11),
)
def test_a_request_for_another_site_is_refused(headers: Headers) -> None:
    stopped(421, "another name", headers)


def test_without_a_public_address_this_machine_alone_is_served() -> None:
    stopped(421, "another name", [PUBLIC], front=Front())
    assert enter([HERE], front=Front())[1] is None


def test_the_usual_port_may_be_written_and_another_is_part_of_the_name() -> None:
    assert enter([(b"host", b"registry.example:443")], scheme="https")[1] is None
    stopped(421, "another name", [(b"host", b"registry.example:443")])
    front = Front(public_host="registry.example:8443")
    assert enter([(b"host", b"registry.example:8443")], scheme="https", front=front)[1] is None
    stopped(421, "another name", [(b"host", b"registry.example")], scheme="https", front=front)


FORGED = [
    b"client-cert",
    b"client-cert-chain",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"x-forwarded-for",
    b"x-forwarded-port",
    b"x-forwarded-client-cert",
    b"forwarded",
    b"x-real-ip",
    b"x-ssl-client-cert",
    b"x-arr-clientcert",
    b"x-original-url",
    b"registry-proxy-secret",
]


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize(
    "front", [Front(), Front(public_host="registry.example", secret=SECRET)], ids=["bare", "proxied"]
)
def test_what_only_the_web_server_in_front_may_say_is_refused_from_others(name: bytes, front: Front) -> None:
    for written in (name, name.upper()):
        behind = stopped(400, "only the web server", [HERE, (written, b"anything")], front=front)
        assert behind.forgeries == 1


@pytest.mark.parametrize("name", [b"client_cert", b"x_forwarded_for", b"X_Forwarded-Proto", b"registry_proxy_secret"])
@pytest.mark.parametrize("over_socket", [False, True])
def test_a_header_with_an_underscore_does_not_pass_for_one_with_a_dash(name: bytes, over_socket: bool) -> None:
    behind = stopped(400, "underscore", [HERE, TLS, (name, b"anything")], over_socket=over_socket)
    assert behind.forgeries == 1


@pytest.mark.parametrize("over_socket", [True, False], ids=["socket", "secret"])
def test_what_the_web_server_in_front_says_stands_in_the_place_of_what_the_connection_shows(over_socket: bool) -> None:
    said = [TLS, (b"x-forwarded-for", b"192.0.2.7"), CERTIFICATE, (b"client-cert-chain", b":AAAA:")]
    said += [] if over_socket else [(b"registry-proxy-secret", SECRET)]
    behind, refusal = enter([PUBLIC, (b"accept", b"*/*"), *said], over_socket=over_socket)
    assert refusal is None
    (came,) = behind.came
    assert (came["scheme"], came["client"], is_proxied(came)) == ("https", ("192.0.2.7", 0), True)
    assert came["headers"] == [PUBLIC, (b"accept", b"*/*")], "nothing of it goes further"
    shown = client_certificate(came)
    assert shown is not None
    assert shown.digest == digest_of(SHOWN)


def test_the_host_that_was_typed_is_what_the_web_server_says() -> None:
    said = [(b"host", b"upstream"), TLS, (b"x-forwarded-host", b"registry.example")]
    behind, refusal = enter(said, over_socket=True)
    assert refusal is None
    assert behind.came[0]["headers"] == [(b"host", b"registry.example")]
    assert behind.came[0]["client"] is None, "nobody said which address it is"
    for other in (b"evil.example", b"127.0.0.1", b""):
        stopped(421, "another name", [PUBLIC, TLS, (b"x-forwarded-host", other)], over_socket=True)


@pytest.mark.parametrize("said", [b"", b"wrong", SECRET + b" ", SECRET[:-1], SECRET.upper()])
def test_a_wrong_secret_is_a_forgery(said: bytes) -> None:
    behind = stopped(400, "only the web server", [PUBLIC, TLS, (b"registry-proxy-secret", said)])
    assert behind.forgeries == 1


def test_a_secret_that_stands_twice_is_refused() -> None:
    twice = [(b"registry-proxy-secret", b"wrong"), (b"registry-proxy-secret", SECRET)]
    stopped(400, "stands twice", [PUBLIC, TLS, *twice])


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ([], "over TLS"),
        ([(b"x-forwarded-proto", b"http")], "over TLS"),
        ([(b"x-forwarded-proto", b"https, http")], "over TLS"),
        ([TLS, TLS], "stands twice"),
        ([TLS, (b"X-Forwarded-Proto", b"http")], "stands twice"),
        ([TLS, CERTIFICATE, CERTIFICATE], "stands twice"),
        ([TLS, (b"client-cert", b"")], "cannot be understood"),
        ([TLS, (b"client-cert", b":AAAA:")], "cannot be understood"),
        ([TLS, (b"client-cert", b"-----BEGIN CERTIFICATE-----")], "cannot be understood"),
        ([TLS, (b"x-forwarded-for", b"192.0.2.7, 10.0.0.1")], "cannot be understood"),
        ([TLS, (b"x-forwarded-for", b"unknown")], "cannot be understood"),
        ([TLS, (b"x-forwarded-for", b"192.0.2.7:80")], "cannot be understood"),
        ([TLS, (b"x-forwarded-for", b"\xff")], "cannot be understood"),
        ([TLS, (b"forwarded", b"for=192.0.2.7")], "only the web server"),
        ([TLS, (b"x-real-ip", b"192.0.2.7")], "only the web server"),
    ],
    ids=range(15),
)
def test_even_the_web_server_in_front_says_everything_once_and_plainly(said: Headers, rule: str) -> None:
    stopped(400, rule, [PUBLIC, *said], over_socket=True)


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"vi/find",
        b"//vi/find",
        b"/vi//find",
        b"/vi/../find",
        b"/vi/./find",
        b"/vi/..",
        b"/vi/%2e%2e/find",
        b"/vi/.%2E/find",
        b"/vi%2ffind",
        b"/vi%2Ffind",
        b"/v1/sources/education%2Fstreams/pupils/records/1",
        b"/v1/sources/education/streams/pupils/records%2F1",
        b"/v1/sources/education/streams/pupils/records/a%2F%2Fb",
        b"/v1/sources/education/streams/pupils/records/a%2F..%2Fb",
        b"/v1/sources/education/streams/pupils/records/..%2f..%2fclient",
        b"/v1/sources/education/streams/pupils/records/a%5Cb",
        b"/v1/sources/education/streams/pupils/records/a%0Ab",
        b"/v1/sources/education/streams/pupils/batches/a%2Fb",
        b"/vi%5cfind",
        b"/vi\\find",
        b"/vi/find%00",
        b"/vi/find%0d%0aset-cookie:x",
        b"/vi/find%7f",
        b"/vi/find%",
        b"/vi/find%zz",
        b"/vi/%ff",
        b"/vi/%c0%af",
        b"/vi/find\xff",
        b"/vi/find;a=b",
        b"/vi/find#a",
        b"http://evil.example/vi/find",
        b"evil.example:443",
        b"*",
    ],
)
def test_a_path_that_is_not_written_plainly_is_refused(path: bytes) -> None:
    stopped(400, "path", [HERE], path=path)


@pytest.mark.parametrize(
    "path",
    [
        *(b"/", b"/vi/l%C3%B2", b"/vi/a%20b", b"/.well-known/x", b"/static/a..b.css", b"/%252f"),
        b"/v1/sources/education/streams/pupils/records/HS%2F2026%2f7",  # the key of a record may hold a slash
    ],
)
def test_a_plain_path_passes(path: bytes) -> None:
    assert enter([HERE], path=path)[1] is None


def test_a_body_whose_length_is_said_in_two_ways_is_refused() -> None:
    stopped(400, "two ways", [HERE, (b"content-length", b"3"), (b"transfer-encoding", b"chunked")])


@pytest.mark.parametrize("name", [b"host", b"authorization", b"content-length", b"content-type", b"origin"])
def test_what_decides_stands_once(name: bytes) -> None:
    rest = [] if name == b"host" else [HERE]
    stopped(400, "stands twice", [*rest, (name, b"127.0.0.1"), (name.upper(), b"127.0.0.1")])


def test_a_head_that_is_too_large_is_refused() -> None:
    stopped(431, "too large", [HERE, *[(b"x-some", b"1")] * 64])
    stopped(431, "too large", [HERE], query=b"a" * 2048)
    stopped(431, "too large", [HERE, (b"x-some", b"a" * 33_000)])
    assert enter([HERE, *[(b"x-some", b"1")] * 63], query=b"a" * 1000)[1] is None


NAMES = st.sampled_from(
    [b"host", b"client-cert", b"x-forwarded-proto", b"registry-proxy-secret", b"x_forwarded_for", b"accept"]
)


@given(
    st.lists(st.tuples(NAMES | st.binary(min_size=1, max_size=12), st.binary(max_size=40)), max_size=8),
    st.binary(max_size=30).map(lambda some: b"/" + some),
    st.booleans(),
)
def test_whatever_comes_is_let_in_whole_or_refused_cleanly_and_never_echoed(
    headers: list[tuple[bytes, bytes]], path: bytes, over_socket: bool
) -> None:
    behind, refusal = enter(headers, path=path, over_socket=over_socket)
    assert (refusal is None) == (len(behind.came) == 1)
    if refusal is not None:
        assert sorted(refusal) == ["rule", "status", "title", "type"]
        assert refusal["status"] in {400, 421, 431}
    if not over_socket and not any(value == SECRET for _, value in headers):
        assert not any(is_proxied(came) or client_certificate(came) for came in behind.came)


def test_what_is_no_request_passes_by() -> None:
    behind = Behind()
    gate = FrontGate(behind, front=Front())
    asyncio.run(gate({"type": "lifespan"}, behind, behind))
    assert [scope["type"] for scope in behind.came] == ["lifespan"]
