"""Which change of the own PIN or password was the last, so that sending it again changes nothing"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("secret_change_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("staff", "secret_change_id")
