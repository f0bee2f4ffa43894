"""The proof that one event stands in a log, as a file that anybody with the log's public key can check.

Source: C2SP tlog-proof: the content of the leaf is its extra data.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from registry.protect.log.checkpoint import BadCheckpoint, Verifier, signed_by
from registry.protect.log.merkle import HASH_BYTES, leaf_hash, verify_inclusion

_FIRST: Final = "c2sp.org/tlog-proof@v1"
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})")
LONGEST_PROOF: Final = 63
LARGEST: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """The content of a leaf, its place, the way to the root, and the signed head."""

    index: int
    content: bytes
    hashes: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """Return the file."""
        lines = [_FIRST, f"extra {_encoded(self.content)}", f"index {self.index}", *map(_encoded, self.hashes)]
        return "\n".join(lines) + f"\n\n{self.note}"

    @classmethod
    def from_text(cls, text: str) -> InclusionProof:
        """Read the file.

        Raises: BadCheckpoint: malformed.
        """
        head, mark, note = text.partition("\n\n")
        first, *rest = head.split("\n")
        index = _INDEX.fullmatch(rest[1]) if len(rest) > 1 else None
        if not mark or first != _FIRST or index is None or len(rest) > LONGEST_PROOF + 2 or len(text) > LARGEST:
            raise BadCheckpoint("not a proof of an event")
        hashes = tuple(map(_decoded, rest[2:]))
        if not rest[0].startswith("extra ") or any(len(one) != HASH_BYTES for one in hashes):
            raise BadCheckpoint("the proof is malformed")
        return cls(index=int(index[1]), content=_decoded(rest[0].removeprefix("extra ")), hashes=hashes, note=note)

    def size_of(self, known: Sequence[Verifier]) -> int:
        """Return the size of the log in which the event stands.

        Raises: BadCheckpoint: the head is not signed by the log, or the event is not under it.
        """
        head, _ = signed_by(self.note, known)
        hashed = leaf_hash(self.content)
        if not verify_inclusion(hashed, self.index, size=head.size, proof=self.hashes, root=head.root):
            raise BadCheckpoint("the event is not in the log under this head")
        return head.size


def _encoded(part: bytes) -> str:
    return base64.b64encode(part).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise BadCheckpoint("the proof is malformed") from None
