"""Accounts, transactions and members stay for ever: what names them is checked a statement at a time.

Of each imported member fifteen foreign keys were looked up and locked, of each entry of the
nightly expiry two, half of them on the same few accounts of stores: more work than the rows.
"""

from alembic import op

from shared import migrations

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEPT = {"accounts": ("id", "kind", "unit", "store_id"), "members": ("member_id",)}
REFERRING = {
    "entries": {
        "transactions": {"transaction_id": "id"},
        "accounts": {"account_id": "id", "unit": "unit"},
    },
    "balances": {"accounts": {"account_id": "id"}},
    "member_accounts": {"members": {"member_id": "member_id"}, "accounts": {"account_id": "id"}},
    "openings": {"members": {"member_id": "member_id"}},
}
FOREIGN_KEYS = {
    "entries": ("transaction_id", "account_id_unit"),
    "balances": ("account_id",),
    "member_accounts": ("member_id", "account_id"),
    "openings": ("member_id",),
}


def upgrade() -> None:
    for table, columns in KEPT.items():
        migrations.keep(table, *columns)
    for table, parents in REFERRING.items():
        for column in FOREIGN_KEYS[table]:
            op.drop_constraint(f"fk_{table}_{column}", table, type_="foreignkey")
        migrations.refer(table, **parents)
    # It was there for a foreign key to point at.
    op.drop_constraint("uq_accounts_id_unit", "accounts", type_="unique")


def downgrade() -> None:
    op.create_unique_constraint("uq_accounts_id_unit", "accounts", ["id", "unit"])
    for table, parents in REFERRING.items():
        migrations.refer_no_more(table)
        for column, (parent, columns) in zip(FOREIGN_KEYS[table], parents.items(), strict=True):
            op.create_foreign_key(
                f"fk_{table}_{column}", table, parent, list(columns), list(columns.values())
            )
    for table in KEPT:
        migrations.keep_no_more(table)
