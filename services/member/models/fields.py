"""Fields that HQ defines."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base


class FieldVersion(Base):
    """A version of a custom field; `body` is a `FieldInput`. Rows are never changed (trigger)."""

    __tablename__ = "field_versions"

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    author_id: Mapped[UUID] = mapped_column(Uuid)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__: Any = (
        CheckConstraint("subject IN ('member', 'contact')", name="subject"),
        CheckConstraint("version >= 1", name="version_counts"),
    )
