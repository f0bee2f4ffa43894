"""Wait for a keeper so long and no longer, whatever it is doing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from registry.model.errors import ProviderUnavailable

Answer = TypeVar("Answer")


def within(seconds: float, ask: Callable[[], Answer], *, place: str) -> Answer:
    """Return what `ask` returns, or raise what it raises.

    The time-outs of sockets count from byte to byte, and a call into a foreign library has none: so the asking has a
    thread of its own. One that never comes back is left alone, and does not keep the process from ending.

    Raises: ProviderUnavailable: no answer in time.
    """
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(ask())
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            future.set_exception(error)

    threading.Thread(target=run, name="keeper", daemon=True).start()
    if not wait([future], timeout=seconds).done:
        raise ProviderUnavailable(f"the keeper of the root key gives no answer within {seconds:g} s", place=place)
    return future.result()
