"""Consents and the keys of names name their member without a foreign key: checked a statement at a
time, as a member of whom there is anything is never deleted.

Of each imported member nine foreign keys were looked up and locked: more work than the rows.
"""

from alembic import op

from shared import migrations

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

REFERRING = ("consents", "consent_states", "name_keys")


def upgrade() -> None:
    for table in REFERRING:
        op.drop_constraint(f"fk_{table}_member_id", table, type_="foreignkey")
        migrations.refer(table, members={"member_id": "id"})
    checks = "".join(
        f"OR EXISTS (SELECT FROM {table} WHERE member_id = gone.id OFFSET 0) "
        for table in REFERRING
    )
    # An import takes back a member it has just made, where somebody else has the card meanwhile.
    op.execute(
        f"""
        CREATE FUNCTION refuse_losing_members() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM gone WHERE false {checks}) THEN
                RAISE EXCEPTION 'members of whom there is anything are not deleted'
                    USING ERRCODE = 'foreign_key_violation';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER members_kept AFTER DELETE ON members REFERENCING OLD TABLE AS gone"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_losing_members()"
    )
    op.execute(
        "CREATE TRIGGER members_named BEFORE UPDATE OF id OR TRUNCATE ON members"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER members_named ON members")
    op.execute("DROP TRIGGER members_kept ON members")
    op.execute("DROP FUNCTION refuse_losing_members()")
    for table in REFERRING:
        migrations.refer_no_more(table)
        op.create_foreign_key(f"fk_{table}_member_id", table, "members", ["member_id"], ["id"])
