"""Quarantined rows are read again after a mapping has changed, and what they say takes its right place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from connectors.contract import FileReader
from connectors.records import SourceRecord
from connectors.sectors.civil_status import CivilStatus
from connectors.sectors.education import Education
from connectors.sectors.health import Health
from connectors.sectors.protection import Protection
from connectors.sectors.social_aid import SocialAid
from registry.actions.intake.retry_quarantine import RetryPlace, retry_batch
from registry.actions.keys.sealing import open_group
from registry.jobs import intake
from registry.jobs.intake import ingest_file, retry_waiting, try_file
from registry.jobs.opening import Installation
from registry.model.access import Purpose, Role
from registry.model.errors import Refused
from registry.protect.keys.keyring_file import Domain
from registry.store import quarantine, runs
from tests.connectors.deliveries import (
    BIRTH,
    CASE,
    SOCIAL_AID,
    bundle,
    csv_bytes,
    in_tcvn3,
    json_lines,
    social_aid_text,
    write_births,
)
from tests.registry.actions.installed import count, digest_of, leaves, pass_time, query, somebody, unguarded
from tests.registry.actions.mappings import STORED, Mapped, everything, mapping, outcomes, pupil, pupils, waiting


def keyed(*keys: str) -> Callable[[SourceRecord], bool]:
    return lambda record: record.key in keys


def births(installed: Installation, *addresses: str) -> Path:
    """Write a book in which one child is entered several times, each time with another place of birth."""
    return write_births(installed.settings.data / "births.xlsx", *[BIRTH | {"Nơi sinh": where} for where in addresses])


def born_at(*addresses: str) -> Callable[[SourceRecord], bool]:
    return lambda record: record.services.get("birth_place") in addresses


def retries(installed: Installation) -> list[dict[str, Any]]:
    return query(installed, "select * from ingest_run where retry_of is not null order by started_at")


def current_place_of_birth(installed: Installation) -> str:
    (row,) = query(installed, "select * from identity join child_key using (child_id)")
    key = installed.vault.key(Domain.IDENTITY_WRAP, row["child_id"], wrapped=row["wrapped_key"], epoch=row["epoch"])
    opened = open_group(key, "identity", group="services", row=row["child_id"], token=row["sealed_services"])
    return str(opened["birth_place"])


# Rows that waited


def test_a_row_that_a_newer_mapping_reads_is_recovered_after_the_next_delivery(installed: Installation) -> None:
    first = ingest_file(installed, mapping(1, refuses=keyed("2")), pupils(installed, *map(pupil, "123")))
    assert (first.outcomes.accepted, first.outcomes.quarantined, first.retried) == (2, 1, 0)
    pass_time(installed, days=1)
    second = ingest_file(installed, mapping(2), pupils(installed, pupil("4"), name="later.csv"))
    assert (second.outcomes.rows, second.retried, second.recovered) == (1, 1, 1)
    assert count(installed, "child") == 4
    assert waiting(installed) == [
        {
            "row_number": 3,
            "rule": "not_understood",
            "mapping_version": 2,
            "attempts": 2,
            "resolved": True,
            "kept": False,
        }
    ]
    (retry,) = retries(installed)
    assert (retry["retry_of"], retry["state"], retry["mapping_version"]) == (first.run_id, "done", 2)
    assert outcomes(installed, retry["run_id"]) == [(3, "accepted")]


def test_the_same_file_again_brings_the_row_in_and_leaves_nothing_waiting(installed: Installation) -> None:
    path = pupils(installed, *map(pupil, "123"))
    ingest_file(installed, mapping(1, refuses=keyed("2")), path)
    again = ingest_file(installed, mapping(2), path)
    assert outcomes(installed, again.run_id) == [(2, "unchanged"), (3, "accepted"), (4, "unchanged")]
    assert (again.retried, again.recovered) == (0, 0)
    assert [row["resolved"] for row in waiting(installed)] == [True]


def test_a_row_that_the_newer_mapping_cannot_read_either_waits_on_and_is_tried_once(installed: Installation) -> None:
    path = pupils(installed, *map(pupil, "12"))
    ingest_file(installed, mapping(1, refuses=keyed("2")), path)
    tried = retry_waiting(installed, mapping(2, refuses=keyed("2")))
    assert (tried.retried, tried.recovered) == (1, 0)
    assert waiting(installed) == [
        {
            "row_number": 3,
            "rule": "not_understood",
            "mapping_version": 2,
            "attempts": 2,
            "resolved": False,
            "kept": True,
        }
    ]
    before = digest_of(installed, (*STORED, "quarantine", "ingest_run", "ingest_row"))
    assert retry_waiting(installed, mapping(2, refuses=keyed("2"))).retried == 0
    assert retry_waiting(installed, mapping(1)).retried == 0
    assert digest_of(installed, before) == before
    assert retry_waiting(installed, mapping(3)).recovered == 1


def test_a_rule_of_our_own_that_the_row_breaks_now_takes_the_place_of_the_old_one(installed: Installation) -> None:
    path = pupils(installed, pupil("1", **{"Ngày sinh": "31/02/2014"}), pupil("2"))
    ingest_file(installed, mapping(1, refuses=keyed("1")), path)
    retry_waiting(installed, mapping(2))
    assert [row["rule"] for row in waiting(installed)] == ["impossible_date"]


def test_a_mapping_that_refuses_again_what_was_recovered_seals_its_bytes_again(installed: Installation) -> None:
    path = pupils(installed, *map(pupil, "12"))
    ingest_file(installed, mapping(1, refuses=keyed("2")), path)
    ingest_file(installed, mapping(2), path)
    ingest_file(installed, mapping(3, refuses=keyed("2")), path)
    assert [(row["resolved"], row["kept"], row["attempts"]) for row in waiting(installed)] == [(False, True, 3)]
    assert retry_waiting(installed, mapping(4)).recovered == 1


def every_system(folder: Path) -> list[tuple[FileReader, Path]]:
    """Write a file of each system, with one row that no mapping can read."""
    columns = [*list(SOCIAL_AID)[5:], *list(SOCIAL_AID)[:5]]
    aid = social_aid_text({column: SOCIAL_AID[column] for column in columns})
    files = {
        "education.csv": csv_bytes([pupil("1"), pupil("1", Lớp='5"B",\r\n')]).encode() + b"x,y\r\n",
        "social-aid.csv": b"T\r\n" + in_tcvn3(aid) + b"x;y\r\n",
        "health.ndjson": json_lines(bundle(), bundle(name=[])) + b"{x\n",
        "cases.jsonl": json_lines(CASE, {"case_id": "BVTE-2", "deleted": True, "updated_at": CASE["updated_at"]}, []),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    book = write_births(folder / "civil.xlsx", BIRTH, BIRTH | {"Số giấy khai sinh": 7, "Quyển số": 2.5})
    connectors: Sequence[FileReader] = (Education(), SocialAid(), Health(), Protection())
    return [*zip(connectors, [folder / name for name in files], strict=True), (CivilStatus(), book)]


def test_what_every_system_recovers_is_what_reading_the_file_would_have_brought(installed: Installation) -> None:
    stored = "select system, content_digest, version_at from source_record order by system, content_digest"
    for connector, path in every_system(installed.settings.data):
        ingest_file(installed, mapping(1, connector, refuses=everything), path)
        assert retry_waiting(installed, mapping(2, connector)).recovered > 0
    recovered = query(installed, stored)
    for connector, path in every_system(installed.settings.data):
        again = ingest_file(installed, mapping(2, connector), path)
        assert again.outcomes.accepted == 0
    assert query(installed, stored) == recovered
    assert len({row["system"] for row in recovered}) == 5


# Which version wins


def in_a_retry(installed: Installation, connector: Mapped, path: Path) -> None:
    del path
    retry_waiting(installed, connector)


def in_the_file(installed: Installation, connector: Mapped, path: Path) -> None:
    ingest_file(installed, connector, path)


@pytest.mark.parametrize("come_back", [in_a_retry, in_the_file])
@pytest.mark.parametrize("refused", ["A", "B", "C", "AB", "AC", "BC", "ABC"])
def test_without_a_stamp_a_recovered_row_counts_from_where_it_stood_in_its_file(
    installed: Installation,
    come_back: Callable[[Installation, Mapped, Path], None],
    refused: str,
) -> None:
    path = births(installed, "A", "B", "C")
    ingest_file(installed, mapping(1, CivilStatus(), refuses=born_at(*refused)), path)
    pass_time(installed, days=1)
    come_back(installed, mapping(2, CivilStatus()), path)
    assert current_place_of_birth(installed) == "C"
    assert count(installed, "source_version") == 3


def test_without_a_stamp_a_recovered_row_does_not_overwrite_what_a_later_file_said(installed: Installation) -> None:
    first = mapping(1, CivilStatus(), refuses=born_at("A", "B"))
    ingest_file(installed, first, births(installed, "A", "B"))
    pass_time(installed, days=1)
    ingest_file(installed, first, births(installed, "C"))
    pass_time(installed, days=1)
    ingest_file(installed, mapping(2, CivilStatus()), births(installed, "C"))
    assert current_place_of_birth(installed) == "C"
    (retry,) = retries(installed)
    assert outcomes(installed, retry["run_id"]) == [(5, "superseded"), (6, "superseded")]


def test_rows_of_several_deliveries_are_retried_in_their_order(installed: Installation) -> None:
    blind = mapping(1, CivilStatus(), refuses=everything)
    for where in ("A", "B", "C"):
        ingest_file(installed, blind, births(installed, where))
        pass_time(installed, days=1)
    assert retry_waiting(installed, mapping(2, CivilStatus())).recovered == 3
    assert current_place_of_birth(installed) == "C"
    said = [outcomes(installed, retry["run_id"]) for retry in retries(installed)]
    assert said == [[(5, "accepted")], [(5, "accepted")], [(5, "accepted")]]


def test_a_stamp_decides_whatever_the_order_of_recovery(installed: Installation) -> None:
    older, newer = (pupil("1", **{"Cập nhật lúc": f"2026-01-0{day}T00:00:00+07:00", "Lớp": "5B"}) for day in (1, 3))
    path = pupils(installed, newer, older)
    ingest_file(installed, mapping(1, refuses=lambda record: record.row == 2), path)
    retry_waiting(installed, mapping(2))
    (record,) = query(installed, "select version_at, row_number from source_record")
    assert record["row_number"] == 2
    assert record["version_at"].isoformat().startswith("2026-01-02T17:00")


def test_an_erased_child_does_not_come_back_out_of_the_quarantine(installed: Installation) -> None:
    path = pupils(installed, pupil("1"), pupil("1", Lớp="6A"))
    ingest_file(installed, mapping(1, refuses=lambda record: record.row == 3), path)
    with unguarded(installed.url) as connection:
        connection.execute("update child set erased_at = now()")
        connection.execute("delete from child_key")
    before = digest_of(installed, STORED)
    assert retry_waiting(installed, mapping(2)).recovered == 1
    assert digest_of(installed, STORED) == before
    assert [(row["resolved"], row["kept"]) for row in waiting(installed)] == [(True, False)]


# Transactions, access


def test_a_retry_that_was_killed_goes_on_and_ends_as_in_one_go(installed: Installation) -> None:
    size = intake.RETRIES_AT_ONCE + 10
    path = pupils(installed, *[pupil(str(number)) for number in range(1, size + 1)])
    ingest_file(installed, mapping(1, refuses=everything), path)
    last = str(size - 1)

    def cut_off(record: SourceRecord) -> SourceRecord:
        if record.key == last:
            raise KeyboardInterrupt
        return record

    with pytest.raises(KeyboardInterrupt):
        retry_waiting(installed, mapping(2, understands=cut_off))
    assert [(row["state"], row["rows_done"]) for row in retries(installed)] == [("running", intake.RETRIES_AT_ONCE)]
    assert count(installed, "child") == intake.RETRIES_AT_ONCE
    assert retry_waiting(installed, mapping(2)).recovered == size
    (retry,) = retries(installed)
    assert outcomes(installed, retry["run_id"]) == [(row, "accepted") for row in range(2, size + 2)]
    assert count(installed, "child") == size
    assert all(row["resolved"] for row in waiting(installed))


def test_a_delivery_between_a_killed_retry_and_the_next_loses_no_row(installed: Installation) -> None:
    path = pupils(installed, *map(pupil, "123"))
    ingest_file(installed, mapping(1, refuses=everything), path)

    def cut_off(record: SourceRecord) -> SourceRecord:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retry_waiting(installed, mapping(2, understands=cut_off))
    account = ingest_file(installed, mapping(2), pupils(installed, pupil("4"), name="later.csv"))
    assert (account.outcomes.accepted, account.retried, account.recovered) == (1, 3, 3)
    assert count(installed, "child") == 4
    assert {row["state"] for row in query(installed, "select state from ingest_run")} == {"done"}


def test_a_retry_leaves_a_leaf_that_says_how_many_left_the_quarantine(installed: Installation) -> None:
    ingest_file(installed, mapping(1, refuses=everything), pupils(installed, pupil("1")))
    retry_waiting(installed, mapping(2))
    assert dict(leaves(installed, "ingest")[-1].counts) == {"accepted": 1, "released": 1}


def test_nobody_but_the_intake_opens_the_quarantine(installed: Installation) -> None:
    ingest_file(installed, mapping(1, refuses=everything), pupils(installed, pupil("1")))
    form = mapping(2).format
    with installed.store.begin(installed.engine(Purpose.INGEST), system=form.system) as transaction:
        (delivery,) = quarantine.deliveries_waiting(transaction, form.system, form.stream, below_mapping=2)
    access = somebody(installed, Role.COMMUNE_WORKER, Purpose.INGEST)
    with pytest.raises(Refused), installed.store.begin(access, system=form.system) as transaction:
        retry_batch(
            transaction,
            installed.vault,
            mapping(2),
            delivery=delivery,
            run_id=uuid4(),
            place=RetryPlace(ordinal=0),
            today=intake.today(installed),
        )


def test_bytes_that_were_exchanged_in_the_quarantine_are_not_believed(installed: Installation) -> None:
    ingest_file(installed, mapping(1, refuses=everything), pupils(installed, *map(pupil, "12")))
    with unguarded(installed.url) as connection:
        connection.execute(
            "update quarantine a set sealed_raw = b.sealed_raw from quarantine b where a.row_number <> b.row_number"
        )
    for _ in range(2):
        retry_waiting(installed, mapping(2))
    assert count(installed, "child") == 0
    rows = query(installed, "select rule, mapping_version, attempts, resolved_at from quarantine")
    expected = {"rule": "row_damaged", "mapping_version": 2, "attempts": 2, "resolved_at": None}
    assert rows == [expected] * 2
    assert query(installed, "select kind, place from alarm") == [{"kind": "damaged_value", "place": "quarantine.raw"}]


def test_a_row_whose_bytes_were_changed_does_not_keep_the_others_waiting(installed: Installation) -> None:
    ingest_file(installed, mapping(1, refuses=everything), pupils(installed, *map(pupil, "123")))
    with unguarded(installed.url) as connection:
        connection.execute("update quarantine set sealed_raw = substring(sealed_raw for 40) where row_number = 2")
    assert retry_waiting(installed, mapping(2)).recovered == 2
    assert count(installed, "child") == 2


def test_a_dry_run_retries_nothing(installed: Installation) -> None:
    ingest_file(installed, mapping(1, refuses=everything), pupils(installed, pupil("1")))
    account = try_file(installed, mapping(2), pupils(installed, pupil("2"), name="later.csv"))
    assert (account.outcomes.accepted, account.retried, account.recovered) == (1, 0, 0)
    assert [row["resolved"] for row in waiting(installed)] == [False]


def test_a_run_is_taken_up_again_only_for_the_same_reading(installed: Installation) -> None:
    first = ingest_file(installed, mapping(1, refuses=everything), pupils(installed, pupil("1")))
    form = mapping(2).format
    with installed.store.begin(installed.engine(Purpose.INGEST), system=form.system) as transaction:
        wanted = runs.IngestRun(
            run_id=uuid4(),
            system=form.system,
            stream=form.stream,
            file_digest=b"file",
            mapping_version=2,
            rows_done=0,
        )
        at = transaction.access.at
        assert runs.open_ingest(transaction, wanted, encodings={}, started_at=at) == wanted
        again = replace(wanted, run_id=uuid4())
        assert runs.open_ingest(transaction, again, encodings={}, started_at=at) == wanted
        retry = replace(again, retry_of=first.run_id)
        assert runs.open_ingest(transaction, retry, encodings={}, started_at=at) == retry
