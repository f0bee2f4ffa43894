"""The headers and errors of an exchange bus in the manner of X-Road, whatever is sent over it.

An `X-Road-Error` in a response says that a security server failed and the provider never answered; without it the
provider's own answer was passed through.
Source: X-Road: Message Protocol for REST, sections 4.1 to 4.6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import quote, unquote

import httpx
from pydantic import AfterValidator

from connectors.failures import ConnectorError, Denied, MediatorFailure
from connectors.http import Clock, retry_after

ERROR: Final = "X-Road-Error"
_CLIENT_PARTS: Final = 4  # instance, class, member, subsystem
_SERVICE_PARTS: Final = 5  # and the service's code
_TYPE: Final = re.compile(r"(Client|Server)(\.[A-Za-z]{1,40}){0,4}")
# What a repetition cannot mend: the bus knows us or the service not, or will not let us.
_REFUSALS: Final = ("AccessDenied", "UnknownMember", "UnknownService", "ServiceDisabled", "SslAuthenticationFailed")


def identifier(*parts: str) -> str:
    """Return an identifier as it stands in a header or path: each part encoded alone, so that it may hold a slash."""
    return "/".join(quote(part, safe="") for part in parts)


def service_path(service: str, rest: str = "") -> str:
    """Return the path at a security server under which a service answers.

    Args:
        service: its identifier, encoded.
        rest: the service's own path, encoded.
    """
    return f"/r1/{service}{rest}"


def _client(written: str) -> str:
    return _whole(written, _CLIENT_PARTS, "instance/class/member/subsystem")


def _service(written: str) -> str:
    return _whole(written, _SERVICE_PARTS, "instance/class/member/subsystem/service")


def _whole(written: str, count: int, form: str) -> str:
    parts = written.split("/")
    if len(parts) != count or not all(parts):
        raise ValueError(f"must be written {form}, a slash within a part as %2F")
    return identifier(*map(unquote, parts))


Client = Annotated[str, AfterValidator(_client)]  # instance/class/member/subsystem, encoded
Service = Annotated[str, AfterValidator(_service)]  # instance/class/member/subsystem/service, encoded


def headers(
    client: str, *, message_id: str | None = None, user_id: str | None = None, issue: str | None = None
) -> Mapping[str, str]:
    """Return the headers that the bus wants.

    Args:
        client: who we are, encoded.
        message_id: unique for each request; the bus makes one where it is missing.
        user_id: on whose behalf, with the country before it.
        issue: the case for which it is asked.
    """
    found = {"X-Road-Client": client, "X-Road-Id": message_id, "X-Road-UserId": user_id, "X-Road-Issue": issue}
    return {name: value for name, value in found.items() if value is not None}


class BusErrors:
    """Looks for the errors of the bus in a response; for `HttpClient`'s `inspect`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, response: httpx.Response) -> None:
        """Raise what the bus says instead of the provider.

        Raises:
            Denied: it will not let us through.
            MediatorFailure: it failed.
        """
        said = response.headers.get(ERROR)
        if said is not None:
            raise failure(said, retry_after(response.headers, self._clock))


def failure(kind: str, wait: float | None = None) -> ConnectorError:
    """Return what an error of the bus means for whoever asked.

    Args:
        kind: 'Server.ServerProxy.NetworkError' and the like; repeated only if it has that form.
        wait: the seconds after which it asks to be tried again.
    """
    known = bool(_TYPE.fullmatch(kind))
    if known and (kind.startswith("Client") or kind.endswith(_REFUSALS)):
        return Denied(f"the exchange bus refuses: {kind}")
    return MediatorFailure(f"the exchange bus failed: {kind if known else 'unnamed'}", retry_after=wait)


def is_from_the_bus(kind: str) -> bool:
    """Tell whether a fault code of a SOAP answer is the bus's own."""
    return bool(_TYPE.fullmatch(kind)) and kind.startswith(("Server.ClientProxy", "Server.ServerProxy", "Client."))
