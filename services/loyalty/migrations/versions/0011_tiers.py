"""Grace, notice and nudge of tiers, and tiers that HQ has set"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COLUMNS = (
    ("earned_tier", sa.Text()),
    ("grace_tier", sa.Text()),
    ("grace_until", sa.Date()),
    ("lapse_told", sa.Date()),
    ("near_tier", sa.Text()),
    ("set_tier", sa.Text()),
    ("set_until", sa.Date()),
)
CHECKS = (
    ("ck_members_grace_whole", "(grace_tier IS NULL) = (grace_until IS NULL)"),
    (
        "ck_members_set_whole",
        "set_tier IS NOT NULL OR (set_until IS NULL AND NOT set_exactly)",
    ),
)


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("members", sa.Column(name, kind, nullable=True))
    op.add_column(
        "members",
        sa.Column("near_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "members",
        sa.Column("set_exactly", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    # Until now a tier was always what the sum gave.
    op.execute("UPDATE members SET earned_tier = tier")
    for name, condition in CHECKS:
        op.create_check_constraint(op.f(name), "members", condition)
    op.create_table(
        "tier_settings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("exactly", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_tier_settings_version_counts")),
        sa.CheckConstraint(
            "tier IS NOT NULL OR (until IS NULL AND NOT exactly)",
            name=op.f("ck_tier_settings_taken_back_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.member_id"], name=op.f("fk_tier_settings_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_settings")),
        sa.UniqueConstraint(
            "member_id", "version", name=op.f("uq_tier_settings_member_id_version")
        ),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON tier_settings"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER append_only_but_blanking BEFORE UPDATE ON tier_settings FOR EACH ROW"
        " EXECUTE FUNCTION refuse_change_but_blanking('{reason}')"
    )


def downgrade() -> None:
    op.drop_table("tier_settings")
    for name, _ in CHECKS:
        op.drop_constraint(op.f(name), "members")
    op.drop_column("members", "set_exactly")
    op.drop_column("members", "near_count")
    for name, _ in reversed(COLUMNS):
        op.drop_column("members", name)
