"""The organisation: 12 stores in 3 regions, 4 of them franchised, and the people who work there."""

import hashlib
import random
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from infra.demo import dice, id_of, words


@dataclass(frozen=True, slots=True)
class Place:
    """A store with what the demo has to know of it; `traffic` is how busy it is, 1 on average."""

    code: str
    name: str
    city: str
    traffic: float
    input: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.input["id"])

    @property
    def client_id(self) -> str:
        """The till software of another make, through which the past of this store is told."""
        return id_of(f"client:{self.code}")

    @property
    def device(self) -> dict[str, str]:
        return {"id": id_of(f"device:{self.code}"), "storeId": self.id, "name": "收银手机"}


@dataclass(frozen=True, slots=True)
class Person:
    """One of the staff. Secrets are made from the state folder's own, so no two installations
    share them."""

    number: str
    name: str
    job: str
    role: str
    scope_kind: str
    scope_id: str | None
    store: str | None
    secret: str = field(repr=False)

    @property
    def id(self) -> str:
        return id_of(f"staff:{self.number}")

    @property
    def pin(self) -> str:
        """Four different digits that are no simple row."""
        numbers = random.Random(f"{self.secret}:{self.number}")
        while True:
            digits = numbers.sample(range(10), 4)
            steps = {(b - a) % 10 for a, b in pairwise(digits)}
            if len(steps) > 1:
                return "".join(map(str, digits))

    @property
    def password(self) -> str | None:
        """For those who work at a desk."""
        if self.store:
            return None
        return hashlib.sha256(f"{self.secret}:{self.number}".encode()).hexdigest()[:12]

    def input(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "number": self.number,
            "name": self.name,
            "roles": [self.role],
            "scopeKind": self.scope_kind,
            "scopeId": self.scope_id,
            "pin": self.pin,
            "password": self.password,
        }


def brand() -> dict[str, str]:
    code, name = words.BRAND
    return {"id": id_of("brand"), "code": code, "name": name}


def regions() -> list[dict[str, str]]:
    return [
        {"id": id_of(f"region:{code}"), "brandId": id_of("brand"), "code": code, "name": name}
        for code, name in words.REGIONS
    ]


def franchisees() -> list[dict[str, str]]:
    return [
        {"id": id_of(f"franchisee:{code}"), "code": code, "name": name, "legalEntity": entity}
        for code, name, entity in words.FRANCHISEES
    ]


def places() -> list[Place]:
    entities = {code: entity for code, _, entity in words.FRANCHISEES}
    return [
        Place(code, name, city, traffic, {
            "id": id_of(f"store:{code}"),
            "regionId": id_of(f"region:{region}"),
            "franchiseeId": id_of(f"franchisee:{owner}") if owner else None,
            "code": code,
            "name": name,
            "legalEntity": entities.get(owner or "", words.HEADQUARTERS),
        })
        for code, name, region, owner, traffic, city in words.STORES
    ]  # fmt: skip


def staff(secret: str) -> list[Person]:
    """A manager and two associates a store, and those above them."""
    numbers = dice("staff")

    def person(
        number: str, job: str, role: str, kind: str, scope: str | None, store: str | None = None
    ) -> Person:
        named = full_name(numbers, female=numbers.random() < 0.7)
        return Person(number, named, job, role, kind, scope, store, secret)

    made = []
    for place in places():
        shop = place.code.removeprefix("S")
        made.append(person(f"{shop}01", "店长", "STORE_MANAGER", "STORE", place.id, place.code))
        made += [
            person(f"{shop}0{n}", "导购", "ASSOCIATE", "STORE", place.id, place.code)
            for n in (2, 3)
        ]
    for number, (code, name) in enumerate(words.REGIONS, 1):
        scope = id_of(f"region:{code}")
        made.append(person(f"900{number}", f"{name}区域经理", "REGION_MANAGER", "REGION", scope))
    for number, (code, name, _) in enumerate(words.FRANCHISEES, 1):
        scope = id_of(f"franchisee:{code}")
        made.append(person(f"910{number}", f"{name}商", "FRANCHISE_OWNER", "FRANCHISEE", scope))
    made.append(person("9201", "总部运营", "HQ_OPERATIONS", "CHAIN", None))
    made.append(person("9301", "审计", "AUDITOR", "CHAIN", None))
    return made


def full_name(numbers: random.Random, female: bool) -> str:
    """A surname and one or two characters."""
    given = words.GIVEN_FEMALE if female else words.GIVEN_MALE
    count = 2 if numbers.random() < 0.8 else 1
    return numbers.choice(words.SURNAMES) + "".join(numbers.sample(given, count))
