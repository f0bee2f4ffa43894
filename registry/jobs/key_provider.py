"""Which keeper of the root key the settings ask for, and how an installation moves from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from registry.model.errors import WrongKeys
from registry.protect.keys.key_provider import Keeper, KeyProvider
from registry.protect.keys.keyring import KEYRING_FILE, Keyring
from registry.protect.keys.keyring_root import keeper_of_keyring
from registry.protect.providers.keyfile import ROOT_FILE, KeyfileProvider
from registry.protect.providers.pkcs11 import ModuleKey, Pkcs11Provider
from registry.protect.providers.transit import TransitKey, TransitProvider
from registry.settings import PREFIX, SettingRefused, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RootMoved:
    """What a move of the root has done, and what is left for a person to do."""

    before: Keeper
    after: Keeper
    to_destroy: Path | None  # the old root's file, which opens every old copy of the keyring; None: it is not a file


def provider_of(settings: Settings, *, folder: Path) -> KeyProvider | None:
    """Return the keeper that the settings name, or None for the key file that the keyring has beside it.

    Args:
        settings: of the installation.
        folder: where the keyring lies or is to lie.

    Raises: SettingRefused: a setting that this keeper needs is missing.
    """
    keeper = Keeper(settings.key_provider)
    return None if keeper is Keeper.KEYFILE else _keeper(settings, keeper, folder=folder)


def open_keyring(settings: Settings, *, folder: Path, at: datetime | None = None) -> Keyring:
    """Open the keyring with the keeper of the settings; with one that may be away later, open every key at once.

    Args:
        settings: of the installation.
        folder: where the keyring lies.
        at: now, for the age of the keys that an older version's keyring lacks.

    Raises: WrongKeys: and `ProviderUnavailable`, which is one.
    """
    provider = provider_of(settings, folder=folder)
    keyring = Keyring.open(folder, provider=provider, at=at)
    if provider is not None:
        keyring.open_all()
    return keyring


def move_root(settings: Settings, *, folder: Path) -> RootMoved:
    """Have the keeper of the settings seal a keyring that another one has sealed until now.

    Processes that run on go on with the keys they have, and are to be started again with the new settings.

    Raises:
        SettingRefused: a setting that the old or the new keeper needs is missing.
        WrongKeys: the keyring has this keeper already, or one of the two cannot be used; nothing has changed then.
    """
    place = str(folder / KEYRING_FILE)
    before, after = keeper_of_keyring(folder / KEYRING_FILE), Keeper(settings.key_provider)
    if before is None:
        raise WrongKeys("the keyring is sealed by a keeper that this version does not know", place=place)
    if before is after:
        raise WrongKeys(f"the keyring is sealed by {after.value} already", place=place)
    keyring = Keyring.open(folder, provider=_keeper(settings, before, folder=folder))
    new = KeyfileProvider.open_or_create(folder / ROOT_FILE) if after is Keeper.KEYFILE else None
    keyring.move_root(new or _keeper(settings, after, folder=folder))
    return RootMoved(before=before, after=after, to_destroy=folder / ROOT_FILE if before is Keeper.KEYFILE else None)


def _keeper(settings: Settings, keeper: Keeper, *, folder: Path) -> KeyProvider:
    if keeper is Keeper.KEYFILE:
        return KeyfileProvider(folder / ROOT_FILE)
    return _transit(settings) if keeper is Keeper.TRANSIT else _pkcs11(settings)


def _transit(settings: Settings) -> TransitProvider:
    return TransitProvider(
        TransitKey(
            address=_set(settings.transit_address, "TRANSIT_ADDRESS"),
            mount=settings.transit_mount,
            key=_set(settings.transit_key, "TRANSIT_KEY"),
            token_file=Path(_set(settings.transit_token_file, "TRANSIT_TOKEN_FILE")),
            namespace=settings.transit_namespace,
            ca_file=settings.transit_ca_file,
        )
    )


def _pkcs11(settings: Settings) -> Pkcs11Provider:
    return Pkcs11Provider(
        ModuleKey(
            module=Path(_set(settings.pkcs11_module, "PKCS11_MODULE")),
            token=_set(settings.pkcs11_token, "PKCS11_TOKEN"),
            key=_set(settings.pkcs11_key, "PKCS11_KEY"),
            pin_file=Path(_set(settings.pkcs11_pin_file, "PKCS11_PIN_FILE")),
        )
    )


def _set(value: Path | str | None, name: str) -> str:
    """Return a setting that is there; while a root moves, those of the keeper it leaves are needed too."""
    if value is None:
        raise SettingRefused("is needed for the keeper that the keyring has now", field=PREFIX + name)
    return str(value)
