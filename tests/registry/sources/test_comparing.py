"""A whole listing shows what its source no longer has; nothing is withdrawn for it until a person agrees."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from connectors.contract import Checkpoint, Closed, CursorKind, Deletes, Receipt
from connectors.listening import Listener
from registry.actions.sources import decide
from registry.actions.sources.decide import Because
from registry.actions.sources.run import SourceWaits
from registry.jobs.connections import SourceConnection
from registry.jobs.opening import Installation
from registry.jobs.syncing import Source, sync_stream, withdraw_approved
from registry.model.access import Purpose, Role
from registry.model.errors import Conflict, NotFound, Refused
from registry.store.listings import Proposal
from tests.registry.actions.installed import count, leaves, query, somebody
from tests.registry.sources.invented import (
    NAME,
    PUPILS,
    Invented,
    later,
    proposals,
    pupil,
    read,
    source_of,
    standing,
    state,
    yielding,
)

WHOLE = later(PUPILS, cursor=CursorKind.NONE, deletes=Deletes.NONE)
FILES = later(PUPILS, deliveries=True, deletes=Deletes.NONE)
KEYS = [f"k{number:02}" for number in range(20)]


def listing(installed: Installation, keys: list[str], **how: object) -> str:
    """Read a listing of these keys; return what the run came to."""
    return read(installed, Invented([pupil(key) for key in keys], stream=WHOLE), page=7, **how).state


def decided(installed: Installation, proposal: Proposal, *, approved: bool) -> int:
    """Decide as a steward, carry it out, and return how many were gone through."""
    access = somebody(installed, Role.STEWARD, Purpose.INGEST)
    with installed.store.begin(access, system="education") as transaction:
        decide.decide(transaction, installed.vault, proposal.proposal_id, approved=approved)
    return withdraw_approved(installed, system="education", proposal_id=proposal.proposal_id)


def test_what_a_listing_lacks_is_proposed_and_withdrawn_once_a_steward_agrees(installed: Installation) -> None:
    assert listing(installed, KEYS) == "done"
    assert proposals(installed) == []
    assert listing(installed, KEYS[2:]) == "done"
    (proposal,) = proposals(installed)
    assert (proposal.absent, proposal.living, proposal.shrunk) == (2, 20, False)
    assert standing(installed) == {"standing": 20}
    assert decided(installed, proposal, approved=True) == 2
    assert standing(installed) == {"standing": 18, "withdrawn": 2}
    assert (proposals(installed), count(installed, "withdrawal_candidate")) == ([], 0)
    events = query(installed, "select kind, count(*) as n from outbox_event group by kind order by kind")
    assert [row["n"] for row in events] == [20, 2]


def test_what_was_withdrawn_comes_back_with_the_listing_that_shows_it_again(installed: Installation) -> None:
    listing(installed, KEYS)
    listing(installed, KEYS[1:])
    decided(installed, proposals(installed)[0], approved=True)
    listing(installed, KEYS)
    assert standing(installed) == {"standing": 20}
    assert count(installed, "child_search") == 20
    assert count(installed, "source_version") == 20


def test_a_refused_proposal_withdraws_nothing(installed: Installation) -> None:
    listing(installed, KEYS)
    listing(installed, KEYS[1:])
    assert decided(installed, proposals(installed)[0], approved=False) == 0
    assert standing(installed) == {"standing": 20}
    assert count(installed, "withdrawal_candidate") == 0


def test_a_newer_listing_overtakes_a_proposal(installed: Installation) -> None:
    listing(installed, KEYS)
    listing(installed, KEYS[3:])
    older = proposals(installed)[0]
    listing(installed, KEYS[1:])
    assert [one.absent for one in proposals(installed)] == [1]
    with pytest.raises(Conflict):
        decided(installed, older, approved=True)
    listing(installed, KEYS)
    assert proposals(installed) == []


def test_a_listing_that_shrinks_too_much_stops_the_stream_until_somebody_decides(installed: Installation) -> None:
    listing(installed, KEYS)
    assert listing(installed, KEYS[10:]) == "stopped"
    assert proposals(installed)[0].shrunk
    with pytest.raises(SourceWaits):
        listing(installed, KEYS)
    decided(installed, proposals(installed)[0], approved=False)
    assert listing(installed, KEYS) == "done"
    assert standing(installed) == {"standing": 20}


def test_a_shrunken_listing_may_be_read_in_full_again(installed: Installation) -> None:
    listing(installed, KEYS)
    listing(installed, KEYS[10:])
    assert listing(installed, KEYS, full=True) == "done"
    assert proposals(installed) == []


def test_a_record_in_quarantine_is_not_missing(installed: Installation) -> None:
    listing(installed, KEYS)
    log = [pupil(key, 2, name="?") if key == "k03" else pupil(key) for key in KEYS]
    read(installed, Invented(log, stream=WHOLE))
    assert proposals(installed) == []


def test_a_broken_off_listing_compares_nothing_until_it_is_whole(installed: Installation) -> None:
    listing(installed, KEYS)

    def script(cursor: str | None, limit: int) -> Iterator[object]:
        del limit
        if cursor is None:
            yield from (pupil(key) for key in KEYS[:10])
            yield Checkpoint(cursor="10", more=True)
            raise RuntimeError
        yield from (pupil(key) for key in KEYS[10:19])
        yield Checkpoint(cursor="19")

    source = Invented(stream=WHOLE, script=script)
    assert read(installed, source).state == "failed"
    assert proposals(installed) == []
    assert read(installed, source).state == "done"
    assert source.asked == [None, "10"]
    assert [one.absent for one in proposals(installed)] == [1]


def test_records_of_another_source_are_not_missing(installed: Installation) -> None:
    listing(installed, KEYS)
    other = source_of(Invented([pupil("other")], stream=WHOLE))

    renamed = Source(name="another", connection=other.connection, listener=other.listener)
    sync_stream(installed, renamed, WHOLE, sleep=lambda _: None)
    assert proposals(installed) == []
    listing(installed, KEYS)
    assert proposals(installed) == []


def test_two_sources_of_a_sector_may_count_their_records_alike(installed: Installation) -> None:
    for name in ("north", "south"):
        listener = Listener(Invented([pupil("1")]), key_space=name)
        source = Source(name=name, connection=SourceConnection(connector="invented"), listener=listener)
        sync_stream(installed, source, PUPILS, sleep=lambda _: None)
    assert standing(installed) == {"standing": 2}


def delivery(keys: list[str], name: str, *, whole: bool, cursor: int) -> list[object]:
    """Return the messages of one delivered file."""
    closes = Closed(delivery=name, whole=whole)
    return [*(pupil(key) for key in keys), Checkpoint(cursor=str(cursor), closes=closes)]


class Receiving(Invented):
    """An invented drop folder that keeps its receipts."""

    receipts: list[Receipt]

    def receipt(self, stream: str, receipt: Receipt) -> None:
        """Keep a receipt, and fail."""
        assert stream == "roster"
        self.receipts.append(receipt)
        raise OSError(stream)


def test_a_whole_file_is_compared_and_a_file_of_changes_is_not(installed: Installation) -> None:
    def drop(*messages: object) -> Receiving:
        source = Receiving(stream=FILES, script=yielding(*messages))
        source.receipts = []
        return source

    first = drop(*delivery(KEYS, "a.zip", whole=True, cursor=1))
    assert read(installed, first).state == "done"
    read(installed, drop(*delivery(KEYS[:1], "b.zip", whole=False, cursor=2)))
    assert proposals(installed) == []
    third = drop(pupil("bad", name="?", row=1), *delivery(KEYS[1:], "c.zip", whole=True, cursor=3))
    read(installed, third)
    (proposal,) = proposals(installed)
    assert (proposal.delivery, proposal.absent, proposal.refused) == ("c.zip", 1, 1)
    assert first.receipts[0].counts == {"accepted": 20}
    assert third.receipts[0].counts == {"unchanged": 19, "quarantined": 1}
    assert [(one.row, one.rule) for one in third.receipts[0].refused] == [(1, "name_missing")]
    assert state(installed).deliveries == 3


def test_a_whole_file_that_shrinks_too_much_stops(installed: Installation) -> None:
    read(installed, Invented(stream=FILES, script=yielding(*delivery(KEYS, "a.zip", whole=True, cursor=1))))
    run = read(installed, Invented(stream=FILES, script=yielding(*delivery(KEYS[5:], "b.zip", whole=True, cursor=2))))
    assert run.state == "stopped"
    assert standing(installed) == {"standing": 20}


def test_a_delivery_closed_where_there_are_none_is_refused(installed: Installation) -> None:
    run = read(installed, Invented(script=yielding(*delivery(KEYS, "a.zip", whole=True, cursor=1))))
    assert (run.failure, count(installed, "source_record")) == ("cursor_broken", 0)


def test_a_paused_source_is_not_read_and_the_log_says_who_and_why(installed: Installation) -> None:
    access = somebody(installed, Role.STEWARD, Purpose.INGEST, reason="Trường đang sửa dữ liệu.")
    with installed.store.begin(access) as transaction:
        decide.pause(transaction, installed.vault, NAME, because=Because.ASKED)
    with installed.store.begin(access) as transaction, pytest.raises(Conflict):
        decide.pause(transaction, installed.vault, NAME, because=Because.ASKED)
    with pytest.raises(SourceWaits):
        read(installed, Invented([pupil("a")]))
    with installed.store.begin(access) as transaction:
        decide.resume(transaction, installed.vault, NAME)
    with installed.store.begin(access) as transaction, pytest.raises(Conflict):
        decide.resume(transaction, installed.vault, NAME)
    assert read(installed, Invented([pupil("a")])).state == "done"
    told = leaves(installed, "sync")
    assert [(leaf.counts, leaf.sealed_reason is not None) for leaf in told[:2]] == [
        ({"paused": 1}, True),
        ({"resumed": 1}, True),
    ]


def test_only_who_may_read_sources_decides(installed: Installation) -> None:
    reviewer = somebody(installed, Role.REVIEWER, Purpose.REVIEW)
    with installed.store.begin(reviewer) as transaction:
        for act in (
            lambda: decide.pause(transaction, installed.vault, NAME, because=Because.OTHER),
            lambda: decide.resume(transaction, installed.vault, NAME),
            lambda: decide.decide(transaction, installed.vault, uuid4(), approved=True),
            lambda: decide.carry_out(transaction, installed.vault, uuid4()),
        ):
            with pytest.raises(Refused):
                act()
    steward = somebody(installed, Role.STEWARD, Purpose.INGEST)
    with installed.store.begin(steward) as transaction, pytest.raises(NotFound):
        decide.decide(transaction, installed.vault, uuid4(), approved=True)
