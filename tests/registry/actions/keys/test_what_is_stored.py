"""What stands in the database in clear: codes, dates of writing, keyed hashes; never who a child is."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql

from registry.actions.linkage.review import decide_pair, open_pair, review_queue
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from tests.people import CASES, broken, case, numbered, population, record, twin_record
from tests.registry.actions.installed import count, deliver, load, query, reviewer, unguarded

BESIDE = {"alembic_version"}  # of the migrations; the queue's own tables hold ids alone and are looked at too

SECRETS = (
    "Nguyễn Thị Hoà",
    "nguyen thi hoa",
    "nguyễn thị hoà",
    "019314052001",
    "2014-05-03",
    "03/05/2014",
    "Suối Mơ",
    "Lê Thị Mai",
    "le thi mai",
    "Nguyễn Văn Sáu",
    "EDU0001",
    "BVTE-2026-0001",
    "Lê Minh Anh",
    "019216000101",
    "019184000777",
    "Trần Văn Bình",
    "bà ngoại",
    "Bùi Văn Tín",
    "01998000123",
    "Bế Thị Rách",
    "Tiểu học Số Một",
    "cùng địa chỉ",
)
CONTROL = "Tất Thị Kiểm"


def places_of(installed: Installation, words: tuple[str, ...]) -> Mapping[str, set[str]]:
    """Return in which columns each of some words is found, in text or in bytes."""
    found: dict[str, set[str]] = {}
    with unguarded(installed.url) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = current_schema()").fetchall()
        for table in {row["tablename"] for row in tables} - BESIDE:
            for row in connection.execute(sql.SQL("select * from {}").format(sql.Identifier(table))):
                for column, value in row.items():
                    stored = bytes(value) if isinstance(value, bytes) else str(value).encode()
                    for word in words:
                        if word.encode() in stored:
                            found.setdefault(word, set()).add(f"{table}.{column}")
    return found


def fill(installed: Installation) -> None:
    """Bring in every kind of row: records, a case, broken rows, links, a verdict with its reason."""
    load(installed, population())
    school = {"school": "Trường Tiểu học Số Một", "group": 5}
    deliver(installed, numbered([record(services=school), twin_record("EDU0002", "Le Minh Anh"), broken()]))
    deliver(installed, numbered([record(day=4, services=school, address="Thôn Suối Mơ 2"), record("EDU9", sex="?")]))
    deliver(installed, [case()], form=CASES)
    link_all(installed)
    with installed.store.begin(reviewer(installed)) as transaction:
        _, child_id = review_queue(transaction)
        assert child_id is not None
        pair = open_pair(transaction, installed.vault, child_id)
        decide_pair(
            transaction,
            installed.vault,
            child_id,
            pair.candidates[0].person_id,
            says="same",
            reason="Họ ở cùng địa chỉ với mẹ.",
        )


def test_no_name_number_or_address_stands_in_clear_in_any_column(installed: Installation) -> None:
    fill(installed)
    for table in ("identity", "source_version", "protection_case", "quarantine", "link", "verdict", "extract_person"):
        assert count(installed, table) > 0
    assert places_of(installed, SECRETS) == {}


def test_a_value_that_was_put_in_clear_is_found(installed: Installation) -> None:
    fill(installed)
    query(installed, "update child set system = %s where true returning 1", CONTROL)
    query(installed, "update identity set sealed_contact = %s where true returning 1", CONTROL.encode())
    assert places_of(installed, (CONTROL,)) == {CONTROL: {"child.system", "identity.sealed_contact"}}


def test_what_stands_in_clear_are_commune_sex_and_year(installed: Installation) -> None:
    deliver(installed, [record()])
    (row,) = query(
        installed, "select commune_code, commune_scheme, communes, province_code, sex, birth_year from child"
    )
    assert row == {
        "commune_code": "05443",
        "commune_scheme": "2025",
        "communes": ["05443"],
        "province_code": "19",
        "sex": "female",
        "birth_year": 2014,
    }
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        assert transaction.connection.exec_driver_sql("select count(*) from child_block").scalar_one() > 5
