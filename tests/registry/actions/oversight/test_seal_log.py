"""The log is numbered, signed and checked: what somebody changes, deletes, reorders or cuts off is found."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from registry.actions.finding.find_child import FindQuery, find_child
from registry.actions.keys.sealing import Vault
from registry.actions.oversight import seal_log as sealing
from registry.actions.oversight.seal_log import seal_log
from registry.actions.oversight.verify_log import LogState, check_log
from registry.jobs.opening import Installation
from registry.model.access import NATION, Purpose, Role
from registry.model.errors import Refused
from registry.protect.keys.keyring import Keyring, Mark
from registry.protect.log.checkpoint import Signer, read_checkpoint
from registry.protect.log.merkle import leaf_hash
from tests.people import record
from tests.registry.actions.installed import deliver, query, somebody, unguarded, worker


def look(installed: Installation, times: int = 1) -> None:
    """Leave some leaves."""
    for _ in range(times):
        with installed.store.begin(worker(installed)) as transaction:
            find_child(transaction, installed.vault, FindQuery(text="khong co ai"))


def seal(installed: Installation) -> int:
    """Number and sign what waits."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return seal_log(transaction, installed.vault)


def check(installed: Installation, vault: Vault | None = None) -> LogState:
    """Check the log."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return check_log(transaction, vault or installed.vault)


def tamper(installed: Installation, *statements: str, values: Sequence[object] | None = None) -> None:
    """Change the log behind the registry's back, as the owner of the database can."""
    with unguarded(installed.url) as connection:
        for statement in statements:
            assert connection.execute(statement.encode(), values).rowcount > 0


@pytest.fixture
def sealed(installed: Installation) -> Installation:
    """A log of six leaves under two signed heads."""
    look(installed, 3)
    seal(installed)
    look(installed, 3)
    seal(installed)
    return installed


def test_a_log_as_it_was_written_holds(sealed: Installation) -> None:
    look(sealed)
    assert check(sealed) == LogState(leaves=6, unsealed=1, checkpoints=2, fault=None)


def test_an_empty_log_holds_and_nothing_is_sealed_twice(installed: Installation) -> None:
    assert check(installed) == LogState(leaves=0, unsealed=0, checkpoints=0, fault=None)
    look(installed)
    assert (seal(installed), seal(installed)) == (1, 0)
    assert check(installed).checkpoints == 1


def test_the_leaves_are_numbered_in_their_order_without_a_gap(sealed: Installation) -> None:
    places = [row["tree_index"] for row in query(sealed, "select tree_index from access_leaf order by leaf_id")]
    assert places == list(range(6))


def test_whoever_knows_the_public_key_reads_a_signed_head(sealed: Installation) -> None:
    notes = query(sealed, "select note from checkpoint order by tree_size")
    verifier = Signer.of_keyring(sealed.vault.keyring, sealing.ORIGIN).verifier
    assert [read_checkpoint(row["note"], verifier).size for row in notes] == [3, 6]


def test_two_sealers_at_once_leave_no_gap(installed: Installation) -> None:
    look(installed, 2)
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        assert seal_log(transaction, installed.vault) == 2
        assert seal(installed) == 0  # the other one is at work
    assert check(installed).fault is None


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["update access_leaf set content = content || ' ' where tree_index = 1"], id="changed"),
        pytest.param(
            ["update access_leaf set content = convert_to('{}', 'UTF8') where tree_index = 5"], id="the last changed"
        ),
        pytest.param(["delete from access_leaf where tree_index = 2"], id="deleted"),
        pytest.param(
            [
                "delete from access_leaf where tree_index = 2",
                "update access_leaf set tree_index = tree_index - 1 where tree_index = 3",
                "update access_leaf set tree_index = tree_index - 1 where tree_index = 4",
                "update access_leaf set tree_index = tree_index - 1 where tree_index = 5",
            ],
            id="deleted and closed up",
        ),
        pytest.param(["delete from access_leaf where tree_index >= 4"], id="cut off"),
        pytest.param(["delete from access_leaf where tree_index >= 3"], id="cut off at a signed head"),
        pytest.param(
            [
                "update access_leaf set tree_index = 100 where tree_index = 1",
                "update access_leaf set tree_index = 1 where tree_index = 4",
                "update access_leaf set tree_index = 4 where tree_index = 100",
            ],
            id="reordered",
        ),
        pytest.param(["delete from checkpoint where tree_size = 6"], id="the last head removed"),
        pytest.param(["update checkpoint set note = replace(note, 'child', 'other')"], id="a head changed"),
        pytest.param(["update checkpoint set tree_size = 5 where tree_size = 6"], id="a head moved"),
        pytest.param(
            ["update access_leaf set tree_index = 6 where tree_index = 5"], id="a gap where one was taken out"
        ),
    ],
)
def test_what_was_done_to_the_log_is_found(sealed: Installation, statements: list[str]) -> None:
    tamper(sealed, *statements)
    assert check(sealed).fault is not None


def test_a_leaf_put_in_the_place_of_another_is_found_even_with_its_right_hash(sealed: Installation) -> None:
    content = bytes(query(sealed, "select content from access_leaf where tree_index = 0")[0]["content"])
    forged = content.replace(b'"find"', b'"open"')
    assert forged != content
    statement = "update access_leaf set content = %s, leaf_hash = %s where tree_index = 0"
    tamper(sealed, statement, values=(forged, leaf_hash(forged)))
    assert check(sealed).fault == (
        "the leaves 0 to 2 under the head of 3 were edited after they were signed, and their hashes with them"
    )


def test_a_change_of_a_leaf_that_is_not_sealed_yet_is_found(installed: Installation) -> None:
    look(installed)
    tamper(installed, "update access_leaf set content = content || ' '")
    assert check(installed).fault is not None


def test_a_head_signed_with_another_key_is_found(
    sealed: Installation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Vault(Keyring.create(tmp_path_factory.mktemp("other") / "keys", mark=Mark.DEMO))
    assert check(sealed, other).fault is not None


def test_a_fault_names_the_place_and_nothing_of_what_stood_there(installed: Installation) -> None:
    deliver(installed, [record()])
    seal(installed)
    tamper(installed, "update access_leaf set content = content || ' '")
    assert check(installed).fault == "leaf 0 was edited: its content does not have its hash"


@pytest.mark.parametrize("role", [Role.COMMUNE_WORKER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_only_the_engine_seals(installed: Installation, role: Role) -> None:
    access = somebody(installed, role, Purpose.MAINTENANCE, area=NATION)
    with pytest.raises(Refused), installed.store.begin(access) as transaction:
        seal_log(transaction, installed.vault)
