"""The environment of the migrations: the connection is handed in, and nothing waits for ever."""

from alembic import context
from sqlalchemy import Connection, text

LOCK_TIMEOUT = "4s"  # a migration that cannot get its lock gives way to the running service
STATEMENT_TIMEOUT = "120s"


def run() -> None:
    """Run the migrations on the connection in the configuration, or print them."""
    connection: Connection | None = context.config.attributes.get("connection")
    if connection is None:
        context.configure(dialect_name="postgresql", literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
        context.run_migrations()


run()
