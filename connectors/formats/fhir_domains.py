"""Identity domains: which lists of identifiers there are, by which addresses they are called, and who assigns them.

A list has one address and perhaps older ones, such as an object identifier. Where it has an owner, only that stream of
that system says authoritatively whose an identifier is; another source may mention it. A list without an owner is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityDomain:
    """One list of identifiers."""

    url: str
    also: tuple[str, ...] = ()  # other addresses of the same list, such as 'urn:oid:1.2.3'
    system: str | None = None  # the sector whose stream assigns them; None: open
    stream: str | None = None
    personal_number: bool = False  # the population database's own
    service: str | None = None  # the fact of the sector as which it is kept, such as 'card_number'

    def is_of(self, system: str, streams: Iterable[str]) -> bool:
        """Say whether these streams assign its identifiers."""
        return self.system == system and self.stream in set(streams)


class IdentityDomains:
    """The lists that are known."""

    def __init__(self, domains: Iterable[IdentityDomain]) -> None:
        """Know `domains`.

        Raises:
            ValueError: two of them have one address.
        """
        self._by_address: dict[str, IdentityDomain] = {}
        for domain in domains:
            for address in (domain.url, *domain.also):
                if address in self._by_address:
                    raise ValueError("two identity domains have one address")
                self._by_address[address] = domain

    def named(self, address: str) -> IdentityDomain | None:
        """Return the list that bears an address, or None."""
        return self._by_address.get(address)

    def all(self) -> tuple[IdentityDomain, ...]:
        """Return every list once, in the order in which they were given."""
        return tuple(dict.fromkeys(self._by_address.values()))


HEALTH_DOMAINS: Final = IdentityDomains(
    (
        IdentityDomain(url="urn:vn:tcmr:code", system="health", stream="patients"),
        IdentityDomain(url="urn:vn:npdb:number", personal_number=True),
        IdentityDomain(url="urn:vn:bhyt:card", service="card_number"),
    )
)
