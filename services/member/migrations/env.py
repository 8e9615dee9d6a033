"""Migrations of the member service's database."""

from services.member.models import Base
from shared.migrations import run

run(Base.metadata)
