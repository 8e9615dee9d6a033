"""An installation that had data before campaign kept copies of it: what migrations tell again."""

from collections.abc import Callable
from itertools import groupby
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import insert, text

from infra import migrations
from infra.comparisons import COMPARISONS
from infra.comparisons.side_by_side import lay_side_by_side
from infra.failure import Failure
from services.campaign import models as campaign
from services.campaign.service import CampaignService
from services.directory.models import Staff
from services.member.models import Profile, Store
from shared.contracts import Event
from shared.contracts.directory import StaffChanged
from shared.contracts.inventory import StockDiscrepancy
from shared.contracts.member.associates import AssociatesChanged, LookedAfter
from shared.database import Database
from shared.ids import new_id
from shared.inbox import BATCH, apply, decode
from shared.outbox import emit

BEFORE = {"directory": "0008", "member": "0019", "inventory": "0002"}
"""The version of each owner that has not told its facts to campaign."""
HEARD: dict[str, tuple[type[Event], Callable[..., None]]] = {
    event.type: (event, handler)
    for event, handler in (
        (StaffChanged, CampaignService.on_staff_changed),
        (AssociatesChanged, CampaignService.on_associates_changed),
        (StockDiscrepancy, CampaignService.on_stock_discrepancy),
    )
}
CHECKS = {
    "campaign's copy of the staff = directory's staff",
    "campaign's copy of who looks after members = member's",
    "every sale that went below zero has its task",
}
MEMBERS = 1_201
"""So many that two events are full and the third is not."""


class Installation:
    """Four databases as they were before the upgrade: campaign knows stores and members by their
    ids, two members of staff look after every other member, and a sale went below zero."""

    def __init__(self, own_database: Callable[..., Database], members: int) -> None:
        self.databases = {name: own_database(name) for name in (*BEFORE, "campaign")}
        self.store_id = new_id()
        self.staff_ids = [new_id(), new_id()]
        self.member_ids = sorted(new_id() for _ in range(members))
        self._hire()
        self._register()
        self._sell()
        self.set_back()

    def set_back(self) -> None:
        """As if nothing had been told yet."""
        for name, version in BEFORE.items():
            migrations.downgrade(name, self._url(name), version)

    def do(self, service: str, statement: str, **values: Any) -> list[Any]:
        with self.databases[service].transaction() as session:
            result = session.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

    def upgrade(self) -> None:
        for name in BEFORE:
            migrations.upgrade(name, self._url(name))

    def _url(self, name: str) -> str:
        return self.databases[name].engine.url.render_as_string(hide_password=False)

    def told(self, service: str) -> list[Any]:
        """What waits in the outbox of a service, in order, as its listeners will get it."""
        rows = self.do(
            service, "SELECT type, envelope FROM outbox WHERE published_at IS NULL ORDER BY id"
        )
        return [decode(row.envelope, HEARD[row.type][0]) for row in rows]

    def hear(self) -> None:
        """Campaign hears all of it, as from its queues."""
        for service in BEFORE:
            for type_, run in groupby(self.told(service), key=lambda each: each.type):
                envelopes = list(run)
                handler = HEARD[type_][1]
                for begin in range(0, len(envelopes), BATCH):
                    batch = envelopes[begin : begin + BATCH]
                    apply(self.databases["campaign"], handler.__name__, handler, batch)

    def differences(self) -> set[str]:
        """Names of the comparisons that would not be clean."""
        return {check.name for check in COMPARISONS if check.name in CHECKS and self._differ(check)}

    def copies(self) -> list[Any]:
        return [
            self.do("campaign", f"SELECT * FROM {table} ORDER BY 1, 2")
            for table in ("staff", "members", "tasks", "task_steps")
        ]

    def _differ(self, check: Any) -> bool:
        left, right = (
            [dict(row._mapping) for row in self.do(service, query)]
            for service, query in (check.left, check.right)
        )
        laid = lay_side_by_side(left, right, check.keys)
        return any(not check.agree(one, other) for _, one, other in laid)

    def _hire(self) -> None:
        with self.databases["directory"].transaction() as session:
            for number, staff_id in enumerate(self.staff_ids):
                session.execute(
                    insert(Staff).values(
                        id=staff_id, number=str(number), name="A", roles=["associate"],
                        scope_kind="store", scope_id=self.store_id, version=3, active=number == 0,
                    )
                )  # fmt: skip

    def _register(self) -> None:
        associates = [self.staff_ids[0], None]
        with self.databases["member"].transaction() as session:
            session.execute(insert(Store).values(_store(self.store_id)))
            session.execute(
                insert(Profile),
                [
                    {"id": id_, "version": 2, "event_sequence": 2, "source_channel": "store",
                     "home_store_id": self.store_id, "associate_id": associates[number % 2],
                     "card_code": str(number), "name": "顾客", "search_name": "顾客",
                     "phone_cipher": b"-", "phone_hash": number.to_bytes(32), "last_four": "0000",
                     "registration_digest": b"-"}
                    for number, id_ in enumerate(self.member_ids)
                ],
            )  # fmt: skip
        with self.databases["campaign"].transaction() as session:
            session.execute(insert(campaign.Store).values(_store(self.store_id)))
            session.execute(
                text("INSERT INTO members (id) SELECT unnest(CAST(:ids AS uuid[]))"),
                {"ids": self.member_ids},
            )

    def _sell(self) -> None:
        event = StockDiscrepancy(
            store_id=self.store_id, sku_id=new_id(), order_id=new_id(), available=-1
        )
        with self.databases["inventory"].transaction() as session:
            emit(session, (event, event.sku_id, 1))
            session.execute(text("UPDATE outbox SET published_at = now()"))


