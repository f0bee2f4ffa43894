"""What every keeper of the root key must do. A test of one keeper gives its fixture and takes these over."""

from __future__ import annotations

import os

import pytest

from registry.model.errors import WrongKeys
from registry.protect.keys.key_provider import KEY_BYTES, KeyProvider, Wrapped, wrap_proven

AAD = b"\x00\x00\x00\x01\x00\x00\x00\x05place"


class ProviderContract:
    """Inherited by one class a keeper; `provider` and `stranger` are fixtures of that class: two different roots."""

    def test_a_wrapped_key_opens_at_its_place(self, provider: KeyProvider) -> None:
        for aad in (AAD, b"x", bytes(range(256)) * 8):
            key = os.urandom(KEY_BYTES)
            assert provider.unwrap(provider.wrap(key, aad), aad) == key

    def test_the_same_key_is_never_sealed_alike_twice(self, provider: KeyProvider) -> None:
        assert len({provider.wrap(bytes(KEY_BYTES), AAD).token for _ in range(5)}) == 5

    @pytest.mark.parametrize("aad", [b"", AAD[:-1], AAD + b"\x00", AAD.swapcase()])
    def test_it_opens_at_no_other_place(self, provider: KeyProvider, aad: bytes) -> None:
        wrapped = provider.wrap(os.urandom(KEY_BYTES), AAD)
        with pytest.raises(WrongKeys, match="does not open"):
            provider.unwrap(wrapped, aad)

    def test_it_opens_under_no_other_root(self, provider: KeyProvider, stranger: KeyProvider) -> None:
        with pytest.raises(WrongKeys):
            stranger.unwrap(provider.wrap(os.urandom(KEY_BYTES), AAD), AAD)

    @pytest.mark.parametrize("place", [0, 12, 20, -1])
    def test_a_damaged_token_is_refused(self, provider: KeyProvider, place: int) -> None:
        wrapped = provider.wrap(os.urandom(KEY_BYTES), AAD)
        token = bytearray(wrapped.token)
        token[place] ^= 0x01
        for damaged in (bytes(token), wrapped.token[:-5], b""):
            with pytest.raises(WrongKeys):
                provider.unwrap(Wrapped(wrapped.root, damaged), AAD)

    @pytest.mark.parametrize("root", ["transit:transit/children@1", "pkcs11:children/root", "elsewhere:root", "0" * 16])
    def test_a_key_sealed_by_somebody_else_is_refused(self, provider: KeyProvider, root: str) -> None:
        with pytest.raises(WrongKeys):
            provider.unwrap(Wrapped(root, os.urandom(60)), AAD)

    def test_it_says_who_it_is_and_what_it_says_holds_no_key(self, provider: KeyProvider) -> None:
        found = provider.health()
        key = os.urandom(KEY_BYTES)
        wrapped = wrap_proven(provider, key, AAD)
        assert found.name
        assert found.version
        assert key.hex() not in f"{found} {wrapped} {provider!r}"
        assert wrapped.token.hex() not in f"{wrapped!r}"
