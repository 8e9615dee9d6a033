"""Who was erased."""

from shared import migrations

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    migrations.add_erased_members()
    migrations.add_blanking()
    migrations.let_blank("returns", "append_only", ["reason"], truncate=False)


def downgrade() -> None:
    migrations.forbid_blanking("returns", "append_only", truncate=False)
    migrations.drop_blanking()
    migrations.drop_erased_members()
