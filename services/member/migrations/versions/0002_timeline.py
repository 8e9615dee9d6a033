"""The timeline, the staff who look after members, and hand-overs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "happenings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column(
            "figures",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.CheckConstraint(
            "text IS NULL OR store_id IS NOT NULL",
            name=op.f("ck_happenings_words_belong_to_a_store"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_happenings")),
    )
    op.create_index("ix_happenings_member_id", "happenings", ["member_id", "at", "id"])
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
    )
    op.create_table(
        "hand_overs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_overs")),
    )
    op.create_index("ix_members_associate_id", "members", ["associate_id"])
    op.execute(
        "INSERT INTO happenings (id, member_id, at, kind, store_id, document_id, figures)"
        " SELECT order_id, member_id, placed_at, 'purchase', store_id, order_id,"
        " jsonb_build_object('amount_minor', total_minor, 'currency', currency)"
        " FROM member_orders WHERE currency <> 'XXX'"
    )
    op.execute(
        "INSERT INTO happenings (id, member_id, at, kind, store_id, staff_id)"
        " SELECT id, id, registered_at, 'joined', home_store_id, associate_id FROM members"
    )
    op.execute(
        "CREATE TRIGGER happenings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON happenings"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_index("ix_members_associate_id", "members")
    for table in ("hand_overs", "staff", "happenings"):
        op.drop_table(table)
