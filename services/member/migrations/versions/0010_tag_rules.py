"""Tags by rule."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())
INSTANT = sa.DateTime(timezone=True)


def _column(name: str, kind: object, default: str | None = None, nullable: bool = False):
    return sa.Column(name, kind, server_default=default, nullable=nullable)


def _tables() -> None:
    op.create_table(
        "tag_rule_versions",
        _column("tag", sa.Text()),
        _column("version", sa.Integer()),
        _column("id", sa.Uuid()),
        _column("author_id", sa.Uuid()),
        _column("published_at", INSTANT),
        _column("valid_from", INSTANT),
        _column("ended", sa.Boolean()),
        _column("body", JSON),
        _column("kinds", JSON),
        sa.CheckConstraint("version >= 1", name=op.f("ck_tag_rule_versions_version_counts")),
        sa.PrimaryKeyConstraint("tag", "version", name=op.f("pk_tag_rule_versions")),
        sa.UniqueConstraint("id", name=op.f("uq_tag_rule_versions_id")),
    )
    op.create_table(
        "tag_runs",
        _column("id", sa.Uuid()),
        _column("kind", sa.Text()),
        _column("tag", sa.Text()),
        _column("version", sa.Integer(), nullable=True),
        _column("body", JSON),
        _column("kinds", JSON),
        _column("starts_at", INSTANT),
        _column("state", sa.Text(), "waiting"),
        _column("last_id", sa.Uuid(), nullable=True),
        *(
            _column(name, sa.Integer(), "0")
            for name in ("members", "looked_at", "matched", "given", "taken")
        ),
        _column("sample_ids", postgresql.ARRAY(sa.Uuid()), "{}"),
        sa.CheckConstraint("kind IN ('rule', 'preview')", name=op.f("ck_tag_runs_kind")),
        sa.CheckConstraint(
            "(kind = 'rule') = (version IS NOT NULL)", name=op.f("ck_tag_runs_rules_have_versions")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'cancelled', 'replaced')",
            name=op.f("ck_tag_runs_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_runs")),
    )
    op.create_index(
        "ix_tag_runs_open",
        "tag_runs",
        ["starts_at"],
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_table(
        "rule_tags",
        _column("member_id", sa.Uuid()),
        _column("tag", sa.Text()),
        _column("version", sa.Integer()),
        _column("since", INSTANT),
        _column("facts", JSON),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_rule_tags_member_id")),
        sa.PrimaryKeyConstraint("member_id", "tag", name=op.f("pk_rule_tags")),
    )
    op.create_index("ix_rule_tags_tag", "rule_tags", ["tag", "member_id"])
    op.create_table(
        "tag_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _column("member_id", sa.Uuid()),
        _column("tag", sa.Text()),
        _column("version", sa.Integer()),
        _column("given", sa.Boolean()),
        _column("at", INSTANT),
        _column("cause", sa.Text()),
        sa.CheckConstraint(
            "cause IN ('change', 'time', 'rule')", name=op.f("ck_tag_history_cause")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_history")),
    )
    op.create_index("ix_tag_history_member_id", "tag_history", ["member_id", "tag", "id"])
    op.create_table(
        "tag_exemptions",
        _column("member_id", sa.Uuid()),
        _column("tag", sa.Text()),
        _column("reason", sa.Text()),
        _column("by", sa.Uuid()),
        sa.Column("at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_tag_exemptions_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", "tag", name=op.f("pk_tag_exemptions")),
    )
    op.create_table(
        "tag_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _column("member_id", sa.Uuid()),
        _column("facts", postgresql.ARRAY(sa.Text())),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_changes")),
    )
    op.create_table(
        "tag_dues",
        _column("member_id", sa.Uuid()),
        _column("tag", sa.Text()),
        _column("due_at", INSTANT),
        sa.PrimaryKeyConstraint("member_id", "tag", name=op.f("pk_tag_dues")),
    )
    op.create_index("ix_tag_dues_due_at", "tag_dues", ["due_at"])
    op.create_index("ix_tag_dues_tag", "tag_dues", ["tag", "member_id"])
    op.create_table(
        "member_tiers",
        _column("member_id", sa.Uuid()),
        _column("version", sa.Integer()),
        _column("tier", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_tiers")),
    )
    op.add_column("members", _column("rule_tags", postgresql.ARRAY(sa.Text()), "{}"))
    op.create_index("ix_members_tags", "members", ["tags"], postgresql_using="gin")
    op.create_index("ix_members_rule_tags", "members", ["rule_tags"], postgresql_using="gin")


# What changes a fact, in whichever capability, says so in the same statement: nobody can forget it.
_OF_ROWS = """
CREATE FUNCTION tag_facts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tag_changes (member_id, facts)
    SELECT DISTINCT member_id, ARRAY[TG_ARGV[0]] FROM changed;
    RETURN NULL;
