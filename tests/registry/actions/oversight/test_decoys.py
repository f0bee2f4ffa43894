"""Children who do not exist: found and opened like any other, with an alarm; counted, linked and listed never."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from psycopg import sql

from registry.actions.build_frame import build_frame
from registry.actions.finding.find_child import FindQuery, find_child
from registry.actions.keys.erase import erase_child
from registry.actions.linkage.export_links import list_links
from registry.actions.looking.open_child import open_child
from registry.actions.oversight import decoys
from registry.actions.oversight.count_work import count_work
from registry.actions.oversight.decoys import MOST, NowhereToHide
from registry.demo.decoys import invented_pupils
from registry.jobs.intake import today
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Purpose, Role
from registry.model.errors import NotFound, Refused
from registry.protect.keys.erasure_ledger import ErasureLedger
from registry.protect.pseudonym import child_pseudonym
from tests.people import HERE, NEXT_DOOR, PUPILS, numbered, record
from tests.registry.actions.installed import (
    child_of,
    decisions,
    deliver,
    leaves,
    pass_time,
    query,
    somebody,
    unguarded,
    worker,
)
from tests.registry.actions.linkage.test_cluster import absent

ON = date(2026, 10, 31)


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here links: the population is there."""
    return peopled


def plant(installed: Installation, *communes: str, per_commune: int = 1, seed: int = 7) -> list[UUID]:
    """Plant decoys in communes, as the command does, and return those that were missing."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        missing = decoys.announce(
            transaction, installed.vault, per_commune=per_commune, communes=list(communes) or None
        )
    by_commune = {commune: [child for child, one in missing.items() if one == commune] for commune in missing.values()}
    invented = {
        child: one
        for commune, ids in by_commune.items()
        for child, one in zip(ids, invented_pupils(commune, len(ids), seed=seed, on=ON), strict=True)
    }
    with installed.store.begin(installed.engine(Purpose.INGEST), system=PUPILS.system) as transaction:
        decoys.plant(transaction, installed.vault, invented, form=PUPILS, today=today(installed))
    return list(missing)


@pytest.fixture
def decoy(installed: Installation) -> UUID:
    """A decoy among the pupils of the commune."""
    deliver(installed, numbered([record("EDU0001"), absent("EDU0002"), absent("EDU0003", name="Hồ Thị Lan Anh")]))
    pass_time(installed, hours=5)
    (planted,) = plant(installed, HERE)
    return planted


def name_of(installed: Installation, decoy: UUID) -> str:
    """Return the name of a decoy: opening it, which raises an alarm."""
    with installed.store.begin(worker(installed)) as transaction:
        return open_child(transaction, installed.vault, decoy).records[0].side.name or ""


def alarms(installed: Installation) -> list[dict[str, object]]:
    """Return the alarms."""
    return query(installed, "select * from alarm order by raised_at")


def test_a_decoy_is_opened_like_any_child_and_raises_an_alarm(installed: Installation, decoy: UUID) -> None:
    with installed.store.begin(worker(installed)) as transaction:
        child = open_child(transaction, installed.vault, decoy)
    (shown,) = child.records
    assert child.child_id == decoy
    assert (shown.system, shown.side.commune) == ("education", HERE)
    assert shown.side.name
    assert re.fullmatch(r"EDU\d{4}", shown.source_key or "")
    (alarm,) = alarms(installed)
    assert (alarm["kind"], alarm["login"]) == ("decoy_opened", "hoa.tran")
    assert alarm["child_pseudonym"] == child_pseudonym(installed.vault.keyring, decoy)
    assert len(leaves(installed, "open")) == 1
    assert len(leaves(installed, "alarm.decoy_opened")) == 1


def test_a_decoy_is_found_like_any_child_and_that_raises_no_alarm(installed: Installation, decoy: UUID) -> None:
    name = name_of(installed, decoy)
    with installed.store.begin(worker(installed)) as transaction:
        found = find_child(transaction, installed.vault, FindQuery(text=name))
    assert decoy in {one.child_id for one in found.found}
    assert len(alarms(installed)) == 1, "the one of opening it"


def test_an_ordinary_child_raises_none(installed: Installation, decoy: UUID) -> None:
    with installed.store.begin(worker(installed)) as transaction:
        open_child(transaction, installed.vault, child_of(installed, "EDU0001"))
    assert decoy
    assert alarms(installed) == []


def test_a_decoy_is_in_no_frame_no_count_no_list_and_is_joined_with_nobody(
    installed: Installation, decoy: UUID
) -> None:
    account = link_all(installed)
    assert account.standing == {"link": 1, "review": 0, "none": 2}
    assert sum(account.matched.values()) == 3
    with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
        build_frame(transaction, installed.vault, as_of=ON)
    assert len(query(installed, "select 1 from frame_fact")) == 3
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        assert len(list(list_links(transaction, installed.vault))) == 3
    with installed.store.begin(worker(installed)) as transaction:
        work = count_work(transaction, installed.vault)
    assert work is not None
    assert (work.linked, work.unmatched) == (1, 2)
    pairs = "select 1 from record_pair where child_id = %s or other_id = %s"
    assert query(installed, pairs, decoy, decoy) == []


def test_a_decoy_stands_out_in_no_clear_column(installed: Installation, decoy: UUID) -> None:
    link_all(installed)
    other = child_of(installed, "EDU0002")
    with unguarded(installed.url) as connection:
        for table in (
            *("child", "child_key", "identity", "source_record", "source_version", "child_search"),
            *("match_result", "record_comparison", "outbox_event"),
        ):
            every = sql.SQL("select * from {} where child_id = %s").format(sql.Identifier(table))
            mine, theirs = (connection.execute(every, [child]).fetchall() for child in (decoy, other))
            assert len(mine) == len(theirs) == 1, table
            for column, value in theirs[0].items():
                if isinstance(value, (bytes, UUID)) or column in OF_THE_CHILD:
                    assert type(mine[0][column]) is type(value), (table, column)
                else:
                    assert mine[0][column] == value, (table, column)
            assert mine[0].get("run_id") == theirs[0].get("run_id"), table
        rows = connection.execute(
            "select r.outcome, r.row_number from ingest_row r join source_record s using (run_id, row_number)"
        ).fetchall()
    assert sorted((row["outcome"], row["row_number"]) for row in rows) == [("accepted", n) for n in range(1, 5)]
    assert decisions(installed)[decoy] == "none"


OF_THE_CHILD = {"sex", "birth_year", "row_number", "version_at", "tokens", "event_id", "nobody", "mapping_version"}


def test_the_table_of_decoys_holds_names_that_stand_nowhere_else(installed: Installation, decoy: UUID) -> None:
    (row,) = query(installed, "select * from decoy")
    assert set(row) == {"pseudonym", "planted_at"}
    assert row["pseudonym"] not in {decoy.bytes, child_pseudonym(installed.vault.keyring, decoy)}


def test_to_plant_twice_plants_once_and_more_when_more_are_wanted(installed: Installation, decoy: UUID) -> None:
    assert plant(installed, HERE, seed=8) == []
    assert len(plant(installed, HERE, NEXT_DOOR, per_commune=2)) == 3
    assert len(query(installed, "select 1 from decoy")) == 4
    assert len(query(installed, "select 1 from child")) == 7
    assert decoy


def test_without_a_commune_they_stand_wherever_children_live(installed: Installation) -> None:
    deliver(installed, numbered([record("EDU0001"), record("EDU0002", name="Lê Thị Tư", commune_code=NEXT_DOOR)]))
    assert len(plant(installed)) == 2


def test_no_commune_has_more_than_the_most(installed: Installation) -> None:
    deliver(installed, [record("EDU0001")])
    assert len(plant(installed, HERE, per_commune=MOST + 3)) == MOST


def test_nothing_is_planted_where_nothing_was_delivered(installed: Installation) -> None:
    with pytest.raises(NowhereToHide):
        plant(installed, HERE)


def test_whoever_keeps_them_is_told_how_many_and_not_which(installed: Installation, decoy: UUID) -> None:
    assert decoy
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        assert decoys.planted(transaction, installed.vault) == [("2026-11-01", 1)]
    with (
        pytest.raises(Refused),
        installed.store.begin(somebody(installed, Role.ADMINISTRATOR, Purpose.ADMINISTRATION)) as transaction,
    ):
        decoys.planted(transaction, installed.vault)


def test_invented_pupils_are_of_the_commune_and_the_same_for_the_same_seed() -> None:
    one, other = (invented_pupils(HERE, 3, seed=5, on=ON) for _ in range(2))
    assert one == other
    assert {pupil.facts.commune_code for pupil in one} == {HERE}
    assert len({pupil.facts.name for pupil in one}) == 3
    assert all(pupil.facts.personal_number is None for pupil in one), "no number of somebody who exists"
    assert "Họ và tên" in one[0].written


def test_an_erased_decoy_is_gone_and_is_not_planted_again(installed: Installation, decoy: UUID, tmp_path: Path) -> None:
    with installed.store.begin(replace(installed.engine(Purpose.MAINTENANCE), reason="Thử xoá.")) as transaction:
        erase_child(transaction, installed.vault, decoy, ledger=ErasureLedger(tmp_path))
    with pytest.raises(NotFound), installed.store.begin(worker(installed)) as transaction:
        open_child(transaction, installed.vault, decoy)
    assert plant(installed, HERE) == []
    assert alarms(installed) == []
