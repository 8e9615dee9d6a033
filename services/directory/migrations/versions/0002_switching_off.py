"""Devices and API clients that are switched off: without a secret"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SECRETS = "num_nonnulls(secret_digest, activation_digest)"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_devices_one_state"), "devices")
    op.create_check_constraint(op.f("ck_devices_one_state"), "devices", f"{SECRETS} <= 1")
    op.alter_column("clients", "secret_digest", existing_type=sa.LargeBinary(), nullable=True)


def downgrade() -> None:
    # What was off stays off: a random secret that nobody has, a code that ended long ago.
    random = "sha256(uuid_send(gen_random_uuid()))"
    op.execute(f"UPDATE clients SET secret_digest = {random} WHERE secret_digest IS NULL")
    op.execute(
        f"UPDATE devices SET activation_digest = {random}, activation_ends_at = '2000-01-01 00:00Z'"
        f" WHERE {SECRETS} = 0"
    )
    op.alter_column("clients", "secret_digest", existing_type=sa.LargeBinary(), nullable=False)
    op.drop_constraint(op.f("ck_devices_one_state"), "devices")
    op.create_check_constraint(op.f("ck_devices_one_state"), "devices", f"{SECRETS} = 1")
