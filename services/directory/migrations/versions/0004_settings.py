"""Settings that inherit down the organisation"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "settings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_settings_version")),
        sa.CheckConstraint(
            "scope_kind IN ('store', 'franchisee', 'region', 'chain')",
            name=op.f("ck_settings_known_scope"),
        ),
        sa.CheckConstraint(
            "(scope_kind = 'chain') = (scope_id IS NULL)", name=op.f("ck_settings_scope_id")
        ),
        sa.CheckConstraint("value IS NOT NULL OR NOT locked", name=op.f("ck_settings_locked")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings")),
    )
    op.create_index(
        "uq_settings_level", "settings", ["scope_id", "scope_kind", "name", "version"], unique=True
    )
    op.create_index(
        "uq_settings_chain",
        "settings",
        ["name", "version"],
        unique=True,
        postgresql_where=sa.text("scope_id IS NULL"),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settings"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("settings")
