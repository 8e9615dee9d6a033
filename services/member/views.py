"""A member as staff see one: the profile with its phone masked, and what is known from purchases.

Whoever was merged is seen as the survivor, with the purchases of all that are one person: rows stay
with the id they came with, and are read through the survivor's group.

One statement, however many members: favourites and figures are subqueries of it.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, any_, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased

from services.member import calendars, formulas, phones
from services.member.fields import Reader
from services.member.models import (
    MemberBirthday,
    Profile,
    PurchasedCategory,
    PurchasedSku,
    PurchaseFacts,
    Store,
)
from services.member.phones import Keyring
from shared.contracts.member import Member, Purchases
from shared.contracts.member.birthdays import Birthday
from shared.money import round_half_up
from shared.seal import Caller

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
    """The statement behind `read_members`; who was erased is left out. Order and limit are the
    caller's to add."""
    return select(
        Profile.__table__,
        _FIGURES.label("figures"),
        _CATEGORIES.label("categories"),
        _SKUS.label("skus"),
        _TIME_ZONE.label("time_zone"),
        _BORN.label("born"),
        _MERGED.label("merged_ids"),
    ).where(Profile.erased_at.is_(None), *conditions)


def survivors_of(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition that leaves the members for whom those stand that `condition` leaves."""
    survivor = func.coalesce(Profile.survivor_id, Profile.id)
    return Profile.id.in_(select(survivor).where(condition).correlate(None))


def group_of(member_id: Any) -> Any:
    """Any of the ids that stand for a member who is open: ``column == group_of(id)``."""
    one = aliased(Profile)
    ids = select(one.id).where(or_(one.id == member_id, one.survivor_id == member_id))
    ids = ids.correlate(Profile)
    return any_(func.array(ids.scalar_subquery(), type_=ARRAY(Uuid)))


def read_members(
    session: Session, keys: Keyring, caller: Caller, statement: Select[Any]
) -> list[Member]:
    """The members, with the custom fields that the caller may see."""
    reader = Reader(session, keys, caller, "member")
    return [_member(row, keys, reader) for row in session.execute(statement)]


_OF_GROUP = group_of(Profile.id)
_BY_CURRENCY = (
    select(
        PurchaseFacts.currency,
        func.sum(PurchaseFacts.orders).label("orders"),
        func.sum(PurchaseFacts.spent_minor).label("spent_minor"),
        func.min(PurchaseFacts.first_on).label("first_on"),
        func.array_agg(aggregate_order_by(PurchaseFacts.last_on, PurchaseFacts.last_at.desc()))[
            1
        ].label("last_on"),
        func.array_agg(
            aggregate_order_by(PurchaseFacts.last_store_id, PurchaseFacts.last_at.desc())
        )[1].label("last_store_id"),
    )
    .where(PurchaseFacts.member_id == _OF_GROUP, PurchaseFacts.orders > 0)
    .group_by(PurchaseFacts.currency)
    .correlate(Profile)
    .lateral("figures")
)
_FIGURES = select(func.jsonb_agg(func.to_jsonb(_BY_CURRENCY.table_valued()))).scalar_subquery()
_CATEGORIES = func.array(
    select(PurchasedCategory.category)
    .where(PurchasedCategory.member_id == _OF_GROUP, PurchasedCategory.pieces > 0)
    .group_by(PurchasedCategory.category)
    .order_by(func.sum(PurchasedCategory.pieces).desc(), PurchasedCategory.category)
    .limit(FAVOURITES)
    .correlate(Profile)
    .scalar_subquery()
)
_SKUS = func.array(
    select(PurchasedSku.sku_id)
    .where(PurchasedSku.member_id == _OF_GROUP, PurchasedSku.pieces > 0)
    .group_by(PurchasedSku.sku_id)
    .order_by(func.sum(PurchasedSku.pieces).desc(), PurchasedSku.sku_id)
    .limit(FAVOURITES)
    .correlate(Profile)
    .scalar_subquery()
)
_One = aliased(Profile)
_MERGED = func.array(
    select(_One.id)
    .where(_One.survivor_id == Profile.id)
    .order_by(_One.id)
    .correlate(Profile)
    .scalar_subquery()
)


_TIME_ZONE = (
    select(Store.time_zone)
    .where(Store.id == Profile.home_store_id)
    .correlate(Profile)
    .scalar_subquery()
)


_BORN = (
    select(
        func.jsonb_build_object(
            "calendar", MemberBirthday.calendar,
            "month", MemberBirthday.month,
            "day", MemberBirthday.day,
            "leap_month", MemberBirthday.leap_month,
            "year", MemberBirthday.year,
            "next_on", MemberBirthday.next_on,
        )
    )
    .where(MemberBirthday.member_id == Profile.id)
    .correlate(Profile)
    .scalar_subquery()
)  # fmt: skip


def _member(row: Any, keys: Keyring, reader: Reader) -> Member:
    purchases = _purchases(
        msgspec.convert(row.figures or [], list[_Figures]), row.categories, row.skus
    )
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
        tags=sorted({*row.tags, *row.rule_tags}),
        tags_by_rule=row.rule_tags,
        sizes=row.sizes,
        height_cm=row.height_cm,
        style=row.style,
        born=msgspec.convert(row.born, Birthday | None),
        next_birthday=msgspec.convert((row.born or {}).get("next_on"), date | None),
        age=None if row.birthday is None else calendars.age_on(row.birthday, _today(row)),
        wechat=row.wechat,
        spending_power=row.spending_power,
        style_preferences=row.style_preferences,
        registered_at=row.registered_at,
        purchases=purchases,
        fields=reader.read(row.id, row.fields, lambda: _facts(row, purchases)),
        merged_ids=row.merged_ids,
    )


def _facts(row: Any, purchases: Purchases) -> tuple[dict[str, formulas.Value], date]:
    """What formulas may ask for (`definitions.MEMBER_FACTS`), and today where the member shops."""
    zone = ZoneInfo(row.time_zone)
    facts: dict[str, formulas.Value] = {
        "member.birthday": row.birthday,
        "member.first_purchase_on": purchases.first_on,
        "member.height_cm": None if row.height_cm is None else Decimal(row.height_cm),
        "member.last_purchase_on": purchases.last_on,
        "member.purchases": Decimal(purchases.count),
        "member.registered_on": row.registered_at.astimezone(zone).date(),
    }
    return facts, _today(row)


def _today(row: Any) -> date:
    """Today in the member's home store."""
    return datetime.now(UTC).astimezone(ZoneInfo(row.time_zone)).date()


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
