"""What a door hands to the actions: the database, the keys, the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from connectors.formats.fhir_domains import HEALTH_DOMAINS, IdentityDomains
from registry.actions.fhir.match_own import Likeness
from registry.actions.keys.sealing import Vault
from registry.actions.law.lawful import LawfulPurposes
from registry.actions.oversight.meters import Meters
from registry.actions.population.overview import NOT_CONNECTED, Asked
from registry.model.law import Law, shipped_law
from registry.protect.signing_in.identity_provider import IdentityProvider
from registry.store.session import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the pages and the interface for systems need from the world."""

    store: Store
    vault: Vault
    clock: Callable[[], datetime]  # with a time zone
    demo: bool  # invented children: every page says so
    locale: Literal["vi", "en"] = "vi"  # of the first page
    public_url: str | None = None  # https://HOST, what people and systems type; None: this machine alone
    passwords: bool = True  # pages and programs may sign in with them
    identity_provider: IdentityProvider | None = None  # who vouches for accounts; None: nobody
    webhook_internal: frozenset[str] = frozenset()  # HOST:PORT of our own networks that events may be sent to
    meters: Meters = field(default_factory=Meters)
    likeness: Likeness = field(default_factory=Likeness)
    law: Law = field(default_factory=shipped_law)
    population: Asked = NOT_CONNECTED
    identity_domains: IdentityDomains = HEALTH_DOMAINS  # lists of identifiers that messages of patients may name
    lawful: LawfulPurposes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lawful", LawfulPurposes(self.store, self.law))
