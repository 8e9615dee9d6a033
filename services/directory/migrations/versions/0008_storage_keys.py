"""A key for what each device keeps, told to whoever signs in on it"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RANDOM = "uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())"


def upgrade() -> None:
    # A volatile default gives every device that is there a key of its own.
    op.add_column(
        "devices",
        sa.Column("storage_key", sa.LargeBinary(), nullable=False, server_default=sa.text(RANDOM)),
    )
    op.create_check_constraint(
        op.f("ck_devices_storage_key"), "devices", "octet_length(storage_key) = 32"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_devices_storage_key"), "devices", type_="check")
    op.drop_column("devices", "storage_key")
