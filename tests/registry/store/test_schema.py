"""The catalogue itself: what a child owns goes by the child's id, nothing is readable without a policy."""

from __future__ import annotations

from typing import Any

import pytest

from registry.store.tables.schema import CHILD_OWNED
from tests.registry.store.servers import connect

# The job queue's tables hold names of tasks and moments, never a value of a row; the revision is the migrations' own.
OURS = "c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname not like 'procrastinate%'"
CODES = r"^(sealed_.*|wrapped_key|pseudonym|record_key|tokens?|.*_(index|digest|hash|code|scheme))$"


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Return what a statement finds in the catalogue; OURS stands for our tables, CODES for coded columns."""
    with connect(url) as connection:
        statement = statement.replace("OURS", OURS).replace("CODES", CODES)
        return connection.execute(statement.encode()).fetchall()


UNIQUE = """
    select c.relname::text, i.indexrelid::regclass::text,
        array(select a.attname::text from unnest(i.indkey) as k join pg_attribute a
              on a.attrelid = c.oid and a.attnum = k)
    from pg_class c join pg_index i on i.indrelid = c.oid
    where i.indisunique and exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'child_id' and not a.attisdropped)
"""


def test_every_key_of_what_a_child_owns_holds_the_childs_id(template_url: str) -> None:
    found = rows(template_url, UNIQUE)
    assert {table for table, _, _ in found} >= {"child", "identity", "link", "source_version"}
    assert [index for _, index, columns in found if "child_id" not in columns] == []


def test_what_a_child_owns_has_a_primary_key(template_url: str) -> None:
    keyless = rows(
        template_url,
        "select c.relname::text from pg_class c where OURS and not exists"
        " (select from pg_index i where i.indrelid = c.oid and i.indisprimary)",
    )
    assert keyless == []


def test_references_to_a_child_go_by_its_id_alone(template_url: str) -> None:
    """All rows of a child can then lie on one machine."""
    found = rows(
        template_url,
        "select conrelid::regclass::text, array(select a.attname::text from unnest(conkey) k join pg_attribute a"
        " on a.attrelid = conrelid and a.attnum = k) from pg_constraint"
        " where contype = 'f' and confrelid = 'child'::regclass",
    )
    assert len(found) >= 10
    assert {tuple(columns) for _, columns in found} == {("child_id",)}


def test_a_table_with_another_name_for_a_child_is_a_look_up(template_url: str) -> None:
    found = rows(
        template_url,
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid where OURS"
        " and a.attname = 'leads_to'",
    )
    assert {name for (name,) in found} == {"source_key_lookup", "identifier_lookup", "person_lookup"}
    assert {name for (name,) in found} <= set(CHILD_OWNED)


def test_row_security_is_on_and_forced_on_every_table(template_url: str) -> None:
    open_ones = rows(
        template_url,
        "select c.relname::text from pg_class c where OURS and c.relname <> 'alembic_version'"
        " and not (c.relrowsecurity and c.relforcerowsecurity)",
    )
    assert open_ones == []


def test_every_policy_asks_for_a_context(template_url: str) -> None:
    asks = ("registry_purpose()", "SELECT child.child_id", "FROM child")
    policies = rows(template_url, "select tablename, policyname, qual, with_check from pg_policies")
    assert len(policies) > 30
    for table, name, using, check in policies:
        assert any(word in (using or check) for word in asks), f"{name} on {table}"


def test_no_right_is_everybodys(template_url: str) -> None:
    public = rows(
        template_url,
        "select c.relname::text from pg_class c, aclexplode(c.relacl) x where OURS and x.grantee = 0",
    )
    assert public == []


def test_sealed_and_coded_columns_say_what_they_hold(template_url: str) -> None:
    silent = rows(
        template_url,
        "select c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where OURS and a.attnum > 0 and not a.attisdropped and a.attname ~ 'CODES'"
        " and a.attname <> 'password_hash' and col_description(c.oid, a.attnum) is null order by 1",
    )
    assert silent == []


def test_a_sealed_column_is_of_bytes(template_url: str) -> None:
    readable = rows(
        template_url,
        "select c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where OURS and a.attname like 'sealed\\_%' and a.atttypid <> 'bytea'::regtype",
    )
    assert readable == []


@pytest.mark.parametrize(
    ("what", "statement"),
    [
        ("columns", "select attcollation from pg_attribute a join pg_class c on c.oid = a.attrelid where OURS"),
        (
            "indexes",
            "select unnest(i.indcollation) from pg_index i join pg_class c on c.oid = i.indrelid where OURS",
        ),
    ],
)
def test_no_collation_of_the_server_is_named(template_url: str, what: str, statement: str) -> None:
    allowed = {0, *(oid for (oid,) in rows(template_url, "select oid from pg_collation where collname = 'C'"))}
    default = {oid for (oid,) in rows(template_url, "select oid from pg_collation where collname = 'default'")}
    assert {oid for (oid,) in rows(template_url, statement)} <= allowed | default, what


def test_no_extension_is_needed_but_one(template_url: str) -> None:
    found = rows(template_url, "select extname::text from pg_extension order by 1")
    assert found == [("intarray",), ("plpgsql",)]
