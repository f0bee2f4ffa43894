"""Lets the database give up the space of what was deleted, so that erased rows do not lie in its files for long."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql
from sqlalchemy import make_url


def vacuum(url: str, tables: Iterable[str]) -> bool:
    """Vacuum tables as far as nobody holds them; False: the database did not let us, and does it later by itself."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            for table in tables:
                connection.execute(sql.SQL("VACUUM (SKIP_LOCKED) {}").format(sql.Identifier(table)))
    except psycopg.Error:
        return False
    return True
