"""Tables of directory, and the first limits of sign-in"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


APPEND_ONLY = ("audit_entries", "sign_in_policy")


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("caller_kind", sa.Text(), nullable=True),
        sa.Column("caller_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_entries_event_id")),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at", "event_id"], unique=False)
    op.create_index(
        "ix_audit_entries_caller_id", "audit_entries", ["caller_id", "at", "event_id"], unique=False
    )
    op.create_index(
        "ix_audit_entries_subject", "audit_entries", ["subject", "at", "event_id"], unique=False
    )
    op.create_index(
        "ix_audit_entries_type", "audit_entries", ["type", "at", "event_id"], unique=False
    )
    op.create_table(
        "brands",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brands")),
        sa.UniqueConstraint("code", name=op.f("uq_brands_code")),
    )
    op.create_table(
        "clients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=True),
        sa.Column("secret_digest", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "(scope_kind = 'chain') = (scope_id IS NULL)", name=op.f("ck_clients_scope_id")
        ),
        sa.CheckConstraint(
            "scope_kind IN ('store', 'franchisee', 'region', 'chain')",
            name=op.f("ck_clients_known_scope"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_clients_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
    )
    op.create_table(
        "franchisees",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("legal_entity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_franchisees")),
        sa.UniqueConstraint("code", name=op.f("uq_franchisees_code")),
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column(
            "handled_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("event_id", "handler", name=op.f("pk_inbox")),
    )
    op.create_index("ix_inbox_handled_at", "inbox", ["handled_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_id")),
    )
    op.create_index("ix_outbox_published_at", "outbox", ["published_at"], unique=False)
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "sign_in_policy",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("device_attempts", sa.Integer(), nullable=False),
        sa.Column("window_minutes", sa.Integer(), nullable=False),
        sa.Column("lock_minutes", sa.Integer(), nullable=False),
        sa.Column("refresh_days", sa.Integer(), nullable=False),
        sa.Column("refresh_grace_seconds", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "attempts > 0 AND device_attempts > 0", name=op.f("ck_sign_in_policy_attempts")
        ),
        sa.CheckConstraint(
            "refresh_days > 0 AND refresh_grace_seconds >= 0",
            name=op.f("ck_sign_in_policy_refresh"),
        ),
        sa.CheckConstraint(
            "window_minutes > 0 AND lock_minutes > 0", name=op.f("ck_sign_in_policy_minutes")
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_sign_in_policy")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=True),
        sa.Column("pin_hash", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(scope_kind = 'chain') = (scope_id IS NULL)", name=op.f("ck_staff_scope_id")
        ),
        sa.CheckConstraint(
            "roles <@ ARRAY['associate', 'store_manager', 'franchise_owner', 'region_manager', 'hq_operations', 'hq_administrator', 'auditor', 'integration']",
            name=op.f("ck_staff_known_roles"),
        ),
        sa.CheckConstraint(
            "scope_kind IN ('store', 'franchisee', 'region', 'chain')",
            name=op.f("ck_staff_known_scope"),
        ),
        sa.CheckConstraint("cardinality(roles) > 0", name=op.f("ck_staff_some_role")),
        sa.CheckConstraint("version > 0", name=op.f("ck_staff_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
    )
    op.create_index("ix_staff_scope", "staff", ["scope_kind", "scope_id"], unique=False)
    op.create_index("uq_staff_number", "staff", [sa.literal_column("lower(number)")], unique=True)
    op.create_table(
        "regions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_regions_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regions")),
        sa.UniqueConstraint("code", name=op.f("uq_regions_code")),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "failed_at",
            postgresql.ARRAY(sa.DateTime(timezone=True)),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=True),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["policy_version"],
            ["sign_in_policy.version"],
            name=op.f("fk_sign_in_failures_policy_version"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(
        "ix_sign_in_failures_changed_at", "sign_in_failures", ["changed_at"], unique=False
    )
    op.create_table(
        "stores",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("region_id", sa.Uuid(), nullable=False),
        sa.Column("franchisee_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("legal_entity", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("devices_made", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_stores_currency")),
        sa.CheckConstraint("devices_made >= 0", name=op.f("ck_stores_devices_made")),
        sa.CheckConstraint("version > 0", name=op.f("ck_stores_version")),
        sa.ForeignKeyConstraint(
            ["franchisee_id"], ["franchisees.id"], name=op.f("fk_stores_franchisee_id")
        ),
        sa.ForeignKeyConstraint(["region_id"], ["regions.id"], name=op.f("fk_stores_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stores")),
        sa.UniqueConstraint("code", name=op.f("uq_stores_code")),
    )
    op.create_index("ix_stores_franchisee_id", "stores", ["franchisee_id"], unique=False)
    op.create_index("ix_stores_region_id", "stores", ["region_id"], unique=False)
    op.create_table(
        "devices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(), nullable=True),
        sa.Column("activation_digest", sa.LargeBinary(), nullable=True),
        sa.Column("activation_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(activation_digest IS NULL) = (activation_ends_at IS NULL)",
            name=op.f("ck_devices_activation"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(secret_digest, activation_digest) = 1", name=op.f("ck_devices_one_state")
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_devices_version")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_devices_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("activation_digest", name=op.f("uq_devices_activation_digest")),
    )
    op.create_index("uq_devices_store_id", "devices", ["store_id", "code"], unique=True)
    op.create_table(
        "refresh_families",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_because IS NULL)", name=op.f("ck_refresh_families_ended")
        ),
        sa.CheckConstraint("generation > 0", name=op.f("ck_refresh_families_generation")),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_refresh_families_device_id")
        ),
        sa.ForeignKeyConstraint(
            ["policy_version"],
            ["sign_in_policy.version"],
            name=op.f("fk_refresh_families_policy_version"),
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_refresh_families_staff_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_families")),
    )
    op.create_index(
        "ix_refresh_families_device_id", "refresh_families", ["device_id"], unique=False
    )
    op.create_index(
        "ix_refresh_families_expires_at", "refresh_families", ["expires_at"], unique=False
    )
    op.create_index("ix_refresh_families_staff_id", "refresh_families", ["staff_id"], unique=False)
    op.create_table(
        "refresh_tokens",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["family_id"],
            ["refresh_families.id"],
            name=op.f("fk_refresh_tokens_family_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_refresh_tokens")),
    )
    op.create_index("ix_refresh_tokens_family_id", "refresh_tokens", ["family_id"], unique=False)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "INSERT INTO sign_in_policy (version, valid_from, author, attempts, device_attempts,"
        " window_minutes, lock_minutes, refresh_days, refresh_grace_seconds)"
        " VALUES (1, '2000-01-01 00:00:00+00', 'installation', 5, 20, 15, 15, 14, 30)"
    )


def downgrade() -> None:
    op.drop_index("ix_refresh_tokens_family_id", table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_index("ix_refresh_families_staff_id", table_name="refresh_families")
    op.drop_index("ix_refresh_families_expires_at", table_name="refresh_families")
    op.drop_index("ix_refresh_families_device_id", table_name="refresh_families")
    op.drop_table("refresh_families")
    op.drop_index("uq_devices_store_id", table_name="devices")
    op.drop_table("devices")
    op.drop_index("ix_stores_region_id", table_name="stores")
    op.drop_index("ix_stores_franchisee_id", table_name="stores")
    op.drop_table("stores")
    op.drop_index("ix_sign_in_failures_changed_at", table_name="sign_in_failures")
    op.drop_table("sign_in_failures")
    op.drop_table("regions")
    op.drop_index("uq_staff_number", table_name="staff")
    op.drop_index("ix_staff_scope", table_name="staff")
    op.drop_table("staff")
    op.drop_table("sign_in_policy")
    op.drop_index(
        "ix_outbox_unpublished",
        table_name="outbox",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_index("ix_outbox_published_at", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("ix_inbox_handled_at", table_name="inbox")
    op.drop_table("inbox")
    op.drop_table("franchisees")
    op.drop_table("clients")
    op.drop_table("brands")
    op.drop_index("ix_audit_entries_type", table_name="audit_entries")
    op.drop_index("ix_audit_entries_subject", table_name="audit_entries")
    op.drop_index("ix_audit_entries_caller_id", table_name="audit_entries")
    op.drop_index("ix_audit_entries_at", table_name="audit_entries")
    op.drop_table("audit_entries")
    op.execute("DROP FUNCTION refuse_change()")
