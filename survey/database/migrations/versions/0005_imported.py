"""The study file that came with imported data."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("study", sa.Column("imported", sa.Text()))


def downgrade() -> None:
    op.drop_column("study", "imported")
