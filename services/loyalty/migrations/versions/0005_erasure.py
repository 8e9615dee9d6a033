"""Accounts that are closed, what is forfeited, and who was erased."""

import sqlalchemy as sa
from alembic import op

from shared import migrations

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


KINDS = {
    "accounts": (
        "(kind IN ('points', 'principal', 'bonus') AND store_id IS NULL) OR (kind IN"
        " ('points_issued', 'points_redeemed', 'points_adjusted', 'points_expired',"
        " 'wallet_cash', 'bonus_granted', 'wallet_adjusted', 'sales_clearing')"
        " AND store_id IS NOT NULL)",
        "(kind IN ('points', 'principal', 'bonus') AND store_id IS NULL) OR (kind IN"
        " ('points_issued', 'points_redeemed', 'points_adjusted', 'points_expired',"
        " 'points_forfeited', 'bonus_forfeited', 'wallet_cash', 'bonus_granted',"
        " 'wallet_adjusted', 'sales_clearing') AND store_id IS NOT NULL)",
    ),
    "transactions": (
        "kind IN ('sale', 'void', 'return', 'top_up', 'adjustment', 'expiry', 'refund', 'pay_out',"
        " 'wallet_adjustment', 'transfer')",
        "kind IN ('sale', 'void', 'return', 'top_up', 'adjustment', 'expiry', 'refund', 'pay_out',"
        " 'wallet_adjustment', 'transfer', 'erasure')",
    ),
}
BLANKED = {"documents": ["content"], "entries": ["detail"], "freezes": ["reason"]}


def upgrade() -> None:
    migrations.add_erased_members()
    migrations.add_blanking()
    for table, columns in BLANKED.items():
        migrations.let_blank(table, "append_only", columns)
    op.create_index("ix_documents_member_id", "documents", ["member_id"])
    op.add_column("members", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    _allow(1)


def downgrade() -> None:
    _allow(0)
    op.drop_column("members", "closed_at")
    op.drop_index("ix_documents_member_id", "documents")
    for table in BLANKED:
        migrations.forbid_blanking(table, "append_only")
    migrations.drop_blanking()
    migrations.drop_erased_members()


def _allow(version: int) -> None:
    for table, conditions in KINDS.items():
        name = op.f(f"ck_{table}_kind_known")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, conditions[version])
