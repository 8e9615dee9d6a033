"""Staff, and the members handed over between them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DateTime,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base


class Staff(Base):
    """Directory's staff, as told by its events: who may be given members, and where."""

    __tablename__ = "staff"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int]
    scope_kind: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID | None] = mapped_column(Uuid)
    active: Mapped[bool]


class HandOver(Base):
    """A hand-over of members, done once; `answer` is repeated to whoever sends it again."""

    __tablename__ = "hand_overs"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    content: Mapped[str] = mapped_column(Text)
    by: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)
