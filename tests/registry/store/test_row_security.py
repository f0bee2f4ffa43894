"""Row security straight in SQL: what each database role sees and may do, whatever the program above it does."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from registry.store.server.embedded import EmbeddedServer
from registry.store.server.migrate import upgrade
from registry.store.tables.schema import CHILD_OWNED, METADATA
from tests.registry.store.one_row_each import COMMUNES, HERS, OTHER, PROVINCES, SYSTEMS, fill
from tests.registry.store.servers import connect

DEBIAN = Path("/usr/lib/postgresql/15/bin")  # the oldest version that is supported; Debian 12 has it
SERVERS = ["tests", *(["postgresql 15"] if DEBIAN.is_dir() else [])]
EVERY_ROLE = (
    *("commune_worker", "province_worker", "reviewer", "steward", "sector_system", "statistician"),
    *("auditor", "custodian", "administrator", "engine", "door"),
)
WITHOUT_CHILDREN = ("steward", "statistician", "auditor", "custodian", "administrator", "door")
TABLES = tuple(sorted(METADATA.tables))
# ids and keyed hashes only; what they lead to is guarded where it stands
LOOK_UPS = {
    *("pointer", "member", "record_join", "person_lookup", "source_key_lookup", "identifier_lookup"),
    "child_seal",  # whom it hides is what the policies of the others ask it
}
WITH_THE_CHILD = sorted(set(CHILD_OWNED) - LOOK_UPS)
# what officers themselves take down about a child: why they opened her, what her family asks for and agrees to, what
# went to the police and came back
WRITTEN_BY_OFFICERS = {
    *("opening", "emergency", "consent", "consent_signature", "subject_request", "subject_correction"),
    *("problem", "problem_answer"),
}
Context = dict[str, str]
Owner = psycopg.Connection[tuple[object, ...]]
PURPOSE = {"app.purpose": "care"}


@pytest.fixture(scope="module", params=SERVERS)
def owner(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """The owner of a migrated database with one row of everything, on each kind of server that is here."""
    if request.param == "tests":
        address = request.getfixturevalue("module_database_url")
        fill(address)
        with connect(address) as connection:
            yield connection
        return
    with EmbeddedServer(tmp_path_factory.mktemp("old") / "data", bin_dir=DEBIAN, durable=False) as server:
        upgrade(server.url)
        fill(server.url)
        with connect(server.url) as connection:
            yield connection


def look(
    owner: Owner, role: str | None, context: Context, statement: sql.SQL | sql.Composed
) -> list[tuple[object, ...]]:
    """Run a statement as a database role in a context, and take back whatever it did."""
    with owner.transaction(force_rollback=True):
        if role is not None:
            owner.execute(sql.SQL("set local role {}").format(sql.Identifier(f"child_registry_{role}")))
        for name, value in context.items():
            owner.execute(sql.SQL("select set_config({}, {}, true)").format(sql.Literal(name), sql.Literal(value)))
        cursor = owner.execute(statement)
        return cursor.fetchall() if cursor.description else [(cursor.rowcount,)]


def count(owner: Owner, role: str | None, context: Context, table: str) -> int | None:
    """Return how many rows a role sees; None where it has no right to look."""
    try:
        found = look(owner, role, context, sql.SQL("select count(*) from {}").format(sql.Identifier(table)))
    except psycopg.errors.InsufficientPrivilege:
        return None
    return int(str(found[0][0]))


def owners(owner: Owner, role: str, context: Context, table: str) -> set[object]:
    """Return the children whose rows a role sees in a table."""
    statement = sql.SQL("select distinct child_id from {}").format(sql.Identifier(table))
    try:
        return {child for (child,) in look(owner, role, context, statement)}
    except psycopg.errors.InsufficientPrivilege:
        return set()


def test_there_is_something_to_see_in_every_table(owner: Owner) -> None:
    with owner.transaction(force_rollback=True):
        for table in TABLES:
            owner.execute(sql.SQL("alter table {} no force row level security").format(sql.Identifier(table)))
            found = owner.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()
            assert found == (2 if table in {*CHILD_OWNED, "key_version"} else 1,), table


def test_an_empty_context_sees_nothing_in_any_table(owner: Owner) -> None:
    assert [(role, table) for role in (None, *EVERY_ROLE) for table in TABLES if count(owner, role, {}, table)] == []


def test_a_context_of_empty_words_sees_nothing_in_any_table(owner: Owner) -> None:
    empty = dict.fromkeys(("purpose", "communes", "provinces", "nation", "opened", "system"), "")
    context = {f"app.{name}": value for name, value in empty.items()}
    assert [
        (role, table) for role in (None, *EVERY_ROLE) for table in TABLES if count(owner, role, context, table)
    ] == []


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"app.communes": "99999", "app.provinces": "99"},
        {"app.communes": "%", "app.provinces": "*"},
        {"app.communes": "' OR true --"},
        {"app.communes": "24133 "},
        {"app.nation": "true"},
        {"app.nation": "ON"},
        {"app.opened": str(uuid.UUID(int=7))},
        {"app.system": "education"},
    ],
)
def test_a_context_that_names_no_place_of_a_child_sees_no_child(owner: Owner, context: Context) -> None:
    for role in ("commune_worker", "province_worker", "reviewer"):
        assert [table for table in WITH_THE_CHILD if owners(owner, role, PURPOSE | context, table)] == []


def test_a_broken_list_of_opened_children_is_refused_and_shows_nothing(owner: Owner) -> None:
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        owners(owner, "commune_worker", PURPOSE | {"app.opened": "everything"}, "child")


@pytest.mark.parametrize(
    ("role", "context"),
    [
        ("commune_worker", {"app.communes": COMMUNES[HERS]}),
        ("commune_worker", {"app.communes": f"00001,{COMMUNES[HERS]}"}),
        ("province_worker", {"app.provinces": PROVINCES[HERS]}),
        ("reviewer", {"app.provinces": PROVINCES[HERS]}),
        ("reviewer", {"app.opened": str(HERS)}),
    ],
)
def test_people_see_the_children_of_their_area_and_what_hangs_on_them(
    owner: Owner, role: str, context: Context
) -> None:
    seen = {table: owners(owner, role, PURPOSE | context, table) for table in WITH_THE_CHILD}
    assert set().union(*seen.values()) == {HERS}
    assert seen["child"] == seen["identity"] == seen["protection_case"] == seen["source_version"] == {HERS}


def test_what_was_opened_widens_the_area_by_one_child(owner: Owner) -> None:
    context = PURPOSE | {"app.communes": COMMUNES[HERS]}
    opened = context | {"app.opened": str(OTHER)}
    assert owners(owner, "commune_worker", context, "identity") == {HERS}
    assert owners(owner, "commune_worker", opened, "identity") == {HERS, OTHER}


def test_the_whole_nation_is_seen_by_whoever_has_it(owner: Owner) -> None:
    assert owners(owner, "reviewer", PURPOSE | {"app.nation": "on"}, "identity") == {HERS, OTHER}


@pytest.mark.parametrize("role", WITHOUT_CHILDREN)
def test_who_is_not_there_for_children_has_no_right_on_any_of_their_tables(owner: Owner, role: str) -> None:
    rights = "SELECT,INSERT,UPDATE,REFERENCES"
    statement = sql.SQL("select has_any_column_privilege({}, {}, {}) or has_table_privilege({}, {}, 'DELETE,TRUNCATE')")
    for table in CHILD_OWNED:
        names = (sql.Literal(f"child_registry_{role}"), sql.Literal(table))
        assert look(owner, None, {}, statement.format(*names, sql.Literal(rights), *names)) == [(False,)], table


@pytest.mark.parametrize("role", WITHOUT_CHILDREN)
def test_no_context_opens_a_child_to_them(owner: Owner, role: str) -> None:
    wide = PURPOSE | {"app.nation": "on", "app.opened": f"{HERS},{OTHER}", "app.system": "education"}
    assert {count(owner, role, wide, table) for table in CHILD_OWNED} == {None}


def test_people_who_look_change_nothing_of_what_sources_say(owner: Owner) -> None:
    statement = sql.SQL(
        "select has_any_column_privilege({}, {}, 'INSERT,UPDATE') or has_table_privilege({}, {}, 'DELETE')"
    )
    for role in ("commune_worker", "province_worker"):
        for table in set(CHILD_OWNED) - WRITTEN_BY_OFFICERS:
            names = (sql.Literal(f"child_registry_{role}"), sql.Literal(table))
            assert look(owner, None, {}, statement.format(*names, *names)) == [(False,)], (role, table)


def test_a_system_sees_and_writes_its_own_records_alone(owner: Owner) -> None:
    context = {"app.purpose": "ingest", "app.system": SYSTEMS[HERS]}
    seen = {table: owners(owner, "sector_system", context, table) for table in WITH_THE_CHILD}
    assert set().union(*seen.values()) == {HERS}
    assert owners(owner, "sector_system", PURPOSE | {"app.system": SYSTEMS[HERS]}, "child") == set(), "another purpose"
    new = "insert into child (child_id, system, communes, created_at) values ({}, {}, '{{}}', '2026-11-01')"
    own = sql.SQL(new).format(sql.Literal(uuid.UUID(int=9)), sql.Literal(SYSTEMS[HERS]))
    others = sql.SQL(new).format(sql.Literal(uuid.UUID(int=9)), sql.Literal(SYSTEMS[OTHER]))
    assert look(owner, "sector_system", context, own) == [(1,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        look(owner, "sector_system", context, others)
    taken = sql.SQL("update identity set updated_at = now() where child_id = {}").format(sql.Literal(OTHER))
    assert look(owner, "sector_system", context, taken) == [(0,)]


CHANGES = (
    "update access_leaf set content = '\\x00'",
    "update access_leaf set leaf_hash = '\\x00'",
    "update access_leaf set content = '\\x00', tree_index = 1",
    "delete from access_leaf",
    "truncate access_leaf",
    "delete from checkpoint",
    "update checkpoint set note = ''",
)


@pytest.mark.parametrize("change", CHANGES)
def test_nobody_changes_or_takes_away_what_the_log_says(owner: Owner, change: str) -> None:
    may = [role for role in (None, *EVERY_ROLE) if is_allowed(owner, role, change)]
    assert may == []


def is_allowed(owner: Owner, role: str | None, change: str) -> bool:
    """Tell whether a role may run a statement; None is the owner of the tables."""
    try:
        look(owner, role, {"app.purpose": "maintenance"}, sql.SQL(change))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def test_the_engine_numbers_a_leaf_once(owner: Owner) -> None:
    context = {"app.purpose": "maintenance"}
    number = sql.SQL("update access_leaf set tree_index = {}")
    assert look(owner, "engine", context, number.format(sql.Literal(0))) == [(1,)]
    both = sql.SQL("{}; {}").format(number.format(sql.Literal(0)), number.format(sql.Literal(1)))
    with owner.transaction(force_rollback=True):
        owner.execute("set local role child_registry_engine; set local app.purpose = 'maintenance'")
        assert owner.execute(both).rowcount == 1
        assert owner.execute("select tree_index from access_leaf").fetchone() == (0,)


def test_the_log_is_added_to_by_its_function_alone(owner: Owner) -> None:
    insert = "insert into access_leaf (content, leaf_hash) values ('\\x00', '\\x00')"
    assert [role for role in EVERY_ROLE if is_allowed(owner, role, insert)] == []


def test_everybody_may_add_to_the_log_through_its_function(owner: Owner) -> None:
    append = sql.SQL("select append_access_leaf('\\x01', '\\x02', '{}')")
    for role in EVERY_ROLE:
        assert look(owner, role, PURPOSE, append) == [(None,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            look(owner, role, {}, append)
