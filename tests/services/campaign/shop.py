"""A small shop for tests: filled through the events campaign listens to, used like its callers."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event, text

from services.campaign import basket, coupons, promotions
from services.campaign.service import CampaignService
from shared.contracts import Envelope
from shared.contracts.campaign import (
    BasketLine,
    Coupon,
    CouponInput,
    IssueCoupons,
    Percentage,
    PriceAndHold,
    Priced,
    Promotion,
    PromotionInput,
    PublishPromotion,
)
from shared.contracts.directory import StoreChanged
from shared.contracts.inventory import PriceChanged, SkuInput, StyleSaved
from shared.contracts.loyalty import TierChanged
from shared.contracts.member import MemberRegistered, MemberTagged
from shared.contracts.order import OrderCancelled, OrderPlaced, OrderVoided
from shared.database import Database
from shared.ids import new_id
from shared.inbox import apply
from shared.seal import Caller, Role, ScopeKind
from shared.service import Transaction
from tests.services.returned import came_back

SELLER = Caller(
    kind="staff", id=new_id(), roles=frozenset({Role.ASSOCIATE}), scope_kind=ScopeKind.CHAIN
)
HQ_CALLER = Caller(
    kind="staff", id=new_id(), roles=frozenset({Role.HQ_OPERATIONS}), scope_kind=ScopeKind.CHAIN
)
STORE_HQ = Caller(
    kind="staff",
    id=new_id(),
    roles=frozenset({Role.HQ_OPERATIONS}),
    scope_kind=ScopeKind.STORE,
    scope_id=new_id(),
)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def envelope(data: Any, sequence: int = 1) -> Envelope[Any]:
    return Envelope(
        id=new_id(),
        source="chainstitch/test",
        type=data.type,
        subject="test",
        sequence=sequence,
        time=now(),
        data=data,
    )


class Shop:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.franchisee_id = new_id()
        self.store_id = new_id()
        self.statements: list[str] = []
        event.listen(database.engine, "after_cursor_execute", self._count)
        self.store(self.store_id, franchisee_id=self.franchisee_id)

    def tell(self, *events: Any) -> None:
        """Hand events of one type to the service's own handler, as the consumer does."""
        envelopes = [e if isinstance(e, Envelope) else envelope(e) for e in events]
        name = "on_" + envelopes[0].data.type.split(".")[1]
        name = {"on_registered": "on_member_registered", "on_tagged": "on_member_tagged",
                "on_placed": "on_order_placed", "on_cancelled": "on_order_cancelled",
                "on_voided": "on_order_voided", "on_returned": "on_order_returned",
                "on_merged": "on_member_merged", "on_unmerged": "on_member_unmerged",
                }.get(name, name)  # fmt: skip
        apply(self.database, name, getattr(CampaignService, name), envelopes)

    def store(self, store_id: UUID, franchisee_id: UUID | None = None, **changes: Any) -> UUID:
        fields: dict[str, Any] = {
            "store_id": store_id, "version": 1, "code": str(store_id)[-6:], "name": "南京路店",
            "brand_id": new_id(), "region_id": new_id(), "franchisee_id": franchisee_id,
            "legal_entity": "Chain Ltd", "time_zone": "Asia/Shanghai", "currency": "CNY",
            "active": True,
        }  # fmt: skip
        self.tell(StoreChanged(**fields | changes))
        return store_id

    def piece(
        self, price: int | None, category: str = "tops", tax: int = 1300, name: str = "Shirt"
    ) -> UUID:
        """A style with one SKU, whose id it returns, at a chain-wide list price."""
        style_id, sku_id = new_id(), new_id()
        sku = SkuInput(id=sku_id, code=str(sku_id)[-12:], colour="red", size="M")
        self.tell(
            StyleSaved(
                style_id=style_id,
                version=1,
                code=str(style_id)[-12:],
                name=name,
                category=category,
                tax_basis_points=tax,
                skus=[sku],
            )
        )
        if price is not None:
            self.set_price(style_id, price)
        self.style_of = getattr(self, "style_of", {}) | {sku_id: style_id}
        return sku_id

    def set_price(
        self,
        style_id: UUID,
        price: int,
        scope: Any = "chain",
        scope_id: UUID | None = None,
        valid_from: datetime = LONG_AGO,
        sequence: int = 1,
        currency: str = "CNY",
    ) -> None:
        data = PriceChanged(
            price_id=new_id(), style_id=style_id, scope=scope, scope_id=scope_id,
            price_minor=price, currency=currency, valid_from=valid_from,
        )  # fmt: skip
        self.tell(envelope(data, sequence))

    def member(self, tier: str | None = None, tags: list[str] | None = None) -> UUID:
        member_id = new_id()
        self.tell(
            MemberRegistered(
                member_id=member_id,
                card_code="C1",
                home_store_id=self.store_id,
                associate_id=None,
                source_channel="store",
            )
        )
        if tier:
            self.tell(
                TierChanged(
                    member_id=member_id,
                    version=1,
                    tier=tier,
                    tier_name_zh=tier,
                    tier_name_en=tier,
                    ladder_version=1,
                )
            )
        if tags:
            self.tell(MemberTagged(member_id=member_id, version=1, tags=tags))
        return member_id

    def publish(self, version: int = 0, at: datetime | None = None, **fields: Any) -> Promotion:
        """Ten percent off everything, but for what is given; in force since long ago."""
        given = fields.pop("promotion", None)
        code = fields.get("code", f"P{str(new_id())[-12:]}")
        defaults: dict[str, Any] = {
            "id": new_id(), "code": code, "name_zh": "九折", "name_en": "Ten off",
            "rule": Percentage(off_basis_points=1000), "valid_from": LONG_AGO,
        }  # fmt: skip
        promotion = given or PromotionInput(**defaults | fields)
        command = PublishPromotion(version=version, promotion=promotion)
        with self.database.transaction() as session:
            return promotions.publish(session, HQ_CALLER, command, at)

    def issue(self, *items: CouponInput, caller: Caller = HQ_CALLER) -> list[Coupon]:
        with self.database.transaction() as session:
            return coupons.issue(session, caller, IssueCoupons(items=list(items))).items

    def coupon(self, promotion_id: UUID, **fields: Any) -> str:
        code = f"C-{str(new_id())[-12:]}"
        return self.issue(CouponInput(code=code, promotion_id=promotion_id, **fields))[0].code

    def price(self, *lines: Any, caller: Caller = SELLER, **fields: Any) -> Priced:
        """Lines are SKU ids, (SKU id, quantity), or `BasketLine`s."""
        defaults: dict[str, Any] = {
            "store_id": self.store_id, "currency": "CNY", "at": now(), "lines": basket_of(*lines)
        }  # fmt: skip
        command = PriceAndHold(**defaults | fields)
        return basket.price_and_hold(Transaction(self.database), caller, command)

    def placed(self, order_id: UUID, priced: Priced, member_id: UUID | None = None) -> Any:
        return envelope(
            OrderPlaced(
                order_id=order_id,
                store_id=self.store_id,
                franchisee_id=self.franchisee_id,
                member_id=member_id,
                staff_id=SELLER.id,
                channel="store",
                business_date=now().date(),
                placed_at=now(),
                currency=priced.currency,
                total_minor=priced.total_minor,
                points_minor=0,
                wallet_minor=0,
                points=0,
                tier=priced.tier,
                lines=[],
                promotions=priced.promotions,
                receipt_number="R1",
                fact=False,
            )
        )

    def cancelled(self, order_id: UUID) -> Any:
        return envelope(OrderCancelled(order_id=order_id, store_id=self.store_id, reason="swept"))

    def voided(self, order_id: UUID) -> Any:
        return envelope(
            OrderVoided(
                order_id=order_id,
                store_id=self.store_id,
                member_id=None,
                business_date=now().date(),
                total_minor=0,
                reason="mistake",
            ),
            sequence=2,
        )

    def came_back(self, order_id: UUID, *promotions: UUID) -> Any:
        """Goods of an order came back, and nothing is left of these promotions."""
        back = came_back(order_id, self.store_id, {}, promotions=list(promotions))
        return envelope(back, sequence=2)

    def rows(self, sql: str, **parameters: Any) -> list[Any]:
        with self.database.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), parameters)]

    def usage(self, code: str) -> tuple[int, int]:
        """(held, used) of a coupon."""
        sql = "SELECT held, used FROM usages JOIN coupons ON id = subject_id WHERE code = :code"
        return self.rows(sql + " AND usages.member_id = :all", code=code, all=UUID(int=0))[0]

    def promotion_usage(self, id_: UUID, member_id: UUID | None = None) -> tuple[int, int]:
        sql = "SELECT held, used FROM usages WHERE subject_id = :id AND member_id = :member"
        return self.rows(sql, id=id_, member=member_id or UUID(int=0))[0]

    def snapshot(self) -> dict[str, list[Any]]:
        """All that pricing, holding and publishing could change."""
        tables = ("promotions", "promotion_versions", "coupons", "usages", "holds", "hold_items",
                  "redemptions", "outbox")  # fmt: skip
        return {t: sorted(self.rows(f"SELECT CAST(t AS text) FROM {t} t")) for t in tables}

    def _count(self, _conn: Any, _cursor: Any, sql: str, *_: Any) -> None:
        self.statements.append(sql)


def basket_of(*lines: Any) -> list[BasketLine]:
    made = []
    for number, line in enumerate(lines, 1):
        if isinstance(line, BasketLine):
            made.append(line)
        else:
            sku_id, quantity = line if isinstance(line, tuple) else (line, 1)
            made.append(BasketLine(line=number, sku_id=sku_id, quantity=quantity))
    return made


def tomorrow() -> datetime:
    return now() + timedelta(days=1)
