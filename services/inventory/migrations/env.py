"""Alembic's entry for the database of inventory."""

from services.inventory.models import Base
from shared.migrations import run

run(Base.metadata)