def _store(store_id: UUID) -> dict[str, Any]:
    return {
        "id": store_id, "version": 1, "code": "S1", "name": "一店", "brand_id": store_id,
        "region_id": store_id, "franchisee_id": None, "legal_entity": "公司",
        "time_zone": "Asia/Shanghai", "currency": "CNY", "active": True,
    }  # fmt: skip


def test_an_upgrade_fills_the_copies_that_are_younger_than_the_facts(
    own_database: Callable[..., Database],
) -> None:
    installation = Installation(own_database, MEMBERS)
    assert installation.differences() == CHECKS

    installation.upgrade()
    installation.hear()

    assert installation.differences() == set()
    assert [len(each.data.items) for each in installation.told("member")] == [500, 500, 201]
    copies = installation.copies()
    installation.set_back()
    installation.upgrade()
    installation.hear()
    assert installation.copies() == copies


def test_told_again_in_another_order_or_a_second_time_the_newest_stays(
    own_database: Callable[..., Database],
) -> None:
    installation = Installation(own_database, members=2)
    installation.upgrade()
    member_id, other = installation.member_ids[0], installation.member_ids[1]
    newer = [
        LookedAfter(member_id=member_id, version=3, associate_id=None),
        LookedAfter(member_id=other, version=1, associate_id=installation.staff_ids[1]),
    ]
    with installation.databases["member"].transaction() as session:
        emit(session, (AssociatesChanged(items=newer), "associates:x", 1))
    told = installation.told("member")

    handler = CampaignService.on_associates_changed
    for batch in (told[-1:], told):
        apply(installation.databases["campaign"], handler.__name__, handler, batch)
    installation.do("campaign", "DELETE FROM inbox")
    apply(installation.databases["campaign"], handler.__name__, handler, told)

    kept = installation.do(
        "campaign",
        "SELECT associate_id, associate_version, home_store_id FROM members"
        " WHERE id = ANY(:ids) ORDER BY id",
        ids=[member_id, other],
    )
    assert kept == [(None, 3, installation.store_id), (None, 2, installation.store_id)]


def test_nothing_is_migrated_beside_services_of_an_older_version(postgres_server: str) -> None:
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        migrations.create_database(connection, "chainstitch_directory")
        try:
            with psycopg.connect(
                f"{postgres_server}/chainstitch_directory",
                application_name="chainstitch-directory",
            ):
                with pytest.raises(Failure, match="older version run: directory"):
                    migrations.migrate_all(postgres_server)
            names = connection.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, 'chainstitch_')"
            ).fetchall()
        finally:
            connection.execute("DROP DATABASE chainstitch_directory WITH (FORCE)")

    assert names == [("chainstitch_directory",)]
