"""Members who are probably one person."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB(astext_type=sa.Text())


def _column(name: str, kind: object, nullable: bool = False):
    return sa.Column(name, kind, nullable=nullable)


def _tables() -> None:
    op.create_table(
        "duplicate_keys",
        _column("key", sa.BigInteger()),
        _column("member_id", sa.Uuid()),
        sa.PrimaryKeyConstraint("key", "member_id", name=op.f("pk_duplicate_keys")),
    )
    op.create_index("ix_duplicate_keys_member_id", "duplicate_keys", ["member_id"])
    op.create_table(
        "duplicate_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _column("member_id", sa.Uuid()),
        sa.Column("at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_changes")),
    )
    op.create_table(
        "duplicates",
        *(
            _column(name, sa.Uuid())
            for name in ("id", "first_id", "second_id", "first_home_id", "second_home_id")
        ),
        _column("state", sa.Text()),
        _column("version", sa.Integer()),
        _column("score", sa.Integer()),
        _column("reasons", JSON),
        _column("evidence", postgresql.ARRAY(sa.BigInteger())),
        _column("rule_version", sa.Integer()),
        _column("found_at", INSTANT),
        _column("decided_by", sa.Uuid(), nullable=True),
        _column("decided_at", INSTANT, nullable=True),
        _column("decided_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_duplicates_each_pair_once")),
        sa.CheckConstraint(
            "state IN ('open', 'dismissed', 'merged')", name=op.f("ck_duplicates_state")
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_duplicates_score")),
        sa.CheckConstraint(
            "(state = 'open') = (decided_by IS NULL) AND num_nulls(decided_by, decided_at,"
            " decided_reason) IN (0, 3)",
            name=op.f("ck_duplicates_decided_whole"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicates")),
        sa.UniqueConstraint("first_id", "second_id", name=op.f("uq_duplicates_first_id_second_id")),
    )
    op.create_index("ix_duplicates_second_id", "duplicates", ["second_id"])
    op.create_index(
        "ix_duplicates_open",
        "duplicates",
        [sa.text("score DESC"), "id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "duplicate_rules",
        _column("version", sa.Integer()),
        _column("id", sa.Uuid()),
        _column("author_id", sa.Uuid()),
        _column("valid_from", INSTANT),
        _column("body", JSON),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_duplicate_rules")),
        sa.UniqueConstraint("id", name=op.f("uq_duplicate_rules_id")),
    )
    op.create_table(
        "duplicate_run",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        _column("version", sa.Integer()),
        _column("last_id", sa.Uuid(), nullable=True),
        _column("done", sa.Boolean()),
        sa.CheckConstraint("id = 1", name=op.f("ck_duplicate_run_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_run")),
    )
    # Whoever is here already is gone through once.
    op.execute(
        "INSERT INTO duplicate_run (id, version, done)"
        " SELECT 1, 0, NOT EXISTS (SELECT FROM members)"
    )


# What changes something that is compared says so in the same statement: nobody can forget it.
_OF_MEMBERS = """
CREATE FUNCTION duplicate_members_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO duplicate_changes (member_id) SELECT id FROM added;
    RETURN NULL;
END $$
"""
# A new member's own phone comes with the member.
_OF_IDENTIFIERS = """
CREATE FUNCTION duplicate_identifiers_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO duplicate_changes (member_id) SELECT DISTINCT added.member_id FROM added
    JOIN members ON members.id = added.member_id WHERE added.hash <> members.phone_hash;
    RETURN NULL;
END $$
"""
_OF_ROW = """
CREATE FUNCTION duplicate_row_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'members' THEN
        INSERT INTO duplicate_changes (member_id) VALUES (NEW.id);
        IF OLD.survivor_id IS DISTINCT FROM NEW.survivor_id THEN
            INSERT INTO duplicate_changes (member_id)
            SELECT id FROM unnest(ARRAY[OLD.survivor_id, NEW.survivor_id]) AS s(id)
            WHERE id IS NOT NULL;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO duplicate_changes (member_id) VALUES (OLD.member_id);
    ELSE
        INSERT INTO duplicate_changes (member_id) VALUES (NEW.member_id);
    END IF;
    RETURN NULL;
END $$
"""
_COMPARED = (
    "name", "birthday", "city", "height_cm", "gender", "wechat", "home_store_id", "phone_hash",
    "survivor_id", "erased_at",
)  # fmt: skip
_BORN = ("calendar", "month", "day", "leap_month", "year")


def _differ(columns: tuple[str, ...]) -> str:
    old, new = (", ".join(f"{side}.{name}" for name in columns) for side in ("OLD", "NEW"))
    return f"({old}) IS DISTINCT FROM ({new})"


def _triggers() -> None:
    for function in (_OF_MEMBERS, _OF_IDENTIFIERS, _OF_ROW):
        op.execute(function)
    for table in ("members", "identifiers"):
        op.execute(
            f"CREATE TRIGGER {table}_duplicates_added AFTER INSERT ON {table}"
            f" REFERENCING NEW TABLE AS added FOR EACH STATEMENT"
            f" EXECUTE FUNCTION duplicate_{table}_added()"
        )
    for name, table, change, condition in (
        ("changed", "members", "UPDATE", _differ(_COMPARED)),
        ("gone", "identifiers", "DELETE", "true"),
        ("changed", "birthdays", "UPDATE", _differ(_BORN)),
        ("gone", "birthdays", "DELETE", "true"),
        ("changed", "relatives", "INSERT OR UPDATE", "NEW.linked_member_id IS NOT NULL"),
        ("gone", "relatives", "DELETE", "OLD.linked_member_id IS NOT NULL"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_duplicates_{name} AFTER {change} ON {table} FOR EACH ROW"
            f" WHEN ({condition}) EXECUTE FUNCTION duplicate_row_changed()"
        )
    # Of who had none before: a date of birth comes with the member.
    op.execute(
        "CREATE TRIGGER birthdays_duplicates_added AFTER INSERT ON birthdays FOR EACH ROW"
        " WHEN (NEW.year IS NULL OR NEW.calendar <> 'solar')"
        " EXECUTE FUNCTION duplicate_row_changed()"
    )
    op.execute(
        "CREATE TRIGGER duplicate_rules_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON duplicate_rules FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def upgrade() -> None:
    _tables()
    _triggers()


def downgrade() -> None:
    for table, names in (
        ("members", ("added", "changed")),
        ("identifiers", ("added", "gone")),
        ("birthdays", ("added", "changed", "gone")),
        ("relatives", ("changed", "gone")),
    ):
        for name in names:
            op.execute(f"DROP TRIGGER {table}_duplicates_{name} ON {table}")
    for table in (
        "duplicate_run", "duplicate_rules", "duplicates", "duplicate_changes", "duplicate_keys",
    ):  # fmt: skip
        op.drop_table(table)
    for function in (
        "duplicate_row_changed", "duplicate_identifiers_added", "duplicate_members_added",
    ):  # fmt: skip
        op.execute(f"DROP FUNCTION {function}()")
