"""Requests as clients send them: answers, refusals, faults, and everything malformed."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

from gateway.app import Gateway
from gateway.limits import Buckets
from shared.contracts.campaign import PricedLine
from shared.contracts.directory import ListStores, Store, Stores
from shared.contracts.inventory import FindSkus, Sku
from shared.contracts.loyalty import Account, Accounts, GetAccounts
from shared.contracts.member import FindMembers, Member, Members
from shared.contracts.order import CancelOrder, PlaceOrder, Quote
from shared.errors import Forbidden, Refusal, Unavailable
from shared.paging import Page
from shared.seal import Role
from tests.gateway.conftest import FakeRpc, ask

pytestmark = pytest.mark.anyio
Token = Callable[..., str]
STORE = Store(
    id=uuid4(), code="S001", name="一店", brand_id=uuid4(), region_id=uuid4(), region_name="华东",
    franchisee_id=None, franchisee_name=None, legal_entity="公司", time_zone="Asia/Shanghai",
    currency="CNY", active=True,
)  # fmt: skip
PLACE = """mutation($input: PlaceOrderInput!) { placeOrder(input: $input) {
    order { id } refusal { code message messageZh messageEn parameters { name value } }
    quote { totalMinor } } }"""
CANCEL = """mutation($input: CancelOrderInput!) { cancelOrder(input: $input) {
    order { id } refusal { code messageZh } } }"""


def order_input(**changes: Any) -> dict[str, Any]:
    return {
        "orderId": str(uuid4()), "storeId": str(STORE.id), "totalMinor": "10000",
        "lines": [{"line": 1, "skuId": str(uuid4()), "quantity": 1}],
        "tenders": [{"kind": "CASH", "amountMinor": "10000", "givenMinor": "20000"}],
        **changes,
    }  # fmt: skip


async def test_a_query_is_answered_in_the_callers_name(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token
) -> None:
    rpc.answers[ListStores] = Stores(items=[STORE])
    answer = await ask(client, "{ stores { id name } }", token(Role.AUDITOR))
    assert answer == {"data": {"stores": [{"id": str(STORE.id), "name": "一店"}]}}
    (caller,) = rpc.callers
    assert caller is not None
    assert caller.roles == {Role.AUDITOR}


async def test_lists_are_connections(client: httpx.AsyncClient, rpc: FakeRpc, token: Token) -> None:
    sku = Sku(
        id=uuid4(), style_id=uuid4(), code="C", style_code="SC", name="裙", category="dress",
        colour="红", size="M", ean=None, tax_basis_points=1300, price_minor=26_800, currency="CNY",
    )  # fmt: skip
    rpc.answers[FindSkus] = Page(items=[sku], cursors=["abc"], has_next=True)
    answer = await ask(
        client,
        """query($s: ID!) { skus(storeId: $s, query: "裙", first: 1) {
            edges { cursor node { priceMinor } } pageInfo { hasNextPage endCursor } } }""",
        token(), s=str(STORE.id),
    )  # fmt: skip
    assert answer["data"]["skus"] == {
        "edges": [{"cursor": "abc", "node": {"priceMinor": "26800"}}],
        "pageInfo": {"hasNextPage": True, "endCursor": "abc"},
    }


async def test_members_accounts_are_asked_for_once(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token
) -> None:
    ids = [uuid4() for _ in range(5)]
    rpc.answers[FindMembers] = Members(items=[
        msgspec.convert({
            "id": i, "version": 1, "card_code": "C", "name": "会员", "phone_masked": "+86 1",
            "source_channel": "walk-in", "home_store_id": STORE.id, "sizes": {"top": "M"},
            "registered_at": "2026-01-01T00:00:00Z",
        }, Member) for i in ids
    ])  # fmt: skip
    rpc.answers[GetAccounts] = lambda command: Accounts(items=[
        Account(
            member_id=i, currency="CNY", points=n, points_held=0, wallet_principal_minor=0,
            wallet_bonus_minor=0, wallet_held_minor=0, tier=None, tier_name_zh=None,
            tier_name_en=None, progress=0, next_tier=None, next_tier_name_zh=None,
            next_tier_name_en=None, missing=None, nudge=False, basis=None, ladder_version=None,
        ) for n, i in enumerate(command.member_ids)
    ])  # fmt: skip
    answer = await ask(
        client, '{ members(query: "会员") { sizes { name value } account { points } } }', token()
    )
    found = answer["data"]["members"]
    assert [member["account"]["points"] for member in found] == [0, 1, 2, 3, 4]
    assert found[0]["sizes"] == [{"name": "top", "value": "M"}]
    assert sum(isinstance(command, GetAccounts) for command in rpc.asked) == 1


async def test_a_mutation_is_converted_and_refused_in_words(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token
) -> None:
    quote = Quote(currency="CNY", lines=[], list_minor=12_000, discount_minor=0,
                  total_minor=12_000, tax_minor=0)  # fmt: skip
    encoded = msgspec.json.encode(quote).decode()
    rpc.answers[PlaceOrder] = Refusal("PRICE_CHANGED", {"total_minor": "12000", "quote": encoded})
    answer = await ask(client, PLACE, token(), input=order_input())
    payload = answer["data"]["placeOrder"]
    assert payload["order"] is None
    assert payload["refusal"]["code"] == "PRICE_CHANGED"
    assert "120.00" in payload["refusal"]["messageZh"]
    assert "120.00" in payload["refusal"]["messageEn"]
    assert payload["quote"] == {"totalMinor": "12000"}
    (command,) = rpc.asked
    assert isinstance(command, PlaceOrder)
    assert command.tenders[0].given_minor == 20_000
    assert command.tenders[0].kind == "cash"


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (Forbidden("FORBIDDEN_ROLE"), "FORBIDDEN_ROLE", "FORBIDDEN"),
        (Forbidden("FORBIDDEN_SCOPE"), "FORBIDDEN_SCOPE", "FORBIDDEN"),
        (Unavailable("order"), "UNAVAILABLE", "REFUSED"),
    ],
)
async def test_faults_and_rights_are_errors(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token, error: Exception, code: str, kind: str
) -> None:
    rpc.answers[CancelOrder] = error
    answer = await ask(
        client, CANCEL, token(), input={"orderId": str(uuid4()), "reason": "顾客反悔"}
    )
    (shown,) = answer["errors"]
    assert shown["extensions"]["code"] == code
    assert shown["extensions"]["kind"] == kind
    assert shown["extensions"]["messageZh"]


async def test_an_unforeseen_fault_is_masked(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token
) -> None:
    rpc.answers[ListStores] = KeyError("a secret of ours")
    answer = await ask(client, "{ stores { id } }", token())
    (shown,) = answer["errors"]
    assert shown["extensions"] == {"code": "INTERNAL"}
    assert "secret" not in str(answer)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"orderId": "no uuid"}, "$.order_id"),
        ({"totalMinor": "-1"}, "$.total_minor"),
        ({"totalMinor": str(10**15)}, "$.total_minor"),
        ({"currency": "rmb"}, "$.currency"),
        ({"couponCodes": ["\x00"]}, "$.coupon_codes[0]"),
        ({"couponCodes": ["x" * 41]}, "$.coupon_codes[0]"),
        ({"occurredAt": None, "memberId": "🙂"}, "$.member_id"),
    ],
)
async def test_bad_input_is_a_typed_refusal(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token, changes: dict[str, Any], field: str
) -> None:
    answer = await ask(client, PLACE, token(), input=order_input(**changes))
    refusal = answer["data"]["placeOrder"]["refusal"]
    assert refusal["code"] == "INVALID_INPUT"
    assert {"name": "field", "value": field} in refusal["parameters"]
    assert rpc.asked == []


async def test_variables_that_do_not_fit_are_the_clients_fault(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token
) -> None:
    for bad in (order_input(channel="MARS"), order_input(lines=3), {"orderId": "x"}):
        answer = await ask(client, PLACE, token(), input=bad)
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert rpc.asked == []


async def test_without_a_token_nothing_is_asked(client: httpx.AsyncClient, rpc: FakeRpc) -> None:
    answer = await ask(client, "{ stores { id } }")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert rpc.asked == []


@pytest.mark.parametrize("header", ["Bearer x.y.z", "Bearer ", "Basic abc", "Bearer " + "x" * 5000])
async def test_a_bad_token_is_401(client: httpx.AsyncClient, rpc: FakeRpc, header: str) -> None:
    response = await client.post(
        "/graphql", json={"query": "{ stores { id } }"}, headers={"Authorization": header}
    )
    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert rpc.asked == []


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "BAD_REQUEST"),
        (b"{", 400, "BAD_REQUEST"),
        (b"[]", 400, "BAD_REQUEST"),
        (b'{"query": 1}', 400, "BAD_REQUEST"),
        (b'{"query": "{ \xff }"}', 400, "BAD_REQUEST"),
        (b"[" * 15_000, 400, "BAD_REQUEST"),
        (b'{"query": "{ stores "}', 400, "GRAPHQL_PARSE_FAILED"),
        (b'{"query": "{ nothing }"}', 400, "GRAPHQL_VALIDATION_FAILED"),
        (b'{"query": "subscription { stockChanged(storeId: 1) { storeId } }"}', 400, "BAD_REQUEST"),
        (b" " * 30_000, 413, "TOO_LARGE"),
    ],
)
async def test_malformed_requests(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token, content: bytes, status: int, code: str
) -> None:
    response = await client.post(
        "/graphql", content=content,
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token()}"},
    )  # fmt: skip
    assert response.status_code == status
    assert response.json()["errors"][0]["extensions"]["code"] == code
    assert rpc.asked == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ members(query: \"x\") { associate { id } homeStore { id } "
         + "account { " * 12 + "points" + " }" * 12 + " } }", "TOO_DEEP"),
        ("{ " + " ".join(
            f"a{n}: auditLog(first: 200) {{ edges {{ node {{ type subject detail }} }} }}"
            for n in range(40)) + " }", "TOO_COSTLY"),
        ("{ stores { id } " + "#" * 20_001 + "\n}", "TOO_LARGE"),
        ("{ " + "stores { id } " * 3_000 + "}", "TOO_LARGE"),
        ("query { ...a } fragment a on Query { ...a }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)  # fmt: skip
async def test_queries_that_would_cost_too_much(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token, gateway: Any, query: str, code: str
) -> None:
    object.__setattr__(gateway.values, "body_limit_bytes", 200_000)
    answer = await ask(client, query, token())
    assert answer["errors"][0]["extensions"]["code"] == code
    assert rpc.asked == []


async def test_too_many_requests(
    client: httpx.AsyncClient, gateway: Gateway, rpc: FakeRpc, token: Token
) -> None:
    gateway.buckets = Buckets(rate=0, burst=3)
    rpc.answers[ListStores] = Stores(items=[])
    mine, other = token(), token()
    answers = [await ask(client, "{ stores { id } }", mine) for _ in range(4)]
    assert ["errors" in answer for answer in answers] == [False, False, False, True]
    assert answers[3]["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert "errors" not in await ask(client, "{ stores { id } }", other)


def test_a_bucket_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("gateway.limits.time", SimpleNamespace(monotonic=lambda: now))
    buckets = Buckets(rate=2, burst=3)
    assert [buckets.take("a") for _ in range(4)] == [True, True, True, False]
    now += 1
    assert [buckets.take("a") for _ in range(3)] == [True, True, False]


async def test_priced_lines_carry_their_reasons(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Token
) -> None:
    from shared.contracts.campaign import Reason
    from shared.contracts.order import GetQuote

    reason = Reason(promotion_id=uuid4(), version=2, name_zh="九折", name_en="10% off",
                    code="APPLIED", amount_minor=1_000, text_zh="已减 ¥10.00",
                    text_en="-10.00")  # fmt: skip
    line = PricedLine(
        line=1, sku_id=uuid4(), style_id=uuid4(), sku_code="C", name="裙", category="dress",
        colour="红", size="M", quantity=1, unit_list_minor=10_000, list_minor=10_000,
        discount_minor=1_000, net_minor=9_000, tax_basis_points=1300, tax_minor=1_035,
        reasons=[reason],
    )  # fmt: skip
    rpc.answers[GetQuote] = Quote(currency="CNY", lines=[line], list_minor=10_000,
                                  discount_minor=1_000, total_minor=9_000,
                                  tax_minor=1_035)  # fmt: skip
    answer = await ask(
        client,
        """query($s: ID!, $lines: [BasketLineInput!]!) { quote(storeId: $s, lines: $lines) {
            quote { totalMinor lines { reasons { code textZh amountMinor } } }
            refusal { code } } }""",
        token(), s=str(STORE.id), lines=[{"line": 1, "skuId": str(line.sku_id), "quantity": 1}],
    )  # fmt: skip
    assert answer["data"]["quote"]["quote"] == {
        "totalMinor": "9000",
        "lines": [
            {"reasons": [{"code": "APPLIED", "textZh": "已减 ¥10.00", "amountMinor": "1000"}]}
        ],
    }
