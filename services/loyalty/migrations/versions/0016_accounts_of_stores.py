"""Only stores' accounts are unique by what they are: an index over a million members' accounts,
which have no store, guarded nothing and was written for each of them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("uq_accounts_kind_unit_store_id", "accounts", type_="unique")
    op.create_index(
        "ix_accounts_store_id",
        "accounts",
        ["store_id", "kind", "unit"],
        unique=True,
        postgresql_where=sa.text("store_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_accounts_store_id", "accounts")
    op.create_unique_constraint(
        "uq_accounts_kind_unit_store_id", "accounts", ["kind", "unit", "store_id"]
    )
