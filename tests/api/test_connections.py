"""Requests over real connections: plain, over TLS, from a web server in front; and raw bytes that mean to smuggle."""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.actions.accounts.clients import Credentials, replace_credentials
from registry.actions.oversight.alarms import list_alarms
from registry.model.access import Purpose, Role
from registry.protect.signing_in.client_keys import certificate_digest, public_keys
from tests.api.calling import problem
from tests.api.connections import REAL, SECRET, Running, authority, over_tls, running, through_socket
from tests.api.machines import Machine, certificate, pem
from tests.web.world import PASSWORD, World

GET = b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n"
END = b"Connection: close\r\n\r\n"


@pytest.fixture(scope="module")
def plain(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The registry on this machine alone."""
    with running(world, tmp_path_factory.mktemp("plain")) as served:
        yield served


@pytest.fixture(scope="module")
def proxied(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The registry behind a web server, over a socket and over TCP with a secret."""
    folder = tmp_path_factory.mktemp("proxied")
    secret = folder / "secret"
    secret.write_text(SECRET + "\n", encoding="utf-8")
    secret.chmod(0o600)
    more = {"public_url": "https://registry.example", "proxy_socket": folder / "proxy", "proxy_secret_file": secret}
    with running(world, folder, **REAL, **more) as served:
        yield served


def status(answered: bytes) -> int:
    """Return the status of the first answer."""
    return int(answered.split(b" ", 2)[1])


def test_a_plain_request_on_this_machine_is_answered(plain: Running) -> None:
    assert status(plain.raw(GET + END)) == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /v1/health HTTP/1.1\r\n\r\n",
        GET + b"Host: evil.example\r\n" + END,
        GET + b"Client-Cert: :AAAA:\r\n" + END,
        GET + b"client_cert: :AAAA:\r\n" + END,
        GET + b"X-Forwarded-Proto: https\r\n" + END,
        GET + b"X-Forwarded-For : 192.0.2.7\r\n" + END,
        GET + b"X-Forwarded-For: 192.0.2.7\r\n continued\r\n" + END,
        GET + b" X-Folded: first\r\n" + END,
        GET + b"Bare\r\n" + END,
        GET + b"X-Null: a\x00b\r\n" + END,
        GET + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        GET + b"Content-Length: -1\r\n" + END,
        GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /vi/find HTTP/1.1\r\n\r\n",
        GET + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        GET + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        GET.replace(b"/v1", b"http://evil.example/v1") + END,
        GET.replace(b"/v1", b"//v1") + END,
        GET.replace(b"/v1", b"/vi/..%2fv1") + END,
        GET.replace(b"/health", b"/health%00") + END,
        GET.replace(b"/v1", b"/v1\x00") + END,
        GET.replace(b"HTTP/1.1", b"HTTP/9.9") + END,
        GET + b"X-Long: " + b"a" * 40_000 + b"\r\n" + END,
        GET + b"X-Some: 1\r\n" * 70 + END,
        b"GET /v1/" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + END,
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n" + END,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
    ids=range(29),
)
def test_bytes_that_could_be_read_in_two_ways_are_refused_and_nothing_is_read_after_them(
    plain: Running, request_bytes: bytes
) -> None:
    answered = plain.raw(request_bytes + b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert 400 <= status(answered) < 500, answered
    assert answered.count(b"HTTP/1.1 ") == 1, "the connection is closed: what follows is nobody's request"
    assert b"connection: close" in answered.lower()
    assert b"evil" not in answered
    assert b"a" * 100 not in answered


def test_a_method_that_somebody_made_up_leads_nowhere(plain: Running) -> None:
    assert status(plain.raw(GET.replace(b"GET", b"STEAL") + END)) == 405


def test_a_page_elsewhere_that_bends_its_name_to_this_machine_gets_nothing(plain: Running) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{plain.port}", headers={"host": "evil.example"}) as browser:
        for path in ("/vi/sign-in", "/v1/openapi.json", "/metrics", "/.well-known/oauth-authorization-server"):
            answer = browser.get(path)
            assert (answer.status_code, problem(answer)["title"]) == (421, "Misdirected Request")


def test_forged_requests_raise_one_alarm_a_minute(plain: Running, world: World) -> None:
    def alarms() -> int:
        access = world.access(Role.AUDITOR, Purpose.ADMINISTRATION)
        with world.services.store.begin(access) as transaction:
            found = list_alarms(transaction, world.services.vault, waiting_only=True)
        return sum(alarm.kind == "forged_connection" for alarm in found)

    for _ in range(5):
        assert status(plain.raw(GET + b"Client-Cert: :AAAA:\r\n" + END)) == 400
    assert alarms() >= 1
    before = alarms()
    assert status(plain.raw(GET + b"Client-Cert: :AAAA:\r\n" + END)) == 400
    assert alarms() == before


def test_over_tls_a_sign_in_gets_its_cookie_and_the_browser_stays_on_tls(world: World, tmp_path: Path) -> None:
    ca = authority(tmp_path)
    files = {"tls_certificate": tmp_path / "tls.pem", "tls_key": tmp_path / "tls.key"}
    with (
        running(world, tmp_path, public_url="https://localhost:{port}", **files) as served,
        httpx.Client(base_url=f"https://localhost:{served.port}", verify=over_tls(ca), timeout=30) as browser,
    ):
        page = browser.get("/vi/sign-in")
        assert page.status_code == 200
        assert page.headers["strict-transport-security"].startswith("max-age=31536000")
        signed_in = browser.post("/vi/sign-in", data={"login": "worker", "password": PASSWORD})
        assert signed_in.status_code == 303
        cookie = signed_in.headers["set-cookie"]
        assert cookie.startswith("__Host-session=")
        assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        machine = Machine(world, browser)
        told = browser.get("/.well-known/oauth-authorization-server").json()
        assert told["issuer"] == f"https://localhost:{served.port}"
        form = {"aud": told["token_endpoint"]}
        assert machine.ask(machine.assertion(**form)).status_code == 200
        assert machine.ask(machine.assertion(aud=f"https://127.0.0.1:{served.port}")).status_code == 401
        elsewhere = browser.get("/vi/sign-in", headers={"host": "evil.example"})
        assert elsewhere.status_code == 421


def test_old_versions_of_tls_and_plain_words_on_its_port_get_nothing(world: World, tmp_path: Path) -> None:
    ca = authority(tmp_path)
    files = {"tls_certificate": tmp_path / "tls.pem", "tls_key": tmp_path / "tls.key"}
    with running(world, tmp_path, **files) as served:
        assert served.raw(GET + END) == b""
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            context = over_tls(ca, newest=ssl.TLSVersion.TLSv1_2)
            with context.wrap_socket(connection, server_hostname="localhost") as spoken:
                assert spoken.version() == "TLSv1.2"
                assert "GCM" in spoken.cipher()[0] or "CHACHA20" in spoken.cipher()[0]  # type: ignore[index]
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(ca)
        old.minimum_version = ssl.TLSVersion.TLSv1_2
        old.set_ciphers("AES128-SHA:AES256-SHA")
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection(("127.0.0.1", served.port)) as connection, pytest.raises(ssl.SSLError):
            old.wrap_socket(connection, server_hostname="localhost")


def with_secret(proxied: Running) -> httpx.Client:
    """Return a client that speaks as the web server in front does, over TCP with the secret."""
    said = {"host": "registry.example", "x-forwarded-proto": "https", "registry-proxy-secret": SECRET}
    return httpx.Client(base_url=f"http://127.0.0.1:{proxied.port}", headers=said, timeout=30)


def header_of(made: object) -> str:
    return f":{b64encode(made.public_bytes(Encoding.DER)).decode()}:"  # type: ignore[attr-defined]


def known_by(world: World, client_id: object, credentials: Credentials) -> None:
    access = world.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)
    with world.services.store.begin(access) as transaction:
        replace_credentials(transaction, world.services.vault, client_id, credentials)  # type: ignore[arg-type]


