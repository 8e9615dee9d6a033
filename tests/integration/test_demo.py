"""The demo on a real stack: filled once, whole, and no more by a second run."""

import asyncio
import json
from typing import Any

import pytest

from infra.api import Api
from tests.conftest import RunningStack

FILL_SECONDS = 600


@pytest.fixture(scope="module")
def shown(stack: RunningStack) -> dict[str, Any]:
    done = stack.run("demo", "--detach", "--json", seconds=FILL_SECONDS)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def notes(stack: RunningStack, shown: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads((stack.state / "demo.json").read_text()))


def test_the_page_says_how_to_ring_something_up(shown: dict[str, Any]) -> None:
    assert shown["urls"]["app"].startswith("http://")
    assert len(shown["pieces"]) == 4
    assert all(piece["available"] > 0 for piece in shown["pieces"])
    assert shown["member"]["account"]["points"] > 0
    assert int(shown["member"]["account"]["walletPrincipalMinor"]) > 0


def test_an_associate_signs_in_and_finds_member_piece_and_coupon(
    stack: RunningStack, shown: dict[str, Any], notes: dict[str, Any]
) -> None:
    async def ring_up() -> dict[str, Any]:
        async with Api(stack.urls["app"]) as till:
            store = notes["stores"][0]
            clerk = next(p for p in notes["staff"] if p["number"] == "0102")
            answer = await till.change(
                "activateDevice", "deviceActivated { deviceId deviceSecret }",
                activationCode=shown["activation_code"],
            )  # fmt: skip
            device = answer["deviceActivated"]
            await till.sign_in(
                "signInWithPin", staffNumber=clerk["number"], pin=clerk["pin"], **device
            )
            found = await till.ask(
                "query($phone: String!, $ean: String!, $store: ID!) {"
                " members(query: $phone) { id } skus(query: $ean, storeId: $store)"
                " { edges { node { id } } } }",
                phone=notes["members"][0]["phone"], ean=shown["pieces"][3]["ean"],
                store=store["id"],
            )  # fmt: skip
            quoted = await till.ask(
                "query($store: ID!, $member: ID!, $line: BasketLineInput!, $code: String!)"
                " { quote(storeId: $store, memberId: $member, lines: [$line],"
                " couponCodes: [$code]) { quote { promotions { couponCode } } refusal"
                " { code messageEn } } }",
                store=store["id"], member=found["members"][0]["id"], code=notes["coupon"],
                line={"line": 1, "skuId": found["skus"]["edges"][0]["node"]["id"], "quantity": 1},
            )  # fmt: skip
            return dict(quoted["quote"]["quote"])

    quote = asyncio.run(ring_up())

    assert notes["coupon"] in [each["couponCode"] for each in quote["promotions"]]


def test_a_second_run_shows_the_page_and_adds_nothing(
    stack: RunningStack, shown: dict[str, Any], rows: Any
) -> None:
    before = rows("order", "SELECT count(*), sum(total_minor) FROM orders")

    again = stack.run("demo", "--detach", "--json")

    assert again.returncode == 0, again.stderr
    assert rows("order", "SELECT count(*), sum(total_minor) FROM orders") == before
    second = json.loads(again.stdout.splitlines()[-1])
    assert second["activation_code"] != shown["activation_code"]
    assert second["pieces"] == shown["pieces"]


def test_the_databases_of_the_demo_agree(stack: RunningStack, shown: dict[str, Any]) -> None:
    audit = stack.run("audit", "--json")

    assert json.loads(audit.stdout.splitlines()[-1])["differences"] == []
