"""What was asked for by hand, and answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.loyalty.models.base import Base


class Document(Base):
    """A top-up, an adjustment, a refund … as it was asked for and answered: the same id with the
    same content gets the same answer. Append-only; erasure takes free text out."""

    __tablename__ = "documents"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.member_id"))
    store_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    content: Mapped[dict[str, Any]]
    answer: Mapped[dict[str, Any]]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(
            "kind IN ('top_up', 'adjustment', 'refund', 'pay_out', 'wallet_adjustment',"
            " 'transfer', 'redemption')",
            name="kind_known",
        ),
        Index("ix_documents_store_id_at", "store_id", "at"),
        Index("ix_documents_member_id", "member_id"),
    )
