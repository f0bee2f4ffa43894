"""A witness: it remembers the newest head of a log, and cosigns only what continues it.

It knows nothing of the log but its key: no database, no leaf. Once a log has shown it two histories it signs for that
log never again, until a person decides.

Source: C2SP tlog-witness (add-checkpoint).
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from registry.model.errors import WrongKeys
from registry.protect.keys.private_file import create_private, read_private, replace_private
from registry.protect.log.checkpoint import BadCheckpoint, Checkpoint, Verifier, parts_of, read_checkpoint
from registry.protect.log.cosignature import Cosigner
from registry.protect.log.merkle import EMPTY_ROOT, HASH_BYTES, verify_consistency

LARGEST_REQUEST: Final = 64 * 1024
LONGEST_PROOF: Final = 63
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")


class Said(StrEnum):
    """What the witness says to a head."""

    COSIGNED = "cosigned"
    MALFORMED = "malformed"
    UNKNOWN_LOG = "unknown_log"
    NOT_SIGNED = "not_signed"
    NOT_NEWEST = "not_newest"  # the log believes that the witness stands elsewhere
    INCONSISTENT = "inconsistent"
    STOPPED = "stopped"  # it has seen two histories


# How the answers are told over HTTP.
STATUS_OF: Final = {
    Said.COSIGNED: 200,
    Said.MALFORMED: 400,
    Said.UNKNOWN_LOG: 404,
    Said.NOT_SIGNED: 403,
    Said.NOT_NEWEST: 409,
    Said.INCONSISTENT: 422,
    Said.STOPPED: 422,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the witness answers: its line, the size it stands at, or a sentence."""

    said: Said
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A head, with the proof that it continues the older one."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """Return the request as it is sent."""
        hashes = "".join(f"{base64.b64encode(one).decode()}\n" for one in self.proof)
        return f"old {self.old}\n{hashes}\n{self.note}"

    @classmethod
    def from_text(cls, text: str) -> Request:
        """Read the text of a request.

        Raises: BadCheckpoint: malformed.
        """
        head, mark, note = text.partition("\n\n")
        first, *hashes = head.split("\n")
        found = _OLD.fullmatch(first)
        if not mark or found is None or len(hashes) > LONGEST_PROOF or len(text) > LARGEST_REQUEST:
            raise BadCheckpoint("not a request to a witness")
        return cls(old=int(found[1]), proof=tuple(map(_hash, hashes)), note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a witness knows of a log: the newest head it cosigned, and why it has stopped, if it has."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    note: str = ""  # the head with its own cosignature; empty: none yet
    cosigned_at: int = 0  # seconds: the next cosignature is not earlier
    stopped: str | None = None
    against: str = ""  # the head that contradicts it: with `note` the proof of what the log did

    @classmethod
    def from_json(cls, written: bytes) -> Seen:
        """Read what `to_json` wrote.

        Raises: BadCheckpoint: damaged.
        """
        try:
            found: dict[str, Any] = json.loads(written)
            seen = cls(**{**found, "root": bytes.fromhex(found["root"])})
        except (ValueError, KeyError, TypeError):
            raise BadCheckpoint("the state of the witness is damaged") from None
        if not seen._fits():
            raise BadCheckpoint("the state of the witness is damaged")
        return seen

    def _fits(self) -> bool:
        kinds = [(self.size, int), (self.note, str), (self.cosigned_at, int), (self.against, str)]
        whole = all(type(value) is kind for value, kind in kinds) and isinstance(self.stopped, str | None)
        return whole and len(self.root) == HASH_BYTES and self.size >= 0 and (self.size == 0 or self.note != "")

    def to_json(self) -> bytes:
        """Return the state to be kept."""
        return json.dumps(
            {
                "size": self.size,
                "root": self.root.hex(),
                "note": self.note,
                "cosigned_at": self.cosigned_at,
                "stopped": self.stopped,
                "against": self.against,
            },
            indent=2,
            ensure_ascii=False,
        ).encode()


class Witness:
    """Judges the heads of one log; what it has seen stands in a file before its answer leaves."""

    def __init__(self, *, log: Verifier, cosigner: Cosigner, state: Path) -> None:
        self._log = log
        self._cosigner = cosigner
        self._state = state

    def seen(self) -> Seen:
        """Return what it knows of the log.

        Raises: BadCheckpoint, WrongKeys: the state is damaged, or others can read it.
        """
        return Seen.from_json(read_private(self._state)) if self._state.exists() else Seen()

    def judge(self, text: str, *, at: datetime) -> Answer:
        """Cosign the head of a request, or say why not."""
        try:
            request = Request.from_text(text)
            parts_of(request.note)
        except BadCheckpoint as error:
            return Answer(said=Said.MALFORMED, text=f"{error}\n")
        if request.note.partition("\n")[0] != self._log.name:
            return Answer(said=Said.UNKNOWN_LOG, text="this witness does not know the log\n")
        try:
            head = read_checkpoint(request.note, self._log)
        except BadCheckpoint as error:
            return Answer(said=Said.NOT_SIGNED, text=f"{error}\n")
        return self._judge(request, head, at)

    def resume(self) -> None:
        """Forget that it has stopped: a person has looked at both histories and decided.

        Raises: WrongKeys: it has not stopped.
        """
        seen = self.seen()
        if seen.stopped is None:
            raise WrongKeys("the witness has not stopped", place=str(self._state))
        self._keep(Seen(size=seen.size, root=seen.root, note=seen.note, cosigned_at=seen.cosigned_at))

    def _judge(self, request: Request, head: Checkpoint, at: datetime) -> Answer:
        seen = self.seen()
        if seen.stopped is not None:
            return Answer(said=Said.STOPPED, text="this witness has seen two histories of the log and has stopped\n")
        if head.size < request.old:
            return Answer(said=Said.MALFORMED, text="the head is older than the one it is said to continue\n")
        if request.old != seen.size:
            return Answer(said=Said.NOT_NEWEST, text=f"{seen.size}\n")
        if request.old == 0 and request.proof:
            return Answer(said=Said.MALFORMED, text="a first head needs no proof\n")
        fault = _fault(seen, request, head)
        if fault is not None:
            self._keep(
                Seen(
                    size=seen.size,
                    root=seen.root,
                    note=seen.note,
                    cosigned_at=seen.cosigned_at,
                    stopped=fault,
                    against=request.note,
                )
            )
            return Answer(said=Said.INCONSISTENT, text=f"{fault}\n")
        return self._cosign(seen, request, head, at)

    def _cosign(self, seen: Seen, request: Request, head: Checkpoint, at: datetime) -> Answer:
        stamp = int(at.timestamp())
        if stamp < seen.cosigned_at:
            return Answer(said=Said.NOT_NEWEST, text=f"{seen.size}\n")  # its own clock has gone back
        body, _ = parts_of(request.note)
        line = self._cosigner.line(body, at=at)
        note = request.note + line
        self._keep(Seen(size=head.size, root=head.root, note=note, cosigned_at=stamp))
        return Answer(said=Said.COSIGNED, text=line)

    def _keep(self, seen: Seen) -> None:
        if self._state.exists():
            replace_private(self._state, seen.to_json())
        else:
            create_private(self._state, seen.to_json())


def _fault(seen: Seen, request: Request, head: Checkpoint) -> str | None:
    if seen.size == 0:
        return None
    holds = verify_consistency(seen.size, seen.root, size=head.size, root=head.root, proof=request.proof)
    if holds:
        return None
    if head.size == seen.size:
        return f"two heads of {head.size} leaves differ: the log has two histories"
    return f"the head of {head.size} leaves does not continue the one of {seen.size}"


def _hash(line: str) -> bytes:
    try:
        found = base64.b64decode(line, validate=True)
    except ValueError:
        found = b""
    if len(found) != HASH_BYTES:
        raise BadCheckpoint("the proof is malformed")
    return found
