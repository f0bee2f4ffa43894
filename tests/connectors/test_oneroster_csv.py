"""Pupils from OneRoster archives: whole ones, changes, and what is wrong with either."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from connectors.contract import ContractDrift, FileRefused, Record, Transient
from connectors.records import Operation, SourceRecord
from connectors.sectors.oneroster_csv import OneRosterCsv, OneRosterCsvSettings
from connectors.sectors.oneroster_tables import further_ids
from tests.connectors.draining import Landed, drained, page

USERS = "sourcedId,status,dateLastModified,familyName,middleName,givenName,userIds\n"
ONE = 'p1,,,Bế,Thị,Én,"{npdb:001315000017},{moet:HS1}"\n'
TWO = "p2,,,Lò,Văn,Ơn,\n"
WHOLE = {
    "users": USERS + ONE + TWO,
    "roles": "sourcedId,userSourcedId,role\nr1,p1,student\nr2,p2,student\nr3,t1,teacher\n",
    "demographics": "sourcedId,birthDate,sex\np1,2015-03-02,female\np2,2015-04,male\n",
    "enrollments": "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\ne1,c1,s1,p1,student\n",
    "classes": "sourcedId,title,grades\nc1,3A,03\n",
    "orgs": "sourcedId,name,type\ns1,Trường Tiểu học Thử,school\n",
}


def put(folder: Path, name: str, mode: str = "bulk", *, manifest: str | None = None, **files: str) -> None:
    """Put an archive into a folder."""
    said = "".join(f"file.{one},{mode}\n" for one in files)
    with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
        archive.writestr("manifest.csv", manifest or f"propertyName,value\noneroster.version,1.2\n{said}")
        for one, content in files.items():
            archive.writestr(f"{one}.csv", content)


def connector(folder: Path) -> OneRosterCsv:
    """Return the connector of a folder."""
    return OneRosterCsv(OneRosterCsvSettings(folder=folder))


def pupils(folder: Path, *, limit: int = 100) -> dict[str, Record]:
    """Return the last record of each pupil."""
    return {one.key: one for one in drained(connector(folder), "pupils", limit=limit).records}


def said(folder: Path, key: str) -> SourceRecord:
    """Return what a pupil's record says."""
    found = connector(folder).map(pupils(folder)[key])
    assert isinstance(found, SourceRecord), found
    return found


def test_a_whole_archive_tells_of_every_pupil_and_of_no_teacher(tmp_path: Path) -> None:
    put(tmp_path, "1", **WHOLE)
    assert list(pupils(tmp_path, limit=1)) == ["p1", "p2"]
    found = said(tmp_path, "p1")
    assert (found.facts.name, found.facts.personal_number) == ("Bế Thị Én", "001315000017")
    assert (found.facts.birth_date, found.facts.sex) == ("2015-03-02", "female")
    assert found.services == {
        "school": "Trường Tiểu học Thử",
        "class": "3A",
        "grade": "03",
        "pupil_code": "HS1",
        "status": "studying",
    }
    assert said(tmp_path, "p2").facts.birth_date == "2015-04"


def test_a_change_of_one_file_is_a_change_of_the_pupil(tmp_path: Path) -> None:
    put(tmp_path, "1", **WHOLE)
    before = pupils(tmp_path)
    put(tmp_path, "2", "delta", classes="sourcedId,title,grades\nc1,4A,04\n")
    assert said(tmp_path, "p1").services["class"] == "4A"
    assert pupils(tmp_path)["p2"] == before["p2"]


def test_a_change_that_is_taken_back_is_a_version_of_its_own(tmp_path: Path) -> None:
    put(tmp_path, "1", **WHOLE)
    first = pupils(tmp_path)["p1"]
    put(tmp_path, "2", "delta", classes="sourcedId,title,grades\nc1,4A,04\n")
    put(tmp_path, "3", "delta", classes="sourcedId,title,grades\nc1,3A,03\n")
    assert pupils(tmp_path)["p1"].payload != first.payload


