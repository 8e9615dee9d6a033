"""Entries of a statement are balanced among themselves: the ledger is not read for it.

The check looked up all entries of the transactions that a statement had written. For some hundreds
of them PostgreSQL preferred to read the whole ledger.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_CHECK = """
CREATE OR REPLACE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM {entries}
        GROUP BY transaction_id, unit HAVING sum(amount) <> 0
    ) THEN
        RAISE EXCEPTION 'entries of a transaction do not add up to zero'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_balanced';
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(_CHECK.format(entries="added"))


def downgrade() -> None:
    of_all = "entries WHERE transaction_id IN (SELECT transaction_id FROM added)"
    op.execute(_CHECK.format(entries=of_all))
