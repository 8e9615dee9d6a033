"""A gateway that is made up, but answers by the real schema: documents, variables and shapes are
checked by graphql-core against gateway/schema.graphql, so a wrong field fails a test here, and so
does what a gateway would not let pass."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, ClassVar

from graphql import DocumentNode, build_schema, execute_sync, parse, validate

from gateway.documents import Documents
from staff_app.client import SignedOut, Unreachable
from tests.staff_app.to_do import COLLEAGUE, STAFF, STORE, ToDo

__all__ = ["COLLEAGUE", "STAFF", "STORE"]

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = build_schema((ROOT / "gateway" / "schema.graphql").read_text())
LIMITS = Documents(SCHEMA, depth_limit=12, cost_limit=20_000)
"""As gateways have them."""
OTHER_STORE = "0190a000-0000-7000-8000-000000000002"
DEVICE = "0190a000-0000-7000-8000-000000000003"
PROMOTION = "0190a000-0000-7000-8000-000000000005"
DRESS_EAN = "6901234567892"
CARD = "M2B7KQ9ZTX"
REFUSALS = {
    "SIGN_IN_FAILED": ("工号或密码不正确，还可以再试 4 次", "Staff number or PIN is not right"),
    "LOCKED_OUT": ("多次输入错误，请在 15 分钟后再试", "Too many failed attempts"),
    "OUT_OF_STOCK": ("“羊毛大衣”可售 0 件，不够 1 件", "“Coat”: 0 available, 1 wanted"),
    "PRICE_CHANGED": ("价格已变", "The price has changed"),
    "REFRESH_REJECTED": ("登录已过期，请重新登录", "Your sign-in has ended"),
    "ACTIVATION_REJECTED": ("激活码无效或已使用", "This activation code is not valid"),
    "COUPON_NO_EFFECT": ("优惠券 X 对这一单不适用", "Coupon X does nothing here"),
    "RETURN_NEEDS_MANAGER": ("已超过 7 天，请店长办理", "After 7 days a manager takes them back"),
    "REFUND_CHANGED": ("应退 1 元，请确认", "The refund is another; please confirm"),
    "STOCK_BELOW_RESERVED": ("调整后库存将少于已占用数量", "Less than is reserved"),
    "GUARDIAN_CONSENT_MISSING": ("需要监护人同意", "The guardian has to agree"),
    "BALANCE_LIMIT": ("储值不能超过上限", "The wallet would hold too much"),
    "COUPON_USED_UP": ("优惠券 WELCOME-1 已被使用", "Coupon WELCOME-1 has been used up"),
    "UNKNOWN_MEMBER": ("没有这位会员", "There is no such member"),
    "TASK_OF_ANOTHER": ("这件待办由其他同事负责", "Somebody else is looking after this task"),
    "PHONE_TAKEN": ("该手机号已是会员", "This phone belongs to a member already"),
}


@functools.cache
def _checked(document: str) -> DocumentNode:
    """What is asked for, once the schema has it: the same documents come thousands of times."""
    parsed = parse(document)
    assert not (mistakes := validate(SCHEMA, parsed)), mistakes
    return parsed


class Shop(ToDo):
    """One store with a dress and a coat, one member, 10% off everything.

    `broken` names fields whose next answers are lost after the work was done; `down` answers
    nothing at all; `refuse` maps a field to the refusal of its next call.
    """

    fields: ClassVar[dict[str, str]] = {
        "activateDevice": "activate_device", "signInWithPin": "sign_in", "refresh": "refresh",
        "signOut": "sign_out", "stores": "stores", "members": "members", "member": "member",
        "noticesInForce": "notices", "registerMember": "register", "skus": "skus",
        "whereElse": "where_else", "coupons": "coupons", "quote": "quote",
        "placeOrder": "place_order", "statement": "statement", **ToDo.answers,
    }  # fmt: skip
    """The fields of the schema that are answered, and the methods that do."""

    def __init__(self) -> None:
        super().__init__()
        self.percent_off = 10
        self.known_stores = [
            {"id": STORE, "code": "S01", "name": "静安店", "currency": "CNY",
             "timeZone": "Asia/Shanghai"}
        ]  # fmt: skip
        self.roles = ["ASSOCIATE"]
        self.orders: dict[str, dict[str, Any]] = {}
        self.inputs: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.broken: dict[str, int] = {}
        self.refuse: dict[str, tuple[str, dict[str, str]]] = {}
        self.down = False
        self.slow = 0.0
        self.generation = 1
        self.access_seconds = 900
        self.staff = STAFF
        self.expired: set[str] = set()
        self.booked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.returned: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.news: dict[str, asyncio.Queue[Any]] = {
            "orderBooked": self.booked, "returnBooked": self.returned,
            **{topic: asyncio.Queue() for topic in ("taskChanged", "stockChanged", "orderChanged")},
        }  # fmt: skip
        self.silent = False
        self.people = {"13800001111": person("某乙", "13800001111", CARD)}
        self.pieces = {
            DRESS_EAN: piece(1, "真丝连衣裙", "红", "M", DRESS_EAN, 29800, 5),
            "6901234567908": piece(2, "羊毛大衣", "驼色", "L", "6901234567908", 129900, 2),
        }

    # The transport.

    async def post(self, body: dict[str, Any], token: str | None) -> tuple[int, dict[str, Any]]:
        await asyncio.sleep(self.slow)
        if self.down:
            raise Unreachable("down")
        if token in self.expired or (token and token != f"access-{self.generation}"):
            error = {"message": "", "extensions": {"code": "UNAUTHENTICATED"}}
            return 401, {"data": None, "errors": [error]}
        LIMITS.get(body["query"], body["variables"])
        root = {name: self._resolver(name) for name in self.fields}
        document = _checked(body["query"])
        result = execute_sync(SCHEMA, document, root, variable_values=body["variables"])
        refused = [error.formatted for error in result.errors or [] if error.extensions]
        if refused:
            return 200, {"data": None, "errors": refused}
        assert not result.errors, result.errors
        for field in list(self.broken):
            if result.data and field in result.data and self.broken[field]:
                self.broken[field] -= 1
                raise Unreachable("the answer was lost")
        return 200, {"data": result.data}

    async def subscribe(
        self, document: str, variables: dict[str, Any], token: str
    ) -> AsyncIterator[dict[str, Any]]:
        if self.silent:
            raise Unreachable("no socket")
        if token != f"access-{self.generation}":
            raise SignedOut
        topic = next(each for each in self.news if each in document)
        while (told := await self.news[topic].get()) is not None:
            yield {topic: told}
        raise Unreachable("the socket was cut")

    def tell(self, topic: str, told: dict[str, Any] | None) -> None:
        """News of a subscription; None cuts it."""
        self.news[topic].put_nowait(told)

    def kept(self) -> dict[str, Any]:
        """What a device of this shop keeps, on which somebody has signed in."""
        tokens = {"access": "access-1", "refresh": "refresh-1", "expires_at": 2**40}
        staff = {"id": self.staff, "name": "店员甲", "number": "1001", "roles": self.roles}
        device = {"deviceId": DEVICE, "deviceSecret": "secret", "deviceCode": "D1",
                  "storeId": STORE, "storeName": "静安店"}  # fmt: skip
        return {"tokens": tokens, "staff": staff, "device": device, "store": self.stores()[0]}

    def count(self, field: str) -> int:
        return self.asked.count(field)

    def _resolver(self, name: str) -> Callable[..., Any]:
        def resolve(_info: Any, **arguments: Any) -> Any:
            self.asked.append(name)
            if name in self.refuse:
                code, parameters = self.refuse.pop(name)
                return {"refusal": refusal(code, parameters)}
            return getattr(self, self.fields[name])(**arguments)

        return resolve

    # The fields.

    def activate_device(self, input: dict[str, Any]) -> Any:  # noqa: A002
        if input["activationCode"] != "1234567890":
            return {"refusal": refusal("ACTIVATION_REJECTED")}
        return {
            "deviceActivated": {
                "deviceId": DEVICE, "deviceSecret": "secret", "deviceCode": "D1",
                "storeId": STORE, "storeName": "静安店",
            }
        }  # fmt: skip

    def sign_in(self, input: dict[str, Any]) -> Any:  # noqa: A002
        if input["pin"] != "2580":
            return {"refusal": refusal("SIGN_IN_FAILED", {"attempts_left": "4"})}
        return self._signed_in()

    def refresh(self, input: dict[str, Any]) -> Any:  # noqa: A002
        if input["refreshToken"] != f"refresh-{self.generation}":
            return {"refusal": refusal("REFRESH_REJECTED")}
        self.generation += 1
        return self._signed_in()

    def sign_out(self, input: dict[str, Any]) -> Any:  # noqa: A002
        return {"done": True}

    def stores(self) -> Any:
        return self.known_stores

    def members(self, query: str) -> Any:
        return [
            found
            for phone, found in self.people.items()
            if phone.endswith(query) or found["name"].startswith(query)
            or found["cardCode"] == query.upper()
        ]  # fmt: skip

    def member(self, id: str) -> Any:  # noqa: A002
        return next((p for p in self.people.values() if p["id"] == id), None)

    def notices(self) -> Any:
        """HQ has published what members agree to; of marketing there is no notice yet."""
        return [
            {
                "purpose": "MEMBERSHIP",
                "version": "2026-02",
                "textZh": "本店会员须知",
                "textEn": "Notice",
            }
        ]

    def register(self, input: dict[str, Any]) -> Any:  # noqa: A002
        made = person(input["name"], input["phone"], "M00000001A", input["memberId"])
        self.people[input["phone"]] = made
        self.inputs.append(input)
        return {"member": made}

    def skus(self, query: str, **asked: Any) -> Any:
        found = [
            sku for sku in self.pieces.values() if query in (sku["ean"], sku["code"])
            or query in sku["name"]
        ]  # fmt: skip
        return {
            "edges": [{"node": sku, "cursor": sku["id"]} for sku in found],
            "pageInfo": {"hasNextPage": False, "hasPreviousPage": False},
        }

    def where_else(self, skuId: str) -> Any:  # noqa: N803
        return [
            {"storeId": OTHER_STORE, "available": 3, "store": {"name": "徐汇店"}},
        ]

    def coupons(self, codes: list[str], memberId: str | None = None) -> Any:  # noqa: N803
        return [
            {"code": code, "nameZh": "新人券", "nameEn": "Welcome"}
            for code in codes if code == "WELCOME-1"
        ]  # fmt: skip

    def quote(self, lines: list[dict[str, Any]], **basket: Any) -> Any:
        return {"quote": self._priced(lines, basket.get("memberId"))}

    def place_order(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        if input["orderId"] in self.orders:
            return {"order": self.orders[input["orderId"]]}
        quote = self._priced(input["lines"], input["memberId"])
        if quote["totalMinor"] != input["totalMinor"]:
            return {"refusal": refusal("PRICE_CHANGED"), "quote": quote}
        order = self._order(input, quote)
        self.orders[input["orderId"]] = order
        if input["memberId"]:
            self._book(order)
        return {"order": order}

    def statement(self, account: str, **asked: Any) -> Any:
        edges = [
            {"node": {"documentId": order["id"], "amount": "268", "balanceAfter": "1468"}}
            for order in self.orders.values()
            if order["memberId"] == asked["memberId"] and account == "POINTS"
        ]
        return {"edges": edges}

    # What they are made of.

    def _book(self, order: dict[str, Any]) -> None:
        """The member's balance and the news agree, whichever of them the app comes to see."""
        account = next(p for p in self.people.values() if p["id"] == order["memberId"])["account"]
        account["points"] += order["pointsExpected"]
        if not self.silent:
            self.booked.put_nowait(booked(order, account["points"]))

    def _signed_in(self) -> Any:
        return {
            "accessToken": f"access-{self.generation}",
            "refreshToken": f"refresh-{self.generation}",
            "expiresInSeconds": self.access_seconds,
            "identity": {
                "name": "店员甲", "number": "1001", "storeId": STORE, "deviceCode": "D1",
                "caller": {"id": self.staff, "roles": self.roles},
            },
        }  # fmt: skip

    def _priced(self, lines: list[dict[str, Any]], member_id: str | None) -> Any:
        by_id = {sku["id"]: sku for sku in self.pieces.values()}
        priced = [self._line(line, by_id[line["skuId"]]) for line in lines]
        listed = sum(int(line["listMinor"]) for line in priced)
        off = sum(int(line["discountMinor"]) for line in priced)
        offer = {
            "pointsUsable": 1200, "pointsValueMinor": "1200", "minorPerHundredPoints": 100,
            "walletUsableMinor": "5000", "pointsStep": 100,
            "choices": [
                {"kind": "all", "points": 1200, "valueMinor": "1200"},
                {"kind": "round_rest", "points": 820, "valueMinor": "820"},
            ],
        }  # fmt: skip
        return {
            "currency": "CNY", "lines": priced, "listMinor": str(listed),
            "discountMinor": str(off), "totalMinor": str(listed - off), "taxMinor": "0",
            "tier": "silver" if member_id else None,
            "pointsExpected": (listed - off) // 100 if member_id else 0,
            "promotions": [
                {
                    "promotionId": PROMOTION, "version": 1, "nameZh": "全场九折",
                    "nameEn": "10% off", "discountMinor": str(off), "couponCode": None,
                }
            ] if off else [],
            "offer": offer if member_id else None,
        }  # fmt: skip

    def _line(self, line: dict[str, Any], sku: dict[str, Any]) -> Any:
        listed = int(sku["priceMinor"]) * line["quantity"]
        off = listed * self.percent_off // 100
        reason = {
            "promotionId": PROMOTION, "version": 1, "nameZh": "全场九折", "nameEn": "10% off",
            "code": "APPLIED", "amountMinor": str(off), "textZh": "每件九折",
            "textEn": "10% off each piece",
        }  # fmt: skip
        return {
            "line": line["line"], "skuId": sku["id"], "styleId": sku["styleId"],
            "skuCode": sku["code"], "name": sku["name"], "category": "裙装",
            "colour": sku["colour"], "size": sku["size"], "quantity": line["quantity"],
            "unitListMinor": sku["priceMinor"], "listMinor": str(listed),
            "discountMinor": str(off), "netMinor": str(listed - off), "taxBasisPoints": 1300,
            "taxMinor": "0", "reasons": [reason] if off else [],
        }  # fmt: skip

    def _order(self, input_: dict[str, Any], quote: dict[str, Any]) -> Any:
        change = sum(
            int(tender["givenMinor"]) - int(tender["amountMinor"])
            for tender in input_["tenders"] if tender.get("givenMinor")
        )  # fmt: skip
        balances = {"points": 1200, "walletPrincipalMinor": "4000", "walletBonusMinor": "1000"}
        return {
            **quote, "id": input_["orderId"], "status": "PLACED",
            "receiptNumber": f"S01-D1-{len(self.orders) + 1:06d}", "storeId": STORE,
            "placedAt": "2026-03-01T10:00:00+00:00", "businessDate": "2026-03-01",
            "memberId": input_["memberId"], "tenders": input_["tenders"],
            "changeMinor": str(change), "balances": balances if input_["memberId"] else None,
        }  # fmt: skip


