"""Staff who were hired before order and member kept a copy of them are told of again.

Whoever knows them at this version already changes nothing.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        WITH told AS (
            SELECT gen_random_uuid() AS event_id, staff.* FROM staff ORDER BY id
        )
        INSERT INTO outbox (event_id, type, subject, envelope)
        SELECT event_id, 'directory.staff_changed', id, jsonb_build_object(
            'id', event_id, 'source', 'chainstitch/directory', 'type', 'directory.staff_changed',
            'subject', id, 'sequence', version,
            'time', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'specversion', '1.0', 'caller', NULL,
            'data', jsonb_build_object('staff_id', id, 'version', version, 'roles', roles,
                'scope_kind', scope_kind, 'scope_id', scope_id, 'active', active)
        ) FROM told
        """
    )


def downgrade() -> None:
    """What was told stays told."""
