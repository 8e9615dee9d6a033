"""What happened with a member."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Index,
    LargeBinary,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base


class Happening(Base):
    """A member's timeline: what the events told, and what staff wrote down. Rows are never changed
    (trigger).

    A purchase has its order's id, a contact the id its writer gave it, the rest that of the event.
    No foreign key to members: the events may come before the member is known.
    """

    __tablename__ = "happenings"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    kind: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None] = mapped_column(Uuid)
    staff_id: Mapped[UUID | None] = mapped_column(Uuid)
    document_id: Mapped[UUID | None] = mapped_column(Uuid)
    text: Mapped[str | None] = mapped_column(Text)
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    fields_digest: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__: Any = (
        CheckConstraint("text IS NULL OR store_id IS NOT NULL", name="words_belong_to_a_store"),
        Index("ix_happenings_member_id", "member_id", "at", "id"),
    )
