"""The root key in the Transit engine of HashiCorp Vault or OpenBao: it never leaves the engine.

Source: Vault API, "Transit secrets engine": encrypt, decrypt with associated_data, read key.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hvac
import hvac.exceptions
import requests

from registry.model.errors import ProviderUnavailable, WrongKeys
from registry.protect.keys.key_provider import KEY_BYTES, Keeper, ProviderInfo, Wrapped, require_keeper
from registry.protect.keys.private_file import read_private
from registry.protect.providers.deadline import within
from registry.protect.providers.transit_failures import failure_of, passes_by

_TOKEN = re.compile(rb"[!-~]{1,4096}")
_CIPHERTEXT = re.compile(r"vault:v([1-9][0-9]{0,8}):[A-Za-z0-9+/]+={0,2}")
_KEY_TYPE = "aes256-gcm96"
_RETRY_AFTER = (0.1, 0.4)  # seconds: three attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitKey:
    """Which key of which engine, and how to reach it."""

    address: str  # https://HOST:PORT, without a path
    key: str
    mount: str = "transit"
    token_file: Path
    namespace: str | None = None  # None: none is used
    ca_file: Path | None = None  # None: the authorities that `requests` brings along
    seconds: float = 5.0  # for one answer, its retries included
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)

    @property
    def place(self) -> str:
        """Name the key for messages: where it is, and nothing that lets anybody in."""
        parts = urlsplit(self.address)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        port = f":{parts.port}" if parts.port else ""
        return f"transit key {self.mount}/{self.key} at {host}{port}"


class TransitProvider:
    """The root key in a Transit engine. The token is read from its file for each call, so a renewed one is taken up."""

    def __init__(self, key: TransitKey) -> None:
        self._key = key
        self._bound = False  # not yet seen that the engine binds what it seals to the associated data

    def __repr__(self) -> str:
        return f"TransitProvider({self._key.place})"

    def wrap(self, key: bytes, aad: bytes) -> Wrapped:
        """Seal a domain key with the newest version of the engine's key, bound to `aad`.

        Raises: KeyUnavailable, ProviderUnavailable: the key is gone; the engine is away, refuses or answers rubbish.
        """
        self.health()  # an engine asked to seal with a key that is gone may make a new one by that name
        answer = self._asked(
            lambda engine: engine.encrypt_data(
                self._key.key, plaintext=_text(key), associated_data=_text(aad), mount_point=self._key.mount
            )
        )
        token = self._member(answer, "ciphertext")
        found = _CIPHERTEXT.fullmatch(token)
        if found is None:
            raise self._rubbish()
        wrapped = Wrapped(f"{Keeper.TRANSIT}:{self._key.mount}/{self._key.key}@{found[1]}", token.encode())
        if not self._bound:
            self._require_binding(wrapped, aad)
        return wrapped

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        """Open a domain key.

        Raises:
            WrongKeys: sealed by another root, or for another place.
            KeyUnavailable, ProviderUnavailable: as in `wrap`; or the key's version is gone.
        """
        require_keeper(wrapped, Keeper.TRANSIT, place=self._key.place)
        token = wrapped.token.decode("ascii", "replace")
        if not _CIPHERTEXT.fullmatch(token):
            raise WrongKeys("a sealed key of the keyring is damaged", place=self._key.place)
        answer = self._asked(
            lambda engine: engine.decrypt_data(
                self._key.key, ciphertext=token, associated_data=_text(aad), mount_point=self._key.mount
            )
        )
        try:
            key = base64.b64decode(self._member(answer, "plaintext"), validate=True)
        except (binascii.Error, ValueError):
            raise self._rubbish() from None
        if len(key) != KEY_BYTES:
            raise self._rubbish()
        return key

    def health(self) -> ProviderInfo:
        """Ask the engine for its key, and check that it is of the one sort that binds and is not handed out.

        Raises: KeyUnavailable, ProviderUnavailable: as in `wrap`.
        """
        answer = self._asked(lambda engine: engine.read_key(self._key.key, mount_point=self._key.mount))
        found = answer.get("data")
        if not isinstance(found, Mapping) or not isinstance(found.get("latest_version"), int):
            raise self._rubbish()
        if found.get("type") != _KEY_TYPE or found.get("derived") or found.get("exportable"):
            raise ProviderUnavailable(
                f"the key must be of type {_KEY_TYPE}, neither derived nor exportable", place=self._key.place
            )
        version = str(found["latest_version"])
        return ProviderInfo(name=Keeper.TRANSIT.value, version=version, is_demo=False, can_rewrap=False)

    def _require_binding(self, wrapped: Wrapped, aad: bytes) -> None:
        """Refuse an engine that is too old to know associated data: it ignores what it does not know."""
        try:
            self.unwrap(wrapped, aad + b"\x00")
        except ProviderUnavailable:
            raise
        except WrongKeys:
            self._bound = True
            return
        raise ProviderUnavailable(
            "the engine does not bind keys to associated data: it is too old", place=self._key.place
        )

    def _asked(self, ask: Callable[[Any], Any]) -> Mapping[str, Any]:
        answer = within(self._key.seconds, lambda: self._retried(ask), place=self._key.place)
        if not isinstance(answer, Mapping):
            raise self._rubbish()
        return answer

    def _retried(self, ask: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - whatever the network gave: it is checked later
        for seconds in (*_RETRY_AFTER, None):
            try:
                return self._once(ask)
            except (hvac.exceptions.VaultError, requests.RequestException) as error:
                if seconds is None or not passes_by(error):
                    raise failure_of(error, place=self._key.place) from None
                self._key.pause(seconds)
            except (AttributeError, TypeError, ValueError):  # the client stumbles over what is no answer of an engine
                raise self._rubbish() from None
        raise self._rubbish()

    def _once(self, ask: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - as above
        with requests.Session() as session:
            session.trust_env = False  # neither proxies nor passwords nor authorities from the environment
            session.verify = str(self._key.ca_file) if self._key.ca_file else True  # the client takes the session's
            client = hvac.Client(
                url=self._key.address,
                token=self._token(),
                cert=(),  # type: ignore[arg-type]  # with None the client would take one from the environment
                verify=session.verify,
                timeout=ceil(self._key.seconds),  # from byte to byte; `within` keeps the whole in bounds
                allow_redirects=False,  # the token goes to this address only
                session=session,
                namespace=self._key.namespace,
            )
            return ask(client.secrets.transit)

    def _token(self) -> str:
        token = read_private(self._key.token_file).strip()
        if not _TOKEN.fullmatch(token):
            raise WrongKeys("the file holds no token", place=str(self._key.token_file))
        return token.decode("ascii")

    def _member(self, answer: Mapping[str, Any], name: str) -> str:
        members = answer.get("data")
        value = members.get(name) if isinstance(members, Mapping) else None
        if not isinstance(value, str):
            raise self._rubbish()
        return value

    def _rubbish(self) -> ProviderUnavailable:
        return ProviderUnavailable("what answers is no Transit engine, or it is out of order", place=self._key.place)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
