"""Runs a whole SQL script inside a migration, online or printed."""

from alembic import context, op


def run(script: str) -> None:
    """Run `script` as it stands: no parameters, so that no percent sign or colon is read as one."""
    if context.is_offline_mode():
        op.get_context().impl.static_output(script.strip() + "\n")
        return
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection")
    driver.execute(script)
