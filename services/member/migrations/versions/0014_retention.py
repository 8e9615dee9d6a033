"""How long what is personal is kept: runs of the rule, and what it took away."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    json, none, nothing = JSONB(astext_type=sa.Text()), sa.text("0"), sa.text("'{}'")
    op.create_table(
        "retention_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("body", json, nullable=False),
        sa.Column("as_of", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("last_id", sa.Uuid(), nullable=True),
        sa.Column("members", sa.Integer(), server_default=none, nullable=False),
        sa.Column("looked_at", sa.Integer(), server_default=none, nullable=False),
        sa.Column("counts", json, server_default=nothing, nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done')", name=op.f("ck_retention_runs_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_runs")),
    )
    op.create_index(
        "ix_retention_runs_open",
        "retention_runs",
        ["as_of"],
        postgresql_where=sa.text("state <> 'done'"),
    )
    op.create_index("ix_retention_runs_version", "retention_runs", ["version", "as_of"])
    op.create_table(
        "retention_removals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.CheckConstraint("rows > 0", name=op.f("ck_retention_removals_of_something")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_removals")),
    )
    op.create_index(
        "uq_retention_removals_run_id",
        "retention_removals",
        ["run_id", "member_id", "subject"],
        unique=True,
    )
    op.create_index("ix_retention_removals_member_id", "retention_removals", ["member_id", "id"])
    op.execute(
        "CREATE TRIGGER retention_removals_append_only"
        " BEFORE UPDATE OR DELETE OR TRUNCATE ON retention_removals"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    _kinds("'erasure', 'disclosure', 'retention'")


def _kinds(kinds: str) -> None:
    op.drop_constraint(op.f("ck_privacy_rules_kind"), "privacy_rules")
    op.create_check_constraint(op.f("ck_privacy_rules_kind"), "privacy_rules", f"kind IN ({kinds})")


def downgrade() -> None:
    _kinds("'erasure', 'disclosure'")
    op.drop_table("retention_removals")
    op.drop_table("retention_runs")
