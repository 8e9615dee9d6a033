"""A chain of its own to sell in, for bench, chaos and replay: made through the public API.

What it is made of has ids that come from its name, so that a second run finds it again; it lies in
a region of its own, and its promotion is for its own stores. Every till signs in as a member of
staff of its own: the gateway's rate limit is per caller, and stays as it is.
"""

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

from infra.api import Api, Refused
from infra.failure import Failure
from infra.quiet import wait_until_quiet

A = TypeVar("A")
B = TypeVar("B")

NAMESPACE = UUID("6f0a4c0e-8f4c-5d0e-9a53-3b1c7f2d9e10")
SETTLE_SECONDS = 60
AT_ONCE = 8
LINES_AT_ONCE = 500
STYLES_AT_ONCE = 100
PIN_ATTEMPTS = 20
TIME_ZONE = "Asia/Shanghai"

RULES: tuple[dict[str, Any], ...] = (
    {"type": "earn", "minor_per_point": 100},
    {"type": "spend", "minor_per_hundred_points": 100},
    {"type": "top_up", "steps": [{"paid_minor": 50_000, "bonus_minor": 5_000}]},
    {"type": "wallet", "spend_order": "principal_first"},
    {"type": "wallet_limits", "max_balance_minor": 10**10},
    {"type": "approval", "roles": {"hq_administrator": {"points": 10**6}}},
    {
        "type": "ladder",
        "basis": "spend",
        "tiers": [
            {"code": "silver", "name_zh": "银卡", "name_en": "Silver", "threshold": 0},
            {"code": "gold", "name_zh": "金卡", "name_en": "Gold", "threshold": 500_000},
            {"code": "black", "name_zh": "黑卡", "name_en": "Black", "threshold": 5_000_000},
        ],
    },
)
"""Published where the installation has none of the kind."""


def id_of(*words: object) -> str:
    """The id that a thing of this name always has."""
    return str(uuid5(NAMESPACE, "/".join(map(str, words))))


@dataclass(frozen=True, slots=True)
class Plan:
    """`stock` gives the pieces that a store receives of the SKU with this number; `phones` is
    where its members' numbers begin."""

    name: str
    phones: int
    stores: int = 4
    tills: int = 4
    pieces: int = 40
    members: int = 200
    stock: Callable[[int], int] = lambda number: 100_000


@dataclass(frozen=True, slots=True)
class Till:
    store_id: str
    api: Api
    device_id: str = ""


@dataclass
class Trial:
    """The chain, ready to sell in. `hq` is signed in as the administrator."""

    plan: Plan
    hq: Api
    stores: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    tills: list[Till] = field(default_factory=list)
    promotion_id: str = ""


async def head_office(environment: Mapping[str, str], closing: AsyncExitStack) -> Api:
    """The API as the administrator of the whole chain."""
    api = await closing.enter_async_context(Api(environment["GATEWAY_URL"]))
    try:
        await api.sign_in(
            "signInWithPassword",
            staffNumber="admin",
            password=environment["BOOTSTRAP_ADMIN_PASSWORD"],
        )
    except Refused as error:
        raise Failure(f"the administrator could not sign in: {error.text}") from error
    return api


