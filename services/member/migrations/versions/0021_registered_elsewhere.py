"""Who was registered by an import or an API client is found by their home store, newest first."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_members_registered_elsewhere",
        "members",
        ["home_store_id", "registered_at"],
        postgresql_where=sa.text("registered_by IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_members_registered_elsewhere", "members")
