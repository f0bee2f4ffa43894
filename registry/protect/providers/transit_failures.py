"""What a failed call to a Transit engine means: whether to ask again, and what to tell. What it wrote is not repeated.

The classes are those of the client; the sentences of a refusal are the engine's, which has no codes for them.
"""

from __future__ import annotations

import hvac.exceptions
import requests

from registry.model.errors import KeyUnavailable, ProviderUnavailable, WrongKeys

_STATUS_THAT_PASSES = (
    hvac.exceptions.RateLimitExceeded,
    hvac.exceptions.InternalServerError,
    hvac.exceptions.BadGateway,
    hvac.exceptions.VaultDown,
)
_VERSION_GONE = ("disallowed by policy", "version is too new")
_NOT_OURS = ("message authentication failed", "unable to decrypt", "invalid ciphertext")
_GONE = "encryption key not found"
_DENIED = "permission denied: the token has expired, or its policy does not name this key"
_OUT_OF_ORDER = "the keeper of the root key is out of order"
_RULES = (  # the first that fits
    (hvac.exceptions.InvalidPath, "there is no such key or no such mount"),
    (hvac.exceptions.Forbidden, _DENIED),
    (hvac.exceptions.Unauthorized, _DENIED),
    (hvac.exceptions.VaultNotInitialized, "the vault is not initialised"),
    (hvac.exceptions.RateLimitExceeded, "too many requests for the keeper of the root key"),
    (requests.exceptions.SSLError, "the certificate is not one that we trust"),
    (requests.RequestException, "the keeper of the root key cannot be reached"),
)


def passes_by(error: Exception) -> bool:
    """Tell whether the same call may succeed a moment later."""
    if isinstance(error, requests.exceptions.SSLError):
        return False
    return isinstance(error, (*_STATUS_THAT_PASSES, requests.ConnectionError, requests.Timeout))


def failure_of(error: Exception, *, place: str) -> WrongKeys:
    """Return what to raise for a call that failed for good."""
    if isinstance(error, hvac.exceptions.InvalidRequest):
        return _refusal(error, place)
    return ProviderUnavailable(_rule(error), place=place)


def _refusal(error: hvac.exceptions.InvalidRequest, place: str) -> WrongKeys:
    said = str(error.errors or "")
    if _GONE in said:
        return KeyUnavailable("the engine has no such key: it was deleted, or never made", place=place)
    if any(sentence in said for sentence in _VERSION_GONE):
        return KeyUnavailable("the engine no longer opens with this version of its key, or never had it", place=place)
    if any(sentence in said for sentence in _NOT_OURS):
        return WrongKeys("the root key does not open a key of this keyring", place=place)
    return ProviderUnavailable("the engine refuses the request", place=place)


def _rule(error: Exception) -> str:
    """Return the sentence for a failure that says nothing about our keys."""
    if isinstance(error, hvac.exceptions.VaultDown) and "sealed" in str(error.errors or "").lower():
        return "the vault is sealed"
    return next((rule for kind, rule in _RULES if isinstance(error, kind)), _OUT_OF_ORDER)