async def set_up(
    environment: Mapping[str, str],
    plan: Plan,
    closing: AsyncExitStack,
    tell: Callable[[str], None] = lambda step: None,
) -> Trial:
    """Make the chain of a plan, or find it again; fill its shelves; sign its tills in."""
    hq = await head_office(environment, closing)
    trial = Trial(plan, hq)
    tell("stores")
    trial.stores = await make_stores(hq, plan.name, [str(n) for n in range(1, plan.stores + 1)])
    await publish_missing_rules(hq, plan.name)
    await settled(environment)
    tell("catalogue")
    trial.pieces = await make_pieces(
        hq,
        [
            {
                "code": f"{plan.name}-{number:03}",
                "name": f"{plan.name} {number}",
                "category": f"trial {number % 5}",
                "price": 5_000 + number % 20 * 1_000,
            }
            for number in range(plan.pieces)
        ],
    )
    pieces = [(sku, plan.stock(number)) for number, sku in enumerate(trial.pieces)]
    await receive(hq, [(str(uuid4()), store, pieces) for store in trial.stores])
    trial.promotion_id = await _publish_promotion(trial)
    tell("members")
    homes = itertools.cycle(trial.stores)
    cards = [(str(n), plan.phones + n, next(homes)) for n in range(plan.members)]
    trial.members = await make_members(hq, plan.name, cards)
    tell("tills")
    for store, number in itertools.product(trial.stores, range(plan.tills)):
        api = await closing.enter_async_context(Api(environment["GATEWAY_URL"]))
        await _open_till(trial, api, store, number)
        device = id_of(plan.name, "device", store, number)
        trial.tills.append(Till(store, api, device))
    await settled(environment)
    return trial


async def settled(environment: Mapping[str, str]) -> None:
    """Wait until every service has heard of what was made."""
    if not await asyncio.to_thread(wait_until_quiet, environment, SETTLE_SECONDS):
        raise Failure(f"events are still on their way after {SETTLE_SECONDS} s: see the logs")


async def make_stores(hq: Api, name: str, codes: Sequence[str]) -> list[str]:
    """Stores of a region of their own; their ids."""
    brand, region = id_of(name, "brand"), id_of(name, "region")
    await hq.change("createBrand", "created { id }", id=brand, code=f"{name}-brand", name=name)
    await hq.change(
        "createRegion", "created { id }", id=region, brandId=brand, code=f"{name}-region", name=name
    )

    async def make(code: str) -> str:
        answer = await hq.change(
            "saveStore", "created { id }", id=id_of(name, "store", code), regionId=region,
            code=f"{name}-{code}", name=f"{name} {code}", legalEntity=name, timeZone=TIME_ZONE,
        )  # fmt: skip
        return str(answer["created"]["id"])

    return await at_once(make, codes)


async def make_pieces(hq: Api, wares: Sequence[dict[str, Any]]) -> list[str]:
    """Styles of one SKU each, from code, name, category and price; the ids of the SKUs."""
    items = [
        {
            "id": id_of(ware["code"], "style"),
            "code": ware["code"],
            "name": ware["name"],
            "category": ware["category"],
            "listPriceMinor": str(ware["price"]),
            "skus": [
                {"id": id_of(ware["code"]), "code": f"{ware['code']}-U", "colour": "-", "size": "U"}
            ],
        }
        for ware in wares
    ]

    async def save(batch: list[dict[str, Any]]) -> None:
        await hq.change("saveStyles", "stylesSaved { ids }", items=batch)

    await at_once(save, batched(items, STYLES_AT_ONCE))
    return [item["skus"][0]["id"] for item in items]


async def make_members(hq: Api, name: str, cards: Iterable[tuple[str, int, str]]) -> list[str]:
    """A member for each card, from (card, national phone number, home store); their ids."""

    notices = (await hq.ask("{ noticesInForce { purpose version } }"))["noticesInForce"]
    in_force = {notice["purpose"]: notice["version"] for notice in notices}
    consent = {
        "purpose": "MEMBERSHIP",
        "noticeVersion": in_force.get("MEMBERSHIP", "1"),
        "granted": True,
    }

    async def register(card: tuple[str, int, str]) -> str:
        code, phone, store = card
        values = {
            "memberId": id_of(name, "member", code),
            "phone": f"+86{phone}",
            "name": f"{name} {code}",
            "sourceChannel": "import",
            "homeStoreId": store,
            "consents": [consent],
        }
        answer = await hq.change("registerMember", "member { id }", **values)
        return str(answer["member"]["id"])

    return await at_once(register, cards)


async def receive(hq: Api, stock: Iterable[tuple[str, str, Sequence[tuple[str, int]]]]) -> None:
    """Fill the shelves, from (document, store, [(SKU, pieces)]); a document is booked once."""

    async def move(delivery: tuple[str, str, list[tuple[str, int]]]) -> None:
        document, store, pieces = delivery
        await hq.change(
            "moveStock", "levels { skuId }", id=document, storeId=store, reason="RECEIVING",
            lines=[{"skuId": sku, "quantity": quantity} for sku, quantity in pieces],
        )  # fmt: skip

    await at_once(
        move,
        [
            (str(uuid5(UUID(document), str(number))), store, some)
            for document, store, pieces in stock
            for number, some in enumerate(batched(pieces, LINES_AT_ONCE))
        ],
    )


async def publish_missing_rules(
    hq: Api, name: str, rules: Iterable[dict[str, Any]] = RULES
) -> None:
    """Publish rules of kinds of which the installation has none."""
    known = await hq.ask("query { loyaltyRules { kind } }")
    kinds = {rule["kind"].lower() for rule in known["loyaltyRules"]}
    for rule in rules:
        if rule["type"] not in kinds:
            id_ = id_of(name, "rule", rule["type"])
            await hq.change("publishRule", "ruleVersion { id }", id=id_, body=rule)


async def _publish_promotion(trial: Trial) -> str:
    """10% off everything in the chain's own stores."""
    name, id_ = trial.plan.name, id_of(trial.plan.name, "promotion")
    found = await trial.hq.ask("query ($id: ID) { promotions(id: $id) { version } }", id=id_)
    if not found["promotions"]:
        promotion = {
            "id": id_,
            "code": f"{name}-10",
            "nameZh": f"{name} 九折",
            "nameEn": f"{name} 10% off",
            "rule": {"type": "percentage", "off_basis_points": 1_000},
            "eligibility": {"storeIds": trial.stores},
        }
        await trial.hq.change("publishPromotion", "promotion { version }", version=0,
                              promotion=promotion)  # fmt: skip
    return id_


async def _open_till(trial: Trial, api: Api, store: str, number: int) -> None:
    """A device with a manager of its own, signed in; PIN and device secret are new every time."""
    name, hq = trial.plan.name, trial.hq
    code = f"{name}-{trial.stores.index(store) + 1}-{number + 1}"
    device = id_of(name, "device", store, number)
    created = await hq.change(
        "createDevice", "deviceCreated { activationCode }", id=device, storeId=store, name=code
    )
    activated = await hq.change(
        "activateDevice", "deviceActivated { deviceSecret }",
        activationCode=created["deviceCreated"]["activationCode"],
    )  # fmt: skip
    pin = await _save_staff(hq, id_of(name, "staff", store, number), code, store)
    await api.sign_in(
        "signInWithPin", deviceId=device, staffNumber=code, pin=pin,
        deviceSecret=activated["deviceActivated"]["deviceSecret"],
    )  # fmt: skip


async def _save_staff(hq: Api, id_: str, code: str, store: str) -> str:
    for _ in range(PIN_ATTEMPTS):
        pin = f"{secrets.randbelow(10**6):06}"
        try:
            await hq.change(
                "saveStaff", "created { id }", id=id_, number=code, name=code, pin=pin,
                roles=["STORE_MANAGER"], scopeKind="STORE", scopeId=store,
            )  # fmt: skip
        except Refused as error:
            if error.code != "WEAK_PIN":
                raise
        else:
            return pin
    raise Failure("no PIN was strong enough")


async def at_once(work: Callable[[A], Awaitable[B]], items: Iterable[A]) -> list[B]:
    """The results of some work on each item, a few at a time."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(item: A) -> B:
        async with free:
            return await work(item)

    return list(await asyncio.gather(*(one(item) for item in items)))


def batched(items: Sequence[A], size: int) -> list[list[A]]:
    return [list(items[start : start + size]) for start in range(0, len(items), size)]
