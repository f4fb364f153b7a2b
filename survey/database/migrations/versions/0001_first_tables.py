"""The first tables: studies, their questions and clips, participants, and what they gave."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "study",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("slug", sa.String(), nullable=False, unique=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("definition", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "question",
        sa.Column("id", sa.Integer(), primary_key=True),
        _belongs_to("study"),
        sa.Column("question_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text()),
        sa.UniqueConstraint("study_id", "question_id"),
    )
    op.create_table(
        "participant",
        sa.Column("id", sa.Integer(), primary_key=True),
        _belongs_to("study"),
        sa.Column("participant_id", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer()),
        sa.Column("token_sha256", sa.String(), unique=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("language", sa.String()),
        sa.Column("excluded", sa.Boolean()),
        sa.Column("exclusion_reason", sa.Text()),
        sa.UniqueConstraint("study_id", "participant_id"),
        sa.UniqueConstraint("study_id", "ordinal"),
    )
    op.create_table(
        "reply",
        sa.Column("id", sa.Integer(), primary_key=True),
        _belongs_to("participant"),
        _belongs_to("question"),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("is_number", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("participant_id", "question_id"),
    )
    op.create_table(
        "stimulus",
        sa.Column("id", sa.Integer(), primary_key=True),
        _belongs_to("study"),
        sa.Column("stimulus_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String()),
        sa.Column("system", sa.String()),
        sa.Column("prompt_id", sa.String()),
        sa.Column("temperature", sa.Float()),
        sa.Column("top_k", sa.Integer()),
        sa.Column("top_p", sa.Float()),
        sa.Column("no_repeat_ngram", sa.Integer()),
        sa.Column("seed", sa.BigInteger()),
        sa.Column("checkpoint_sha256", sa.String()),
        sa.Column("title", sa.Text()),
        sa.Column("composer", sa.Text()),
        sa.Column("licence", sa.Text()),
        sa.Column("duration_s", sa.Float()),
        sa.Column("lufs", sa.Float()),
        sa.Column("audio_sha256", sa.String()),
        sa.Column("renderer", sa.String()),
        sa.Column("path", sa.String()),
        sa.Column("spec", sa.Text()),
        sa.UniqueConstraint("study_id", "stimulus_id"),
    )
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), primary_key=True),
        _belongs_to("participant"),
        sa.Column("step_id", sa.String(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("participant_id", "step_id"),
    )
    op.create_table(
        "handle",
        sa.Column("id", sa.Integer(), primary_key=True),
        _belongs_to("visit"),
        _belongs_to("stimulus"),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False, unique=True),
        sa.Column("served_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("visit_id", "slot"),
        sa.CheckConstraint("slot IN ('a', 'b')"),
    )
    op.create_table(
        "answer",
        sa.Column("id", sa.Integer(), primary_key=True),
        _belongs_to("study"),
        sa.Column("answer_id", sa.String(), nullable=False),
        _belongs_to("participant"),
        sa.Column("step_id", sa.String()),
        sa.Column("section", sa.String()),
        sa.Column("trial_id", sa.String()),
        sa.Column("position", sa.Integer()),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("condition", sa.String()),
        sa.Column("stimulus_a", sa.Integer(), sa.ForeignKey("stimulus.id")),
        sa.Column("stimulus_b", sa.Integer(), sa.ForeignKey("stimulus.id")),
        sa.Column("choice", sa.String()),
        sa.Column("rating", sa.Integer()),
        sa.Column("said_ai", sa.Boolean()),
        sa.Column("recognised", sa.Boolean()),
        sa.Column("comment", sa.Text()),
        sa.Column("plays_a", sa.Integer()),
        sa.Column("plays_b", sa.Integer()),
        sa.Column("response_ms", sa.BigInteger()),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("study_id", "answer_id"),
        sa.UniqueConstraint("participant_id", "step_id"),
        sa.CheckConstraint("rating IS NULL OR rating BETWEEN 1 AND 5"),
        sa.CheckConstraint("choice IS NULL OR choice IN ('a', 'b', 'both', 'neither', 'dont_know')"),
    )


def _belongs_to(table: str) -> sa.Column:
    target = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(f"{table}_id", sa.Integer(), target, nullable=False, index=True)


def downgrade() -> None:
    for table in ("answer", "handle", "visit", "stimulus", "reply", "participant", "question", "study"):
        op.drop_table(table)