def test_a_pupil_marked_as_deleted_is_a_tombstone_and_one_who_is_lacking_is_not_told_of(tmp_path: Path) -> None:
    put(tmp_path, "1", **WHOLE)
    put(tmp_path, "2", "delta", users=USERS + "p1,tobedeleted,2026-05-01T00:00:00.000Z,Bế,Thị,Én,\n")
    assert pupils(tmp_path)["p1"].operation is Operation.DELETE
    put(tmp_path, "3", users=USERS + ONE)
    assert pupils(tmp_path).keys() == {"p1"}


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ({"manifest": "propertyName,value\nfile.users,some\n"}, "mode_unknown"),
        ({"manifest": "propertyName,value\noneroster.version,2.0\n"}, "version_unknown"),
        ({"manifest": "a,b\n1,2\n"}, "columns_missing"),
        ({"manifest": "propertyName,value\nfile.users,bulk\n"}, "file_missing"),
        ({"users": "sourcedId,givenName\np1,Én\n"}, "columns_missing"),
        ({"users": USERS + "p1,,\n"}, "row_broken"),
        ({"users": USERS + ",,,Bế,Thị,Én,\n"}, "key_missing"),
        ({"users": USERS + '"p1,,,Bế,Thị,Én,\n'}, "file_broken"),
        ({"users": USERS + "p1,,,Bế,Thị," + "é" * 10_001 + ",\n"}, "row_broken"),
        ({"roles": "sourcedId,userSourcedId,role\nr1,p1,student\n"}, "file_missing"),
    ],
)
def test_an_archive_that_is_none_is_refused_whole(tmp_path: Path, files: dict[str, str], rule: str) -> None:
    put(tmp_path, "1", **files)
    with pytest.raises(FileRefused) as refused:
        pupils(tmp_path)
    assert refused.value.rule == rule
    assert "Bế" not in str(refused.value)


def test_changes_without_a_whole_file_before_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "1", "delta", users=USERS + ONE)
    with pytest.raises(FileRefused) as refused:
        pupils(tmp_path)
    assert refused.value.rule == "delta_without_bulk"


def test_what_is_no_archive_and_a_bomb_are_refused(tmp_path: Path) -> None:
    (tmp_path / "1.zip").write_bytes(b"no archive")
    with pytest.raises(FileRefused):
        pupils(tmp_path)
    with zipfile.ZipFile(tmp_path / "1.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("users.csv", b"0" * 20_000_000)
    with pytest.raises(FileRefused) as refused:
        pupils(tmp_path)
    assert refused.value.rule == "archive_too_large"


def test_a_folder_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    assert not connector(tmp_path / "nowhere").check().ok
    with pytest.raises(Transient):
        pupils(tmp_path / "nowhere")
    for cursor in ("x", "1 x", " 3"):
        with pytest.raises(ContractDrift):
            page(connector(tmp_path), "pupils", cursor, limit=5)


def test_a_folder_that_changes_amid_a_pass_is_read_again(tmp_path: Path) -> None:
    put(tmp_path, "1", **WHOLE)
    made = connector(tmp_path)
    landed = Landed()
    assert landed.land(page(made, "pupils", None, limit=1))
    put(tmp_path, "2", "delta", users=USERS + "p0,,,Vừ,A,Dơ,\n", roles="sourcedId,userSourcedId,role\nr0,p0,student\n")
    messages = page(made, "pupils", landed.cursor, limit=9)
    assert {one.key for one in messages if isinstance(one, Record)} == {"p0", "p1", "p2"}


def test_further_ids_stand_in_one_cell() -> None:
    assert further_ids("{npdb:1},{a b: c}") == [
        {"type": "npdb", "identifier": "1"},
        {"type": "a b", "identifier": "c"},
    ]
    assert further_ids("npdb:1") == []
