"""XML of outside systems, read strictly: no document type, no entities, nothing fetched, no endless nesting.

Comments and processing instructions are dropped before the tree is built, so that a text is never cut by one. An
element is either text or elements: mixed, it would be read by half.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from connectors.failures import ContractDrift

MAX_DEPTH: Final = 64

Element = etree._Element


def read_xml(content: bytes, *, max_depth: int = MAX_DEPTH, place: str = "body") -> Element:
    """Return the root of a document.

    Args:
        place: what the document is called in a failure.

    Raises:
        ContractDrift: it is not well-formed, has a document type, or is nested deeper than any agreed form.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):  # LookupError: an encoding that nobody knows
        raise ContractDrift(f"{place}: no XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise ContractDrift(f"{place}: a document type")
    if _depth(root) > max_depth:
        raise ContractDrift(f"{place}: nested too deep")
    return root


def name_of(element: Element) -> tuple[str, str]:
    """Return the namespace ('' for none) and the local name of an element."""
    name = etree.QName(element)
    return name.namespace or "", name.localname


def text_of(element: Element, *, place: str) -> str:
    """Return the text of an element that holds nothing else, without the space around it.

    Raises:
        ContractDrift: it holds elements.
    """
    if len(element):
        raise ContractDrift(place)
    return (element.text or "").strip()


def canonical(element: Element) -> bytes:
    """Return an element in the one form that XML canonicalisation gives it, whatever prefixes stood above it."""
    return bytes(etree.tostring(element, method="c14n", exclusive=True))


def _depth(root: Element) -> int:
    deepest = depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest
