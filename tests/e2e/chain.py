"""A small chain to sell in, made through the public API as HQ makes one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from shared.ids import new_id

PIN = "7391"
OFF = {"zh": "全场九折", "en": "10% off everything"}
GOLD = {"zh": "金卡", "en": "Gold"}
CATEGORY = "裙装"
MOST_PHONES = 100
ATTEMPTS = 100
PAUSE_SECONDS = 0.1


def fresh() -> str:
    return str(new_id())


def ean(seed: str) -> str:
    digits = f"29{int(seed.replace('-', ''), 16) % 10**10:010d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


@dataclass
class Piece:
    name: str
    code: str
    colour: str
    size: str
    price_minor: int
    id: str = field(default_factory=fresh)
    style_id: str = field(default_factory=fresh)

    @property
    def ean(self) -> str:
        return ean(self.id[-8:])


class Chain:
    """One store with a clerk and three pieces, a neighbour that has stock too, 10% off here."""

    def __init__(self, graphql_url: str, admin_password: str) -> None:
        self._url = graphql_url
        self._password = admin_password
        self._token = ""
        self._numbers = iter(range(MOST_PHONES))
        self.mark = fresh()[-6:].upper()
        self.store, self.neighbour = fresh(), fresh()
        self.number = str(int(fresh()[-7:], 16) % 10**6).zfill(6)
        self.dress = Piece("真丝连衣裙", f"D{self.mark}", "酒红", "M", 29_800)
        self.coat = Piece("羊毛大衣", f"C{self.mark}", "驼色", "L", 129_900)
        self.scarf = Piece("印花方巾", f"S{self.mark}", "墨绿", "均码", 9_900)
        self.promotion = fresh()
        self.promotion_version = 0

    def phone(self, number: int) -> str:
        """A mobile number nobody has yet."""
        return f"139{self.number}{number:02d}"

    def new_phone(self) -> str:
        """Another one each time, from 00 on."""
        return self.phone(next(self._numbers))

    @property
    def pieces(self) -> list[Piece]:
        return [self.dress, self.coat, self.scarf]

    def build(self) -> "Chain":
        self._token = self._sign_in()
        self._organisation()
        self._catalogue()
        self._rules()
        self.price_off(1_000)
        return self

    def activation_code(self) -> str:
        made = self.change(
            "createDevice", "deviceCreated { activationCode }",
            id=fresh(), storeId=self.store, name="导购手机",
        )  # fmt: skip
        return str(made["deviceCreated"]["activationCode"])

    def price_off(self, basis_points: int) -> None:
        """Publish the next version of this store's promotion."""
        terms = {
            "id": self.promotion, "code": f"P{self.mark}",
            "nameZh": OFF["zh"], "nameEn": OFF["en"],
            "rule": {"type": "percentage", "off_basis_points": basis_points},
            "eligibility": {"storeIds": [self.store]},
        }  # fmt: skip
        self.change(
            "publishPromotion", "promotion { version }",
            version=self.promotion_version, promotion=terms,
        )  # fmt: skip
        self.promotion_version += 1

    def coupon(self) -> str:
        """A coupon worth 50 yuan from 100 yuan on."""
        mark = fresh()[-6:].upper()
        promotion, code = fresh(), f"NEW-{mark}"
        terms = {
            "id": promotion, "code": f"K{mark}", "nameZh": "新人立减五十",
            "nameEn": "Welcome: 50 off", "needsCoupon": True, "priority": 200,
            "rule": {"type": "amount_off", "threshold_minor": 10_000, "off_minor": 5_000},
            "eligibility": {"storeIds": [self.store]},
        }  # fmt: skip
        self.change("publishPromotion", "promotion { version }", version=0, promotion=terms)
        item = {"code": code, "promotionId": promotion, "capTotal": 5}
        self.change("issueCoupons", "coupons { code }", items=[item])
        return code

    def register(self, phone: str, name: str) -> str:
        """A member at home in the store; their card code."""
        notices = self.ask("{ noticesInForce { purpose version } }")["noticesInForce"]
        in_force = {notice["purpose"]: notice["version"] for notice in notices}
        version = in_force.get("MEMBERSHIP", "members-1")
        consent = {"purpose": "MEMBERSHIP", "noticeVersion": version, "granted": True}
        made = self.change(
            "registerMember", "member { cardCode }", memberId=fresh(), phone=phone, name=name,
            sourceChannel="store", homeStoreId=self.store, consents=[consent],
        )  # fmt: skip
        return str(made["member"]["cardCode"])

    def custom_field(self, zh: str, en: str) -> str:
        """A choice that HQ asks of members beside the usual; its key."""
        key = f"fit_{self.mark.lower()}"
        options = [
            {"key": "slim", "label_zh": "修身", "label_en": "Slim"},
            {"key": "loose", "label_zh": "宽松", "label_en": "Loose"},
        ]
        everybody = ["ASSOCIATE", "STORE_MANAGER"]
        terms = {
            "subject": "MEMBER", "key": key, "labelZh": zh, "labelEn": en,
            "kind": {"type": "choice", "options": options},
            "seenBy": everybody, "editedBy": everybody,
        }  # fmt: skip
        self.change("publishField", "field { version }", id=fresh(), field=terms)
        return key

    def papers(self) -> None:
        """A file, and a signature, that HQ asks of members."""
        for key, zh, kind in (
            (f"paper_{self.mark.lower()}", "量体单", {"type": "attachment", "kinds": ["png"]}),
            (f"consent_{self.mark.lower()}", "改衣同意书",
             {"type": "signature", "text_zh": "改衣后不退换。", "text_en": "No returns."}),
        ):  # fmt: skip
            everybody = ["ASSOCIATE", "STORE_MANAGER"]
            terms = {
                "subject": "MEMBER", "key": key, "labelZh": zh, "labelEn": key, "kind": kind,
                "seenBy": everybody, "editedBy": everybody,
            }  # fmt: skip
            self.change("publishField", "field { version }", id=fresh(), field=terms)

    def gifts(self) -> str:
        """Two things for points in the store, one of which is too dear; the code of the other."""
        mark = fresh()[-6:].upper()
        for code, zh, points in (("BAG", "帆布袋", 300), ("SCARF", "真丝方巾", 90_000)):
            item = fresh()
            body = {
                "code": f"{code}-{mark}", "kind": "GOODS", "nameZh": zh, "nameEn": code,
                "points": points, "counted": True, "storeIds": [self.store],
            }  # fmt: skip
            self.change(
                "publishMallItem", "mallItem { version }", itemId=item, version=0, body=body
            )
            self.change(
                "moveMallStock", "mallStock { left }", id=fresh(), storeId=self.store, itemId=item,
                quantity=5, reason="到货",
            )  # fmt: skip
        return f"BAG-{mark}"

    def give_points(self, member_id: str, points: int) -> None:
        self.change(
            "adjustPoints", "account { points }", id=fresh(), storeId=self.store,
            memberId=member_id, points=points, reason="活动赠送",
        )  # fmt: skip

    def top_up(self, member_id: str, minor: int) -> None:
        """A new member has an account a moment later: it is waited for."""
        self.until(lambda: self.points(member_id) is not None, "the account")
        self.change(
            "topUp", "account { points }", id=fresh(), storeId=self.store, memberId=member_id,
            currency="CNY", paidMinor=str(minor), tender="CASH",
        )  # fmt: skip

    def on_hand(self, piece: Piece) -> int:
        """How many of a piece the books have in the store."""
        document = "query($s: ID!, $k: [ID!]!) { stockLevels(storeId: $s, skuIds: $k) { onHand } }"
        level = self.ask(document, s=self.store, k=[piece.id])["stockLevels"][0]
        return int(level["onHand"])

    def empty_shelf(self, piece: Piece) -> None:
        """Count a piece down to nothing in the store."""
        lines = [{"skuId": piece.id, "quantity": -self.on_hand(piece)}]
        if not lines[0]["quantity"]:
            return
        self.change(
            "moveStock", "levels { available }", id=fresh(), storeId=self.store,
            reason="COUNTING", lines=lines,
        )  # fmt: skip

    def oversell(self, piece: Piece) -> None:
        """Another till has sold a piece that the books do not have; then more of it comes."""
        self.empty_shelf(piece)
        made = self.change(
            "createClient", "clientCreated { id clientSecret }", id=fresh(), name="收银机",
            scopeKind="STORE", scopeId=self.store,
        )["clientCreated"]  # fmt: skip
        own, self._token = self._token, ""
        document = """mutation($input: SignInClientInput!) {
            signInClient(input: $input) { accessToken refusal { code } } }"""
        input_ = {"clientId": made["id"], "clientSecret": made["clientSecret"]}
        self._token = self.ask(document, input=input_)["signInClient"]["accessToken"]
        price = str(piece.price_minor)
        self.change(
            "placeOrder", "order { id }", orderId=fresh(), storeId=self.store,
            channel="OTHER_TILL", totalMinor=price, occurredAt=datetime.now(UTC).isoformat(),
            tenders=[{"kind": "CASH", "amountMinor": price}],
            lines=[{"line": 1, "skuId": piece.id, "quantity": 1, "statedMinor": price}],
        )  # fmt: skip
        self._token = own
        self.receive(piece)

    def receive(self, piece: Piece, quantity: int = 20) -> None:
        """More of a piece comes to the store."""
        self.change(
            "moveStock", "levels { available }", id=fresh(), storeId=self.store,
            reason="RECEIVING", lines=[{"skuId": piece.id, "quantity": quantity}],
        )  # fmt: skip

    def tasks(self) -> list[dict[str, Any]]:
        """What is to be done in the store."""
        document = """query($s: ID!) { tasks(storeId: $s, first: 100) {
            edges { node { id kind skuId } } } }"""
        return [edge["node"] for edge in self.ask(document, s=self.store)["tasks"]["edges"]]

    def finish_tasks(self) -> None:
        """What other tests have left to be done is done."""
        for task in self.tasks():
            self.change("finishTask", "task { id }", id=task["id"], outcome="DONE")

    def task(self, piece: Piece) -> str | None:
        """That a piece was sold which the books did not have; None: nobody has to look into it."""
        found = self.tasks()
        about = ("STOCK_DISCREPANCY", piece.id)
        return next((str(n["id"]) for n in found if (n["kind"], n["skuId"]) == about), None)

    def points(self, member_id: str) -> int | None:
        """None while the account of a new member is still to come."""
        document = "query($id: ID!) { member(id: $id) { account { points } } }"
        account = self.ask(document, id=member_id)["member"]["account"]
        return int(account["points"]) if account else None

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for what comes by event."""
        for _ in range(ATTEMPTS):
            if holds():
                return
            time.sleep(PAUSE_SECONDS)
        raise AssertionError(f"{what} did not come")

    def member_by_phone(self, phone: str) -> dict[str, Any]:
        document = "query($q: String!) { members(query: $q) { id cardCode name } }"
        found: dict[str, Any] = self.ask(document, q=phone)["members"][0]
        return found

    def orders(self) -> list[dict[str, Any]]:
        document = """query($s: ID!) { orders(storeId: $s, first: 50) {
            edges { node { id status totalMinor receiptNumber } } } }"""
        return [edge["node"] for edge in self.ask(document, s=self.store)["orders"]["edges"]]

    def change(self, operation: str, answer: str, **input_: Any) -> dict[str, Any]:
        kind = f"{operation[0].upper()}{operation[1:]}Input!"
        document = (
            f"mutation($input: {kind}) {{ {operation}(input: $input) "
            f"{{ {answer} refusal {{ code messageEn }} }} }}"
        )
        payload: dict[str, Any] = self.ask(document, input=input_)[operation]
        assert payload["refusal"] is None, (operation, payload["refusal"])
        return payload

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        body = {"query": document, "variables": variables}
        answer = self._post(body)
        if self._token and _has_ended(answer):  # a slow run outlasts a token
            self._token = ""
            self._token = self._sign_in()
            answer = self._post(body)
        assert not answer.get("errors"), answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        answer: dict[str, Any] = httpx.post(
            self._url, json=body, headers=headers, timeout=30
        ).json()
        return answer

    def _sign_in(self) -> str:
        document = """mutation($input: SignInWithPasswordInput!) {
            signInWithPassword(input: $input) { accessToken refusal { code } } }"""
        input_ = {"staffNumber": "admin", "password": self._password}
        return str(self.ask(document, input=input_)["signInWithPassword"]["accessToken"])

    def _organisation(self) -> None:
        brand, region = fresh(), fresh()
        self.change("createBrand", "created { id }", id=brand, code=f"B{self.mark}", name="织云")
        self.change(
            "createRegion", "created { id }", id=region, brandId=brand, code=f"R{self.mark}",
            name="华东",
        )  # fmt: skip
        for number, (store, name) in enumerate(
            ((self.store, "静安嘉里店"), (self.neighbour, "徐汇港汇店"))
        ):
            self.change(
                "saveStore", "created { id }", id=store, regionId=region,
                code=f"{self.mark}{number}", name=name, legalEntity="织云服饰有限公司",
            )  # fmt: skip
        self.change(
            "saveStaff", "created { id }", id=fresh(), number=self.number, name="店员甲",
            roles=["STORE_MANAGER"], scopeKind="STORE", scopeId=self.store, pin=PIN,
        )  # fmt: skip

    def _catalogue(self) -> None:
        items = [
            {
                "id": piece.style_id, "code": piece.code, "name": piece.name,
                "category": CATEGORY, "listPriceMinor": str(piece.price_minor),
                "skus": [
                    {
                        "id": piece.id, "code": f"{piece.code}-1", "colour": piece.colour,
                        "size": piece.size, "ean": piece.ean,
                    }
                ],
            }
            for piece in self.pieces
        ]  # fmt: skip
        self.change("saveStyles", "stylesSaved { ids }", items=items)
        for store, quantity in ((self.store, 20), (self.neighbour, 3)):
            lines = [{"skuId": piece.id, "quantity": quantity} for piece in self.pieces]
            self.change(
                "moveStock", "levels { available }", id=fresh(), storeId=store,
                reason="RECEIVING", lines=lines,
            )  # fmt: skip

    def _rules(self) -> None:
        tiers = [
            {"code": "silver", "name_zh": "银卡", "name_en": "Silver", "threshold": 0},
            {
                "code": "gold", "threshold": 30_000,
                "name_zh": GOLD["zh"], "name_en": GOLD["en"],
            },
        ]  # fmt: skip
        for body in (
            {"type": "earn", "minor_per_point": 100},
            {"type": "spend", "minor_per_hundred_points": 100},
            {"type": "ladder", "basis": "spend", "tiers": tiers, "nudge_basis_points": 8_000},
            {"type": "wallet", "spend_order": "principal_first"},
            {"type": "top_up", "steps": [], "limit_minor": 500_000},
        ):
            self.change("publishRule", "ruleVersion { version }", id=fresh(), body=body)


def _has_ended(answer: dict[str, Any]) -> bool:
    """Whether it says that nobody is signed in (any more)."""
    codes = [error.get("extensions", {}).get("code") for error in answer.get("errors") or []]
    return "UNAUTHENTICATED" in codes
