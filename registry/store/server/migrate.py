"""Brings a database to the newest schema, or prints what an administrator must run."""

from __future__ import annotations

import io
from importlib import resources

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from registry.model.errors import DatabaseUnavailable, RegistryError

MIGRATION_LOCK = 0x6368_696C_6472_656E  # 'children': one migration at a time on one database
PATIENCE = 60  # seconds to wait for another migration of the same database


class MigrationRefused(RegistryError):
    """The account lacks a right that an administrator has, or something else stands in the way."""


def _config(output: io.StringIO | None = None) -> Config:
    config = Config(output_buffer=output) if output else Config()
    config.set_main_option("script_location", str(resources.files("migrations")))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(url: str, *, patience: int = PATIENCE) -> None:
    """Migrate the database at `url` to the newest schema.

    Args:
        patience: seconds to wait for another migration of the same database.

    Raises:
        MigrationRefused: the account lacks a right, or something stands in the way.
        DatabaseUnavailable: the server does not answer, or another migration does not end.
    """
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            _take_turn(connection, patience)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except (OperationalError, psycopg.OperationalError) as error:
        raise DatabaseUnavailable(_first_line(error)) from error
    except (DBAPIError, psycopg.Error) as error:
        raise MigrationRefused(f"{_first_line(error)}{_remedy(error)}") from error
    finally:
        engine.dispose()


def _take_turn(connection: Connection, patience: int) -> None:
    """Wait for the other migrations of this database to end."""
    connection.execute(text(f"SET LOCAL lock_timeout = '{patience}s'"))
    try:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    except OperationalError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise DatabaseUnavailable("another migration of this database does not end") from error
        raise
    connection.commit()


def _first_line(error: DBAPIError | psycopg.Error) -> str:
    return str(_orig(error)).splitlines()[0]


def _remedy(error: DBAPIError | psycopg.Error) -> str:
    if not isinstance(_orig(error), psycopg.errors.InsufficientPrivilege):
        return ""
    return ": let an administrator run what `child-registry migrate --sql` prints"


def _orig(error: DBAPIError | psycopg.Error) -> BaseException | None:
    """Return the driver's error: a script is run past SQLAlchemy, which would wrap it."""
    return error.orig if isinstance(error, DBAPIError) else error


def script() -> str:
    """Return the whole migration as SQL, for an administrator to run; what it makes is the database owner's."""
    output = io.StringIO()
    command.upgrade(_config(output), "head", sql=True)
    return output.getvalue()


def newest() -> str:
    """Return the revision that this program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(url: str) -> str | None:
    """Return the revision of the database, or None where nothing was migrated yet."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except OperationalError as error:
        raise DatabaseUnavailable(_first_line(error)) from error
    finally:
        engine.dispose()
