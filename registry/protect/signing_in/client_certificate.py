"""A client's certificate as the web server in front says it: the whole of it, in one header.

Source: RFC 9440, section 2.2; RFC 8941, section 3.3.5 (byte sequences).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509

from registry.protect.signing_in.client_keys import digest_of

_LARGEST: Final = 16 * 1024  # characters
_BYTES: Final = re.compile(rb":([A-Za-z0-9+/]+={0,2}):")


class NoCertificate(ValueError):
    """A header that holds no certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCertificate:
    """A certificate whose key a client has proved to hold, in the handshake with the web server in front."""

    digest: str  # SHA-256, hexadecimal
    begins_at: datetime
    ends_at: datetime


def shown_certificate(header: bytes) -> ShownCertificate:
    """Return the certificate that a header holds.

    Raises:
        NoCertificate: it holds none, or more than one.
    """
    found = _BYTES.fullmatch(header) if len(header) <= _LARGEST else None
    if found is None:
        raise NoCertificate
    try:
        der = b64decode(found[1], validate=True)
        certificate = x509.load_der_x509_certificate(der)
        shown = ShownCertificate(
            digest=digest_of(certificate),
            begins_at=certificate.not_valid_before_utc,
            ends_at=certificate.not_valid_after_utc,
        )
    except (binascii.Error, ValueError):
        raise NoCertificate from None
    if b64encode(der) != found[1]:
        raise NoCertificate
    return shown
