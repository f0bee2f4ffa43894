"""Who we are to the population database: a digest made anew for each try, or a token of a province's bus."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from connectors import xroad
from connectors.http import Clock, Credentials, HttpClient, Sleep
from connectors.oauth import ClientCredentials, OAuthSettings, client_of_giver
from connectors.population.npdb_settings import Bus, DigestOver, NpdbSettings


@dataclass(frozen=True, slots=True)
class Digest:
    """The header that only who knows the secret can make, and only now; see `connectors.http.Credentials`."""

    settings: NpdbSettings
    clock: Clock

    def headers(self) -> Mapping[str, str]:
        """Return the headers of the national platform, with a digest of this moment."""
        settings = self.settings
        timestamp = str(int(self.clock().timestamp() * 1000))
        whole = settings.digest_over is DigestOver.URL
        address = settings.endpoint.rstrip("/") + settings.target if settings.target else settings.endpoint
        over = address if whole else httpx.URL(address).raw_path.decode().partition("?")[0]
        signed = f"{over}{settings.user}{timestamp}{settings.secret.get_secret_value()}"
        digest = hashlib.sha256(signed.encode()).hexdigest()
        shown = digest.upper() if settings.digest_in_capitals else digest
        pair = b64encode(f"{settings.user}:{shown}".encode()).decode()
        return {"Authorization": f"Basic {pair}", "Timestamp": timestamp, **_fixed(settings)}

    def renew(self) -> bool:
        """Say that another digest would be refused as well."""
        return False


def identity(
    settings: NpdbSettings, *, clock: Clock, sleep: Sleep, transport: httpx.BaseTransport | None
) -> tuple[Credentials, HttpClient | None]:
    """Return how we say who we are, and the client to be closed with it that fetches tokens, if there is one."""
    if settings.transport is Bus.XROAD:
        return Digest(settings, clock), None
    client = client_of_giver(str(settings.token_url), settings, clock=clock, sleep=sleep, transport=transport)
    secrets = OAuthSettings(token_url=str(settings.token_url), client_id=settings.user, client_secret=settings.secret)
    return ClientCredentials(secrets, client, beside={**_fixed(settings), "lgspaccesstoken": _access(settings)}), client


def _fixed(settings: NpdbSettings) -> dict[str, str]:
    """Return the headers that are the same each time."""
    found = {
        "ApiKey": settings.api_key.get_secret_value() if settings.api_key else None,
        "ESB_SOURCE_TYPE": settings.bus_source_type,
        "ESB_SOURCE_USERNAME": settings.bus_source_user,
    }
    client = xroad.headers(settings.x_road_client) if settings.x_road_client else {}
    return {**client, **{name: value for name, value in found.items() if value is not None}}


def _access(settings: NpdbSettings) -> str:
    access = {
        "AccessKey": (settings.access_key.get_secret_value() if settings.access_key else settings.user),
        "SecretKey": (settings.secret_key or settings.secret).get_secret_value(),
        "AppName": settings.app_name,
        "PartnerCode": settings.partner_code,
        "PartnerCodeCus": settings.partner_code_customer,
    }
    return b64encode(json.dumps(access, ensure_ascii=False).encode()).decode()
