"""Access: seals, signing in, clients, emergencies, witnesses of the log, limits, exports, duties of the law.

Revision ID: 0005
Revises: 0004
"""

from pathlib import Path

from migrations.script import run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent
SUBJECTS = ("scope", "signing_in", "clients", "emergencies", "log", "limits", "law", "rows", "reading")


def upgrade() -> None:
    for subject in SUBJECTS:
        run((HERE / f"0005_{subject}.sql").read_text(encoding="utf-8"))
