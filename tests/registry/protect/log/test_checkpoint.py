"""Signed heads of the log, in the form that witnesses read."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.protect.keys.keyring import Keyring
from registry.protect.log.checkpoint import BadCheckpoint, Checkpoint, Signer, Verifier, read_checkpoint
from registry.protect.log.merkle import EMPTY_ROOT

SIGNER = Signer("registry.example/log", bytes(range(32)))
OTHER = Signer("witness.example", bytes(range(1, 33)))
HEAD = Checkpoint(origin="registry.example/log", size=0, root=EMPTY_ROOT)

# A note with its key, as the package that defines the form prints them in its documentation.
KNOWN_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
KNOWN_BODY = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
KNOWN_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="


def test_a_note_signed_elsewhere_is_accepted() -> None:
    verifier = Verifier.from_vkey(KNOWN_KEY)
    signature = base64.b64decode(KNOWN_SIGNATURE)
    assert signature[:4] == verifier.key_hash
    assert verifier.accepts(KNOWN_BODY, signature[4:])
    assert not verifier.accepts(KNOWN_BODY + "x", signature[4:])
    assert verifier.vkey() == KNOWN_KEY


def test_a_checkpoint_is_three_lines_and_a_signature() -> None:
    lines = SIGNER.sign(HEAD).split("\n")
    assert lines[:4] == ["registry.example/log", "0", base64.b64encode(EMPTY_ROOT).decode(), ""]
    assert lines[4].startswith("\N{EM DASH} registry.example/log ")
    assert lines[5:] == [""]


@given(st.integers(0, 2**40), st.binary(min_size=32, max_size=32))
def test_a_signed_checkpoint_reads_back(size: int, root: bytes) -> None:
    head = Checkpoint(origin="registry.example/log", size=size, root=root, extensions=("more",))
    assert read_checkpoint(SIGNER.sign(head), SIGNER.verifier) == head


def test_a_witness_adds_its_line_and_both_are_checked() -> None:
    note = SIGNER.sign(HEAD) + OTHER.signature_line(HEAD.text())
    assert read_checkpoint(note, SIGNER.verifier) == HEAD
    assert read_checkpoint(note, SIGNER.verifier, OTHER.verifier) == HEAD
    with pytest.raises(BadCheckpoint, match="missing"):
        read_checkpoint(SIGNER.sign(HEAD), SIGNER.verifier, OTHER.verifier)


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n0\n", "\n1\n"),
        lambda note: note.replace("\n0\n", "\n00\n"),
        lambda note: note.replace("registry.example/log\n", "other.example/log\n"),
        lambda note: note.removesuffix("\n"),
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("\N{EM DASH} ", "- "),
        lambda note: note[:-8] + "\n",
        lambda note: note + "\n",
        lambda note: note.replace("=\n", "!\n"),
        lambda note: note[:0],
        lambda note: note + "\N{EM DASH} witness.example AAAA\n",
    ],
)
def test_a_changed_note_is_refused(change: object) -> None:
    assert callable(change)
    with pytest.raises(BadCheckpoint):
        read_checkpoint(change(SIGNER.sign(HEAD)), SIGNER.verifier)


@given(st.text(max_size=200))
def test_rubbish_is_refused_without_another_error(note: str) -> None:
    with pytest.raises(BadCheckpoint):
        read_checkpoint(note, SIGNER.verifier)


def sign_text(text: str) -> str:
    return f"{text}\n{SIGNER.signature_line(text)}"


@pytest.mark.parametrize(
    "text", ["only one line\n", "o\nx\nAAAA\n", "o\n5\nAAAA\n", "o\n5\n!\n", f"o\n-1\n{HEAD.text().split()[2]}\n"]
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadCheckpoint):
        read_checkpoint(sign_text(text), SIGNER.verifier)


def test_a_key_of_another_name_signs_nothing_here() -> None:
    impostor = Signer("registry.example/log", bytes(32))
    with pytest.raises(BadCheckpoint, match="missing"):
        read_checkpoint(impostor.sign(HEAD), SIGNER.verifier)
    with pytest.raises(BadCheckpoint, match="not a signed note"):
        read_checkpoint(SIGNER.sign(HEAD))


@pytest.mark.parametrize("line", ["", "name", "name+00000000+AAAA", KNOWN_KEY.replace("c74f", "c74e"), "a b+0+AA=="])
def test_a_malformed_verifier_key_is_refused(line: str) -> None:
    with pytest.raises(BadCheckpoint):
        Verifier.from_vkey(line)


@pytest.mark.parametrize("name", ["", "two words", "a+b"])
def test_a_name_that_no_line_can_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Signer(name, bytes(32))


def test_the_installations_signer_stays_the_same_and_shows_its_public_side(keyring: Keyring) -> None:
    one, again = (Signer.of_keyring(keyring, "registry.example/log") for _ in range(2))
    assert one.verifier == again.verifier
    assert repr(one) == f"Signer({one.verifier.vkey()})"
