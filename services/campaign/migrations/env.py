"""Migrations of campaign's database."""

from services.campaign.models import Base
from shared.migrations import run

run(Base.metadata)
