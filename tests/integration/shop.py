"""A small chain in a running stack, made through the public API, and its people."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from infra.api import Api, Refused
from shared.ids import new_id

PRICE = 10_000
PIN = "7391"
ORDER = """order { id status receiptNumber totalMinor changeMinor pointsExpected businessDate
    balances { points walletPrincipalMinor walletBonusMinor } }"""
CONSENT = {"purpose": "MEMBERSHIP", "noticeVersion": "2026-01", "granted": True}


def fresh() -> str:
    return str(new_id())


def ean(number: int) -> str:
    digits = f"29{number % 10**10:010d}"
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return digits + str(-total % 10)


async def until(holds: Callable[[], Awaitable[Any]], seconds: float = 20) -> Any:
    """What `holds` gives once it is true."""
    end = time.monotonic() + seconds
    while not (found := await holds()):
        assert time.monotonic() < end, f"still not so after {seconds} s"
        await asyncio.sleep(0.1)
    return found


@dataclass
class Shop:
    """Two stores; a manager with a device in the first; one style of which pieces are made."""

    url: str
    admin_password: str
    brand: str = field(default_factory=fresh)
    region: str = field(default_factory=fresh)
    store: str = field(default_factory=fresh)
    other_store: str = field(default_factory=fresh)
    device: dict[str, str] = field(default_factory=dict)
    manager_number: str = field(default_factory=lambda: f"M-{fresh()[-10:]}")
    client: dict[str, str] = field(default_factory=dict)

    async def admin(self) -> Api:
        api = Api(self.url)
        await api.sign_in("signInWithPassword", staffNumber="admin", password=self.admin_password)
        return api

    async def clerk(self) -> Api:
        api = Api(self.url, connections=250, timeout_seconds=40)
        await api.sign_in(
            "signInWithPin",
            deviceId=self.device["deviceId"],
            deviceSecret=self.device["deviceSecret"],
            staffNumber=self.manager_number,
            pin=PIN,
        )
        return api

    async def till(self) -> Api:
        """An integration client of the whole chain."""
        api = Api(self.url, connections=250, timeout_seconds=40)
        await api.sign_in("signInClient", **self.client)
        return api

    async def build(self) -> "Shop":
        async with await self.admin() as admin:
            await self._organisation(admin)
            await self._rules(admin)
            device = fresh()
            made = await admin.change(
                "createDevice", "deviceCreated { activationCode }",
                id=device, storeId=self.store, name="收银台",
            )  # fmt: skip
            activated = await admin.change(
                "activateDevice", "deviceActivated { deviceId deviceSecret }",
                activationCode=made["deviceCreated"]["activationCode"],
            )  # fmt: skip
            self.device = activated["deviceActivated"]
            client = fresh()
            made = await admin.change(
                "createClient", "clientCreated { id clientSecret }",
                id=client, name="小程序", scopeKind="CHAIN",
            )  # fmt: skip
            secret = made["clientCreated"]["clientSecret"]
            self.client = {"clientId": client, "clientSecret": secret}
        return self

    async def _organisation(self, admin: Api) -> None:
        code = self.brand[-8:]
        await admin.change("createBrand", "created { id }", id=self.brand, code=code, name="品牌")
        await admin.change(
            "createRegion", "created { id }",
            id=self.region, brandId=self.brand, code=code, name="华东",
        )  # fmt: skip
        for number, store in enumerate((self.store, self.other_store)):
            await admin.change(
                "saveStore", "created { id }", id=store, regionId=self.region,
                code=f"{code}{number}", name=f"{number}号店", legalEntity="服饰有限公司",
            )  # fmt: skip
        await admin.change(
            "saveStaff", "created { id }", id=fresh(), number=self.manager_number, name="店长",
            roles=["STORE_MANAGER"], scopeKind="STORE", scopeId=self.store, pin=PIN,
        )  # fmt: skip

    async def _rules(self, admin: Api) -> None:
        """A point for each yuan, a hundred points a yuan, silver and gold, no top-up bonus."""
        tiers = [
            {"code": "silver", "name_zh": "银卡", "name_en": "Silver", "threshold": 0},
            {"code": "gold", "name_zh": "金卡", "name_en": "Gold", "threshold": 200_000},
        ]
        for body in (
            {"type": "earn", "minor_per_point": 100},
            {"type": "spend", "minor_per_hundred_points": 100},
            {"type": "ladder", "basis": "spend", "tiers": tiers},
        ):
            await admin.change("publishRule", "ruleVersion { version }", id=fresh(), body=body)

    async def piece(self, admin: Api, stock: int, store: str | None = None) -> str:
        """A new SKU for 100.00 with so much stock, known to all services that need it."""
        style, sku = fresh(), fresh()
        await admin.change(
            "saveStyles", "stylesSaved { ids }",
            items=[{
                "id": style, "code": f"K{style[-10:]}", "name": "连衣裙", "category": "dress",
                "listPriceMinor": str(PRICE),
                "skus": [{"id": sku, "code": f"S{sku[-10:]}", "colour": "红", "size": "M",
                          "ean": ean(UUID(sku).int)}],
            }],
        )  # fmt: skip
        await self.stock(admin, sku, stock, store)
        await until(lambda: self._priced(admin, sku, store or self.store))
        return sku

    async def stock(self, admin: Api, sku: str, quantity: int, store: str | None = None) -> None:
        if quantity:
            await admin.change(
                "moveStock", "levels { onHand }", id=fresh(), storeId=store or self.store,
                reason="OPENING", lines=[{"skuId": sku, "quantity": quantity}],
            )  # fmt: skip

    async def _priced(self, admin: Api, sku: str, store: str) -> bool:
        try:
            answer = await admin.ask(
                """query($s: ID!, $l: [BasketLineInput!]!) { quote(storeId: $s, lines: $l) {
                    quote { totalMinor } refusal { code messageEn } } }""",
                s=store, l=[{"line": 1, "skuId": sku, "quantity": 1}],
            )  # fmt: skip
        except Refused:
            return False
        return bool(answer["quote"]["quote"])

    async def member(self, api: Api, **fields: Any) -> str:
        """A new member whom every service knows."""
        member = fresh()
        phone = f"1380{UUID(member).int % 10**7:07d}"
        given = {
            "memberId": member, "phone": phone, "name": "会员", "sourceChannel": "walk-in",
            "homeStoreId": self.store, "consents": [CONSENT], **fields,
        }  # fmt: skip
        await api.change("registerMember", "member { id }", **given)
        await until(lambda: self.account(api, member))
        return member

    async def account(self, api: Api, member: str) -> Any:
        answer = await api.ask(
            """query($id: ID!) { member(id: $id) { purchases { count spentMinor } account {
                points pointsHeld walletPrincipalMinor walletBonusMinor walletHeldMinor tier
            } } }""",
            id=member,
        )  # fmt: skip
        found = answer["member"]
        return found and found["account"] and {**found["account"], **found["purchases"]}

    async def level(self, api: Api, sku: str, store: str | None = None) -> dict[str, int]:
        answer = await api.ask(
            """query($s: ID!, $k: [ID!]!) { stockLevels(storeId: $s, skuIds: $k) {
                onHand reserved available } }""",
            s=store or self.store, k=[sku],
        )  # fmt: skip
        level: dict[str, int] = answer["stockLevels"][0]
        return level

    def sale(self, sku: str, quantity: int = 1, **changes: Any) -> dict[str, Any]:
        """The input of a cash sale; `total` is what it comes to at the list price."""
        total = changes.pop("total", PRICE * quantity)
        return {
            "orderId": fresh(),
            "storeId": self.store,
            "totalMinor": str(total),
            "lines": [{"line": 1, "skuId": sku, "quantity": quantity}],
            "tenders": [{"kind": "CASH", "amountMinor": str(total)}],
            **changes,
        }


async def sell(api: Api, sale: dict[str, Any]) -> dict[str, Any]:
    """The placed order; raises `Refused`."""
    order: dict[str, Any] = (await api.change("placeOrder", ORDER, **sale))["order"]
    return order


async def outcome(api: Api, sale: dict[str, Any]) -> str:
    """'placed', or the code of the refusal."""
    try:
        return str((await sell(api, sale))["status"]).lower()
    except Refused as refused:
        return refused.code
