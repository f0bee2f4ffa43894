"""What a provincial platform makes of the SOAP service's XML where it answers in objects."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as Tree

BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"


def as_objects(envelope: str, *, camel_case: bool) -> dict[str, Any]:
    """Return the body of one of our own envelopes as objects by the elements' names, without their name spaces."""
    body = Tree.fromstring(envelope).find(BODY)  # noqa: S314  made in this process just now
    return {} if body is None else dict(_members(body, camel_case=camel_case))


def _members(element: Tree.Element, *, camel_case: bool) -> dict[str, Any]:
    """Return attributes and children of an element; what stands more than once is a list."""
    members: dict[str, Any] = {_called(name, camel_case=camel_case): text for name, text in element.attrib.items()}
    for child in element:
        name = _called(child.tag.rpartition("}")[2], camel_case=camel_case)
        value: Any = _members(child, camel_case=camel_case) if len(child) or child.attrib else (child.text or "")
        if name not in members:
            members[name] = value
        elif isinstance(members[name], list):
            members[name].append(value)
        else:
            members[name] = [members[name], value]
    return members


def _called(name: str, *, camel_case: bool) -> str:
    return name[:1].lower() + name[1:] if camel_case else name
