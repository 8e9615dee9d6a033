"""Windows in which members have the privileges of their birthday."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("birthdays", sa.Column("barred_until", sa.Date(), nullable=True))
    op.create_table(
        "birthday_windows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("privilege", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("coupon_promotion_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("version >= 1", name=op.f("ck_birthday_windows_version_counts")),
        sa.CheckConstraint(
            "starts_at < ends_at", name=op.f("ck_birthday_windows_ends_after_it_starts")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_birthday_windows_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_birthday_windows")),
        sa.UniqueConstraint(
            "member_id",
            "privilege",
            "year",
            name=op.f("uq_birthday_windows_member_id_privilege_year"),
        ),
    )


def downgrade() -> None:
    op.drop_table("birthday_windows")
    op.drop_column("birthdays", "barred_until")
