"""Versioned rules."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Integer,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.loyalty.models.base import Base


class RuleVersion(Base):
    """One version of a rule, never changed. The one in force at an instant is the one with the
    latest `valid_from` not after it; of two with the same, the newer version. `restores` is the
    earlier version it is equal to, if it was published to go back to that."""

    __tablename__ = "rules"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    valid_from: Mapped[datetime]
    author_id: Mapped[UUID]
    body: Mapped[dict[str, Any]]
    published_at: Mapped[datetime]
    restores: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (
        UniqueConstraint("kind", "version"),
        CheckConstraint(
            "kind IN ('earn', 'spend', 'ladder', 'top_up', 'wallet', 'expiry', 'wallet_limits',"
            " 'approval')",
            name="kind_known",
        ),
        CheckConstraint("version > 0", name="version_counts"),
        CheckConstraint("restores < version", name="restores_earlier"),
    )
