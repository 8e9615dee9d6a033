"""Erasure: what was asked for, who was erased, and profiles without a person."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared import migrations

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


IDENTITY = {
    "card_code": sa.Text(),
    "name": sa.Text(),
    "search_name": sa.Text(),
    "phone_cipher": sa.LargeBinary(),
    "phone_hash": sa.LargeBinary(),
    "last_four": sa.Text(),
    "registration_digest": sa.LargeBinary(),
}
OPEN = sa.text("status IN ('requested', 'asking', 'erasing')")


def upgrade() -> None:
    migrations.add_erased_members()
    migrations.add_blanking()
    migrations.let_blank(
        "happenings", "happenings_append_only", ["text", "fields", "fields_digest"]
    )
    op.add_column("members", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    for name, kind in IDENTITY.items():
        op.alter_column("members", name, existing_type=kind, nullable=True)
    op.create_check_constraint(
        op.f("ck_members_somebody_until_erased"),
        "members",
        f"erased_at IS NOT NULL OR num_nulls({', '.join(IDENTITY)}) = 0",
    )
    _erasures()
    op.create_table(
        "privacy_rules",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("kind IN ('erasure')", name=op.f("ck_privacy_rules_kind")),
        sa.PrimaryKeyConstraint("kind", "version", name=op.f("pk_privacy_rules")),
        sa.UniqueConstraint("id", name=op.f("uq_privacy_rules_id")),
    )
    op.execute(
        "CREATE TRIGGER privacy_rules_append_only"
        " BEFORE UPDATE OR DELETE OR TRUNCATE ON privacy_rules"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmable_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('requested', 'asking', 'erasing', 'erased', 'withdrawn')",
            name=op.f("ck_erasures_status"),
        ),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by <> requested_by",
            name=op.f("ck_erasures_two_people"),
        ),
        sa.CheckConstraint(
            "status IN ('requested', 'withdrawn') OR confirmed_by IS NOT NULL",
            name=op.f("ck_erasures_confirmed"),
        ),
        sa.CheckConstraint(
            "(status IN ('erased', 'withdrawn')) = (ended_at IS NOT NULL)",
            name=op.f("ck_erasures_ended"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_erasures_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(
        "uq_erasures_open", "erasures", ["member_id"], unique=True, postgresql_where=OPEN
    )
    op.create_index("ix_erasures_requested_at", "erasures", ["requested_at", "id"])
    op.create_index("ix_erasures_member_id", "erasures", ["member_id"])
    op.create_table(
        "erasure_answers",
        sa.Column("erasure_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed", JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["erasure_id"], ["erasures.id"], name=op.f("fk_erasure_answers_erasure_id")
        ),
        sa.PrimaryKeyConstraint("erasure_id", "service", name=op.f("pk_erasure_answers")),
    )
    op.execute(
        "CREATE TRIGGER erasure_answers_append_only"
        " BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure_answers"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Who was erased has no name to be given back: there is a way back only as long as nobody was
    erased."""
    for table in ("privacy_rules", "erasure_answers", "erasures"):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_members_somebody_until_erased"), "members")
    for name, kind in IDENTITY.items():
        op.alter_column("members", name, existing_type=kind, nullable=False)
    op.drop_column("members", "erased_at")
    migrations.forbid_blanking("happenings", "happenings_append_only")
    migrations.drop_blanking()
    migrations.drop_erased_members()
