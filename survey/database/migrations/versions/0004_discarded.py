"""Files of clips that no study uses any more, until they are removed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("discarded_file", sa.Column("path", sa.String(), primary_key=True))


def downgrade() -> None:
    op.drop_table("discarded_file")
