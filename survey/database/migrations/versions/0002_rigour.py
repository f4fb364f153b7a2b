"""Opening and closing, previews, invitations, seconds streamed, further scales, labels, repeats."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ADDED = {
    "study": [sa.Column("opened_at", MOMENT), sa.Column("closed_at", MOMENT), sa.Column("plan", sa.Text()),
              sa.Column("audit", sa.Text())],
    "participant": [sa.Column("preview", sa.Boolean(), nullable=False, server_default=sa.false()),
                    sa.Column("parameters", sa.Text())],
    "stimulus": [sa.Column("facts", sa.Text())],
    "handle": [sa.Column("served_s", sa.Float(), nullable=False, server_default="0")],
    "answer": [sa.Column("heard_a_s", sa.Float()), sa.Column("heard_b_s", sa.Float()),
               sa.Column("label", sa.String()), sa.Column("repeat_of", sa.String()),
               sa.Column("scales", sa.Text())],
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, column)
    # Studies that could be taken before there was an opening stay open.
    op.execute("UPDATE study SET opened_at = created_at WHERE definition IS NOT NULL")
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("study_id", sa.Integer(), sa.ForeignKey("study.id", ondelete="CASCADE"), nullable=False,
                  index=True),
        sa.Column("code_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
    )


def downgrade() -> None:
    op.drop_table("invitation")
    for table, columns in reversed(ADDED.items()):
        for column in reversed(columns):
            op.drop_column(table, column.name)
