"""The environment of the migrations: the connection is handed in, and nothing waits for ever."""

from alembic import context
from sqlalchemy import Connection, text

# A migration that cannot get its lock gives way to the running service.
LIMITS = ("SET LOCAL lock_timeout = '4s'", "SET LOCAL statement_timeout = '120s'")


def run() -> None:
    """Run the migrations on the connection in the configuration, or print them."""
    connection: Connection | None = context.config.attributes.get("connection")
    if connection is None:
        context.configure(dialect_name="postgresql", literal_binds=True)
    else:
        context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        for limit in LIMITS:
            if connection is None:
                context.execute(limit)
            else:
                connection.execute(text(limit))
        context.run_migrations()


run()
