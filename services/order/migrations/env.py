"""Migrations of order's database."""

from services.order.models import Base
from shared.migrations import run

run(Base.metadata)
