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


_STRAYS = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {checks}
    RETURN NULL;
END $$
"""
# Without the OFFSET the planner may read the whole of a large table for it.
_STRAY = """
    IF EXISTS (SELECT FROM (SELECT DISTINCT {named} FROM added) named WHERE NOT EXISTS (
        SELECT FROM {parent} WHERE {same} OFFSET 0)) THEN
        RAISE EXCEPTION '{table} names what is not in {parent}'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = '{table}_refers_to_{parent}';
    END IF;
"""
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


def refer(table: str, **parents: dict[str, str]) -> None:
    """Let rows of a table refer to rows that stay for ever, by `parents`: for each other table its
    columns by the columns that name them.

    A foreign key looks each row up and locks what it finds; where nothing is ever taken away
    (`keep`), one look for all rows of a statement holds the same. Columns are never null.
    """
    checks = "".join(
        _STRAY.format(
            table=table,
            parent=parent,
            named=", ".join(columns),
            same=" AND ".join(f"{parent}.{its} = named.{ours}" for ours, its in columns.items()),
        )
        for parent, columns in parents.items()
    )
    op.execute(_STRAYS.format(name=f"refuse_strays_in_{table}", checks=checks))
    op.execute(
        f"CREATE TRIGGER refers AFTER INSERT ON {table} REFERENCING NEW TABLE AS added"
        f" FOR EACH STATEMENT EXECUTE FUNCTION refuse_strays_in_{table}()"
    )
    named = ", ".join(sorted({ours for columns in parents.values() for ours in columns}))
    op.execute(
        f"CREATE TRIGGER refers_for_ever BEFORE UPDATE OF {named} ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def refer_no_more(table: str) -> None:
    """The way back of `refer`."""
    op.execute(f"DROP TRIGGER refers_for_ever ON {table}")
    op.execute(f"DROP TRIGGER refers ON {table}")
    op.execute(f"DROP FUNCTION refuse_strays_in_{table}()")


def keep(table: str, *columns: str) -> None:
    """Let the rows of a table stay for ever, and what others name them by stay as it is."""
    op.execute(
        f"CREATE TRIGGER kept BEFORE UPDATE OF {', '.join(columns)} OR DELETE OR TRUNCATE"
        f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def keep_no_more(table: str) -> None:
    """The way back of `keep`."""
    op.execute(f"DROP TRIGGER kept ON {table}")


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


def tell_again(service: str, type_: str, facts: str) -> None:
    """Tell what the service knows as events of `type_`, for copies that are younger than the facts.

    `facts` is a query for (number, subject, sequence, data), told in the order of the numbers.
    Whoever knows them at these versions already changes nothing.
    """
    op.execute(
        f"""
        WITH told AS MATERIALIZED (
            SELECT gen_random_uuid() AS event_id, facts.* FROM ({facts}) AS facts
        )
        INSERT INTO outbox (event_id, type, subject, envelope)
        SELECT event_id, '{type_}', subject, jsonb_build_object(
            'id', event_id, 'source', 'chainstitch/{service}', 'type', '{type_}',
            'subject', subject, 'sequence', sequence,
            'time', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'specversion', '1.0', 'caller', NULL, 'data', data
        ) FROM told ORDER BY number
        """  # noqa: S608  (the words are a migration's own)
    )
