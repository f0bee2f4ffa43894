"""The social-protection sector's file of recipients."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.records import ChildFacts, PersonFacts
from connectors.sectors.social_aid import SocialAid
from tests.connectors.deliveries import (
    SOCIAL_AID,
    in_tcvn3,
    in_vni,
    looks_like_a_name,
    only_record,
    only_rejection,
    read,
    social_aid_text,
)


def recipient(**changes: str) -> bytes:
    """Return a file of one recipient, as the sector sends it."""
    return in_tcvn3(social_aid_text(SOCIAL_AID | changes))


def test_a_recipient_is_described_as_meant_though_the_font_has_no_such_capitals(tmp_path: Path) -> None:
    record = only_record(read(SocialAid(), tmp_path, recipient()))
    assert record.key == "DT00000001"
    assert record.version_at == datetime(2026, 1, 1, 20, 4, 5, tzinfo=UTC)
    assert record.facts == ChildFacts(
        name="NGUYỄN THỊ MẪU",
        sex="Nữ",
        birth_date="03/05/2014",
        personal_number="001314000001",
        ethnicity="Tày",
        commune_code="00004",
        commune_scheme="2024",
        mother=PersonFacts(name="LÊ THỊ MẪU"),
        father=PersonFacts(name="NGUYỄN VĂN MẪU"),
    )
    assert record.services == {
        "group": 4,
        "household": "near_poor",
        "allowance_vnd": 750000,
        "from_date": "2025-02-01",
    }


@pytest.mark.parametrize("change", [{"LOAI_DT": "15"}, {"HO_NGHEO": "3"}, {"MUC_TC": "-5"}, {"TU_NGAY": "31/02/2025"}])
def test_a_code_that_is_not_known_is_kept_as_written_and_not_counted(tmp_path: Path, change: dict[str, str]) -> None:
    record = only_record(read(SocialAid(), tmp_path, recipient(**change)))
    assert len(record.services) == 3
    assert record.written.items() >= change.items()


@pytest.mark.parametrize(
    ("change", "rule"), [({"MA_DT": ""}, "key_missing"), ({"NGAY_CN": "02/01/2026"}, "stamp_broken")]
)
def test_a_row_without_key_or_stamp_is_rejected(tmp_path: Path, change: dict[str, str], rule: str) -> None:
    (column,) = change
    assert only_rejection(read(SocialAid(), tmp_path, recipient(**change))) == (2, rule, column)


def test_a_byte_that_is_no_letter_of_the_font_is_rejected(tmp_path: Path) -> None:
    good = social_aid_text(*[SOCIAL_AID | {"MA_DT": f"DT{number}"} for number in range(20)])
    bad = in_tcvn3(social_aid_text(SOCIAL_AID)).splitlines(keepends=True)[1].replace(b"NGUY", b"NG\x80Y")
    *_, last = read(SocialAid(), tmp_path, in_tcvn3(good) + bad)
    assert only_rejection([last]) == (22, "bytes_not_in_encoding", "HO_TEN")


def test_a_file_in_vni_is_decided_and_told(tmp_path: Path) -> None:
    path = tmp_path / "social-aid.csv"
    path.write_bytes(in_vni(social_aid_text(SOCIAL_AID)))
    reading = SocialAid().open(path, looks_like_a_name)
    assert reading.encodings["HO_TEN"] == "vni"
    assert reading.encodings["MA_DT"] == "ascii"
    assert only_record(list(reading.rows)).facts.name == "NGUYỄN THỊ MẪU"
