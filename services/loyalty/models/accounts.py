"""Members and their accounts."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    Integer,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.loyalty.models.base import Base


class Member(Base):
    """A member as loyalty knows one: ids, and the tier others were last told.

    `currency` is the wallet's; unknown until the home store or a first order tells it.
    `tier_as_of` is the business date the tier was reckoned on; `review_on` the first date on which
    time alone may change something of it. `ladder_version` 0: never reckoned. `earned_tier` is what
    the sums gave, `grace_tier` what is kept through `grace_until` since they do not; `lapse_told`
    the last day of a tier that was told ahead, `near_tier` the next one that was mentioned.
    `set_tier` is what HQ has set, as the newest of `tier_settings` says. `closed_at`: erased;
    nothing is taken in or held for nobody, but what has happened is still booked. `survivor_id` is
    whom this id stands for since a merge, as told by its newest event, `merge_number`; None:
    itself.
    """

    __tablename__ = "members"

    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    home_store_id: Mapped[UUID | None]
    currency: Mapped[str | None]
    tier: Mapped[str | None]
    tier_version: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    ladder_version: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    tier_as_of: Mapped[date | None]
    review_on: Mapped[date | None]
    earned_tier: Mapped[str | None]
    grace_tier: Mapped[str | None]
    grace_until: Mapped[date | None]
    lapse_told: Mapped[date | None]
    near_tier: Mapped[str | None]
    near_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    set_tier: Mapped[str | None]
    set_until: Mapped[date | None]
    set_exactly: Mapped[bool] = mapped_column(server_default=text("false"))
    closed_at: Mapped[datetime | None]
    survivor_id: Mapped[UUID | None]
    merge_number: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        CheckConstraint("(grace_tier IS NULL) = (grace_until IS NULL)", name="grace_whole"),
        CheckConstraint(
            "set_tier IS NOT NULL OR (set_until IS NULL AND NOT set_exactly)", name="set_whole"
        ),
        Index(
            "ix_members_survivor_id",
            "survivor_id",
            postgresql_where=text("survivor_id IS NOT NULL"),
        ),
        Index("ix_members_ladder_version", "ladder_version"),
        Index("ix_members_review_on", "review_on", postgresql_where=text("review_on IS NOT NULL")),
    )


class Account(Base):
    """Something entries hang on. Members' accounts have a row in `balances`; the counter accounts
    of a store are the other side of each entry and have none, so that they are no hot rows.

    `unit` is ``points`` or an ISO 4217 code: entries of a transaction add up to zero per unit.
    """

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    unit: Mapped[str]
    store_id: Mapped[UUID | None]

    __table_args__ = (
        Index(
            "ix_accounts_store_id",
            "store_id",
            "kind",
            "unit",
            unique=True,
            postgresql_where=text("store_id IS NOT NULL"),
        ),
        CheckConstraint(
            "(kind IN ('points', 'principal', 'bonus') AND store_id IS NULL) OR (kind IN"
            " ('points_issued', 'points_redeemed', 'points_adjusted', 'points_expired',"
            " 'points_opening', 'points_forfeited', 'bonus_forfeited', 'wallet_cash',"
            " 'wallet_opening', 'bonus_granted', 'bonus_opening',"
            " 'wallet_adjusted', 'sales_clearing') AND store_id IS NOT NULL)",
            name="kind_known",
        ),
        CheckConstraint("(unit = 'points') = starts_with(kind, 'points')", name="unit_of_kind"),
        CheckConstraint("unit = 'points' OR unit ~ '^[A-Z]{3}$'", name="unit_known"),
    )


class MemberAccount(Base):
    """Whose an account is. Entries do not say it, so that a merge of members can be undone.

    Member and account are references by trigger (ADR 0035).
    """

    __tablename__ = "member_accounts"

    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(unique=True)

    __table_args__ = (
        CheckConstraint("kind IN ('points', 'principal', 'bonus')", name="kind_known"),
    )


class Balance(Base):
    """The running total of a member's account, and how much of it orders on their way hold.

    It may fall below zero only by a void that takes earned points back. `issuing_*` is the store of
    the last credit: value is not traced lot by lot, so a spend counts as issued by that store.
    `expiry_due` is the next instant at which points may have to be announced or to expire; it may
    be too early, never too late. None: nothing here expires. `frozen`: nothing may be held.
    The account is a reference by trigger (ADR 0035).
    """

    __tablename__ = "balances"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    balance: Mapped[int] = mapped_column(server_default=text("0"))
    held: Mapped[int] = mapped_column(server_default=text("0"))
    issuing_store_id: Mapped[UUID | None]
    issuing_franchisee_id: Mapped[UUID | None]
    expiry_due: Mapped[datetime | None]
    frozen: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        CheckConstraint("held >= 0", name="held_not_negative"),
        Index(
            "ix_balances_expiry_due",
            "expiry_due",
            "account_id",
            postgresql_where=text("expiry_due IS NOT NULL"),
        ),
    )
