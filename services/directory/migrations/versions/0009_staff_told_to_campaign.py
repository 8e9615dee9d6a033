"""Staff who were hired before campaign kept a copy of them are told of again."""

from shared.migrations import tell_again

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tell_again(
        "directory",
        "directory.staff_changed",
        """SELECT row_number() OVER (ORDER BY id) AS number, CAST(id AS text) AS subject,
             version AS sequence, jsonb_build_object('staff_id', id, 'version', version,
               'roles', roles, 'scope_kind', scope_kind, 'scope_id', scope_id,
               'active', active) AS data
           FROM staff""",
    )


def downgrade() -> None:
    """What was told stays told."""
