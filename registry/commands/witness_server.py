"""Lets a witness answer over HTTP.

Source: C2SP tlog-witness (add-checkpoint).
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from registry.commands.console import now
from registry.model.errors import WrongKeys
from registry.protect.log.checkpoint import BadCheckpoint
from registry.protect.log.witness import LARGEST_REQUEST, STATUS_OF, Answer, Said, Witness

PATH: Final = "/add-checkpoint"
_PLAIN: Final = "text/plain; charset=utf-8"
_SIZE: Final = "text/x.tlog.size"


class WitnessServer(ThreadingHTTPServer):
    """Judges one head at a time."""

    daemon_threads = True

    def __init__(self, witness: Witness, *, host: str, port: int) -> None:
        """Listen."""
        self._witness = witness
        self._turn = threading.Lock()
        super().__init__((host, port), WitnessHandler)

    def judge(self, text: str) -> Answer:
        """Return what the witness says to a request."""
        with self._turn:
            return self._witness.judge(text, at=now())


class WitnessHandler(BaseHTTPRequestHandler):
    """Takes heads of the log."""

    server: WitnessServer
    server_version = "witness"
    sys_version = ""
    timeout = 10

    def do_POST(self) -> None:
        """Answer a head."""
        length = self.headers.get("Content-Length", "")
        if self.path != PATH:
            self._say(404, f"there is {PATH}, and nothing else\n")
        elif not (length.isascii() and length.isdecimal()) or len(length) > 8 or int(length) > LARGEST_REQUEST:
            self._say(413, "the request is too large, or its length is not said\n")
        else:
            self._judge(self.rfile.read(int(length)))

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002  the library's name
        """Write no line: whoever asks is the log alone."""

    def _judge(self, body: bytes) -> None:
        try:
            said = self.server.judge(body.decode())
        except UnicodeDecodeError:
            self._say(400, "not a text\n")
        except (WrongKeys, BadCheckpoint):
            self._say(500, "the witness cannot use its state\n")
        else:
            self._say(STATUS_OF[said.said], said.text, kind=_SIZE if said.said is Said.NOT_NEWEST else _PLAIN)

    def _say(self, status: int, text: str, *, kind: str = _PLAIN) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
