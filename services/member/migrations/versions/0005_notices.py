"""Notices, the proof of consents, and what counts of them now."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('membership', 'marketing')", name=op.f("ck_notices_purpose")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("purpose", "version", name=op.f("uq_notices_purpose_version")),
    )
    op.create_index("ix_notices_in_force", "notices", ["purpose", "valid_from", "published_at"])
    op.execute(
        "CREATE TRIGGER notices_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON notices"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.add_column(
        "consents", sa.Column("proof", sa.Text(), server_default="screen", nullable=False)
    )
    for name in ("device_id", "franchisee_id", "document_id"):
        op.add_column("consents", sa.Column(name, sa.Uuid(), nullable=True))
    op.create_check_constraint(
        op.f("ck_consents_proof"), "consents", "proof IN ('screen', 'paper', 'qr', 'import')"
    )
    op.create_check_constraint(
        op.f("ck_consents_membership_is_of_the_chain"),
        "consents",
        "franchisee_id IS NULL OR purpose = 'marketing'",
    )
    op.create_index(
        "ix_consents_document_id",
        "consents",
        ["document_id"],
        postgresql_where=sa.text("document_id IS NOT NULL"),
    )
    _states()


def _states() -> None:
    op.create_table(
        "consent_states",
        sa.Column("consent_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("franchisee_id", sa.Uuid(), nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_consent_states_member_id")
        ),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consent_states")),
        sa.UniqueConstraint(
            "member_id",
            "purpose",
            "channel",
            "franchisee_id",
            name=op.f("uq_consent_states_member_id_purpose_channel_franchisee_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.execute(
        "INSERT INTO consent_states (consent_id, member_id, purpose, channel, granted)"
        " SELECT DISTINCT ON (member_id, purpose, channel) id, member_id, purpose, channel, granted"
        " FROM consents ORDER BY member_id, purpose, channel, id DESC"
    )


def downgrade() -> None:
    op.drop_table("consent_states")
    op.drop_index("ix_consents_document_id", "consents")
    op.drop_constraint(op.f("ck_consents_membership_is_of_the_chain"), "consents")
    op.drop_constraint(op.f("ck_consents_proof"), "consents")
    for name in ("document_id", "franchisee_id", "device_id", "proof"):
        op.drop_column("consents", name)
    op.drop_table("notices")
