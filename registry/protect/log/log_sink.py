"""The second sink: the hash of every leaf leaves the process before the answer does, to where the database is not.

A line tells the time, the event and the hash of a leaf. It is written after the commit of the leaf and before the
answer: no line, no answer. A crash in between leaves a leaf without a line, of which nobody was told anything.
"""

from __future__ import annotations

import os
import re
import socket
import stat
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from registry.model.errors import RegistryError

TIMEOUT: Final = 2.0  # seconds for a syslog server to take a line
_LINE: Final = re.compile(rb"(\S+) ([0-9a-f-]{36}) ([0-9a-f]{64})")
_SYSLOG: Final = re.compile(r"syslog\+tcp://([\w.-]+|\[[0-9a-f:]+\]):(\d{1,5})|syslog\+unix://(/.+)")
_PRIORITY: Final = 86  # facility 10 (security), severity 6 (informational)


class LogSinkUnavailable(RegistryError):
    """The second sink of the access log takes no line: without it no answer is given."""

    status = 503
    title = "The second copy of the access log cannot be written"


@dataclass(frozen=True, slots=True)
class ToldLeaf:
    """What is told of a leaf."""

    event_id: UUID
    at: datetime
    leaf_hash: bytes

    def line(self) -> str:
        """Return the line without its end."""
        return f"{self.at.astimezone(UTC).isoformat()} {self.event_id} {self.leaf_hash.hex()}"


class Sink(Protocol):
    """Takes lines about leaves."""

    def tell(self, leaves: Sequence[ToldLeaf]) -> None:
        """Write one line a leaf. Raises: LogSinkUnavailable."""
        ...


class FileSink:
    """A file that is only ever added to: mode 0600, one write a transaction.

    The lines are with the operating system when the answer leaves; they are not forced to the disk one by one. If the
    machine loses its power the last seconds of lines may be missing, never of a process that died.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises: LogSinkUnavailable: it cannot be written, or others can.
        """
        self._path = path
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise LogSinkUnavailable(f"cannot be opened ({error.strerror})", place=str(path)) from None
        found = os.fstat(self._descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077:
            os.close(self._descriptor)
            raise LogSinkUnavailable("must be a plain file that its owner alone reads: chmod 600", place=str(path))

    def tell(self, leaves: Sequence[ToldLeaf]) -> None:
        """Add the lines of a transaction in one write."""
        block = "".join(f"{leaf.line()}\n" for leaf in leaves).encode()
        try:
            written = os.write(self._descriptor, block)
        except OSError as error:
            raise LogSinkUnavailable(f"cannot be written ({error.strerror})", place=str(self._path)) from None
        if written != len(block):
            raise LogSinkUnavailable("cannot be written (the disk is full)", place=str(self._path))

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class SyslogSink:
    """A syslog server on another host, or a collector of this one. Source: RFC 5424; RFC 6587, section 3.4.1."""

    def __init__(self, address: str, *, host: str) -> None:
        """Remember the address.

        Args:
            address: syslog+tcp://HOST:PORT or syslog+unix:///PATH.
            host: the name of this machine in the lines.

        """
        found = _SYSLOG.fullmatch(address)
        if found is None:
            raise LogSinkUnavailable("must be a path, syslog+tcp://HOST:PORT or syslog+unix:///PATH", field="log_sink")
        self._host = host
        self._path: str | None = found[3]
        self._server = None if found[3] else (found[1].strip("[]"), int(found[2]))
        self._socket: socket.socket | None = None
        self._turn = threading.Lock()  # lines of two threads do not mix

    def tell(self, leaves: Sequence[ToldLeaf]) -> None:
        """Send the lines of a transaction; a broken connection is made anew once."""
        block = b"".join(self._framed(leaf) for leaf in leaves)
        with self._turn:
            if not (self._sent(block) or self._sent(block)):
                raise LogSinkUnavailable("the syslog server takes no line")

    def _sent(self, block: bytes) -> bool:
        try:
            self._connected().sendall(block)
        except OSError:
            self.close()
            return False
        return True

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is not None and _has_ended(self._socket):
            self.close()  # else the first lines after an end would be lost without an error
        if self._socket is None:
            self._socket = self._connect()
        return self._socket

    def _connect(self) -> socket.socket:
        if self._server is not None:
            return socket.create_connection(self._server, TIMEOUT)
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(TIMEOUT)
        try:
            made.connect(self._path or "")
        except OSError:
            made.close()
            raise
        return made

    def _framed(self, leaf: ToldLeaf) -> bytes:
        stamp = leaf.at.astimezone(UTC).isoformat(timespec="microseconds")
        line = f"<{_PRIORITY}>1 {stamp} {self._host} child-registry - leaf - {leaf.line()}".encode()
        return b"%d %s" % (len(line), line)


def sink_of(setting: str, *, host: str) -> FileSink | SyslogSink:
    """Return the sink that a setting names: a path, or the address of a syslog server.

    Raises: LogSinkUnavailable: it cannot be opened.
    """
    return SyslogSink(setting, host=host) if "://" in setting else FileSink(Path(setting))


def read_sink(path: Path) -> Mapping[bytes, tuple[str, datetime]]:
    """Return what a sink was told: event and time by the hash of the leaf. Lines of others are passed over.

    A line may stand within a line of syslog; the last may be cut off.
    """
    told: dict[bytes, tuple[str, datetime]] = {}
    with path.open("rb") as file:
        for line in file:
            found = _LINE.search(line)
            if found is None:
                continue
            try:
                at = datetime.fromisoformat(found[1].decode())
            except ValueError:
                continue
            if at.tzinfo is not None:
                told[bytes.fromhex(found[3].decode())] = (found[2].decode(), at)
    return told


def _has_ended(connection: socket.socket) -> bool:
    try:
        connection.settimeout(0)
        return connection.recv(1, socket.MSG_PEEK) == b""
    except (BlockingIOError, InterruptedError):
        return False
    finally:
        connection.settimeout(TIMEOUT)
