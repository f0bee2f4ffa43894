"""What a door hands to the actions: the database, the keys, the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from registry.actions.meters import Meters
from registry.actions.sealing import Vault
from registry.store.session import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the pages and the interface for systems need from the world."""

    store: Store
    vault: Vault
    clock: Callable[[], datetime]  # with a time zone
    demo: bool  # invented children: every page says so
    locale: Literal["vi", "en"] = "vi"  # of the first page
    meters: Meters = field(default_factory=Meters)
