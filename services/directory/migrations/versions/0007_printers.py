"""Receipt printers of stores and devices"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "printers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("characters", sa.Text(), nullable=False),
        sa.Column("drawer", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_printers_version")),
        sa.CheckConstraint("port BETWEEN 9100 AND 9109", name=op.f("ck_printers_port")),
        sa.CheckConstraint("paper IN ('mm58', 'mm80')", name=op.f("ck_printers_paper")),
        sa.CheckConstraint(
            "characters IN ('gb18030', 'picture')", name=op.f("ck_printers_characters")
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_printers_store_id_stores")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_printers_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_printers")),
    )
    op.create_index(
        "uq_printers_device", "printers", ["store_id", "device_id", "version"], unique=True
    )
    op.create_index(
        "uq_printers_store",
        "printers",
        ["store_id", "version"],
        unique=True,
        postgresql_where=sa.text("device_id IS NULL"),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON printers"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("printers")
