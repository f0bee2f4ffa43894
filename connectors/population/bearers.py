"""What connectors have in common that are told who bears a number, and compare citizen and claim themselves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Final, Generic, Self, TypeVar

import httpx
from pydantic import SecretStr

from connectors.contract import (
    API,
    Ambiguous,
    CallContext,
    Capabilities,
    CitizenSnapshot,
    Claim,
    Inactive,
    NotFound,
    Operation,
    Verification,
)
from connectors.http import Clock, Credentials, HttpClient, HttpSettings, Sleep
from connectors.oauth import ClientCredentials, OAuthSettings, StandingToken, client_of_giver
from connectors.population.verdicts import is_whom_the_claim_means, verified

ResourceT = TypeVar("ResourceT")

_OPERATIONS: Final = frozenset({Operation.VERIFY, Operation.GET, Operation.SEARCH, Operation.RELATIVES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer(Generic[ResourceT]):
    """Who bears a number: as the system wrote it, and as a citizen."""

    resource: ResourceT = field(repr=False)
    citizen: CitizenSnapshot


class BearerConnector(ABC, Generic[ResourceT]):
    """Asks who bears a number; used as a context manager, it closes its connections."""

    api: ClassVar[int] = API
    name: ClassVar[str]

    def __init__(
        self,
        settings: HttpSettings,
        *,
        oauth: OAuthSettings | None,
        token: SecretStr | None = None,
        clock: Clock,
        sleep: Sleep,
        transport: httpx.BaseTransport | None,
    ) -> None:
        """Prepare to ask; nothing is sent yet.

        Args:
            oauth: where tokens are had; None: nowhere.
            token: one that does not end; None: there is none.
        """
        self._clock, self._calls_per_second = clock, settings.calls_per_second
        self._tokens: HttpClient | None = None
        credentials: Credentials | None = None
        if token is not None:
            credentials = StandingToken(token)
        elif oauth is not None:
            self._tokens = client_of_giver(oauth.token_url, settings, clock=clock, sleep=sleep, transport=transport)
            credentials = ClientCredentials(oauth, self._tokens)
        self._client = HttpClient(settings, clock=clock, sleep=sleep, transport=transport, credentials=credentials)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        if self._tokens is not None:
            self._tokens.close()

    def describe(self) -> Capabilities:
        """Say what the system can be asked."""
        return Capabilities(
            name=self.name,
            api=API,
            operations=_OPERATIONS,
            required_together=("personal_number",),
            calls_per_second=self._calls_per_second,
            supports_partial_birth_date=True,
            names_mismatch=True,
            tells_inactive=True,
        )

    def verify(self, claim: Claim, context: CallContext) -> Verification:
        """Ask who bears the number, and compare.

        Raises:
            ConnectorError: there was no answer, or none that can be read.
        """
        said = self._bearer_of(claim, context)
        known = said.citizen if isinstance(said, Bearer) else said
        return verified(claim, known, as_of=self._clock(), source_ref=context.request_id)

    def get(self, claim: Claim, context: CallContext) -> CitizenSnapshot | NotFound | Ambiguous | Inactive:
        """Ask for the bearer of the number; somebody of another name and birth date is not told of.

        Raises:
            ConnectorError: there was no answer, or none that can be read.
        """
        said = self._bearer_of(claim, context)
        if not isinstance(said, Bearer):
            return said
        return said.citizen if is_whom_the_claim_means(claim, said.citizen) else NotFound(source_ref=context.request_id)

    def _meant(self, claim: Claim, context: CallContext) -> Bearer[ResourceT] | None:
        """Return the bearer of the number, if it is whom the claim means."""
        said = self._bearer_of(claim, context)
        return said if isinstance(said, Bearer) and is_whom_the_claim_means(claim, said.citizen) else None

    @abstractmethod
    def _bearer_of(self, claim: Claim, context: CallContext) -> Bearer[ResourceT] | NotFound | Ambiguous | Inactive: ...