@pytest.fixture
def socket_path(proxied: Running) -> Path:
    """Where the web server in front passes requests on."""
    assert proxied.settings.proxy_socket is not None
    return proxied.settings.proxy_socket


@pytest.mark.parametrize("way", ["socket", "secret"])
def test_a_certificate_that_the_web_server_in_front_has_seen_proves_a_client_and_binds_its_token(
    world: World, proxied: Running, socket_path: Path, way: str
) -> None:
    mine, other = certificate(world.clock()), certificate(world.clock())
    with through_socket(socket_path) if way == "socket" else with_secret(proxied) as client:
        machine = Machine(world, client)
        credentials = Credentials(certificates=frozenset({certificate_digest(pem(mine), at=world.clock())}))
        known_by(world, machine.id, credentials)
        form = {"grant_type": "client_credentials", "client_id": str(machine.id)}

        def ask(**headers: str) -> httpx.Response:
            return client.post("/v1/oauth/token", data=form, headers=headers)

        assert ask().json() == {"error": "invalid_client"}
        assert ask(**{"client-cert": header_of(other)}).json() == {"error": "invalid_client"}
        given = ask(**{"client-cert": header_of(mine)})
        assert given.status_code == 200, given.text
        bearer = {"authorization": f"Bearer {given.json()['access_token']}"}
        own = client.get("/v1/client", headers=bearer | {"client-cert": header_of(mine)})
        assert own.json()["certificate_bound"] is True
        for wrong in (bearer, bearer | {"client-cert": header_of(other)}):
            assert client.get("/v1/client", headers=wrong).status_code == 401
        without = {"grant_type": "client_credentials"}
        assert client.post("/v1/oauth/token", data=without, headers={"client-cert": header_of(mine)}).status_code == 401


