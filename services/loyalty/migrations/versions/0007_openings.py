"""Opening balances of imported members."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KINDS = {
    "accounts": (
        "(kind IN ('points', 'principal', 'bonus') AND store_id IS NULL) OR (kind IN"
        " ('points_issued', 'points_redeemed', 'points_adjusted', 'points_expired',"
        " 'points_forfeited', 'bonus_forfeited', 'wallet_cash', 'bonus_granted',"
        " 'wallet_adjusted', 'sales_clearing') AND store_id IS NOT NULL)",
        "(kind IN ('points', 'principal', 'bonus') AND store_id IS NULL) OR (kind IN"
        " ('points_issued', 'points_redeemed', 'points_adjusted', 'points_expired',"
        " 'points_opening', 'points_forfeited', 'bonus_forfeited', 'wallet_cash',"
        " 'wallet_opening', 'bonus_granted', 'bonus_opening',"
        " 'wallet_adjusted', 'sales_clearing') AND store_id IS NOT NULL)",
    ),
    "transactions": (
        "kind IN ('sale', 'void', 'return', 'top_up', 'adjustment', 'expiry', 'refund',"
        " 'pay_out', 'wallet_adjustment', 'transfer', 'erasure')",
        "kind IN ('sale', 'void', 'return', 'top_up', 'adjustment', 'expiry', 'refund',"
        " 'pay_out', 'wallet_adjustment', 'transfer', 'erasure', 'opening')",
    ),
}


def upgrade() -> None:
    _allow(1)
    op.create_table(
        "openings",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("principal_minor", sa.BigInteger(), nullable=False),
        sa.Column("bonus_minor", sa.BigInteger(), nullable=False),
        sa.Column("earned_on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "points >= 0 AND principal_minor >= 0 AND bonus_minor >= 0",
            name=op.f("ck_openings_nothing_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.member_id"], name=op.f("fk_openings_member_id")
        ),
        sa.PrimaryKeyConstraint("import_id", "row", name=op.f("pk_openings")),
        sa.UniqueConstraint("document_id", name=op.f("uq_openings_document_id")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON openings"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("openings")
    _allow(0)


def _allow(version: int) -> None:
    for table, conditions in KINDS.items():
        name = op.f(f"ck_{table}_kind_known")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, conditions[version])
