"""Models of the linkage with their replays, what a run changed, and what makes a review worth a person's time.

Revision ID: 0002
Revises: 0001
"""

from pathlib import Path

from migrations.script import run

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def upgrade() -> None:
    run((HERE / "0002_linkage.sql").read_text(encoding="utf-8"))
