"""What stores owe their members, summed up from the ledger as it grows."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, text
from sqlalchemy.dialects.postgresql import BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from services.loyalty.models.base import Base


class LiabilityDay(Base):
    """Entries on members' accounts of a local day of the store that issued the value, by reason.

    A franchisee of zeros is the chain's own store. Built from entries up to the mark.
    """

    __tablename__ = "liability_days"

    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    franchisee_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[int]
    entries: Mapped[int]


class LiabilityAccount(Base):
    """What a store gave to an account in a month (`given`), and what became of all it gave (`net`
    of the month): whom it owes, and since when. Built from entries up to the mark."""

    __tablename__ = "liability_accounts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    unit: Mapped[str]
    kind: Mapped[str]
    given: Mapped[int]
    net: Mapped[int]

    __table_args__ = (Index("ix_liability_accounts_store_id", "store_id", "kind", "account_id"),)


class LiabilityAge(Base):
    """What a store still owes of what it gave in a month, to all accounts of a kind; `members` have
    it as their latest month, and a balance. Built from entries up to the mark."""

    __tablename__ = "liability_ages"

    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[int]
    members: Mapped[int]


class LiabilityMark(Base):
    """Entries up to `done_id` are summed up. Those up to `seen_id` will be once all transactions
    before `seen_xid` have ended: an entry that commits late is never skipped. One row."""

    __tablename__ = "liability_mark"

    one: Mapped[int] = mapped_column(Integer, primary_key=True, server_default=text("1"))
    done_id: Mapped[int] = mapped_column(server_default=text("0"))
    seen_id: Mapped[int] = mapped_column(server_default=text("0"))
    seen_xid: Mapped[int] = mapped_column(BIGINT, server_default=text("0"))

    __table_args__ = (
        CheckConstraint("one = 1", name="one_row"),
        CheckConstraint("done_id <= seen_id", name="done_was_seen"),
    )
