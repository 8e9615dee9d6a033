"""Migrations of loyalty's database."""

from services.loyalty.models import Base
from shared.migrations import run

run(Base.metadata)
