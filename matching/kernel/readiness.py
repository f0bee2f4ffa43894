"""Readiness: the compiled loop is loaded or compiled in the background, and whoever can wait waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Readiness:
    """Runs a preparation once, in a thread of its own."""

    def __init__(self, prepare: Callable[[], None]) -> None:
        self._prepare = prepare
        self._starting = threading.Lock()
        self._done = threading.Event()
        self._started = False
        self._failure: Exception | None = None

    def reached(self) -> bool:
        """Return whether the preparation is done; start it if nobody has."""
        if not self._started:
            self._start()
        return self._done.is_set() and self._failure is None

    def wait(self) -> None:
        """Return when the preparation is done.

        Raises: RuntimeError: it failed.
        """
        self._start()
        self._done.wait()
        if self._failure is not None:
            msg = "the comparison loop could not be compiled"
            raise RuntimeError(msg) from self._failure

    def _start(self) -> None:
        with self._starting:
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="kernel", daemon=True).start()

    def _run(self) -> None:
        try:
            self._prepare()
        except Exception as failure:  # noqa: BLE001 - kept for whoever waits
            self._failure = failure
        finally:
            self._done.set()
