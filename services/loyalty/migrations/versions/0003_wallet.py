"""The wallet by hand: refunds, pay-outs, transfers, freezes, and proposals for a second person"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS = {
    "rules": (
        "kind IN ('earn', 'spend', 'ladder', 'top_up', 'wallet', 'expiry')",
        "kind IN ('earn', 'spend', 'ladder', 'top_up', 'wallet', 'expiry', 'wallet_limits',"
        " 'approval')",
    ),
    "accounts": (
        "(kind IN ('points', 'principal', 'bonus') AND store_id IS NULL) OR (kind IN"
        " ('points_issued', 'points_redeemed', 'points_adjusted', 'points_expired',"
        " 'wallet_cash', 'bonus_granted', 'sales_clearing') AND store_id IS NOT NULL)",
        "(kind IN ('points', 'principal', 'bonus') AND store_id IS NULL) OR (kind IN"
        " ('points_issued', 'points_redeemed', 'points_adjusted', 'points_expired',"
        " 'wallet_cash', 'bonus_granted', 'wallet_adjusted', 'sales_clearing')"
        " AND store_id IS NOT NULL)",
    ),
    "transactions": (
        "kind IN ('sale', 'void', 'top_up', 'adjustment', 'expiry')",
        "kind IN ('sale', 'void', 'top_up', 'adjustment', 'expiry', 'refund', 'pay_out',"
        " 'wallet_adjustment', 'transfer')",
    ),
    "documents": (
        "kind IN ('top_up', 'adjustment')",
        "kind IN ('top_up', 'adjustment', 'refund', 'pay_out', 'wallet_adjustment', 'transfer')",
    ),
}


def upgrade() -> None:
    _allow(1)
    op.add_column(
        "balances",
        sa.Column("frozen", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_table(
        "freezes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "account IN ('points', 'wallet')", name=op.f("ck_freezes_account_known")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.member_id"], name=op.f("fk_freezes_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
    )
    op.create_index("ix_freezes_member_id_at", "freezes", ["member_id", "at"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON freezes"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    _create_proposals()


def _create_proposals() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("other_member_id", sa.Uuid(), nullable=True),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at_most", sa.BigInteger(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('adjustment', 'wallet_adjustment', 'pay_out', 'transfer')",
            name=op.f("ck_proposals_kind_known"),
        ),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_proposals_four_eyes")),
        sa.CheckConstraint("decided_at <= lapses_at", name=op.f("ck_proposals_in_time")),
        sa.CheckConstraint(
            "num_nulls(decided_by, decided_at, approved) IN (0, 3)",
            name=op.f("ck_proposals_decided_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.member_id"], name=op.f("fk_proposals_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_index("ix_proposals_store_id_proposed_at", "proposals", ["store_id", "proposed_at"])
    op.create_index(
        "ix_proposals_open",
        "proposals",
        ["proposed_at", "id"],
        postgresql_where=sa.text("decided_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("proposals")
    op.drop_table("freezes")
    op.drop_column("balances", "frozen")
    _allow(0)


def _allow(version: int) -> None:
    for table, conditions in KINDS.items():
        name = op.f(f"ck_{table}_kind_known")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, conditions[version])
