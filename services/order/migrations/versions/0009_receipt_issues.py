"""Receipts that went out, and their copies"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt_issues",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("copy", sa.Integer(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("way IN ('print', 'share')", name=op.f("ck_receipt_issues_way")),
        sa.CheckConstraint("copy >= 0", name=op.f("ck_receipt_issues_copy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_issues")),
        sa.UniqueConstraint("document_id", "copy", name=op.f("uq_receipt_issues_document_id_copy")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON receipt_issues"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("receipt_issues")
