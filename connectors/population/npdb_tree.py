"""What an answer of the population database holds, whether it came as XML or as JSON: one plain tree of both.

In XML every element must be of an agreed namespace; in JSON the names may begin in lower case, as some provinces'
buses write them. A tree names places by its tags alone, never by what stands in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from connectors.failures import ContractDrift
from connectors.formats.strict_xml import Element, canonical, name_of

_NAMED = re.compile(r"[A-Za-z]{1,30}[0-9]{0,2}")
_ATTRIBUTE_SIGNS = ("@", "-")  # before the name of what is an attribute in XML


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One element: text, or elements below it."""

    tag: str
    place: str  # the tags from the root down, with '/'
    text: str = field(default="", repr=False)
    children: tuple[Node, ...] = field(default=(), repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    written: bytes | None = field(default=None, repr=False)  # its canonical form; None: of an element within one

    def all(self, tag: str) -> tuple[Node, ...]:
        """Return the elements of a name directly below."""
        return tuple(child for child in self.children if child.tag == tag)

    def every(self, tag: str) -> Iterator[Node]:
        """Yield the elements of a name, however deep below."""
        for child in self.children:
            if child.tag == tag:
                yield child
            yield from child.every(tag)

    def one(self, tag: str) -> Node | None:
        """Return the element of a name directly below; None: there is none.

        Raises:
            ContractDrift: there are several.
        """
        found = self.all(tag)
        if len(found) > 1:
            raise ContractDrift(f"{self.place}/{tag}[2]")
        return found[0] if found else None

    def at(self, path: str) -> str | None:
        """Return the text at a path of tags; None: empty or not there.

        Raises:
            ContractDrift: an element on the way is there twice, or holds elements in place of text.
        """
        node: Node | None = self
        for tag in path.split("/"):
            node = node.one(tag) if node is not None else None
        if node is None:
            return None
        if node.children:
            raise ContractDrift(node.place)
        return node.text or None

    def code(self, tag: str) -> str | None:
        """Return a code that stands plainly in its element, or one level below it: `DanToc` or `DanToc/MaDanToc`."""
        node = self.one(tag)
        if node is None:
            return None
        return node.at(f"Ma{tag}") if node.children else node.text or None


def tag_of(name: str, ours: Mapping[str, str]) -> str:
    """Return our name of an element, which may be written with a small first letter or be named otherwise there.

    Args:
        ours: their names → ours, where they differ.
    """
    known = ours.get(name, name)
    return known[:1].upper() + known[1:]


def from_xml(element: Element, namespaces: Collection[str], ours: Mapping[str, str], *, above: str = "") -> Node:
    """Return an element as a tree.

    Args:
        namespaces: those that its elements may be of.
        ours: their names → ours, where they differ.
        above: the place of the element that holds it.

    Raises:
        ContractDrift: an element is of another namespace, or holds text beside elements.
    """
    namespace, name = name_of(element)
    tag = ours.get(name, name)
    place = f"{above}/{_shown(tag)}"
    if namespace not in namespaces:
        raise ContractDrift(f"{place}: namespace")
    children = tuple(from_xml(child, namespaces, ours, above=place) for child in element)
    beside = [element.text, *(child.tail for child in element)] if children else []
    if any((text or "").strip() for text in beside):
        raise ContractDrift(f"{place}: text beside elements")
    return Node(
        tag=tag,
        place=place,
        text="" if children else (element.text or "").strip(),
        children=children,
        attributes={str(name): str(value) for name, value in element.attrib.items()},
        written=canonical(element) if tag == "CongDan" else None,
    )


def from_json(name: str, value: object, ours: Mapping[str, str], *, above: str = "") -> Node:
    """Return a JSON value as the tree that XML of the same names would give; see `from_xml`.

    Raises:
        ContractDrift: a list stands where no element can be.
    """
    tag = tag_of(name, ours)
    place = f"{above}/{_shown(tag)}"
    if isinstance(value, list):
        raise ContractDrift(place)
    if not isinstance(value, dict):
        return Node(tag=tag, place=place, text=_text(value))
    attributes = {name[1:]: _text(held) for name, held in value.items() if name.startswith(_ATTRIBUTE_SIGNS)}
    children = [
        from_json(name, held, ours, above=place)
        for name, several in value.items()
        if not name.startswith(_ATTRIBUTE_SIGNS)
        for held in (several if isinstance(several, list) else [several])
    ]
    written = None
    if tag == "CongDan":
        written = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return Node(tag=tag, place=place, children=tuple(children), attributes=attributes, written=written)


def _shown(tag: str) -> str:
    """Return a tag as a place names it; one that is none of the kind in use could be a value of somebody."""
    return tag if _NAMED.fullmatch(tag) else "?"


def _text(value: object) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()
