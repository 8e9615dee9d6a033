"""Where members are at home and who looks after them is told again to those who keep a copy.

Some hundred members in an event, as after a hand-over: a million of them are 2,000 events.
"""

from shared.migrations import tell_again

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

PIECE = 500


def upgrade() -> None:
    tell_again(
        "member",
        "member.associates_changed",
        f"""SELECT piece AS number, 'associates:told-again' AS subject, piece AS sequence,
              jsonb_build_object('items', jsonb_agg(jsonb_build_object('member_id', id,
                'version', version, 'associate_id', associate_id,
                'home_store_id', home_store_id) ORDER BY id)) AS data
            FROM (
              SELECT (row_number() OVER (ORDER BY id) - 1) / {PIECE} + 1 AS piece, id, version,
                associate_id, home_store_id
              FROM members WHERE erased_at IS NULL
            ) AS standing GROUP BY piece""",
    )


def downgrade() -> None:
    """What was told stays told."""
