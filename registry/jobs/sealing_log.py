"""Seals the access log every two seconds beside whatever else runs, and takes its head to a witness."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from registry.actions.oversight.alarms import AlarmKind, raise_alarm
from registry.actions.oversight.cosign_log import (
    LogRolledBack,
    WitnessRefused,
    cosigned_size,
    keep_answer,
    note_refusal,
    request_for,
)
from registry.actions.oversight.seal_log import AT_ONCE, LogDamaged, seal_log
from registry.jobs.log_settings import witnesses_from
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import NotFound
from registry.protect.log.witness import STATUS_OF, Request, Said
from registry.protect.log_lines import Told, tell
from registry.store.access_log import StoredCosignature

EVERY: Final = 2.0  # seconds between two heads
ASK_EVERY: Final = 60.0  # seconds between two visits to the witness
_LONGEST_ANSWER: Final = 4096
_TWO_HISTORIES: Final = STATUS_OF[Said.INCONSISTENT]
_NOT_NEWEST: Final = STATUS_OF[Said.NOT_NEWEST]


def seal_all(installed: Installation) -> int:
    """Seal whatever is committed; return how many leaves there were."""
    sealed = 0
    while True:
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            done = seal_log(transaction, installed.vault)
        sealed += done
        if done < AT_ONCE:
            return sealed


@contextmanager
def sealer(installed: Installation) -> Iterator[None]:
    """Seal in a thread of its own as long as the block runs, and once more at its end.

    A thread and no task of the queue: a long task must not hold up the log. Several processes may do this, for one
    lock in the database lets only one of them number leaves at a time.
    """
    stop = threading.Event()
    thread = threading.Thread(target=lambda: _run(installed, stop), name="sealer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)


def ask_witness(installed: Installation, url: str) -> StoredCosignature | None:
    """Have the newest head cosigned over HTTP; None: nothing is sealed yet.

    Raises:
        WitnessRefused: it is away, or refuses; `LogRolledBack`: it has seen more than there is.
    """
    try:
        with httpx.Client(timeout=10.0) as client:
            return _asked(installed, client, url)
    except httpx.HTTPError as error:
        raise WitnessRefused(f"the witness cannot be reached ({type(error).__name__})") from None
    except NotFound:
        return None
    except LogRolledBack:
        _note_refusal(installed)
        raise


def _asked(installed: Installation, client: httpx.Client, url: str) -> StoredCosignature:
    witnesses = witnesses_from(installed.settings)
    if not witnesses:
        raise WitnessRefused("the key of the witness is not known: set CHILD_REGISTRY_WITNESS_KEYS")
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        request = request_for(transaction, old=max(cosigned_size(transaction, one) for one in witnesses))
    answer = _post(client, url, request)
    if answer.status_code == _NOT_NEWEST and (said := answer.text.strip()).isdecimal() and len(said) < 20:
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            request = request_for(transaction, old=int(said))
        answer = _post(client, url, request)
    if answer.status_code == _TWO_HISTORIES:
        _note_refusal(installed)
        raise WitnessRefused("the witness has seen another history of this log")
    if answer.status_code != 200:
        raise WitnessRefused(f"the witness answers {answer.status_code}")
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return keep_answer(transaction, installed.vault, answer.text, note=request.note, witnesses=witnesses)


def _post(client: httpx.Client, url: str, request: Request) -> httpx.Response:
    with client.stream("POST", f"{url.rstrip('/')}/add-checkpoint", content=request.text().encode()) as answer:
        body = b""
        for part in answer.iter_bytes():
            body += part
            if len(body) > _LONGEST_ANSWER:
                raise WitnessRefused("the answer of the witness is too long")
    return httpx.Response(answer.status_code, content=body)


def _note_refusal(installed: Installation) -> None:
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        note_refusal(transaction, installed.vault)


def _run(installed: Installation, stop: threading.Event) -> None:
    rounds = _Rounds(installed)
    rest = 0.0
    while not stop.wait(rest):
        rest = rounds.one()
    rounds.seal()


class _Rounds:
    """What the thread does again and again; whatever goes wrong is told, and it goes on."""

    def __init__(self, installed: Installation) -> None:
        self._installed = installed
        self._alarmed = False
        self._next_visit = time.monotonic()

    def one(self) -> float:
        """Seal, and visit the witness when it is time; return the seconds until the next round."""
        rest = self.seal()
        url = self._installed.settings.witness_url
        if url is not None and time.monotonic() >= self._next_visit:
            self._next_visit = time.monotonic() + ASK_EVERY
            with _told("ask_witness"):
                ask_witness(self._installed, url)
        return rest

    def seal(self) -> float:
        """Seal what waits; return the seconds until the next round, more of them when the log is damaged."""
        began = time.perf_counter()
        with _told("seal_log"):
            try:
                sealed = seal_all(self._installed)
            except LogDamaged:
                self._alarm()
                raise
            if sealed:
                tell(Told.JOB, job="seal_log", ms=round((time.perf_counter() - began) * 1000, 1))
            return EVERY
        return EVERY * 5

    def _alarm(self) -> None:
        if self._alarmed:
            return
        with self._installed.store.begin(self._installed.engine(Purpose.MAINTENANCE)) as transaction:
            raise_alarm(transaction, self._installed.vault, AlarmKind.LOG_DAMAGED, place="access_leaf")
        self._alarmed = True


@contextmanager
def _told(job: str) -> Iterator[None]:
    """Tell what a round fails in, and go on: the log must be sealed when the trouble is over."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  the last door of the thread
        tell(Told.JOB_FAILED, logging.ERROR, error=error, job=job)
