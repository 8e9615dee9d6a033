"""Imports and exports of members."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("caller_id", sa.Uuid(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("rows", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "begun_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("headers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("caller", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seal", sa.Text(), nullable=True),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=True),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "touched_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("checked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("faulty", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("found", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("filled", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("openings_told", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("openings_booked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("points", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("principal_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("bonus_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("points_left_out", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "principal_left_out_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "bonus_left_out_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("points_booked", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "principal_booked_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "bonus_booked_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.CheckConstraint(
            "(state = 'finished') = (finished_at IS NOT NULL)",
            name=op.f("ck_imports_finished_at_an_instant"),
        ),
        sa.CheckConstraint(
            "state IN ('uploading', 'uploaded', 'checking', 'checked', 'running', 'finished', 'cancelled')",
            name=op.f("ck_imports_state_known"),
        ),
        sa.CheckConstraint(
            "checked <= rows AND done <= rows AND faulty <= checked",
            name=op.f("ck_imports_rows_counted"),
        ),
        sa.CheckConstraint(
            "openings_booked <= openings_told", name=op.f("ck_imports_openings_told_first")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(
        "ix_imports_at_work",
        "imports",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('checking', 'running')"),
    )
    op.create_index("ix_imports_created_at", "imports", ["created_at", "id"], unique=False)
    op.create_table(
        "import_chunks",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("first_row", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("checked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_chunks_import_id")
        ),
        sa.PrimaryKeyConstraint("import_id", "first_row", name=op.f("pk_import_chunks")),
    )
    op.create_table(
        "import_faults",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("column", sa.Integer(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "parameters",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_faults_import_id")
        ),
        sa.PrimaryKeyConstraint("import_id", "row", "position", name=op.f("pk_import_faults")),
    )
    op.create_table(
        "import_keys",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_keys_import_id")
        ),
        sa.PrimaryKeyConstraint("import_id", "key", name=op.f("pk_import_keys")),
    )


def downgrade() -> None:
    op.drop_table("import_keys")
    op.drop_table("import_faults")
    op.drop_table("import_chunks")
    op.drop_index("ix_imports_created_at", table_name="imports")
    op.drop_index(
        "ix_imports_at_work",
        table_name="imports",
        postgresql_where=sa.text("state IN ('checking', 'running')"),
    )
    op.drop_table("imports")
    op.drop_table("exports")
