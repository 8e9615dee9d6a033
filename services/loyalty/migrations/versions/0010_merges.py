"""Merges of members: whom an id stands for, lots that move, debts that others bear"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KINDS = (
    "kind IN ('sale', 'void', 'return', 'top_up', 'adjustment', 'expiry', 'refund',"
    " 'pay_out', 'wallet_adjustment', 'transfer', 'erasure', 'opening', 'redemption',"
    " 'redemption_void')",
    "kind IN ('sale', 'void', 'return', 'top_up', 'adjustment', 'expiry', 'refund',"
    " 'pay_out', 'wallet_adjustment', 'transfer', 'erasure', 'opening', 'redemption',"
    " 'redemption_void', 'merge', 'merge_back')",
)
LIFE = (
    "num_nulls(earned_on, valid_until, expires_at, expiry_version) IN (0, 4)",
    "num_nulls(valid_until, expires_at, expiry_version) IN (0, 3)"
    " AND (lot_id IS NOT NULL OR (earned_on IS NULL) = (expires_at IS NULL))",
)


def upgrade() -> None:
    op.add_column("members", sa.Column("survivor_id", sa.Uuid(), nullable=True))
    op.add_column(
        "members",
        sa.Column("merge_number", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.create_index(
        "ix_members_survivor_id",
        "members",
        ["survivor_id"],
        postgresql_where=sa.text("survivor_id IS NOT NULL"),
    )
    op.add_column("entries", sa.Column("lot_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "freezes",
        sa.Column("also_ids", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
    )
    _allow(1)
    op.create_table(
        "merges",
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["merged_id"], ["members.member_id"], name=op.f("fk_merges_merged_id")
        ),
        sa.ForeignKeyConstraint(
            ["survivor_id"], ["members.member_id"], name=op.f("fk_merges_survivor_id")
        ),
        sa.PrimaryKeyConstraint("merge_id", name=op.f("pk_merges")),
    )
    op.create_index("ix_merges_merged_id", "merges", ["merged_id"])
    op.create_index("ix_merges_survivor_id", "merges", ["survivor_id"])
    op.create_table(
        "moved_debts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("from_account_id", sa.Uuid(), nullable=False),
        sa.Column("to_account_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("issuing_store_id", sa.Uuid(), nullable=False),
        sa.Column("issuing_franchisee_id", sa.Uuid(), nullable=True),
        sa.Column("returned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_moved_debts_amount_positive")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.member_id"], name=op.f("fk_moved_debts_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["from_account_id"],
            ["balances.account_id"],
            name=op.f("fk_moved_debts_from_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["to_account_id"], ["balances.account_id"], name=op.f("fk_moved_debts_to_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moved_debts")),
    )
    op.create_index("ix_moved_debts_to_account_id", "moved_debts", ["to_account_id"])


def downgrade() -> None:
    op.drop_table("moved_debts")
    op.drop_table("merges")
    _allow(0)
    op.drop_column("freezes", "also_ids")
    op.drop_column("entries", "lot_id")
    op.drop_index("ix_members_survivor_id", "members")
    op.drop_column("members", "merge_number")
    op.drop_column("members", "survivor_id")


def _allow(version: int) -> None:
    for table, name, condition in (
        ("transactions", "kind_known", KINDS[version]),
        ("entries", "life_whole", LIFE[version]),
    ):
        constraint = op.f(f"ck_{table}_{name}")
        op.drop_constraint(constraint, table)
        op.create_check_constraint(constraint, table, condition)
