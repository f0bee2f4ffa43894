"""A witness cosigns what continues the log, and stops for ever once it was shown two histories."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.model.errors import WrongKeys
from registry.protect.log.checkpoint import BadCheckpoint, Checkpoint, Signer
from registry.protect.log.cosignature import Cosigner
from registry.protect.log.merkle import Tree, leaf_hash
from registry.protect.log.witness import Answer, Request, Said, Seen, Witness

LOG = Signer("registry.example/log", bytes(range(32)))
COSIGNER = Cosigner("witness.example/w1", bytes(range(1, 33)))
AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
TREE = Tree(leaf_hash(str(number).encode()) for number in range(20))
FORKED = Tree(leaf_hash(str(number if number != 5 else 99).encode()) for number in range(20))


def request(old: int, size: int, *, tree: Tree = TREE, signer: Signer = LOG, proof: bool = True) -> str:
    """Return the text of a request."""
    note = signer.sign(Checkpoint(origin=signer.verifier.name, size=size, root=tree.root(size)))
    hashes = tree.consistency_proof(old, size) if proof and 0 < old < size else []
    return Request(old=old, proof=tuple(hashes), note=note).text()


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    """A witness that has seen nothing."""
    return Witness(log=LOG.verifier, cosigner=COSIGNER, state=tmp_path / "state.json")


def judge(witness: Witness, text: str, *, at: datetime = AT) -> Answer:
    """Return what the witness says."""
    return witness.judge(text, at=at)


def test_heads_that_continue_each_other_are_cosigned(witness: Witness) -> None:
    for old, size in ((0, 3), (3, 8), (8, 8), (8, 20)):
        answer = judge(witness, request(old, size))
        assert answer.said is Said.COSIGNED, answer
        assert COSIGNER.verifier.signed_at(witness.seen().note) == AT
        assert witness.seen().size == size


def test_the_state_is_the_owners_alone(witness: Witness, tmp_path: Path) -> None:
    judge(witness, request(0, 3))
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600
    (tmp_path / "state.json").chmod(0o644)
    with pytest.raises(WrongKeys, match="others can read"):
        judge(witness, request(3, 8))


def test_who_stands_elsewhere_is_told_the_size(witness: Witness) -> None:
    judge(witness, request(0, 8))
    assert judge(witness, request(3, 20)) == Answer(said=Said.NOT_NEWEST, text="8\n")
    assert judge(witness, request(0, 3)) == Answer(said=Said.NOT_NEWEST, text="8\n"), "an older head is not signed"
    assert judge(witness, request(8, 20)).said is Said.COSIGNED


@pytest.mark.parametrize(
    ("old", "size", "tree"), [(8, 20, FORKED), (8, 8, FORKED)], ids=["another history", "another head of this size"]
)
def test_a_log_of_two_histories_is_never_cosigned_again(witness: Witness, old: int, size: int, tree: Tree) -> None:
    judge(witness, request(0, 8))
    assert judge(witness, request(old, size, tree=tree)).said is Said.INCONSISTENT
    assert judge(witness, request(8, 20)).said is Said.STOPPED, "the right one neither"
    seen = witness.seen()
    assert seen.size == 8
    assert seen.stopped is not None
    assert seen.note.startswith("registry.example/log\n8\n")
    assert seen.against.startswith(f"registry.example/log\n{size}\n"), "both heads are kept: that is the proof"


def test_a_person_may_decide_that_it_goes_on(witness: Witness) -> None:
    judge(witness, request(0, 8))
    with pytest.raises(WrongKeys, match="not stopped"):
        witness.resume()
    judge(witness, request(8, 20, tree=FORKED))
    witness.resume()
    assert judge(witness, request(8, 20)).said is Said.COSIGNED


def test_what_is_not_the_log_s_is_refused_and_stops_nothing(witness: Witness) -> None:
    judge(witness, request(0, 8))
    stranger = Signer("other.example/log", bytes(32))
    namesake = Signer("registry.example/log", bytes(32))
    assert judge(witness, request(8, 20, signer=stranger)).said is Said.UNKNOWN_LOG
    assert judge(witness, request(8, 20, signer=namesake)).said is Said.NOT_SIGNED
    assert judge(witness, request(0, 8).replace("old 0", "old 9")).said is Said.MALFORMED
    assert judge(witness, request(8, 20)).said is Said.COSIGNED


def test_a_first_head_has_no_proof(witness: Witness) -> None:
    text = request(3, 8).replace("old 3", "old 0")
    assert judge(witness, text).said is Said.MALFORMED


def test_a_clock_that_goes_back_signs_nothing(witness: Witness) -> None:
    judge(witness, request(0, 8))
    assert judge(witness, request(8, 20), at=AT - timedelta(seconds=1)).said is Said.NOT_NEWEST
    assert judge(witness, request(8, 20)).said is Said.COSIGNED


@given(st.text())
def test_any_text_is_a_request_or_refused(text: str) -> None:
    try:
        found = Request.from_text(text)
    except BadCheckpoint:
        return
    assert Request.from_text(found.text()) == found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=st.tuples(st.integers(0, 400), st.text(min_size=1, max_size=3)))
def test_a_changed_request_is_never_cosigned(witness: Witness, change: tuple[int, str]) -> None:
    text = request(0, 8)
    place, put_in = change
    place = min(place, text.index("\n\n\N{EM DASH}"))
    changed = text[:place] + put_in + text[place + 1 :]
    if changed != text:
        assert judge(witness, changed).said is not Said.COSIGNED


@given(st.binary())
def test_any_state_is_read_or_refused(written: bytes) -> None:
    with pytest.raises(BadCheckpoint):
        Seen.from_json(written)


@pytest.mark.parametrize(
    "written", [b"{}", b"[]", b"null", Seen().to_json().replace(b'"size": 0', b'"size": -1'), b'{"size": 1}']
)
def test_a_damaged_state_is_refused(written: bytes) -> None:
    with pytest.raises(BadCheckpoint, match="damaged"):
        Seen.from_json(written)


def test_a_state_reads_back() -> None:
    seen = Seen(size=3, root=TREE.root(3), note="x", cosigned_at=5, stopped="y", against="z")
    assert Seen.from_json(seen.to_json()) == seen