def person(
    name: str, phone: str, card: str, id_: str = "0190a000-0000-7000-8000-0000000000aa"
) -> Any:
    return {
        "id": id_, "name": name, "cardCode": card,
        "phoneMasked": f"+86 {phone[:3]}****{phone[-4:]}",
        "account": {
            "points": 1200, "pointsHeld": 0, "walletPrincipalMinor": "4000",
            "walletBonusMinor": "1000", "walletHeldMinor": "0", "currency": "CNY",
            "tier": "silver", "tierNameZh": "银卡", "tierNameEn": "Silver",
            "nextTierNameZh": "金卡", "nextTierNameEn": "Gold", "missing": "1000",
            "nudge": True, "basis": "spend",
        },
    }  # fmt: skip


def piece(
    number: int, name: str, colour: str, size: str, ean: str, price: int, available: int
) -> Any:
    return {
        "id": f"0190a000-0000-7000-8000-0000000001{number:02d}",
        "styleId": f"0190a000-0000-7000-8000-0000000002{number:02d}",
        "code": f"A{number:03d}-{size}", "styleCode": f"A{number:03d}", "name": name,
        "category": "裙装", "colour": colour, "size": size, "ean": ean,
        "priceMinor": str(price), "currency": "CNY", "available": available,
    }  # fmt: skip


def refusal(code: str, parameters: dict[str, str] | None = None) -> Any:
    zh, en = REFUSALS[code]
    pairs = [{"name": name, "value": value} for name, value in (parameters or {}).items()]
    return {
        "code": code, "message": zh, "messageZh": zh, "messageEn": en, "parameters": pairs,
    }  # fmt: skip


def booked(order: dict[str, Any], points_after: int) -> dict[str, Any]:
    return {
        "orderId": order["id"], "memberId": order["memberId"],
        "pointsEarned": order["pointsExpected"], "pointsSpent": 0, "walletSpentMinor": "0",
        "pointsAfter": points_after, "walletAfterMinor": "5000",
        "voided": False,
    }  # fmt: skip
