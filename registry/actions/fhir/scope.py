"""For which rows a client speaks: its system, and the streams of its token."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.formats.fhir_domains import IdentityDomain, IdentityDomains


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceScope:
    """One client's part of the registry, and the lists of identifiers that are known."""

    system: str
    streams: frozenset[str]
    domains: IdentityDomains

    def owns(self, domain: IdentityDomain) -> bool:
        """Say whether the client assigns the identifiers of a list."""
        return domain.is_of(self.system, self.streams)

    def may_ask(self, domain: IdentityDomain) -> bool:
        """Say whether the client may ask by a list: its own, or an open one."""
        return domain.system is None or self.owns(domain)

    def askable(self) -> tuple[IdentityDomain, ...]:
        """Return the lists by which the client may ask."""
        return tuple(domain for domain in self.domains.all() if self.may_ask(domain))
