"""Tasks, their history and their rule; staff; who looks after a member."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
OPEN = sa.text("state = 'open'")
ENDED = sa.text("state <> 'open'")
KEEP = """
CREATE FUNCTION keep_task_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.note = '' AND to_jsonb(NEW) - 'note' = to_jsonb(OLD) - 'note' THEN
      RETURN NEW;
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    IF NOT EXISTS (SELECT FROM tasks WHERE id = OLD.task_id AND state = 'open') THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'the history of a task is append-only';
END $$;

CREATE TRIGGER keep_task_steps BEFORE UPDATE OR DELETE ON task_steps
FOR EACH ROW EXECUTE FUNCTION keep_task_steps();

CREATE FUNCTION keep_open_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'open' THEN
    RAISE EXCEPTION 'an open task is never deleted';
  END IF;
  RETURN OLD;
END $$;

CREATE TRIGGER keep_open_tasks BEFORE DELETE ON tasks
FOR EACH ROW EXECUTE FUNCTION keep_open_tasks();

CREATE FUNCTION keep_task_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a published version of the rule of tasks is never changed';
END $$;

CREATE TRIGGER keep_task_rules BEFORE UPDATE OR DELETE OR TRUNCATE ON task_rules
FOR EACH STATEMENT EXECUTE FUNCTION keep_task_rules();
"""


def _column(name: str, kind: object, nullable: bool = False):
    return sa.Column(name, kind, nullable=nullable)


def _tasks() -> None:
    op.create_table(
        "tasks",
        _column("id", sa.Uuid()),
        _column("version", sa.Integer()),
        _column("store_id", sa.Uuid()),
        _column("kind", sa.Text()),
        _column("state", sa.Text()),
        *(
            _column(name, sa.Uuid(), nullable=True)
            for name in ("associate_id", "member_id", "sku_id", "order_id")
        ),
        _column("reason_zh", sa.Text()),
        _column("reason_en", sa.Text()),
        _column("due_at", INSTANT),
        _column("raised_at", INSTANT),
        _column("raised_by", sa.Uuid(), nullable=True),
        _column("digest", sa.Text(), nullable=True),
        _column("source_id", sa.Uuid(), nullable=True),
        _column("source", sa.Text(), nullable=True),
        _column("rule_version", sa.Integer(), nullable=True),
        _column("outcome", sa.Text(), nullable=True),
        _column("finished_at", INSTANT, nullable=True),
        _column("finished_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'finished', 'dropped')", name=op.f("ck_tasks_state_known")
        ),
        sa.CheckConstraint(
            "(raised_by IS NULL) = (source_id IS NOT NULL)", name=op.f("ck_tasks_raised_by_one")
        ),
        sa.CheckConstraint(
            "num_nulls(source_id, source, rule_version) IN (0, 3)",
            name=op.f("ck_tasks_source_whole"),
        ),
        sa.CheckConstraint(
            "(state = 'open') = (finished_at IS NULL)", name=op.f("ck_tasks_ended_with_its_time")
        ),
        sa.CheckConstraint(
            "(state = 'finished') = (outcome IS NOT NULL)",
            name=op.f("ck_tasks_outcome_of_finished"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_tasks_version_counts_from_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    op.create_index("ix_tasks_open", "tasks", ["store_id", "due_at", "id"], postgresql_where=OPEN)
    op.create_index(
        "ix_tasks_ended", "tasks", ["store_id", "finished_at", "id"], postgresql_where=ENDED
    )
    op.create_index("ix_tasks_finished_at", "tasks", ["finished_at"], postgresql_where=ENDED)
    op.create_index("ix_tasks_associate_id", "tasks", ["associate_id"], postgresql_where=OPEN)
    op.create_index(
        "ix_tasks_member_id",
        "tasks",
        ["member_id"],
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )
    op.create_index("uq_tasks_source_id_kind", "tasks", ["source_id", "kind"], unique=True)
    op.create_table(
        "task_steps",
        _column("task_id", sa.Uuid()),
        _column("number", sa.Integer()),
        _column("act", sa.Text()),
        _column("at", INSTANT),
        _column("by_id", sa.Uuid(), nullable=True),
        _column("to_id", sa.Uuid(), nullable=True),
        _column("note", sa.Text()),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_task_steps_task_id_tasks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "number", name=op.f("pk_task_steps")),
    )


def upgrade() -> None:
    op.add_column("members", _column("home_store_id", sa.Uuid(), nullable=True))
    op.add_column("members", _column("associate_id", sa.Uuid(), nullable=True))
    op.add_column(
        "members",
        sa.Column("associate_version", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.create_table(
        "staff",
        _column("id", sa.Uuid()),
        _column("version", sa.Integer()),
        _column("scope_kind", sa.Text()),
        _column("scope_id", sa.Uuid(), nullable=True),
        _column("active", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
    )
    op.create_table(
        "task_rules",
        _column("version", sa.Integer()),
        _column("id", sa.Uuid()),
        _column("author_id", sa.Uuid()),
        _column("published_at", INSTANT),
        _column("valid_from", INSTANT),
        _column("body", postgresql.JSONB(astext_type=sa.Text())),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_task_rules")),
        sa.UniqueConstraint("id", name=op.f("uq_task_rules_id")),
    )
    _tasks()
    op.execute(KEEP)


def downgrade() -> None:
    for table in ("task_steps", "tasks", "task_rules", "staff"):
        op.drop_table(table)
    op.execute(
        "DROP FUNCTION keep_task_steps(); DROP FUNCTION keep_open_tasks(); DROP FUNCTION keep_task_rules()"
    )
    for column in ("associate_version", "associate_id", "home_store_id"):
        op.drop_column("members", column)
