"""What sales earn by is kept, drafts of rules are run over it, rules refer to what they restore"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSON = JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column("rules", sa.Column("restores", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_rules_restores_earlier"), "rules", "restores < version")
    op.create_table(
        "sale_facts",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_sale_facts")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON sale_facts"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER append_only_but_blanking BEFORE UPDATE ON sale_facts FOR EACH ROW"
        " EXECUTE FUNCTION refuse_change_but_blanking('{facts}')"
    )
    op.create_table(
        "rehearsals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("began_at", INSTANT, nullable=True),
        sa.Column("earn_version", sa.Integer(), nullable=True),
        sa.Column("ladder_version", sa.Integer(), nullable=True),
        sa.Column("spend_version", sa.Integer(), nullable=True),
        sa.Column("members", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_id", sa.Uuid(), nullable=True),
        sa.Column("found", JSON, nullable=False),
        sa.CheckConstraint("kind IN ('earn', 'ladder')", name=op.f("ck_rehearsals_kind_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'cancelled')",
            name=op.f("ck_rehearsals_state_known"),
        ),
        sa.CheckConstraint("days BETWEEN 1 AND 400", name=op.f("ck_rehearsals_days_bounded")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rehearsals")),
    )
    op.create_index("ix_rehearsals_asked_at", "rehearsals", ["asked_at", "id"])
    op.create_index(
        "ix_rehearsals_open",
        "rehearsals",
        ["asked_at"],
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )


def downgrade() -> None:
    op.drop_table("rehearsals")
    op.drop_table("sale_facts")
    op.drop_constraint(op.f("ck_rules_restores_earlier"), "rules")
    op.drop_column("rules", "restores")
