"""Sends one signed event to one address, and believes nothing of what stands at the other end.

The connection goes to the address that was judged, under the name that the subscriber gave; no proxy, no redirect, and
an end to it after some seconds, however slowly the answer drips.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from registry.actions.exchange.deliver import Answer, Message
from registry.protect.webhook_address import AddressRefused, Resolve, Target, pinned, read_target

DEADLINE: Final = 10.0  # seconds for the whole of it
LARGEST_ANSWER: Final = 16 * 1024  # bytes that are read of an answer, and thrown away
_CONNECTING: Final = 5.0
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_AGENT: Final = "child-registry"


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, asked once; none: there is no such name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return list(dict.fromkeys(str(place[4][0]) for place in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """How events are sent."""

    allowed: Collection[str] = frozenset()  # HOST:PORT of our own networks
    resolve: Resolve = resolve
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)
    deadline: float = DEADLINE  # seconds

    def send(self, message: Message, *, at: datetime) -> Answer:
        """Send a message; whatever goes wrong is an answer too."""
        try:
            target = read_target(message.address, allowed=self.allowed)
            address = pinned(target, self.resolve, allowed=self.allowed)
        except AddressRefused as refused:
            return Answer(fault=refused.rule)
        try:
            return self._post(target, address, message, at=at)
        except ssl.SSLError:
            return Answer(fault="tls_failed")
        except TimeoutError:
            return Answer(fault="timed_out")
        except (OSError, http.client.HTTPException, ValueError):
            return Answer(fault="no_answer")

    def _post(self, target: Target, address: str, message: Message, *, at: datetime) -> Answer:
        connection = _Pinned(target, address, context=self.context)
        end = threading.Timer(self.deadline, connection.cut)
        end.daemon = True
        end.start()
        try:
            headers = {"host": target.authority, "user-agent": _AGENT, "connection": "close", **message.headers}
            connection.request("POST", target.path, body=message.body, headers=headers)
            answer = connection.getresponse()
            answer.read(LARGEST_ANSWER)
            return Answer(status=answer.status, retry_after=wait_of(answer.getheader("retry-after"), at=at))
        finally:
            end.cancel()
            connection.close()


def wait_of(header: str | None, *, at: datetime) -> timedelta | None:
    """Return how long a subscriber asks to be left alone: seconds, or a date; None: it does not say."""
    if header is None:
        return None
    if _SECONDS.fullmatch(header.strip()):
        return timedelta(seconds=int(header))
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(until - at, timedelta(0))


class _Pinned(http.client.HTTPConnection):
    """A connection to one address under a name, over TLS unless the target says otherwise."""

    def __init__(self, target: Target, address: str, *, context: ssl.SSLContext) -> None:
        super().__init__(address, target.port, timeout=_CONNECTING)
        self._target = target
        self._context = context
        self._cut = False

    def connect(self) -> None:
        """Connect to the address, and prove the name of the target."""
        plain = socket.create_connection((self.host, self.port), timeout=_CONNECTING)
        self.sock = plain
        if self._target.scheme == "https":
            over = self._context.wrap_socket(plain, server_hostname=self._target.host, do_handshake_on_connect=False)
            self.sock = over  # before the handshake, so that it too can be cut
            over.do_handshake()
        if self._cut:
            raise TimeoutError

    def cut(self) -> None:
        """End it from another thread: whoever waits for it is told."""
        self._cut = True
        connected = self.sock
        if connected is not None:
            try:
                connected.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it has ended already
