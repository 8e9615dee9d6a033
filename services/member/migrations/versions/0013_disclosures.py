"""Who has taken out a person's data, and rules of privacy for that and for how long data is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "disclosures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("begun_by", sa.Uuid(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "records", JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("whole", sa.Boolean(), nullable=True),
        sa.CheckConstraint(
            "num_nulls(ended_at, whole) IN (0, 2)", name=op.f("ck_disclosures_ended_whole")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_disclosures_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosures")),
    )
    op.create_index("ix_disclosures_member_id", "disclosures", ["member_id"])
    op.create_index("ix_disclosures_begun_by", "disclosures", ["begun_by", "begun_at"])
    _kinds("'erasure', 'disclosure'")


def _kinds(kinds: str) -> None:
    op.drop_constraint(op.f("ck_privacy_rules_kind"), "privacy_rules")
    op.create_check_constraint(op.f("ck_privacy_rules_kind"), "privacy_rules", f"kind IN ({kinds})")


def downgrade() -> None:
    _kinds("'erasure'")
    op.drop_table("disclosures")
