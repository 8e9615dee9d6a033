"""Merges of members, as the member service tells them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.loyalty.models.base import Base


class Merge(Base):
    """A merge that was booked here, or (`undone`) undone; of an undo that came first a mark."""

    __tablename__ = "merges"

    merge_id: Mapped[UUID] = mapped_column(primary_key=True)
    merged_id: Mapped[UUID] = mapped_column(ForeignKey("members.member_id"))
    survivor_id: Mapped[UUID] = mapped_column(ForeignKey("members.member_id"))
    undone: Mapped[bool]
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_merges_merged_id", "merged_id"),
        Index("ix_merges_survivor_id", "survivor_id"),
    )


class MovedDebt(Base):
    """What a member owes (`from_account_id`: theirs), borne by another's account since: by whoever
    `member_id` stands for; in the value of the store that gave what was taken. `returned`: it went
    back, since another has to bear it."""

    __tablename__ = "moved_debts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.member_id"))
    from_account_id: Mapped[UUID] = mapped_column(ForeignKey("balances.account_id"))
    to_account_id: Mapped[UUID] = mapped_column(ForeignKey("balances.account_id"))
    amount: Mapped[int]
    issuing_store_id: Mapped[UUID]
    issuing_franchisee_id: Mapped[UUID | None]
    returned: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_moved_debts_to_account_id", "to_account_id"),
    )
