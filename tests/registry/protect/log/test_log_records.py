"""A bundle is read back as it was written, or refused by its line; a proof of an event likewise."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.protect.log.checkpoint import BadCheckpoint, Checkpoint, Signer, signed_by
from registry.protect.log.inclusion import InclusionProof
from registry.protect.log.log_check import Against, LogCheck
from registry.protect.log.log_records import (
    FIRST_LINE,
    BadBundle,
    Cosigned,
    Head,
    Header,
    Record,
    Row,
    read_bundle,
    write_bundle,
)
from registry.protect.log.merkle import Tree, leaf_hash

LOG = Signer("registry.example/log", bytes(range(32)))
CONTENTS = [f'{{"action":"open","n":{number}}}'.encode() for number in range(5)]
TREE = Tree(map(leaf_hash, CONTENTS))

texts = st.text(max_size=50)
digests = st.binary(min_size=32, max_size=32)
leaves = st.tuples(st.none() | st.integers(0, 2**62), st.integers(0, 2**62), digests, st.binary(max_size=60))
others = st.one_of(
    st.builds(Head, st.integers(0, 2**62), texts),
    st.builds(Cosigned, st.integers(0, 2**62), texts),
    st.builds(Row, st.just("identity"), digests),
    st.builds(Header, st.just("origin"), st.just(datetime(2026, 11, 1, tzinfo=UTC))),
)


def written(records: list[Record]) -> bytes:
    """Return the bytes of a bundle."""
    stream = io.BytesIO()
    write_bundle(stream, records)
    return stream.getvalue()


def read(content: bytes, folder: Path) -> list[Record]:
    """Return what a file holds."""
    path = folder / "bundle"
    path.write_bytes(content)
    return list(read_bundle(path))


@given(records=st.lists(leaves | others, max_size=8))
def test_a_bundle_reads_back(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> None:
    assert read(written(records), tmp_path_factory.getbasetemp()) == records


@given(content=st.binary(max_size=200))
def test_any_file_is_a_bundle_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    for file in (content, FIRST_LINE + content):
        with pytest.raises(BadBundle):
            read(file, tmp_path_factory.getbasetemp())


@given(cut=st.integers(0, 10_000), put_in=st.binary(max_size=4))
def test_a_spoilt_bundle_is_refused_or_checked(
    tmp_path_factory: pytest.TempPathFactory, cut: int, put_in: bytes
) -> None:
    whole = written(whole_log())
    cut %= len(whole)
    with suppress(BadBundle):
        records = read(whole[:cut] + put_in + whole[cut + 1 :], tmp_path_factory.getbasetemp())
        LogCheck(Against(log=(LOG.verifier,))).run(records)


def whole_log() -> list[Record]:
    """Return a small log under one head."""
    note = LOG.sign(Checkpoint.following(0, origin=LOG.verifier.name, size=5, root=TREE.root()))
    header = Header(LOG.verifier.name, datetime(2026, 11, 1, tzinfo=UTC))
    rows: list[Record] = [(place, place + 1, leaf_hash(one), one) for place, one in enumerate(CONTENTS)]
    return [header, Head(5, note), *rows]


def test_a_whole_log_holds_and_a_cut_one_is_refused(tmp_path: Path) -> None:
    assert LogCheck(Against(log=(LOG.verifier,))).run(read(written(whole_log()), tmp_path)).faults == ()
    lines = written(whole_log()).splitlines(keepends=True)
    for less in (lines[:-1], [*lines[:-2], lines[-1]], [*lines, b"L - 1 00 x\n"]):
        with pytest.raises(BadBundle):
            read(b"".join(less), tmp_path)


def test_heads_after_leaves_are_refused() -> None:
    header, head, *rows = whole_log()
    with pytest.raises(BadBundle, match="before the leaves"):
        LogCheck(Against(log=(LOG.verifier,))).run([header, *rows, head])


def proof(place: int) -> InclusionProof:
    """Return the proof of a leaf."""
    note = LOG.sign(Checkpoint(origin=LOG.verifier.name, size=5, root=TREE.root()))
    hashes = tuple(TREE.inclusion_proof(place))
    return InclusionProof(index=place, content=CONTENTS[place], hashes=hashes, note=note)


@pytest.mark.parametrize("place", range(5))
def test_a_proof_reads_back_and_holds(place: int) -> None:
    found = InclusionProof.from_text(proof(place).text())
    assert found == proof(place)
    assert found.size_of([LOG.verifier]) == 5


def test_a_proof_of_another_event_place_or_log_does_not_hold() -> None:
    right = proof(2)
    wrong = [
        InclusionProof(index=2, content=b"{}", hashes=right.hashes, note=right.note),
        InclusionProof(index=3, content=right.content, hashes=right.hashes, note=right.note),
        InclusionProof(index=2, content=right.content, hashes=right.hashes[:-1], note=right.note),
    ]
    for one in wrong:
        with pytest.raises(BadCheckpoint, match="not in the log"):
            one.size_of([LOG.verifier])
    with pytest.raises(BadCheckpoint, match="not the log's"):
        right.size_of([Signer("other", bytes(32)).verifier])


@given(st.text())
def test_any_text_is_a_proof_or_refused(text: str) -> None:
    with pytest.raises(BadCheckpoint):
        InclusionProof.from_text(text)
    with pytest.raises(BadCheckpoint):
        signed_by(text, [LOG.verifier])


@given(place=st.integers(0, 2000), put_in=st.text(min_size=1, max_size=3))
def test_a_changed_proof_never_tells_of_another_event(place: int, put_in: str) -> None:
    text = proof(2).text()
    place %= len(text)
    try:
        found = InclusionProof.from_text(text[:place] + put_in + text[place + 1 :])
        found.size_of([LOG.verifier])
    except BadCheckpoint:
        return
    assert (found.index, found.content) == (2, CONTENTS[2])
