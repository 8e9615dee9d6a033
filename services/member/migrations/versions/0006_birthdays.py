"""Birthdays by both calendars, the rule about them, families, and the rest of the profile."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _profile()
    _birthdays()
    _rules()
    _relatives()


def _profile() -> None:
    op.add_column("members", sa.Column("wechat", sa.Text(), nullable=True))
    op.add_column("members", sa.Column("spending_power", sa.Text(), nullable=True))
    op.add_column(
        "members",
        sa.Column(
            "style_preferences", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
        ),
    )
    op.create_check_constraint(
        op.f("ck_members_spending_power"),
        "members",
        "spending_power IN ('low', 'middle', 'high', 'top')",
    )


def _birthdays() -> None:
    op.create_table(
        "birthdays",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.SmallInteger(), nullable=False),
        sa.Column("leap_month", sa.Boolean(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=True),
        sa.Column("home_store_id", sa.Uuid(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule_version", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("calendar IN ('solar', 'lunar')", name=op.f("ck_birthdays_calendar")),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_birthdays_month")),
        sa.CheckConstraint(
            "day BETWEEN 1 AND CASE calendar WHEN 'lunar' THEN 30 ELSE 31 END",
            name=op.f("ck_birthdays_day"),
        ),
        sa.CheckConstraint(
            "calendar = 'lunar' OR NOT leap_month",
            name=op.f("ck_birthdays_leap_months_are_lunar"),
        ),
        sa.CheckConstraint("year BETWEEN 1900 AND 2100", name=op.f("ck_birthdays_year")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_birthdays_member_id")),
        sa.ForeignKeyConstraint(
            ["home_store_id"], ["stores.id"], name=op.f("fk_birthdays_home_store_id")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_birthdays")),
    )
    # The service reckons them when it runs: all are due.
    op.execute(
        "INSERT INTO birthdays (member_id, calendar, month, day, leap_month, year, home_store_id,"
        " due_at) SELECT id, 'solar', extract(month FROM birthday), extract(day FROM birthday),"
        " false, extract(year FROM birthday), home_store_id, now() FROM members"
        " WHERE birthday IS NOT NULL"
    )
    op.create_index(
        "ix_birthdays_home_store_id", "birthdays", ["home_store_id", "next_on", "member_id"]
    )
    op.create_index("ix_birthdays_due_at", "birthdays", ["due_at"])
    op.create_index("ix_birthdays_rule_version", "birthdays", ["rule_version"])


def _rules() -> None:
    op.create_table(
        "birthday_rules",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at_once", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_birthday_rules_version_counts")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_birthday_rules")),
        sa.UniqueConstraint("id", name=op.f("uq_birthday_rules_id")),
    )
    op.execute(
        "CREATE TRIGGER birthday_rules_append_only"
        " BEFORE UPDATE OR DELETE OR TRUNCATE ON birthday_rules"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _relatives() -> None:
    op.create_table(
        "relatives",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("born", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column(
            "sizes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("linked_member_id", sa.Uuid(), nullable=True),
        sa.Column("guardian_consent", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_relatives_version_counts")),
        sa.CheckConstraint(
            "relation IN ('partner', 'child', 'parent', 'grandchild', 'grandparent', 'sibling',"
            " 'other')",
            name=op.f("ck_relatives_relation"),
        ),
        sa.CheckConstraint(
            "gender IN ('female', 'male', 'other')", name=op.f("ck_relatives_gender")
        ),
        sa.CheckConstraint(
            "linked_member_id <> member_id",
            name=op.f("ck_relatives_nobody_is_their_own_relative"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_relatives_member_id")),
        sa.ForeignKeyConstraint(
            ["linked_member_id"], ["members.id"], name=op.f("fk_relatives_linked_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relatives")),
    )
    op.create_index("ix_relatives_member_id", "relatives", ["member_id", "id"])
    op.create_index(
        "ix_relatives_linked_member_id",
        "relatives",
        ["linked_member_id"],
        postgresql_where=sa.text("linked_member_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("relatives")
    op.drop_table("birthday_rules")
    op.drop_table("birthdays")
    for column in ("style_preferences", "spending_power", "wechat"):
        op.drop_column("members", column)
