"""What stores owe, summed up by day and by account from the ledger as it grows"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "liability_days",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("franchisee_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "store_id",
            "franchisee_id",
            "unit",
            "kind",
            "reason",
            "day",
            name=op.f("pk_liability_days"),
        ),
    )
    op.create_table(
        "liability_accounts",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "store_id", "month", name=op.f("pk_liability_accounts")
        ),
    )
    op.create_index(
        "ix_liability_accounts_store_id", "liability_accounts", ["store_id", "kind", "account_id"]
    )
    op.create_table(
        "liability_mark",
        sa.Column("one", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("done_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen_xid", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("one = 1", name=op.f("ck_liability_mark_one_row")),
        sa.CheckConstraint("done_id <= seen_id", name=op.f("ck_liability_mark_done_was_seen")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_liability_mark")),
    )
    op.execute("INSERT INTO liability_mark DEFAULT VALUES")


def downgrade() -> None:
    op.drop_table("liability_mark")
    op.drop_table("liability_accounts")
    op.drop_table("liability_days")
