"""How old what stores owe is, summed up over all accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "liability_ages",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "store_id", "unit", "kind", "month", name=op.f("pk_liability_ages")
        ),
    )
    op.execute(
        """
        INSERT INTO liability_ages (store_id, unit, kind, month, amount, members)
        SELECT store_id, unit, kind, month,
            sum(CASE WHEN total >= 0 THEN greatest(least(total - newer, given), 0)
                WHEN place = 1 THEN total ELSE 0 END),
            count(*) FILTER (WHERE place = 1 AND total <> 0)
        FROM (
            SELECT *, sum(net) OVER account AS total,
                sum(given) OVER (account ORDER BY month DESC) - given AS newer,
                row_number() OVER (account ORDER BY month DESC) AS place
            FROM liability_accounts WINDOW account AS (PARTITION BY account_id, store_id)
        ) months GROUP BY store_id, unit, kind, month
        """
    )


def downgrade() -> None:
    op.drop_table("liability_ages")