END $$
"""
_OF_CONTACTS = """
CREATE FUNCTION tag_contact_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tag_changes (member_id, facts) VALUES (NEW.member_id, '{contacts}');
    RETURN NULL;
END $$
"""
_OF_MEMBERS = """
CREATE FUNCTION tag_members_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tag_changes (member_id, facts) SELECT id, '{*}' FROM changed;
    ELSE
        INSERT INTO tag_changes (member_id, facts)
        SELECT id, facts FROM (
            SELECT n.id, array_remove(ARRAY[
                CASE WHEN (n.gender, n.birthday, n.city, n.source_channel, n.home_store_id,
                           n.associate_id, n.sizes, n.height_cm, n.style,
                           n.style_preferences, n.spending_power, n.registered_at)
                    IS DISTINCT FROM
                          (o.gender, o.birthday, o.city, o.source_channel, o.home_store_id,
                           o.associate_id, o.sizes, o.height_cm, o.style,
                           o.style_preferences, o.spending_power, o.registered_at)
                    THEN 'profile' END,
                CASE WHEN n.fields IS DISTINCT FROM o.fields THEN 'fields' END,
                CASE WHEN n.tags IS DISTINCT FROM o.tags THEN 'tags' END], NULL) AS facts
            FROM changed AS n JOIN before AS o ON o.id = n.id
        ) AS compared WHERE facts <> '{}';
    END IF;
    RETURN NULL;
END $$
"""
ROWS = {
    "purchase_facts": ("purchases", ("INSERT", "UPDATE", "DELETE")),
    "consent_states": ("consents", ("INSERT", "UPDATE", "DELETE")),
    "member_tiers": ("tier", ("INSERT", "UPDATE")),
}


def _triggers() -> None:
    for function in (_OF_ROWS, _OF_CONTACTS, _OF_MEMBERS):
        op.execute(function)
    for table, (facts, changes) in ROWS.items():
        for change in changes:
            rows = "OLD" if change == "DELETE" else "NEW"
            op.execute(
                f"CREATE TRIGGER {table}_tag_facts_{change.lower()} AFTER {change} ON {table}"
                f" REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT"
                f" EXECUTE FUNCTION tag_facts_changed('{facts}')"
            )
    op.execute(
        "CREATE TRIGGER happenings_tag_facts AFTER INSERT ON happenings FOR EACH ROW"
        " WHEN (NEW.kind IN ('note', 'visit', 'enquiry', 'call', 'message'))"
        " EXECUTE FUNCTION tag_contact_changed()"
    )
    op.execute(
        "CREATE TRIGGER members_tag_facts_insert AFTER INSERT ON members"
        " REFERENCING NEW TABLE AS changed FOR EACH STATEMENT"
        " EXECUTE FUNCTION tag_members_changed()"
    )
    op.execute(
        "CREATE TRIGGER members_tag_facts_update AFTER UPDATE ON members"
        " REFERENCING OLD TABLE AS before NEW TABLE AS changed FOR EACH STATEMENT"
        " EXECUTE FUNCTION tag_members_changed()"
    )
    for table in ("tag_rule_versions", "tag_history"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def upgrade() -> None:
    _tables()
    _triggers()


def downgrade() -> None:
    op.execute("DROP TRIGGER members_tag_facts_insert ON members")
    op.execute("DROP TRIGGER members_tag_facts_update ON members")
    op.execute("DROP TRIGGER happenings_tag_facts ON happenings")
    for table, (_facts, changes) in ROWS.items():
        for change in changes:
            op.execute(f"DROP TRIGGER {table}_tag_facts_{change.lower()} ON {table}")
    for index in ("ix_members_tags", "ix_members_rule_tags"):
        op.drop_index(index, "members")
    op.drop_column("members", "rule_tags")
    for table in (
        "member_tiers",
        "tag_dues",
        "tag_changes",
        "tag_exemptions",
        "tag_history",
        "rule_tags",
        "tag_runs",
        "tag_rule_versions",
    ):
        op.drop_table(table)
    for function in ("tag_members_changed", "tag_contact_changed", "tag_facts_changed"):
        op.execute(f"DROP FUNCTION {function}()")