def test_a_certificate_out_of_date_proves_nothing_even_if_the_web_server_passed_it(
    world: World, socket_path: Path
) -> None:
    mine = certificate(world.clock(), days=1)
    old = certificate(world.clock() - timedelta(days=60), days=30)
    with through_socket(socket_path) as client:
        machine = Machine(world, client)
        digest = certificate_digest(pem(old), at=world.clock() - timedelta(days=60))
        known_by(world, machine.id, Credentials(certificates=frozenset({digest})))
        form = {"grant_type": "client_credentials", "client_id": str(machine.id)}
        for shown in (old, mine):
            answer = client.post("/v1/oauth/token", data=form, headers={"client-cert": header_of(shown)})
            assert answer.json() == {"error": "invalid_client"}


def test_a_token_for_a_key_is_bound_to_a_certificate_that_was_shown_with_it(world: World, socket_path: Path) -> None:
    shown = {"client-cert": header_of(certificate(world.clock()))}
    with through_socket(socket_path) as client:
        machine = Machine(world, client)
        known_by(world, machine.id, Credentials(keys=public_keys(machine.signer.jwks)))
        client.headers.update(shown)
        assertion = machine.assertion(aud="https://registry.example")
        bearer = {"authorization": f"Bearer {machine.ask(assertion).json()['access_token']}"}
        assert client.get("/v1/client", headers=bearer).status_code == 200
        del client.headers["client-cert"]
        assert client.get("/v1/client", headers=bearer).status_code == 401


def test_through_the_web_server_in_front_everything_is_as_over_tls(world: World, socket_path: Path) -> None:
    with through_socket(socket_path) as browser:
        page = browser.get("/vi/sign-in")
        assert page.headers["strict-transport-security"].startswith("max-age=31536000")
        signed_in = browser.post("/vi/sign-in", data={"login": "worker", "password": PASSWORD})
        assert signed_in.headers["set-cookie"].startswith("__Host-session=")
        told = browser.get("/.well-known/oauth-authorization-server").json()
        assert told["token_endpoint"] == "https://registry.example/v1/oauth/token"
        assert told["tls_client_certificate_bound_access_tokens"] is True
        assert "none" not in told["token_endpoint_auth_signing_alg_values_supported"]
        assert browser.get("/metrics").status_code == 404, "whoever comes through a web server is not of this machine"


def test_the_port_of_a_registry_behind_a_web_server_believes_nothing_without_the_secret(proxied: Running) -> None:
    for said in (b"Client-Cert: :AAAA:\r\n", b"X-Forwarded-Proto: https\r\n", b"Registry-Proxy-Secret: guessed\r\n"):
        assert status(proxied.raw(GET + said + END)) == 400
    assert status(proxied.raw(GET + END)) == 200
    assert status(proxied.raw(GET + END, path=proxied.settings.proxy_socket)) == 400, "it must say that it speaks TLS"


def test_the_socket_is_its_owners_alone_and_goes_when_the_registry_ends(world: World, tmp_path: Path) -> None:
    path = tmp_path / "proxy"
    with running(world, tmp_path, **REAL, public_url="https://registry.example", proxy_socket=path):
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


def test_an_account_that_is_not_the_web_servers_is_not_heard_over_its_socket(world: World, tmp_path: Path) -> None:
    path = tmp_path / "proxy"
    settings = {"public_url": "https://registry.example", "proxy_socket": path, "proxy_account": "nobody"}
    with running(world, tmp_path, **REAL, **settings) as served:
        assert path.stat().st_mode & 0o777 == 0o666
        assert served.raw(GET + b"X-Forwarded-Proto: https\r\n" + END, path=path) == b""
        assert status(served.raw(GET + END)) == 200
