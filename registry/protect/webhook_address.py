"""Where events may be sent: to public addresses over TLS, and to those of our own networks that a setting names.

A name is asked for its addresses once, and the connection goes to the very address that was judged: a name that answers
otherwise a moment later leads nowhere else.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

Resolve = Callable[[str, int], Sequence[str]]  # host and port → addresses
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST: Final = 500
_PORTS: Final = {"https": 443, "http": 80}
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_TARGET: Final = re.compile(r"[!-~]*")
_CARRIERS: Final = (  # networks whose addresses hold another one, which is the one that is reached
    ipaddress.IPv6Network("64:ff9b::/96"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),
    ipaddress.IPv6Network("::/96"),
)


class AddressRefused(Exception):
    """Nothing is sent there; `rule` says why."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address to send to, taken apart."""

    scheme: str
    host: str  # without brackets
    port: int
    path: str  # with the query

    @property
    def authority(self) -> str:
        """The host as it stands in the header; the usual port is not named."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def place(self) -> str:
        """Host and port, as a setting names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def read_target(address: str, *, allowed: Collection[str]) -> Target:
    """Return an address taken apart.

    Args:
        allowed: HOST:PORT of our own networks, to which events may go; to a loopback one without TLS as well.

    Raises:
        AddressRefused: `address_broken`, `address_not_https`, `address_not_public`.
    """
    target = _read(address)
    if target.place in allowed:
        if target.scheme == "http" and not _is_loopback(target.host):
            raise AddressRefused("address_not_https")
        return target
    if target.scheme != "https":
        raise AddressRefused("address_not_https")
    literal = _literal(target.host)
    if (literal is not None and not is_public(literal)) or _names_this_machine(target.host):
        raise AddressRefused("address_not_public")
    return target


def pinned(target: Target, resolve: Resolve, *, allowed: Collection[str]) -> str:
    """Return the one address to connect to; every address of the name must be allowed, not one of them.

    Raises:
        AddressRefused: `address_unknown`, `address_not_public`.
    """
    literal = _literal(target.host)
    found = [str(literal)] if literal is not None else list(resolve(target.host, target.port))
    addresses = [one for text in found if (one := _literal(text)) is not None]
    if not addresses or len(addresses) != len(found):
        raise AddressRefused("address_unknown")
    if target.place not in allowed and not all(is_public(one) for one in addresses):
        raise AddressRefused("address_not_public")
    return str(addresses[0])


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the internet at large, also where it carries another one inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _carried(address)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or any(address in carrier for carrier in _CARRIERS):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _CARRIERS[0]:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _read(address: str) -> Target:
    if len(address) > LONGEST or not _TARGET.fullmatch(address) or "\\" in address or "#" in address:
        raise AddressRefused("address_broken")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused("address_broken") from None
    if parts.scheme not in _PORTS or "@" in parts.netloc or not _is_host(host) or port == 0:
        raise AddressRefused("address_broken")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port or _PORTS[parts.scheme], path=path)


def _is_host(host: str) -> bool:
    if _literal(host) is not None:
        return True
    # a name whose last part is a number would be read as an address by some resolvers
    return bool(_HOST.fullmatch(host)) and not host.rsplit(".", 1)[-1].isdigit() and not host.startswith("0x")


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _names_this_machine(host: str) -> bool:
    return host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or host == "ip6-localhost"


def _is_loopback(host: str) -> bool:
    literal = _literal(host)
    return host == "localhost" if literal is None else literal.is_loopback
