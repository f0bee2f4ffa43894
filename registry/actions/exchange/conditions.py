"""Which version of a record a client means: the conditions of a request, and how the versions differ.

Source: RFC 9110, sections 8.8.3, 13.1.1 and 13.1.2; RFC 6585, section 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from registry.actions.exchange.push_records import PushedChild, PushedRecord
from registry.actions.exchange.refusals import ConditionMissing, Fault, NotUnderstood

REPLACES: Final = "replaces"  # member of what is kept of a single write: the version that it was written over
_LIST: Final = re.compile(r'\s*(?:W/)?"[!#-~]*"\s*(?:,\s*(?:W/)?"[!#-~]*"\s*)*')
_ONE: Final = re.compile(r'(W/)?("[!#-~]*")')
_ANY: Final = "*"
_FIELDS: Final = frozenset({*PushedRecord.model_fields, REPLACES})
_PERSONS: Final = frozenset({"mother", "father", "carer"})


@dataclass(frozen=True, slots=True)
class Condition:
    """What must stand: one of these versions, anything at all, or nothing."""

    etags: frozenset[str] | None  # None: anything
    absent: bool = False  # nothing may stand

    def holds(self, etag: str | None) -> bool:
        """Tell whether it holds of what stands; args: etag: None: nothing does."""
        if self.absent:
            return etag is None
        return etag is not None and (self.etags is None or etag in self.etags)


def condition_of(if_match: str | None, if_none_match: str | None) -> Condition:
    """Return the condition of a request.

    Raises:
        ConditionMissing: there is none.
        NotUnderstood: it cannot be read, or there are two.
    """
    if if_match is None and if_none_match is None:
        raise ConditionMissing
    if if_match is not None and if_none_match is not None:
        raise NotUnderstood(faults=[Fault("", "two_conditions")], field="header.If-None-Match")
    if if_none_match is not None:
        if if_none_match.strip() != _ANY:
            raise NotUnderstood(faults=[Fault("", "condition_broken")], field="header.If-None-Match")
        return Condition(None, absent=True)
    said = (if_match or "").strip()
    if said == _ANY:
        return Condition(None)
    if not _LIST.fullmatch(said):
        raise NotUnderstood(faults=[Fault("", "condition_broken")], field="header.If-Match")
    # a weak one says that two versions are much alike, which is not enough to write over one
    return Condition(frozenset(found[2] for found in _ONE.finditer(said) if not found[1]))


def etag_of(version_no: int, content_digest: bytes) -> str:
    """Return the name of a version: its number and a part of the keyed digest of its content."""
    return f'"{version_no}-{content_digest[:8].hex()}"'


def differing(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> list[str] | None:
    """Return the places at which two contents of a record differ; None: what is stored came in another form.

    Absent and null are the same. Only names that the form knows are told, and never a value.
    """
    if not ("key" in stored and stored.keys() <= _FIELDS):
        return None
    places = ("operation", "version", "version_at", "services", "case")
    found = [f"/{name}" for name in places if (stored.get(name) or None) != (sent.get(name) or None)]
    return sorted([*found, *_of_child(_object(stored.get("child")), _object(sent.get("child")))])


def _of_child(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> Iterator[str]:
    for name in PushedChild.model_fields:
        one, other = stored.get(name), sent.get(name)
        if name not in _PERSONS:
            if one != other:
                yield f"/child/{name}"
            continue
        before, after = _object(one), _object(other)
        yield from (f"/child/{name}/{part}" for part in _PARTS if before.get(part) != after.get(part))


_PARTS: Final = ("name", "number", "birth_year", "relation")


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
