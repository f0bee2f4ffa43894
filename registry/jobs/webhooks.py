"""Sends events to subscribers, a page at a time: claimed in one transaction, sent, settled in another."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from registry.actions.exchange.deliver import AT_ONCE, Answer, Message, claim_page, fan_out, settle
from registry.actions.exchange.events import forget_old
from registry.jobs.opening import Installation
from registry.jobs.webhook_sending import Sender
from registry.model.access import Purpose

TURN: Final = 20.0  # seconds that one job sends before others have their turn
_CHANCE: Final = random.SystemRandom().random

Chance = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How many deliveries were tried, and how many arrived."""

    tried: int
    arrived: int


def sender_of(installed: Installation) -> Sender:
    """Return how an installation sends."""
    return Sender(allowed=installed.settings.webhook_internal)


def send_due(installed: Installation, sender: Sender, *, seconds: float = TURN, chance: Chance = _CHANCE) -> Sent:
    """Send what is due, page by page, until nothing is or the time is up."""
    until = time.monotonic() + seconds
    tried = arrived = 0
    while True:
        fanned = _fan_out(installed)
        page = _claim(installed)
        answers = _send(installed, sender, page)
        for message, answer in answers:
            _settle(installed, message, answer, chance=chance())
        tried += len(page)
        arrived += sum(answer.status is not None and 200 <= answer.status < 300 for _, answer in answers)
        if (not page and not fanned) or time.monotonic() >= until:
            return Sent(tried=tried, arrived=arrived)


def forget(installed: Installation) -> int:
    """Forget events that are older than they are kept."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return forget_old(transaction)


def _fan_out(installed: Installation) -> int:
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return fan_out(transaction)


def _claim(installed: Installation) -> list[Message]:
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return claim_page(transaction, installed.vault)


def _send(installed: Installation, sender: Sender, page: list[Message]) -> list[tuple[Message, Answer]]:
    if not page:
        return []
    at = installed.clock()
    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        return list(zip(page, threads.map(lambda message: sender.send(message, at=at), page), strict=True))


def _settle(installed: Installation, message: Message, answer: Answer, *, chance: float) -> None:
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        settle(transaction, installed.vault, message, answer, chance=chance)
