"""Names in pinyin and by initials."""

import sqlalchemy as sa
from alembic import op

from services.member.names import keys_of

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
AT_ONCE = 5_000


def upgrade() -> None:
    op.create_table(
        "name_keys",
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_name_keys_member_id")),
        sa.PrimaryKeyConstraint("key", "member_id", name=op.f("pk_name_keys")),
    )
    op.create_index("ix_name_keys_member_id", "name_keys", ["member_id"])
    connection = op.get_bind()
    named = connection.execute(sa.text("SELECT id, name FROM members")).partitions(AT_ONCE)
    for members in named:
        rows = [{"key": key, "id": row.id} for row in members for key in keys_of(row.name)]
        if rows:
            connection.execute(sa.text("INSERT INTO name_keys VALUES (:key, :id)"), rows)


def downgrade() -> None:
    op.drop_table("name_keys")
