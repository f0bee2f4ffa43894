"""Stands in front of everything: a request that two programs could understand differently goes no further.

A web server in front says of each connection who is at its other end: scheme, host, address, certificate. It is
believed over one channel alone, a socket whose other end the kernel names or a secret that it sends along. Whoever says
such things over another way is refused, not ignored: it is a forgery, or a web server that was not told of here.

Source: RFC 9112, sections 3 and 6.3; RFC 9440; OWASP ASVS 5.0, 4.2.1 and 13.2.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from registry.protect.requests.request_guard import COMMON_HEADERS, Application, Message, Receive, Send
from registry.protect.signing_in.client_certificate import NoCertificate, ShownCertificate, shown_certificate

Scope = dict[str, Any]
Headers = list[tuple[bytes, bytes]]

OVER_SOCKET: Final = "registry.over_proxy_socket"  # in the state of a connection: the kernel has named its other end
SECRET_HEADER: Final = b"registry-proxy-secret"
MOST_HEADERS: Final = 64
LONGEST_TARGET: Final = 2048  # bytes
LARGEST_HEAD: Final = 32 * 1024  # bytes of names and values; a certificate is some thousand

_CERTIFICATE: Final = "registry.client_certificate"
_PROXIED: Final = "registry.proxied"
_SAID: Final = frozenset(  # what the web server in front may say
    {b"client-cert", b"client-cert-chain", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-for", SECRET_HEADER}
)
_OTHERS: Final = frozenset(  # what others say for the same: nobody is believed it
    {
        *(b"forwarded", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"x-original-url", b"x-rewrite-url"),
        *(b"x-client-cert", b"x-ssl-client-cert", b"ssl-client-cert", b"x-ssl-cert", b"x-arr-clientcert"),
        *(b"x-amzn-mtls-clientcert", b"x-http-method-override"),
    }
)
_ONCE: Final = frozenset(
    {b"host", b"authorization", b"content-length", b"transfer-encoding", b"content-type", b"origin", b"sec-fetch-site"}
)
_HOST: Final = re.compile(r"([a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?")
_TARGET: Final = re.compile(rb"/[A-Za-z0-9\-._~!$&'()*+,=:@%/]*")
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})|%(2[fF]|5[cC]|[01][0-9A-Fa-f]|7[fF])")
# The key of a record may hold a slash. Behind this place the path is the key, however it is written: nobody can read
# a slash there as the end of it.
_RECORD_KEY: Final = re.compile(rb"(/v1/sources/[a-z0-9_]+/streams/[a-z0-9_]+/records/)(.+)")
_SLASH: Final = re.compile(rb"%2[fF]")


class Refusal(StrEnum):
    """Why a request goes no further."""

    FORGED = "only the web server in front may say this"
    UNDERSCORE = "a header with an underscore is not told from one with a dash"
    TWICE = "a header stands twice"
    MALFORMED = "what the web server in front says cannot be understood"
    NOT_SECURE = "the web server in front must be spoken to over TLS, and say so"
    HOST = "this registry has another name"
    FRAMING = "the length of the body is said in two ways"
    TARGET = "the path is not written plainly"
    VERSION = "another version of the protocol is spoken here"
    TOO_MUCH = "the head of the request is too large"


_STATUS: Final[Mapping[Refusal, int]] = {Refusal.HOST: 421, Refusal.TOO_MUCH: 431}
FORGERIES: Final = frozenset({Refusal.FORGED, Refusal.UNDERSCORE})


class _Stopped(Exception):
    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What is known of the way by which requests come."""

    public_host: str | None = None  # HOST or HOST:PORT that others type; None: this machine alone is served
    secret: bytes | None = field(default=None, repr=False)  # what the web server in front sends along; None: none does


def client_certificate(scope: Mapping[str, Any]) -> ShownCertificate | None:
    """Return the certificate that the other end of a connection has shown, or None."""
    found = scope.get(_CERTIFICATE)
    return found if isinstance(found, ShownCertificate) else None


def is_proxied(scope: Mapping[str, Any]) -> bool:
    """Tell whether a request came through the web server in front."""
    return bool(scope.get(_PROXIED))


