"""The root key in a hardware security module: it never leaves the module.

Source: OASIS, PKCS #11 Cryptographic Token Interface, version 2.40 and later: CKM_AES_GCM with CK_GCM_PARAMS.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pkcs11
from pkcs11 import Attribute, DecryptMixin, EncryptMixin, GCMParams, KeyType, Mechanism, ObjectClass, SecretKey, Session

from registry.model.errors import KeyUnavailable, ProviderUnavailable, WrongKeys
from registry.protect.keys.key_provider import KEY_BYTES, NONCE_BYTES, Keeper, ProviderInfo, Wrapped, require_keeper
from registry.protect.keys.private_file import read_private
from registry.protect.providers.deadline import within

_TAG_BYTES = 16
_TOKEN_BYTES = NONCE_BYTES + KEY_BYTES + _TAG_BYTES

_PIN_REFUSED = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked, pkcs11.PinExpired)
_NOT_OURS = (pkcs11.EncryptedDataInvalid, pkcs11.EncryptedDataLenRange)

# One lock a module: a process loads it and logs into it once, and not every maker's bears threads.
_TURNS: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleKey:
    """Which key of which token, and the module that reaches it."""

    module: Path  # the maker's library
    token: str  # label
    key: str  # label
    pin_file: Path
    seconds: float = 5.0  # for one answer, a repetition included

    @property
    def place(self) -> str:
        """Name the key for messages."""
        return f"PKCS #11 key {self.key} in token {self.token}"


class Pkcs11Provider:
    """The root key in a token: AES-256 in GCM, which binds what it seals.

    A module without AES-GCM is refused: its key wrapping binds nothing, and a key moved to another place would open.
    A session that has failed is opened anew once; a wrong PIN is never tried twice, for the token locks itself.
    """

    def __init__(self, key: ModuleKey) -> None:
        self._key = key
        self._session: Session | None = None
        self._turn = _TURNS[key.module]  # one asks at a time; one that hangs keeps the others out, and they say so

    def __repr__(self) -> str:
        return f"Pkcs11Provider({self._key.place})"

    def wrap(self, key: bytes, aad: bytes) -> Wrapped:
        """Seal a domain key, bound to `aad`.

        Raises: KeyUnavailable, ProviderUnavailable: no such key; the module is away, refuses or answers rubbish.
        """
        nonce = os.urandom(NONCE_BYTES)
        token = nonce + self._asked(lambda found: self._sealed(found, key, GCMParams(nonce, aad)))
        if len(token) != _TOKEN_BYTES:
            raise self._rubbish()
        return Wrapped(f"{Keeper.PKCS11}:{self._key.token}/{self._key.key}", token)

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        """Open a domain key.

        Raises:
            WrongKeys: sealed by another root, or for another place.
            KeyUnavailable, ProviderUnavailable: as in `wrap`.
        """
        require_keeper(wrapped, Keeper.PKCS11, place=self._key.place)
        nonce, sealed = wrapped.token[:NONCE_BYTES], wrapped.token[NONCE_BYTES:]
        if len(wrapped.token) != _TOKEN_BYTES:
            raise WrongKeys("a sealed key of the keyring is damaged", place=self._key.place)
        key = self._asked(lambda found: self._unsealed(found, sealed, GCMParams(nonce, aad)))
        if len(key) != KEY_BYTES:
            raise self._rubbish()
        return key

    def health(self) -> ProviderInfo:
        """Look the key up, and check that it is of the right sort and cannot be taken out.

        Raises: KeyUnavailable, ProviderUnavailable: as in `wrap`.
        """
        number = self._asked(_number)
        return ProviderInfo(name=Keeper.PKCS11.value, version=number, is_demo=False, can_rewrap=False)

    def close(self) -> None:
        """Give the session back; the next call opens another one."""
        with self._turn:
            self._forget_session()

    def _sealed(self, found: SecretKey, key: bytes, bound: GCMParams) -> bytes:
        if not isinstance(found, EncryptMixin):
            raise self._not_for_this()
        return self._whole(found.encrypt(key, mechanism=Mechanism.AES_GCM, mechanism_param=bound))

    def _unsealed(self, found: SecretKey, sealed: bytes, bound: GCMParams) -> bytes:
        if not isinstance(found, DecryptMixin):
            raise self._not_for_this()
        try:
            return self._unsealed_plainly(found, sealed, bound)
        except (pkcs11.GeneralError, pkcs11.FunctionFailed):
            # SoftHSM, for one, has no better name for a tag that does not fit; if all else works, it was the tag
            probe = GCMParams(os.urandom(NONCE_BYTES), b"probe")
            if self._unsealed_plainly(found, self._sealed(found, bytes(KEY_BYTES), probe), probe) == bytes(KEY_BYTES):
                raise pkcs11.EncryptedDataInvalid from None
            raise

    def _unsealed_plainly(self, found: DecryptMixin, sealed: bytes, bound: GCMParams) -> bytes:
        return self._whole(found.decrypt(sealed, mechanism=Mechanism.AES_GCM, mechanism_param=bound))

    def _whole(self, answer: object) -> bytes:
        if not isinstance(answer, bytes):
            raise self._rubbish()
        return answer

    def _asked(self, ask: Callable[[SecretKey], Answer]) -> Answer:
        def in_turn() -> Answer:
            with self._turn:
                return self._tried(ask)

        return within(self._key.seconds, in_turn, place=self._key.place)

    def _tried(self, ask: Callable[[SecretKey], Answer]) -> Answer:
        was_open = self._session is not None
        try:
            return ask(self._found_key())
        except pkcs11.PKCS11Error as error:
            self._forget_session()
            if not was_open or isinstance(error, (*_PIN_REFUSED, *_NOT_OURS)):
                raise self._failure(error) from None
        try:
            return ask(self._found_key())
        except pkcs11.PKCS11Error as error:
            self._forget_session()
            raise self._failure(error) from None

    def _found_key(self) -> SecretKey:
        if self._session is None:
            self._session = self._opened_session()
        wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: self._key.key}
        all_found = list(self._session.get_objects(wanted))  # to the end: a search left open outlives its session
        if not all_found:
            raise pkcs11.NoSuchKey
        if len(all_found) > 1:
            raise pkcs11.MultipleObjectsReturned
        found = all_found[0]
        if not isinstance(found, SecretKey) or found.key_type is not KeyType.AES or found.key_length != KEY_BYTES * 8:
            raise ProviderUnavailable("the key must be an AES key of 256 bits", place=self._key.place)
        if found[Attribute.EXTRACTABLE] or not found[Attribute.SENSITIVE]:
            raise ProviderUnavailable("the key must be sensitive and not extractable", place=self._key.place)
        return found

    def _opened_session(self) -> Session:
        token = pkcs11.lib(str(self._key.module)).get_token(token_label=self._key.token)
        if Mechanism.AES_GCM not in token.slot.get_mechanisms():
            raise ProviderUnavailable("the module has no AES-GCM, so it cannot bind a key", place=self._key.place)
        try:
            return token.open(user_pin=self._pin())
        except pkcs11.UserAlreadyLoggedIn:  # by another session of this process: the token asks for the PIN once
            return token.open()

    def _forget_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            try:
                session.close()
            except pkcs11.PKCS11Error:
                return  # it was gone already: that is why it is forgotten

    def _pin(self) -> str:
        pin = read_private(self._key.pin_file).strip()
        try:
            text = pin.decode("utf-8")
        except UnicodeDecodeError:
            text = ""
        if not text:
            raise WrongKeys("the file holds no PIN", place=str(self._key.pin_file))
        return text

    def _failure(self, error: pkcs11.PKCS11Error) -> WrongKeys:
        place = self._key.place
        if isinstance(error, _NOT_OURS):
            return WrongKeys("the root key does not open a key of this keyring", place=place)
        if isinstance(error, pkcs11.NoSuchKey):
            return KeyUnavailable("the token has no such key: it was deleted, or never made", place=place)
        if isinstance(error, _PIN_REFUSED):
            return ProviderUnavailable("permission denied: the token refuses the PIN, or is locked", place=place)
        rule = _RULES.get(type(error), "the module cannot be used or is out of order")
        return ProviderUnavailable(rule, place=place)

    def _not_for_this(self) -> ProviderUnavailable:
        return ProviderUnavailable("the key must be allowed to encrypt and to decrypt", place=self._key.place)

    def _rubbish(self) -> ProviderUnavailable:
        return ProviderUnavailable("what the module answers is no key", place=self._key.place)


_RULES: dict[type[pkcs11.PKCS11Error], str] = {
    pkcs11.NoSuchToken: "the module has no token of this name",
    pkcs11.MultipleTokensReturned: "the module has several tokens of this name",
    pkcs11.MultipleObjectsReturned: "the token has several keys of this name",
}


def _number(found: SecretKey) -> str:
    """Return the key's own number within its token, in hexadecimal digits; "0" if it has none."""
    return bytes(found.id or b"").hex() or "0"
