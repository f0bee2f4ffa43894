"""An unchanged record that an older mapping had understood is understood anew when its row comes again."""

from __future__ import annotations

from dataclasses import replace

from connectors.records import SourceRecord
from connectors.sectors.protection import Protection
from registry.actions.keys.sealing import open_identity
from registry.jobs.intake import ingest_file
from registry.jobs.opening import Installation
from registry.protect.keys.keyring_file import Domain
from tests.connectors.deliveries import CASE, json_lines
from tests.registry.actions.installed import count, digest_of, pass_time, query, unguarded
from tests.registry.actions.mappings import STORED, mapping, outcomes, pupil, pupils


def names_understood(installed: Installation) -> list[str]:
    found = []
    for row in query(installed, "select * from identity join child_key using (child_id) where owner_id = child_id"):
        key = installed.vault.key(Domain.IDENTITY_WRAP, row["child_id"], wrapped=row["wrapped_key"], epoch=row["epoch"])
        identity = open_identity(
            key, row["child_id"], sealed_identity=row["sealed_identity"], sealed_family=row["sealed_family"]
        )
        found.append(identity.name.written if identity.name else "")
    return sorted(found)


def mistaken(record: SourceRecord) -> SourceRecord:
    """Take the mother for the child, as a wrong mapping does."""
    mother = record.facts.mother
    return replace(record, facts=replace(record.facts, name=mother.name if mother else None))


def test_an_unchanged_record_is_understood_anew_by_a_newer_mapping(installed: Installation) -> None:
    path = pupils(installed, *map(pupil, "12"))
    ingest_file(installed, mapping(1, understands=mistaken), path)
    assert names_understood(installed) == ["Lê Thị Mẫu"] * 2
    record_before = digest_of(installed, ("source_record", "source_version"))
    tokens = query(installed, "select tokens from child_search order by child_id")
    pass_time(installed, days=1)
    account = ingest_file(installed, mapping(2), path)
    assert outcomes(installed, account.run_id) == [(2, "unchanged"), (3, "unchanged")]
    assert names_understood(installed) == ["Trần Thị Mẫu"] * 2
    assert digest_of(installed, record_before) == record_before
    assert query(installed, "select tokens from child_search order by child_id") != tokens
    assert query(installed, "select distinct mapping_version, row_version from identity") == [
        {"mapping_version": 2, "row_version": 2}
    ]
    assert count(installed, "identifier_lookup") == 2
    told = query(installed, "select kind from outbox_event order by event_id")
    assert [row["kind"] for row in told] == ["record.received"] * 2 + ["record.reread"] * 2


def test_a_third_reading_by_the_same_mapping_or_an_older_one_changes_nothing(installed: Installation) -> None:
    path = pupils(installed, *map(pupil, "12"))
    ingest_file(installed, mapping(1), path)
    ingest_file(installed, mapping(2), path)
    before = digest_of(installed, (*STORED, "outbox_event", "quarantine"))
    ingest_file(installed, mapping(2), path)
    ingest_file(installed, mapping(1, understands=mistaken), path)
    assert digest_of(installed, before) == before


def test_a_record_that_is_understood_anew_and_then_overtaken_in_one_batch_is_written_once(
    installed: Installation,
) -> None:
    old, new = pupil("1"), pupil("1", **{"Cập nhật lúc": "2026-02-02T03:04:05+07:00"})
    ingest_file(installed, mapping(1), pupils(installed, old))
    account = ingest_file(installed, mapping(2), pupils(installed, old, old, new, name="later.csv"))
    assert [outcome for _, outcome in outcomes(installed, account.run_id)] == ["unchanged", "unchanged", "accepted"]
    assert query(installed, "select mapping_version from identity") == [{"mapping_version": 2}]
    assert count(installed, "source_version") == 2


def test_a_case_is_understood_anew_under_its_own_key(installed: Installation) -> None:
    path = installed.settings.data / "cases.jsonl"
    path.write_bytes(json_lines(CASE))

    def without_case(record: SourceRecord) -> SourceRecord:
        return replace(record, case=None)

    ingest_file(installed, mapping(1, Protection(), understands=without_case), path)
    assert count(installed, "protection_case") == 0
    ingest_file(installed, mapping(2, Protection()), path)
    case_keys = "select owner_id, wrapped_key from child_key where domain = 'case_wrap'"
    keys = query(installed, case_keys)
    assert len(keys) == 1
    ingest_file(installed, mapping(3, Protection()), path)
    assert query(installed, case_keys) == keys
    assert query(installed, "select row_version from protection_case") == [{"row_version": 3}]


def test_a_withdrawn_record_stays_as_it_was_withdrawn(installed: Installation) -> None:
    path = installed.settings.data / "cases.jsonl"
    gone = {"case_id": CASE["case_id"], "deleted": True, "updated_at": "2026-02-20T08:49:07+07:00"}
    path.write_bytes(json_lines(CASE, gone))
    ingest_file(installed, mapping(1, Protection()), path)
    before = digest_of(installed, STORED)
    ingest_file(installed, mapping(2, Protection()), path)
    assert digest_of(installed, before) == before


def test_a_record_that_breaks_a_rule_of_the_newer_mapping_keeps_what_was_understood(installed: Installation) -> None:
    path = pupils(installed, pupil("1"))

    def stricter(record: SourceRecord) -> SourceRecord:
        return replace(record, facts=replace(record.facts, birth_date="31/02/2014"))

    ingest_file(installed, mapping(1), path)
    before = digest_of(installed, STORED)
    account = ingest_file(installed, mapping(2, understands=stricter), path)
    assert dict(account.outcomes.rules) == {"impossible_date": 1}
    assert digest_of(installed, before) == before


def test_the_number_of_a_standing_link_survives_a_new_understanding(installed: Installation) -> None:
    path = pupils(installed, pupil("1"))
    ingest_file(installed, mapping(1), path)
    with unguarded(installed.url) as connection:
        connection.execute(
            "insert into identifier_lookup (number_index, leads_to, kind) select '\\x01', child_id, 'linked' from child"
        )
    ingest_file(installed, mapping(2), path)
    kinds = query(installed, "select kind from identifier_lookup order by kind")
    assert [row["kind"] for row in kinds] == ["claimed", "linked"]