class FrontGate:
    """Lets plain requests into an application, told by whom and how they came."""

    def __init__(self, app: Application, *, front: Front, forged: Callable[[], Awaitable[None]] | None = None) -> None:
        """Guard an application.

        Args:
            forged: is told when somebody spoke as only the web server in front may.
        """
        self._app = app
        self._front = front
        self._forged = forged

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            entered = self._entered(scope)
        except _Stopped as stopped:
            if stopped.why in FORGERIES and self._forged is not None:
                await self._forged()
            await _answer(send, stopped.why)
            return
        await self._app(entered, receive, send)

    def _entered(self, scope: Scope) -> Scope:
        """Return the scope of a request that may go on.

        Raises:
            _Stopped: it may not.
        """
        headers: Headers = scope["headers"]
        _check_size(scope, headers)
        _check_target(scope)
        names = Counter(name.lower() for name, _ in headers)
        _check_names(names)
        proxied = self._is_from_proxy(scope, headers, names)
        if not proxied and not _SAID.isdisjoint(names):
            raise _Stopped(Refusal.FORGED)
        if proxied:
            _told_by_proxy(scope, headers)
        self._check_host(scope, proxied=proxied)
        return scope

    def _is_from_proxy(self, scope: Scope, headers: Headers, names: Counter[bytes]) -> bool:
        if scope.get("state", {}).get(OVER_SOCKET) is True:
            return True
        if self._front.secret is None or names[SECRET_HEADER] != 1:
            return False
        said = next(value for name, value in headers if name.lower() == SECRET_HEADER)
        if not hmac.compare_digest(said, self._front.secret):
            raise _Stopped(Refusal.FORGED)
        return True

    def _check_host(self, scope: Scope, *, proxied: bool) -> None:
        """Refuse a request for another site: a page elsewhere may have bent its own name to this machine."""
        said = [value for name, value in scope["headers"] if name.lower() == b"host"]
        host = said[0].decode("latin-1").lower() if len(said) == 1 else ""
        found = _HOST.fullmatch(host)
        if found is None:
            raise _Stopped(Refusal.HOST)
        port = ":443" if scope["scheme"] == "https" else ":80"
        if self._front.public_host is not None and host.removesuffix(port) == self._front.public_host:
            return
        if proxied or not _is_loopback(found[1].strip("[]")):
            raise _Stopped(Refusal.HOST)


def _check_size(scope: Scope, headers: Headers) -> None:
    target = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
    head = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > MOST_HEADERS or target > LONGEST_TARGET or head > LARGEST_HEAD:
        raise _Stopped(Refusal.TOO_MUCH)
    if scope.get("http_version", "1.1") not in ("1.0", "1.1"):
        raise _Stopped(Refusal.VERSION)


def _check_target(scope: Scope) -> None:
    """Refuse every spelling of a path but the plain one: two programs would read the others differently."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    of_record = _RECORD_KEY.fullmatch(raw)
    judged = raw if of_record is None else of_record[1] + _SLASH.sub(b"/", of_record[2])
    if not _TARGET.fullmatch(judged) or b"//" in judged or _BAD_ESCAPE.search(judged):
        raise _Stopped(Refusal.TARGET)
    plain = unquote_to_bytes(raw)
    if any(step in (b".", b"..") for step in plain.split(b"/")) or not _is_text(plain):
        raise _Stopped(Refusal.TARGET)


def _is_text(written: bytes) -> bool:
    try:
        written.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _check_names(names: Counter[bytes]) -> None:
    for name, times in names.items():
        dashed = name.replace(b"_", b"-")
        special = dashed in _SAID or dashed in _OTHERS or dashed.startswith(b"x-forwarded-")
        if special and dashed != name:
            raise _Stopped(Refusal.UNDERSCORE)
        if special and name not in _SAID:
            raise _Stopped(Refusal.FORGED)
        if times > 1 and (special or name in _ONCE):
            raise _Stopped(Refusal.TWICE)
    if names[b"content-length"] and names[b"transfer-encoding"]:
        raise _Stopped(Refusal.FRAMING)


def _told_by_proxy(scope: Scope, headers: Headers) -> None:
    """Take what the web server in front says in the place of what the connection shows, and take it out."""
    said = {name.lower(): value for name, value in headers if name.lower() in _SAID}
    if said.get(b"x-forwarded-proto") != b"https":
        raise _Stopped(Refusal.NOT_SECURE)
    kept = [(name, value) for name, value in headers if name.lower() not in _SAID]
    if b"x-forwarded-host" in said:
        kept = [(name, value) for name, value in kept if name.lower() != b"host"]
        kept.append((b"host", said[b"x-forwarded-host"]))
    scope["headers"] = kept
    scope["scheme"] = "https"
    scope["client"] = _address(said.get(b"x-forwarded-for"))
    scope[_PROXIED] = True
    if b"client-cert" in said:
        try:
            scope[_CERTIFICATE] = shown_certificate(said[b"client-cert"])
        except NoCertificate:
            raise _Stopped(Refusal.MALFORMED) from None


def _address(said: bytes | None) -> tuple[str, int] | None:
    """Return the address at the other end; a list of them could hold what somebody made up."""
    if said is None:
        return None
    try:
        return str(ipaddress.ip_address(said.decode("ascii"))), 0
    except ValueError:
        raise _Stopped(Refusal.MALFORMED) from None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _answer(send: Send, why: Refusal) -> None:
    status = _STATUS.get(why, 400)
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "rule": why.value}
    body = json.dumps(document).encode()
    headers = [(name.lower().encode(), value.encode()) for name, value in COMMON_HEADERS.items()]
    headers += [
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),  # what follows on it is not worth reading
    ]
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
