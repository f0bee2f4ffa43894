"""Which identity provider the settings name, and where passwords are taken beside it."""

from __future__ import annotations

from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from registry.protect.keys.private_file import read_private
from registry.protect.signing_in.identity_provider import Client, IdentityProvider
from registry.protect.signing_in.identity_tokens import ALGORITHMS, TokenRules
from registry.settings import PREFIX, SettingRefused, Settings

_LARGEST = 16 * 1024  # bytes of a key or a secret


def provider_of(settings: Settings) -> IdentityProvider | None:
    """Return the identity provider of the settings; None: there is none.

    Raises:
        SettingRefused: what belongs to it is missing or breaks a rule.
        WrongKeys: a file with our key or secret is missing, or others can read it.
    """
    issuer, client_id = settings.oidc_issuer, settings.oidc_client_id
    if issuer is None or client_id is None:
        return None
    if not settings.oidc_algorithms or not settings.oidc_algorithms <= ALGORITHMS.keys():
        raise SettingRefused(f"must be some of: {' '.join(sorted(ALGORITHMS))}", field=f"{PREFIX}OIDC_ALGORITHMS")
    rules = TokenRules(
        issuer=issuer,
        client_id=client_id,
        algorithms=settings.oidc_algorithms,
        acr=settings.oidc_acr,
        amr=settings.oidc_amr,
        name_claim=settings.oidc_name_claim,
    )
    if (settings.oidc_client_key_file is None) is (settings.oidc_client_secret_file is None):
        raise SettingRefused("either this or OIDC_CLIENT_SECRET_FILE is needed", field=f"{PREFIX}OIDC_CLIENT_KEY_FILE")
    client = Client(
        rules=rules,
        secret=_secret(settings.oidc_client_secret_file),
        key=_key(settings.oidc_client_key_file),
        ca_file=settings.oidc_ca_file,
        scope=settings.oidc_scope,
    )
    return IdentityProvider(client)


def issuer_of(settings: Settings) -> str:
    """Return the identity provider that may vouch for accounts.

    Raises:
        SettingRefused: there is none.
    """
    if settings.oidc_issuer is None:
        raise SettingRefused("is needed for this: there is no identity provider", field=f"{PREFIX}OIDC_ISSUER")
    return settings.oidc_issuer


def takes_passwords(settings: Settings, *, at_command_line: bool = False) -> bool:
    """Say whether passwords of local accounts are taken: unless said otherwise, nowhere beside an identity provider."""
    said = settings.local_passwords or ("everywhere" if settings.oidc_issuer is None else "nowhere")
    return said == "everywhere" or (at_command_line and said == "command_line")


def _secret(file: Path | None) -> str | None:
    return None if file is None else read_private(file, largest=_LARGEST).decode("utf-8", "replace").strip()


def _key(file: Path | None) -> RSAKey | ECKey | None:
    if file is None:
        return None
    written = read_private(file, largest=_LARGEST)
    for kind in (ECKey, RSAKey):
        try:
            key = kind.import_key(written)
        except (JoseError, ValueError, TypeError):
            continue
        if key.is_private and (not isinstance(key, ECKey) or key.curve_name == "P-256"):
            key.ensure_kid()
            return key
    raise SettingRefused("must hold a private key: RSA, or EC on P-256, in PEM", field=f"{PREFIX}OIDC_CLIENT_KEY_FILE")
