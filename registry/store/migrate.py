"""Brings a database to the newest schema, or prints what an administrator must run."""

from __future__ import annotations

import io
from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from registry.model.errors import DatabaseUnavailable, RegistryError

MIGRATION_LOCK = 0x6368_696C_6472_656E  # 'children': one migration at a time on one database


class MigrationRefused(RegistryError):
    """The account may not create roles or extensions: let an administrator run `child-registry migrate --sql`."""


def _config(output: io.StringIO | None = None) -> Config:
    config = Config(output_buffer=output) if output else Config()
    config.set_main_option("script_location", str(resources.files("migrations")))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(url: str) -> None:
    """Migrate the database at `url` to the newest schema.

    Raises:
        MigrationRefused: the account lacks a right.
        DatabaseUnavailable: the server does not answer.
    """
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except ProgrammingError as error:
        raise MigrationRefused(str(error.orig).splitlines()[0]) from error
    except OperationalError as error:
        raise DatabaseUnavailable(str(error.orig).splitlines()[0]) from error
    finally:
        engine.dispose()


def script() -> str:
    """Return the whole migration as SQL, for an administrator to run."""
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
        raise DatabaseUnavailable(str(error.orig).splitlines()[0]) from error
    finally:
        engine.dispose()
