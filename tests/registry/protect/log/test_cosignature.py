"""What a witness adds under a head: a line that any reader of such notes can check."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from registry.protect.log.checkpoint import BadCheckpoint, Checkpoint, Signer, read_checkpoint
from registry.protect.log.cosignature import Cosigner, WitnessVerifier, line_of
from registry.protect.log.merkle import EMPTY_ROOT

LOG = Signer("registry.example/log", bytes(range(32)))
WITNESS = Cosigner("witness.example/w1", bytes(range(1, 33)))
OTHER = Cosigner("witness.example/w2", bytes(range(2, 34)))
NOTE = LOG.sign(Checkpoint.following(3, origin="registry.example/log", size=5, root=EMPTY_ROOT))
AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def by_hand() -> tuple[str, str]:
    """Return key and line with nothing of the product's: name, 0x04, public key; time and body signed."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    public = private.public_key().public_bytes_raw()
    key_hash = hashlib.sha256(b"witness.example/w1\n\x04" + public).digest()[:4]
    body = NOTE[: NOTE.index("\n\n") + 1]
    signature = private.sign(f"cosignature/v1\ntime 1793520000\n{body}".encode())
    blob = base64.b64encode(key_hash + (1793520000).to_bytes(8, "big") + signature).decode()
    key = base64.b64encode(b"\x04" + public).decode()
    return f"witness.example/w1+{key_hash.hex()}+{key}", f"\N{EM DASH} witness.example/w1 {blob}\n"


def test_key_and_line_are_what_the_format_says() -> None:
    body = NOTE[: NOTE.index("\n\n") + 1]
    assert (WITNESS.verifier.vkey(), WITNESS.line(body, at=AT)) == by_hand()
    assert WitnessVerifier.from_vkey(by_hand()[0]) == WITNESS.verifier


def test_a_line_made_elsewhere_is_accepted_with_its_time() -> None:
    cosigned = NOTE + by_hand()[1]
    assert WITNESS.verifier.signed_at(cosigned) == AT
    assert read_checkpoint(cosigned, LOG.verifier).size == 5, "the log's own signature stands as it was"
    assert OTHER.verifier.signed_at(cosigned) is None


def test_a_line_of_another_head_or_another_time_is_refused() -> None:
    key_hash, stamp, signature = _taken_apart(by_hand()[1])
    later = base64.b64encode(key_hash + (stamp + 1).to_bytes(8, "big") + signature).decode()
    for note in (
        NOTE.replace("\n5\n", "\n6\n") + by_hand()[1],
        f"{NOTE}\N{EM DASH} witness.example/w1 {later}\n",
        f"{NOTE}\N{EM DASH} witness.example/w1 {base64.b64encode(key_hash + bytes(80)).decode()}\n",
    ):
        with pytest.raises(BadCheckpoint, match="cosignature"):
            WITNESS.verifier.signed_at(note)


def _taken_apart(line: str) -> tuple[bytes, int, bytes]:
    blob = base64.b64decode(line.split(" ")[2])
    return blob[:4], int.from_bytes(blob[4:12], "big"), blob[12:]


def test_the_line_of_a_known_witness_is_found_in_an_answer() -> None:
    body = NOTE[: NOTE.index("\n\n") + 1]
    answer = OTHER.line(body, at=AT) + WITNESS.line(body, at=AT)
    assert line_of(answer, NOTE, [WITNESS.verifier]) == (WITNESS.verifier, by_hand()[1], AT)
    for nothing in ("", "no line\n", OTHER.line(body, at=AT), WITNESS.line(body + "x\n", at=AT)):
        with pytest.raises(BadCheckpoint):
            line_of(nothing, NOTE, [WITNESS.verifier])


@pytest.mark.parametrize(
    "line", ["", "a", "a+b", "a+00000000+AAAA", LOG.verifier.vkey(), WITNESS.verifier.vkey().replace("w1", "w9", 1)]
)
def test_a_key_that_is_no_witness_key_is_refused(line: str) -> None:
    with pytest.raises(BadCheckpoint):
        WitnessVerifier.from_vkey(line)


@given(st.text())
def test_any_text_is_a_key_or_refused(line: str) -> None:
    with pytest.raises(BadCheckpoint):
        WitnessVerifier.from_vkey(line)


@given(st.text(), st.text())
def test_any_answer_under_any_note_is_refused(answer: str, note: str) -> None:
    with pytest.raises(BadCheckpoint):
        line_of(answer, note, [WITNESS.verifier])


def test_the_secret_side_does_not_show() -> None:
    assert bytes(range(1, 33)).hex() not in repr(WITNESS)
    with pytest.raises(ValueError, match="spaces"):
        Cosigner("two words", bytes(32))
