"""Answers of the population database's service: what of a response is an answer to our question at all.

A response may be SOAP, or the JSON in which a province's bus wraps one; either may tell an error within HTTP 200.
Nothing but an answer to this question, in an agreed namespace, is handed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from connectors import xroad
from connectors.contract import ConnectorError, ContractDrift, Denied, RateLimited, Transient
from connectors.formats.strict_json import read_json
from connectors.formats.strict_xml import Element, name_of, read_xml, text_of
from connectors.population.npdb_questions import SOAP
from connectors.population.npdb_settings import Bus, NpdbSettings
from connectors.population.npdb_tree import Node, from_json, from_xml, tag_of

COLLECTION: Final = "CongdanCollection"
CONFIRMATION: Final = "KetQuaXacThuc"
_PAYLOADS: Final = (COLLECTION, CONFIRMATION)
_WRAPPERS: Final = ("Envelope", "Body")
_SHOWN: Final = re.compile(r"[A-Za-z0-9._-]{1,7}")  # a code that may stand in a message
_OUR_FAULT: Final = re.compile(r"4[0-9]{2}")
_FAULT: Final = "Envelope/Body/Fault"


def read_answer(content: bytes, request_id: str, settings: NpdbSettings) -> Node | None:
    """Return what an answer holds: a confirmation or a collection of citizens; None: its code says 'nobody'.

    Raises:
        ContractDrift: it does not have the agreed form, or answers another request.
        Transient: it tells an error that may pass.
        Denied: it tells that we may not ask.
    """
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _from_bus(read_json(content), request_id, settings)
    root = read_xml(content)
    if name_of(root) != (SOAP, "Envelope"):
        raise ContractDrift("Envelope")
    return _from_envelope(root, request_id, settings)


def read_fault(content: bytes, settings: NpdbSettings) -> ConnectorError | None:
    """Return what the fault in a response of HTTP 500 means, as SOAP 1.1 sends them; None: there is none in it."""
    try:
        root = read_xml(content)
    except ContractDrift:
        return None
    fault = root.find(f"{{{SOAP}}}Body/{{{SOAP}}}Fault")
    return _from_fault(fault, settings) if fault is not None else None


def _from_envelope(envelope: Element, request_id: str, settings: NpdbSettings) -> Node:
    bodies = envelope.findall(f"{{{SOAP}}}Body")
    if len(bodies) != 1:
        raise ContractDrift("Envelope/Body")
    _check_echo(envelope, request_id)
    fault = bodies[0].find(f"{{{SOAP}}}Fault")
    if fault is not None:
        raise _from_fault(fault, settings)
    if len(bodies[0]) != 1:
        raise ContractDrift("Envelope/Body")
    return _payload(bodies[0][0], settings)


def _check_echo(root: Element, request_id: str) -> None:
    for echoed in root.iter("{*}MaYeuCau"):
        if text_of(echoed, place="MaYeuCau") != request_id:
            raise ContractDrift("MaYeuCau")


def _payload(element: Element, settings: NpdbSettings) -> Node:
    """Return what an element of the body holds, directly or in the one element that some servers put around it."""
    namespace, tag = name_of(element)
    ours = settings.our_tags
    if ours.get(tag, tag) not in _PAYLOADS and namespace == settings.service_namespace and len(element) == 1:
        element = element[0]
        tag = name_of(element)[1]
    if ours.get(tag, tag) == COLLECTION:
        return from_xml(element, (settings.citizen_namespace,), ours, above="Body")
    if ours.get(tag, tag) == CONFIRMATION:
        return from_xml(element, (settings.service_namespace, settings.citizen_namespace), ours, above="Body")
    raise ContractDrift("Body: neither a confirmation nor citizens")


def _from_fault(fault: Element, settings: NpdbSettings) -> ConnectorError:
    """Return what a fault means: the bus's own, the service's, or that our question is wrong."""
    said = fault.find("faultcode")
    code = text_of(said, place=_FAULT).rpartition(":")[2] if said is not None else ""
    if xroad.is_from_the_bus(code):
        return xroad.failure(code)
    if code.partition(".")[0] == "Server":
        return Transient("the service failed")
    if code.partition(".")[0] in ("Client", "VersionMismatch", "MustUnderstand", ""):
        return ContractDrift(_FAULT)
    return _told(code, settings)


def _told(code: str, settings: NpdbSettings) -> ConnectorError:
    """Return what an error within an answer means."""
    shown = code if _SHOWN.fullmatch(code) else "unnamed"
    if code in settings.denied_codes:
        return Denied(f"the service refuses: {shown}")
    if code in settings.limit_codes:
        return RateLimited(f"the quota is used up: {shown}")
    if _OUR_FAULT.fullmatch(code) and code != "408":
        return ContractDrift(f"body: error {shown}")
    return Transient(f"the service tells an error: {shown}")


def _from_bus(document: object, request_id: str, settings: NpdbSettings) -> Node | None:
    """Return what the JSON of a bus holds, however deep it wraps the answer."""
    if not isinstance(document, dict):
        raise ContractDrift("body")
    for echoed in _named(document, "maYeuCau"):
        if echoed != request_id:
            raise ContractDrift("maYeuCau")
    response = document.get("response")
    inner = response if isinstance(response, dict) else {}
    for code in (_code(document, "code"), _code(inner, "error_code0", "error_code")):
        if code in settings.not_found_codes:
            return None
        if code is not None and code.upper() not in settings.success_codes:
            raise _told(code, settings)
    if settings.transport is not Bus.LGSP:
        raise ContractDrift("body: no envelope")
    return _from_held(inner.get("data", document), request_id, settings)


def _from_held(held: object, request_id: str, settings: NpdbSettings) -> Node | None:
    if isinstance(held, str) and held.lstrip().startswith("<"):
        root = read_xml(held.encode(), place="response.data")
        if name_of(root) == (SOAP, "Envelope"):
            return _from_envelope(root, request_id, settings)
        _check_echo(root, request_id)
        return _payload(root, settings)
    if isinstance(held, str) and held.lstrip().startswith("{"):
        held = read_json(held.encode(), place="response.data")
        for echoed in _named(held, "maYeuCau"):
            if echoed != request_id:
                raise ContractDrift("maYeuCau")
    if not isinstance(held, dict):
        raise ContractDrift("response.data")
    return _from_object(held, settings.our_tags)


def _from_object(held: Mapping[str, Any], ours: Mapping[str, str]) -> Node:
    for name, value in held.items():
        tag = tag_of(name, ours)
        if tag in _PAYLOADS:
            return from_json(name, value, ours, above="data")
        if tag == "CongDan":
            return from_json(COLLECTION, {name: value}, ours, above="data")
        if tag in _WRAPPERS and isinstance(value, dict):
            return _from_object(value, ours)
    raise ContractDrift("response.data: neither a confirmation nor citizens")


def _code(held: Mapping[str, Any], *names: str) -> str | None:
    """Return an error code as text; None: there is none."""
    said = next((held[name] for name in names if held.get(name) is not None), None)
    if isinstance(said, bool | dict | list | float):
        raise ContractDrift(names[0])
    return str(said).strip() or None if said is not None else None


def _named(held: object, name: str) -> Iterator[object]:
    """Yield every value of a name, however deep, in either of the two ways to write it."""
    if isinstance(held, dict):
        for key, value in held.items():
            if key[:1].lower() + key[1:] == name:
                yield value
            yield from _named(value, name)
    elif isinstance(held, list):
        for value in held:
            yield from _named(value, name)
