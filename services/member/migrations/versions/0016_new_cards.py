"""Which member of staff made a card"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("members", sa.Column("registered_by", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_members_new_cards",
        "members",
        ["home_store_id", "registered_at"],
        postgresql_where=sa.text("registered_by IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_members_new_cards", "members")
    op.drop_column("members", "registered_by")
