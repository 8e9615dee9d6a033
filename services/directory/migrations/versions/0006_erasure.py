"""Who was erased; the audit log can lose what it says of them."""

import sqlalchemy as sa
from alembic import op

from shared import migrations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    migrations.add_erased_members()
    migrations.add_blanking()
    migrations.let_blank("audit_entries", "append_only", ["detail"])
    op.create_index(
        "ix_audit_entries_member_id",
        "audit_entries",
        [sa.text("(detail ->> 'member_id')")],
        postgresql_where=sa.text("detail ->> 'member_id' IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_audit_entries_member_id", "audit_entries")
    migrations.forbid_blanking("audit_entries", "append_only")
    migrations.drop_blanking()
    migrations.drop_erased_members()
