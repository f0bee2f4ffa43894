"""Records that are one child without a citizen: comparisons, pairs, verdicts, joins.

Revision ID: 0003
Revises: 0002
"""

from pathlib import Path

from migrations.script import run

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def upgrade() -> None:
    run((HERE / "0003_clusters.sql").read_text(encoding="utf-8"))
