"""A seal straight in SQL: no context that people can have shows a row of a sealed child, but that of her keeper."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from registry.store.tables.schema import CHILD_OWNED
from tests.registry.store.one_row_each import COMMUNES, HERS, OTHER, PROVINCES, SYSTEMS, fill
from tests.registry.store.servers import connect

IDS_ONLY = {"pointer", "member", "record_join", "person_lookup", "source_key_lookup", "identifier_lookup", "child_seal"}
TABLES = sorted(set(CHILD_OWNED) - IDS_ONLY)
KEEPER, ANOTHER = uuid.UUID(int=1), uuid.UUID(int=2)
PEOPLE = ("commune_worker", "province_worker", "reviewer")
WIDE = {
    "app.purpose": "care",
    "app.nation": "on",
    "app.communes": COMMUNES[HERS],
    "app.provinces": PROVINCES[HERS],
    "app.opened": f"{HERS},{OTHER}",
    "app.tokens": "{1}",
    "app.looked_in": f"{{{COMMUNES[HERS]},{COMMUNES[OTHER]}}}",
}
Owner = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def owner(module_database_url: str) -> Iterator[Owner]:
    """The owner of a database with one row of everything, in which one of the two children is sealed."""
    fill(module_database_url)
    with connect(module_database_url) as connection:
        connection.execute("alter table child_seal no force row level security")
        connection.execute("update child_seal set lifted_at = null where child_id = %s", [HERS])
        connection.execute("alter table child_seal force row level security")
        yield connection


def seen(owner: Owner, role: str, context: dict[str, str], table: str) -> set[object]:
    """Return the children whose rows a role sees in a table."""
    statement = sql.SQL("select distinct child_id from {}").format(sql.Identifier(table))
    with owner.transaction(force_rollback=True):
        owner.execute(sql.SQL("set local role {}").format(sql.Identifier(f"child_registry_{role}")))
        for name, value in context.items():
            owner.execute(sql.SQL("select set_config({}, {}, true)").format(sql.Literal(name), sql.Literal(value)))
        try:
            return {child for (child,) in owner.execute(statement)}
        except psycopg.errors.InsufficientPrivilege:
            return set()


@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.parametrize("staff", [None, "", str(ANOTHER)])
def test_nobody_but_her_keeper_sees_a_row_of_hers(owner: Owner, role: str, staff: str | None) -> None:
    context = WIDE if staff is None else WIDE | {"app.staff": staff}
    found = {table: seen(owner, role, context, table) for table in TABLES}
    assert set().union(*found.values()) == {OTHER}
    assert found["child"] == found["identity"] == found["child_search"] == {OTHER}


@pytest.mark.parametrize("role", PEOPLE)
def test_her_keeper_sees_her_inside_the_area_alone(owner: Owner, role: str) -> None:
    context = WIDE | {"app.staff": str(KEEPER)}
    assert seen(owner, role, context, "identity") == seen(owner, role, context, "child_search") == {HERS, OTHER}
    elsewhere = context | {"app.nation": "", "app.communes": COMMUNES[OTHER], "app.provinces": "", "app.opened": ""}
    assert seen(owner, role, elsewhere, "identity") == {OTHER}


@pytest.mark.parametrize("staff", ["everybody", "%", f"{KEEPER},{ANOTHER}", f"{{{KEEPER}}}x"])
def test_a_name_that_is_none_is_refused_and_shows_nothing(owner: Owner, staff: str) -> None:
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        seen(owner, "commune_worker", WIDE | {"app.staff": staff}, "child")


def test_her_own_system_and_the_engine_go_on(owner: Owner) -> None:
    ingest = {"app.purpose": "ingest", "app.system": SYSTEMS[HERS]}
    assert seen(owner, "sector_system", ingest, "identity") == {HERS}
    assert seen(owner, "engine", {"app.purpose": "linkage"}, "identity") == {HERS, OTHER}


@pytest.mark.parametrize("role", ["sector_system", "steward", "statistician", "auditor", "custodian", "administrator"])
def test_who_has_no_business_with_seals_cannot_read_them(owner: Owner, role: str) -> None:
    assert _may(owner, role, "child_seal", "SELECT,INSERT,UPDATE,REFERENCES") is False


@pytest.mark.parametrize("role", PEOPLE)
def test_people_write_no_seal_and_read_ids_and_keepers_of_those_that_stand(owner: Owner, role: str) -> None:
    assert _may(owner, role, "child_seal", "INSERT,UPDATE,REFERENCES") is False
    assert seen(owner, role, WIDE, "child_seal") == {HERS}
    assert seen(owner, role, {}, "child_seal") == set()


@pytest.mark.parametrize("role", [*PEOPLE, "steward", "statistician", "auditor", "custodian", "administrator", "door"])
def test_events_are_read_by_the_engine_and_the_sources_alone(owner: Owner, role: str) -> None:
    assert _may(owner, role, "outbox_event", "SELECT") is False


def _may(owner: Owner, role: str, table: str, rights: str) -> object:
    statement = sql.SQL("select has_any_column_privilege({}, {}, {})").format(
        sql.Literal(f"child_registry_{role}"), sql.Literal(table), sql.Literal(rights)
    )
    found = owner.execute(statement).fetchone()
    return found[0] if found else None
