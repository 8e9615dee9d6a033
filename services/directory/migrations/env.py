"""Migrations of directory's database."""

from services.directory.models import Base
from shared.migrations import run

run(Base.metadata)
