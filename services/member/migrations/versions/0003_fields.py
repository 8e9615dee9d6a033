"""Custom fields of members and contacts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "field_versions",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "subject IN ('member', 'contact')", name=op.f("ck_field_versions_subject")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_field_versions_version_counts")),
        sa.PrimaryKeyConstraint("subject", "key", "version", name=op.f("pk_field_versions")),
        sa.UniqueConstraint("id", name=op.f("uq_field_versions_id")),
    )
    op.execute(
        "CREATE TRIGGER field_versions_append_only"
        " BEFORE UPDATE OR DELETE OR TRUNCATE ON field_versions"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    for table in ("members", "happenings"):
        op.add_column(
            table,
            sa.Column(
                "fields",
                postgresql.JSONB(astext_type=sa.Text()),
                server_default="{}",
                nullable=False,
            ),
        )
    op.add_column(
        "members",
        sa.Column("found_by", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column("happenings", sa.Column("fields_digest", sa.LargeBinary(), nullable=True))
    op.create_index("ix_members_found_by", "members", ["found_by"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("ix_members_found_by", "members")
    op.drop_column("happenings", "fields_digest")
    op.drop_column("members", "found_by")
    for table in ("happenings", "members"):
        op.drop_column(table, "fields")
    op.drop_table("field_versions")
