"""The first tables, their roles and row-level security.

Revision ID: 0001
Revises:
"""

from pathlib import Path

from procrastinate.schema import SchemaManager

from migrations.script import run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def upgrade() -> None:
    run((HERE / "0001_roles.sql").read_text(encoding="utf-8"))
    run((HERE / "0001_tables.sql").read_text(encoding="utf-8"))
    run((HERE / "0001_row_security.sql").read_text(encoding="utf-8"))
    run(SchemaManager.get_schema())
    run((HERE / "0001_jobs.sql").read_text(encoding="utf-8"))
