"""How often a clip was started, beside how often it was played."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = ("starts_a", "starts_b")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("answer", sa.Column(name, sa.Integer()))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("answer", name)
