"""Points expire: their life on the entries, when to look at a balance, notices given"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KINDS = {
    "rules": (
        "kind IN ('earn', 'spend', 'ladder', 'top_up', 'wallet')",
        "kind IN ('earn', 'spend', 'ladder', 'top_up', 'wallet', 'expiry')",
    ),
    "accounts": (
        "(kind IN ('points', 'principal', 'bonus') AND store_id IS NULL) OR (kind IN ('points_issued', 'points_redeemed', 'points_adjusted', 'wallet_cash', 'bonus_granted', 'sales_clearing') AND store_id IS NOT NULL)",
        "(kind IN ('points', 'principal', 'bonus') AND store_id IS NULL) OR (kind IN ('points_issued', 'points_redeemed', 'points_adjusted', 'points_expired', 'wallet_cash', 'bonus_granted', 'sales_clearing') AND store_id IS NOT NULL)",
    ),
    "transactions": (
        "kind IN ('sale', 'void', 'top_up', 'adjustment')",
        "kind IN ('sale', 'void', 'top_up', 'adjustment', 'expiry')",
    ),
}
LIFE = (
    ("earned_on", sa.Date()),
    ("valid_until", sa.Date()),
    ("expires_at", sa.DateTime(timezone=True)),
    ("expiry_version", sa.Integer()),
)


def upgrade() -> None:
    _allow(1)
    for name, kind in LIFE:
        op.add_column("entries", sa.Column(name, kind, nullable=True))
    op.create_check_constraint(
        op.f("ck_entries_life_whole"),
        "entries",
        "num_nulls(earned_on, valid_until, expires_at, expiry_version) IN (0, 4)",
    )
    op.create_check_constraint(
        op.f("ck_entries_expired_in_time"),
        "entries",
        "reason <> 'expired' OR balance_after IS NULL OR (amount < 0 AND expires_at <= at)",
    )
    op.add_column("balances", sa.Column("expiry_due", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_balances_expiry_due",
        "balances",
        ["expiry_due", "account_id"],
        unique=False,
        postgresql_where=sa.text("expiry_due IS NOT NULL"),
    )
    op.create_table(
        "expiry_notices",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_expiry_notices_points_positive")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_expiry_notices_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "valid_until", name=op.f("pk_expiry_notices")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON expiry_notices"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("expiry_notices")
    op.drop_index(
        "ix_balances_expiry_due",
        table_name="balances",
        postgresql_where=sa.text("expiry_due IS NOT NULL"),
    )
    op.drop_column("balances", "expiry_due")
    op.drop_constraint(op.f("ck_entries_expired_in_time"), "entries")
    op.drop_constraint(op.f("ck_entries_life_whole"), "entries")
    for name, _ in reversed(LIFE):
        op.drop_column("entries", name)
    _allow(0)


def _allow(version: int) -> None:
    for table, conditions in KINDS.items():
        name = op.f(f"ck_{table}_kind_known")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, conditions[version])
