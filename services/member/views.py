"""A member as staff see one: the profile with its phone masked, and what is known from purchases.

One statement, however many members: favourites and figures are subqueries of it.
"""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from services.member import phones
from services.member.models import Profile, PurchasedCategory, PurchasedSku, PurchaseFacts
from services.member.phones import Keyring
from shared.contracts.member import Member, Purchases
from shared.money import round_half_up

FAVOURITES = 5


class _Figures(msgspec.Struct, frozen=True):
    """Purchases in one currency."""

    currency: str
    orders: int
    spent_minor: int
    first_on: date
    last_on: date
    last_store_id: UUID


def select_members(*conditions: ColumnElement[bool]) -> Select[Any]:
    """The statement behind `read_members`; order and limit are the caller's to add."""
    return select(
        Profile.__table__,
        _FIGURES.label("figures"),
        _CATEGORIES.label("categories"),
        _SKUS.label("skus"),
    ).where(*conditions)


def read_members(session: Session, keys: Keyring, statement: Select[Any]) -> list[Member]:
    return [_member(row, keys) for row in session.execute(statement)]


_FIGURES = (
    select(
        func.jsonb_agg(
            func.jsonb_build_object(
                "currency", PurchaseFacts.currency,
                "orders", PurchaseFacts.orders,
                "spent_minor", PurchaseFacts.spent_minor,
                "first_on", PurchaseFacts.first_on,
                "last_on", PurchaseFacts.last_on,
                "last_store_id", PurchaseFacts.last_store_id,
            )
        )
    )
    .where(PurchaseFacts.member_id == Profile.id, PurchaseFacts.orders > 0)
    .correlate(Profile)
    .scalar_subquery()
)  # fmt: skip
_CATEGORIES = func.array(
    select(PurchasedCategory.category)
    .where(PurchasedCategory.member_id == Profile.id, PurchasedCategory.pieces > 0)
    .order_by(PurchasedCategory.pieces.desc(), PurchasedCategory.category)
    .limit(FAVOURITES)
    .correlate(Profile)
    .scalar_subquery()
)
_SKUS = func.array(
    select(PurchasedSku.sku_id)
    .where(PurchasedSku.member_id == Profile.id, PurchasedSku.pieces > 0)
    .order_by(PurchasedSku.pieces.desc(), PurchasedSku.sku_id)
    .limit(FAVOURITES)
    .correlate(Profile)
    .scalar_subquery()
)


def _member(row: Any, keys: Keyring) -> Member:
    return Member(
        id=row.id,
        version=row.version,
        card_code=row.card_code,
        name=row.name,
        phone_masked=phones.masked(keys.decrypt(row.phone_cipher, row.id)),
        gender=row.gender,
        birthday=row.birthday,
        city=row.city,
        source_channel=row.source_channel,
        home_store_id=row.home_store_id,
        associate_id=row.associate_id,
        tags=row.tags,
        sizes=row.sizes,
        height_cm=row.height_cm,
        style=row.style,
        registered_at=row.registered_at,
        purchases=_purchases(
            msgspec.convert(row.figures or [], list[_Figures]), row.categories, row.skus
        ),
    )


def _purchases(figures: list[_Figures], categories: list[str], skus: list[UUID]) -> Purchases:
    """Amounts of different currencies do not add up: the one with the most orders is shown, with
    its count; first and last purchase are those of all."""
    if not figures:
        return Purchases()
    main = max(figures, key=lambda each: (each.orders, each.last_on, each.currency))
    latest = max(figures, key=lambda each: (each.last_on, each is main))
    return Purchases(
        first_on=min(each.first_on for each in figures),
        last_on=latest.last_on,
        last_store_id=latest.last_store_id,
        count=main.orders,
        spent_minor=main.spent_minor,
        average_minor=round_half_up(main.spent_minor, main.orders),
        currency=main.currency,
        favourite_categories=categories,
        favourite_sku_ids=skus,
    )
