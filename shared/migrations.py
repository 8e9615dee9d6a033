"""The body of every service's alembic ``env.py``: one online migration over a given URL.

And what migrations of several services have in common; it is history, and never changes.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import MetaData, create_engine, pool
from sqlalchemy.dialects.postgresql import JSONB


def run(metadata: MetaData) -> None:
    """Run alembic's migrations; the caller has put the database's URL into the configuration."""
    url = context.config.attributes["url"]
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            compare_server_default=False,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


_BLANKING = """
CREATE FUNCTION refuse_change_but_blanking() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    name text;
    before jsonb := to_jsonb(OLD);
    later jsonb := to_jsonb(NEW);
BEGIN
    IF later - TG_ARGV[0]::text[] <> before - TG_ARGV[0]::text[] THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    FOREACH name IN ARRAY TG_ARGV[0]::text[] LOOP
        IF later -> name NOT IN ('null', '""', '{}', '[]')
            AND NOT before -> name @> (later -> name) THEN
            RAISE EXCEPTION '%.% can only be blanked', TG_TABLE_NAME, name
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END LOOP;
    RETURN NEW;
END $$
"""
"""A trigger function for ledgers: rows stay, but some columns can lose what they say."""


def add_erased_members() -> None:
    """The table behind `shared.erasure.ErasedMixin`."""
    op.create_table(
        "erased_members",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("erasure_id", sa.Uuid(), nullable=False),
        sa.Column("destroyed", JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_erased_members")),
    )


def drop_erased_members() -> None:
    op.drop_table("erased_members")


def add_blanking() -> None:
    """The function that lets ledgers lose what they say of a person, and nothing else."""
    op.execute(_BLANKING)


def drop_blanking() -> None:
    op.execute("DROP FUNCTION refuse_change_but_blanking()")


def let_blank(table: str, trigger: str, columns: Iterable[str], truncate: bool = True) -> None:
    """Let these columns of an append-only table be blanked."""
    op.execute(f"DROP TRIGGER {trigger} ON {table}")
    op.execute(
        f"CREATE TRIGGER {trigger} BEFORE DELETE{' OR TRUNCATE' * truncate} ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {trigger}_but_blanking BEFORE UPDATE ON {table} FOR EACH ROW"
        f" EXECUTE FUNCTION refuse_change_but_blanking('{{{','.join(columns)}}}')"
    )


def forbid_blanking(table: str, trigger: str, truncate: bool = True) -> None:
    """The way back of `let_blank`."""
    op.execute(f"DROP TRIGGER {trigger}_but_blanking ON {table}")
    op.execute(f"DROP TRIGGER {trigger} ON {table}")
    op.execute(
        f"CREATE TRIGGER {trigger} BEFORE UPDATE OR DELETE{' OR TRUNCATE' * truncate} ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
