"""Six hundred members, spread over the stores as the stores are busy."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from infra.demo import dice, id_of, words
from infra.demo.chain import Place, full_name
from staff_app import notice

COUNT = 600
# Prefixes of mobile numbers; the eight digits behind them are free.
PREFIXES = ("136", "137", "138", "139", "150", "151", "158", "159", "182", "187", "188")
NOTICE = "2026-01"
OFFERS = {
    "zh": (
        "经您同意，我们用短信或微信告知新品与优惠。"
        "您可以随时在任一门店撤回同意，不影响购物与会员权益。"
    ),
    "en": (
        "If you agree, we tell you of new pieces and offers by SMS or WeChat. You may withdraw in "
        "any store at any time; what you buy and your membership stay as they are."
    ),
}
CLOTHES, SHOES = ("XS", "S", "M", "M", "L", "XL"), ("36", "37", "37", "38", "39")


@dataclass(frozen=True, slots=True)
class Customer:
    """A member; `keenness` is how much more often than others this one buys."""

    store: str
    keenness: float
    tags: tuple[str, ...]
    input: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.input["memberId"])


def customers(places: list[Place]) -> list[Customer]:
    """The first belongs to the first store and buys most: the one to try things out with."""
    numbers = dice("members")
    traffic = [place.traffic for place in places]
    phones: set[str] = set()
    made = []
    for number in range(COUNT):
        place = places[0] if number == 0 else numbers.choices(places, traffic)[0]
        while (phone := numbers.choice(PREFIXES) + f"{numbers.randrange(10**8):08}") in phones:
            continue
        phones.add(phone)
        female = numbers.random() < 0.8
        shop = place.code.removeprefix("S")
        keenness = 70.0 if number == 0 else min(numbers.paretovariate(1.1), 12.0)
        tags = (numbers.choice(words.TAGS),) if numbers.random() < 0.2 else ()
        made.append(Customer(place.code, keenness, tags, {
            "memberId": id_of(f"member:{number}"),
            "phone": phone,
            "name": full_name(numbers, female),
            "sourceChannel": numbers.choice(words.CHANNELS),
            "homeStoreId": place.id,
            "associateId": id_of(f"staff:{shop}0{numbers.choice((2, 3))}"),
            "gender": "FEMALE" if female else "MALE",
            "birthday": str(date(1965, 1, 1) + timedelta(numbers.randrange(42 * 365))),
            "city": place.city,
            "sizes": [
                {"name": "top", "value": numbers.choice(CLOTHES)},
                {"name": "shoe", "value": numbers.choice(SHOES)},
            ],
            "heightCm": numbers.randrange(152, 178) + (0 if female else 10),
            "consents": [
                {"purpose": "MEMBERSHIP", "noticeVersion": NOTICE, "granted": True},
                {"purpose": "MARKETING", "channel": "SMS", "noticeVersion": NOTICE,
                 "granted": numbers.random() < 0.6},
            ],
        }))  # fmt: skip
    return made


def agreeing(member: Customer, in_force: dict[str, str]) -> dict[str, Any]:
    """The input of `registerMember`, with the versions of the notices that are in force."""
    consents = [
        consent | {"noticeVersion": in_force[consent["purpose"]]}
        for consent in member.input["consents"]
    ]
    return member.input | {"consents": consents}


def notices(since: str) -> list[dict[str, Any]]:
    """The inputs of `publishNotice`: what these members agreed to."""
    return [
        {
            "id": id_of(f"notice:{purpose}"),
            "purpose": purpose,
            "version": NOTICE,
            "textZh": text["zh"],
            "textEn": text["en"],
            "validFrom": since,
        }
        for purpose, text in (("MEMBERSHIP", notice.NOTICE), ("MARKETING", OFFERS))
    ]


def top_ups(members: list[Customer], stores: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Store code and input of `topUp`: one member in twelve has money in the wallet."""
    numbers = dice("wallet")
    return [
        (member.store, {
            "id": id_of(f"top-up:{member.id}"),
            "storeId": stores[member.store],
            "memberId": member.id,
            "currency": "CNY",
            "paidMinor": str(numbers.choice((50_000, 50_000, 100_000, 300_000))),
            "tender": "CODE",
            "reference": f"WX{numbers.randrange(10**12):012}",
        })
        for member in members[::12]
    ]  # fmt: skip
