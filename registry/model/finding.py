"""The few facts of an identity that a search compares, as one short text: thousands are opened at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from matching.identity import Identity, Parent

_BETWEEN: Final = "\x1f"  # a control character: in no name, for names are letters and spaces here
_BETWEEN_BYTES: Final = _BETWEEN.encode()
_LEAST_FIELDS: Final = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What a search compares. An empty text means: not known."""

    folded: str = field(repr=False)  # the name's letters a-z
    marked: str = field(repr=False)  # the name with its marks
    born: str = field(repr=False)  # 'yyyy', 'yyyy-mm' or 'yyyy-mm-dd'
    mother: str = field(repr=False)  # letters a-z
    father: str = field(repr=False)

    @classmethod
    def of(cls, identity: Identity) -> Finding:
        """Return the facts of an identity; a name that only tells the mother's is none."""
        name = identity.name if identity.name and not identity.name.placeholder else None
        return cls(
            folded=name.folded if name else "",
            marked=name.marked if name else "",
            born=identity.birth.iso() if identity.birth else "",
            mother=_folded(identity.mother),
            father=_folded(identity.father),
        )

    def to_bytes(self) -> bytes:
        """Return the facts as they are sealed; a later version may add fields behind these."""
        return _BETWEEN.join((self.folded, self.marked, self.born, self.mother, self.father)).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Finding:
        """Return the facts that were written by `to_bytes`.

        Raises: ValueError: this is no such text; the message does not show it.
        """
        fields = raw.decode("utf-8", "replace").split(_BETWEEN)
        if len(fields) < _LEAST_FIELDS:
            raise ValueError("not the facts of a search")
        return cls(*fields[:_LEAST_FIELDS])


def name_in(raw: bytes) -> str:
    """Return the folded name of facts as they are sealed, and leave the rest unread."""
    return raw.partition(_BETWEEN_BYTES)[0].decode("ascii", "replace")


def _folded(parent: Parent | None) -> str:
    return parent.name.folded if parent and parent.name else ""
