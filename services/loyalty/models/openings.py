"""Opening balances of imported members."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.loyalty.models.base import Base


class OpeningBooked(Base):
    """What a row of an import brought into the ledger, once. Append-only.

    `document_id` is the document of its transaction. Money is in minor units of `currency`.
    The member is a reference by trigger (ADR 0035).
    """

    __tablename__ = "openings"

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(unique=True)
    member_id: Mapped[UUID]
    store_id: Mapped[UUID]
    currency: Mapped[str]
    points: Mapped[int]
    principal_minor: Mapped[int]
    bonus_minor: Mapped[int]
    earned_on: Mapped[date]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(
            "points >= 0 AND principal_minor >= 0 AND bonus_minor >= 0", name="nothing_negative"
        ),
    )
