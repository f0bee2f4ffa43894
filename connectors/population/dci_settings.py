"""What must be known of a partner to ask it by the DCI interface for civil registration."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, SecretStr, model_validator

from connectors.http import HttpSettings
from connectors.oauth import OAuthSettings
from connectors.population.dci_signing import BadKey, Signer, Signing, Verifier


class Query(StrEnum):
    """How the partner takes a question for a number."""

    IDTYPE_VALUE = "idtype-value"
    PREDICATE = "predicate"
    EXPRESSION = "expression"  # the same list of expressions under another name, as some partners demand


class DciSettings(HttpSettings):
    """Where the partner is, who we are there, what was agreed on signatures, and how it names things."""

    prefix: str = Field(default="", pattern=r"^(/[A-Za-z0-9_.-]+)*$")  # before /registry
    sender_id: str = Field(min_length=1, max_length=99)
    receiver_id: str = Field(min_length=1, max_length=99)
    signing: Signing = Signing.NONE
    private_key: SecretStr | None = None  # ours, PEM
    key_id: str | None = None  # the partner's name for it
    partner_key: str | None = None  # the partner's public key, PEM: pinned here, never taken from a message
    oauth: OAuthSettings | None = None
    query: Query = Query.IDTYPE_VALUE
    number_type: str = "UIN"  # identifier type of the personal number
    former_number_type: str = "UIN_REPLACED"  # and of one that another has replaced
    record_type: str = "CRVS_Person"
    event_type: str = "REGISTER"
    locale: str = Field(default="vie", pattern=r"^[a-z]{3}$")
    most_found: int = Field(default=20, gt=0, le=100)

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        if self.signing is Signing.NONE:
            return self
        if self.private_key is None or self.partner_key is None:
            raise ValueError("private_key and partner_key are needed where messages are signed")
        for name, made in (("private_key", self.signer), ("partner_key", self.verifier)):
            try:
                made()
            except BadKey as refused:
                raise ValueError(f"{name} {refused}") from None
        return self

    def signer(self) -> Signer | None:
        """Return what signs our messages; None: nothing was agreed."""
        if self.signing is Signing.NONE or self.private_key is None:
            return None
        return Signer(self.signing, self.private_key.get_secret_value(), key_id=self.key_id)

    def verifier(self) -> Verifier | None:
        """Return what checks the partner's messages; None: nothing was agreed."""
        if self.signing is Signing.NONE or self.partner_key is None:
            return None
        return Verifier(self.signing, self.partner_key)
