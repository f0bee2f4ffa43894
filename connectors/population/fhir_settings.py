"""What must be known of a FHIR server to ask it about citizens."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr, model_validator

from connectors.http import HttpSettings
from connectors.oauth import OAuthSettings


class NameParts(StrEnum):
    """How a name is written in a question."""

    WHOLE = "whole"  # as `text`
    FAMILY_AND_GIVEN = "family_and_given"  # the first word is the family name, as Vietnamese names are written


class FhirSettings(HttpSettings):
    """Where the server is, who we are there, and how it names things."""

    number_system: str = "urn:vn:so-dinh-danh"  # of the identifier that is the personal number
    units: str = "urn:vn:don-vi-hanh-chinh"  # the extension of an address that holds its commune's code
    names: NameParts = NameParts.FAMILY_AND_GIVEN
    most_found: int = Field(default=20, gt=0, le=100)  # a longer list of candidates is told as too broad
    token: SecretStr | None = None  # a bearer token that does not end
    oauth: OAuthSettings | None = None  # where one is had that does

    @model_validator(mode="after")
    def _one_way_in(self) -> FhirSettings:
        if self.token is not None and self.oauth is not None:
            raise ValueError("token or oauth, not both")
        return self
