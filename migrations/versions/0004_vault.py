"""Data keys in tables of their own, versions of keys, the ledger of erasures, decoys, alarms, damaged values.

Revision ID: 0004
Revises: 0003
"""

from pathlib import Path

from migrations.script import run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def upgrade() -> None:
    run((HERE / "0004_vault.sql").read_text(encoding="utf-8"))
