"""Connectors: states of links, sources and their runs, exchange with sector systems, lists for the police.

Revision ID: 0006
Revises: 0005
"""

from pathlib import Path

from migrations.script import run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent
SUBJECTS = ("link_states", "sources", "exchange", "problems")


def upgrade() -> None:
    for subject in SUBJECTS:
        run((HERE / f"0006_{subject}.sql").read_text(encoding="utf-8"))
