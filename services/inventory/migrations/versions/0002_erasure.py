"""Who was erased."""

from shared import migrations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    migrations.add_erased_members()


def downgrade() -> None:
    migrations.drop_erased_members()
