"""Identifiers, and merges that can be undone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("members", sa.Column("survivor_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_members_survivor_id"), "members", "members", ["survivor_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_members_merged_into_another"), "members", "survivor_id <> id"
    )
    op.create_index(
        "ix_members_survivor_id",
        "members",
        ["survivor_id"],
        postgresql_where=sa.text("survivor_id IS NOT NULL"),
    )
    _identifiers()
    _merges()
    # What is known of phones is an identifier from now on; nobody has proved one yet.
    op.execute(
        """INSERT INTO identifiers (id, member_id, kind, cipher, hash, value_hash, last_four,
            verified, linked_by, linked_at)
        SELECT gen_random_uuid(), id, 'phone', phone_cipher, phone_hash, phone_hash, last_four,
            false, coalesce(associate_id, home_store_id), registered_at FROM members
        WHERE erased_at IS NULL"""
    )


def _identifiers() -> None:
    op.create_table(
        "identifiers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("shop", sa.Text(), nullable=True),
        sa.Column("cipher", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("value_hash", sa.LargeBinary(), nullable=False),
        sa.Column("last_four", sa.Text(), nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("linked_by", sa.Uuid(), nullable=False),
        sa.Column(
            "linked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('phone', 'union_id', 'card', 'email', 'shop_account')",
            name=op.f("ck_identifiers_kind"),
        ),
        sa.CheckConstraint(
            "(kind = 'shop_account') = (shop IS NOT NULL)",
            name=op.f("ck_identifiers_shop_of_accounts"),
        ),
        sa.CheckConstraint(
            "(kind = 'phone') = (last_four IS NOT NULL)",
            name=op.f("ck_identifiers_phones_end_in_digits"),
        ),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_identifiers_hash_is_sha256")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_identifiers_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identifiers")),
        sa.UniqueConstraint("kind", "hash", name=op.f("uq_identifiers_kind_hash")),
    )
    op.create_index("ix_identifiers_member_id", "identifiers", ["member_id"])
    op.create_index("ix_identifiers_value_hash", "identifiers", ["value_hash"])
    op.create_index(
        "ix_identifiers_last_four",
        "identifiers",
        ["last_four"],
        postgresql_where=sa.text("last_four IS NOT NULL"),
    )


def _merges() -> None:
    op.execute("CREATE SEQUENCE merge_numbers")
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("moved_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("asked_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("merged_by", sa.Uuid(), nullable=False),
        sa.Column("merged_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("filled", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("consents", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("undone_at", instant, nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undo_reason", sa.Text(), nullable=True),
        sa.Column("booked", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("undo_booked", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("survivor_id <> merged_id", name=op.f("ck_merges_two_members")),
        sa.CheckConstraint(
            "num_nulls(undone_at, undone_by, undo_reason) IN (0, 3)",
            name=op.f("ck_merges_undone_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["survivor_id"], ["members.id"], name=op.f("fk_merges_survivor_id")
        ),
        sa.ForeignKeyConstraint(["merged_id"], ["members.id"], name=op.f("fk_merges_merged_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index(
        "ix_merges_standing",
        "merges",
        ["merged_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_index("ix_merges_survivor_id", "merges", ["survivor_id"])
    op.create_index("ix_merges_merged_id", "merges", ["merged_id"])


def downgrade() -> None:
    op.drop_table("merges")
    op.execute("DROP SEQUENCE merge_numbers")
    op.drop_table("identifiers")
    op.drop_index("ix_members_survivor_id", "members")
    op.drop_constraint(op.f("ck_members_merged_into_another"), "members")
    op.drop_constraint(op.f("fk_members_survivor_id"), "members")
    op.drop_column("members", "survivor_id")
