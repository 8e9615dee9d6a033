"""What promotions a member made use of is found by the member: their data goes out whole."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_redemptions_member_id",
        "redemptions",
        ["member_id"],
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_redemptions_member_id", "redemptions")
