"""Files in custom fields, and consent to keep a place."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
BEFORE = "purpose IN ('membership', 'marketing')"
NOW = "purpose IN ('membership', 'marketing', 'location')"


def _column(name: str, kind: object, nullable: bool = False):
    return sa.Column(name, kind, nullable=nullable)


def _count(name: str):
    return sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)


# What is whole is never changed; only whose it is, whether something refers to it, how often it
# was taken.
_WHOLE = """
CREATE FUNCTION field_files_are_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.sha256 IS NOT NULL AND (
        OLD.id, OLD.subject, OLD.key, OLD.name, OLD.field_version, OLD.media_type, OLD.size_bytes,
        OLD.pieces, OLD.sha256, OLD.uploaded_by, OLD.uploaded_at
    ) IS DISTINCT FROM (
        NEW.id, NEW.subject, NEW.key, NEW.name, NEW.field_version, NEW.media_type, NEW.size_bytes,
        NEW.pieces, NEW.sha256, NEW.uploaded_by, NEW.uploaded_at
    ) THEN
        RAISE EXCEPTION 'a file is never changed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "field_files",
        _column("id", sa.Uuid()),
        _column("member_id", sa.Uuid()),
        _column("subject", sa.Text()),
        _column("owner_id", sa.Uuid()),
        _column("key", sa.Text()),
        _column("name", sa.Text()),
        _column("field_version", sa.Integer()),
        _column("max_bytes", sa.Integer()),
        _column("media_type", sa.Text(), nullable=True),
        _count("size_bytes"),
        _count("pieces"),
        _column("sha256", sa.Text(), nullable=True),
        _column("uploaded_by", sa.Uuid()),
        _column("uploaded_at", INSTANT),
        _column("used_at", INSTANT, nullable=True),
        _column("loose_at", INSTANT, nullable=True),
        _count("downloads"),
        sa.CheckConstraint("subject IN ('member', 'contact')", name=op.f("ck_field_files_subject")),
        sa.CheckConstraint(
            "size_bytes BETWEEN 0 AND max_bytes", name=op.f("ck_field_files_within_its_limit")
        ),
        sa.CheckConstraint(
            "sha256 IS NULL OR size_bytes > 0", name=op.f("ck_field_files_whole_is_something")
        ),
        sa.CheckConstraint(
            "loose_at IS NOT NULL OR used_at IS NOT NULL",
            name=op.f("ck_field_files_used_or_loose"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_files")),
    )
    op.create_index("ix_field_files_member_id", "field_files", ["member_id"])
    op.create_index("ix_field_files_owner_id", "field_files", ["owner_id"])
    op.create_index(
        "ix_field_files_loose",
        "field_files",
        ["loose_at"],
        postgresql_where=sa.text("loose_at IS NOT NULL"),
    )
    op.create_table(
        "field_file_pieces",
        _column("file_id", sa.Uuid()),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        _column("content", sa.LargeBinary()),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["field_files.id"],
            name=op.f("fk_field_file_pieces_file_id_field_files"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("file_id", "place", name=op.f("pk_field_file_pieces")),
    )
    # It is compressed already, and encrypted: trying once more costs time and gives nothing.
    op.execute("ALTER TABLE field_file_pieces ALTER COLUMN content SET STORAGE EXTERNAL")
    op.execute(_WHOLE)
    op.execute(
        "CREATE TRIGGER field_files_whole BEFORE UPDATE ON field_files FOR EACH ROW"
        " EXECUTE FUNCTION field_files_are_whole()"
    )
    op.execute(
        "CREATE TRIGGER field_file_pieces_fixed BEFORE UPDATE ON field_file_pieces"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    _purposes(NOW)


def _purposes(condition: str) -> None:
    for table in ("consents", "notices"):
        name = op.f(f"ck_{table}_purpose")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, condition)


def downgrade() -> None:
    _purposes(BEFORE)
    op.drop_table("field_file_pieces")
    op.drop_table("field_files")
    op.execute("DROP FUNCTION field_files_are_whole()")
