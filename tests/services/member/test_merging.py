"""Two members who are one: merged, and parted again (M12, K28, K35, K36)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import audit, consents, merging, profiles, purchases, search, tags, timeline
from services.member.phones import Keyring
from shared.contracts import Envelope
from shared.contracts.member import (
    Consent,
    FindMembers,
    GetMembers,
    GetTimeline,
    Member,
    RecordContact,
    TagMember,
    UpdateMember,
)
from shared.contracts.member.identity import ListMerges, Merge, MergeMembers, UndoMerge
from shared.contracts.order import OrderPlaced
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role
from tests.services.member.conftest import AGREED, contents, open_store, staff

YES = Consent(purpose="marketing", channel="sms", notice_version="2025-01", granted=True)
NO = Consent(purpose="marketing", channel="sms", notice_version="2025-02", granted=False)


class Counter:
    """A manager who merges."""

    def __init__(self, session: Session, keys: Keyring, manager: Caller) -> None:
        self.session, self.keys, self.manager = session, keys, manager

    def merge(self, first: UUID, second: UUID, **changes: Any) -> Merge:
        given = {"id": new_id(), "member_id": first, "other_id": second, "reason": "同一人"}
        command = MergeMembers(**given | changes)
        return merging.merge(self.session, self.keys, self.manager, command)

    def undo(self, merge_id: UUID) -> Merge:
        command = UndoMerge(merge_id=merge_id, reason="弄错了")
        return merging.undo(self.session, self.keys, self.manager, command)

    def merges(self, command: ListMerges) -> list[Merge]:
        return merging.list_merges(self.session, self.manager, command).items

    def member(self, member_id: UUID) -> Member:
        command = GetMembers(ids=[member_id])
        return profiles.get_members(self.session, self.keys, self.manager, command).items[0]

    def found(self, query: str) -> list[UUID]:
        command = FindMembers(query=query)
        return [m.id for m in search.find(self.session, self.keys, self.manager, command).items]

    def timeline(self, member_id: UUID) -> list[str]:
        command = GetTimeline(member_id=member_id)
        page = timeline.get_timeline(self.session, self.keys, self.manager, command)
        return [each.kind for each in page.items]

    def differences(self) -> dict[str, Any]:
        found = {n: self.session.execute(text(q)).all() for n, q in audit.CHECKS.items()}
        return {name: rows for name, rows in found.items() if rows}


@pytest.fixture
def counter(session: Session, keys: Keyring, manager: Caller) -> Counter:
    return Counter(session, keys, manager)


@pytest.fixture
def pair(register: Callable[..., Member], session: Session) -> tuple[Member, Member]:
    """An older member and a younger one, of whom each knows something the other does not."""
    old = register(name="王顾客", city="上海", sizes={"top": "M"}, consents=[AGREED, YES])
    young = register(
        name="王顾客", phone="13900000002", birthday=date(1990, 2, 28), city="苏州",
        sizes={"top": "L", "shoe": "42"}, consents=[AGREED, NO],
    )  # fmt: skip
    _registered(session, old.id, 2020)
    _registered(session, young.id, 2024)
    return old, young


def _registered(session: Session, member_id: UUID, year: int) -> None:
    session.execute(
        text("UPDATE members SET registered_at = :at WHERE id = :id"),
        {"at": datetime(year, 1, 1, tzinfo=UTC), "id": member_id},
    )


def _verified(session: Session, member_id: UUID) -> None:
    session.execute(
        text("UPDATE identifiers SET verified = true WHERE member_id = :id"), {"id": member_id}
    )


def _buy(session: Session, store_id: UUID, member_id: UUID, total_minor: int) -> None:
    order = OrderPlaced(
        order_id=new_id(), store_id=store_id, franchisee_id=None, member_id=member_id,
        staff_id=new_id(), channel="store", business_date=date(2026, 3, 14),
        placed_at=datetime(2026, 3, 14, tzinfo=UTC), currency="CNY", total_minor=total_minor,
        points_minor=0, wallet_minor=0, points=0, tier=None, lines=[], promotions=[],
        receipt_number="1", fact=False,
    )  # fmt: skip
    envelope = Envelope(
        id=new_id(), source="test", type=order.type, subject=str(order.order_id), sequence=1,
        time=order.placed_at, data=order,
    )  # fmt: skip
    purchases.on_order_placed(session, [envelope])


def test_k35_the_oldest_identified_id_survives_whoever_is_named_first(
    session: Session, counter: Counter, pair: tuple[Member, Member]
) -> None:
    old, young = pair

    first = counter.merge(young.id, old.id)
    assert (first.survivor_id, first.merged_id) == (old.id, young.id)
    counter.undo(first.id)
    _verified(session, young.id)
    second = counter.merge(old.id, young.id)
    assert (second.survivor_id, second.merged_id) == (young.id, old.id)
    counter.undo(second.id)
    _verified(session, old.id)
    assert counter.merge(young.id, old.id).survivor_id == old.id
    assert counter.differences() == {}


def test_k35_a_merged_id_stands_for_the_survivor(
    session: Session, keys: Keyring, store_id: UUID, counter: Counter,
    pair: tuple[Member, Member],
) -> None:  # fmt: skip
    old, young = pair
    counter.merge(old.id, young.id)

    assert counter.member(young.id).id == old.id
    assert counter.member(old.id).merged_ids == [young.id]
    assert counter.found("13900000002") == [old.id]
    assert counter.found(young.card_code) == [old.id]
    assert counter.found("王顾客") == [old.id]
    now = counter.member(old.id)
    update = UpdateMember(member_id=young.id, version=now.version, style="简约")
    assert profiles.update_member(session, keys, counter.manager, update).id == old.id
    written = RecordContact(id=new_id(), member_id=young.id, store_id=store_id, kind="visit")
    timeline.record_contact(session, keys, counter.manager, written)
    assert counter.timeline(old.id) == counter.timeline(young.id)
    assert counter.timeline(old.id).count("joined") == 2
    assert "visit" in counter.timeline(old.id)


def test_k28_a_card_of_either_is_a_card_of_the_one(
    counter: Counter, pair: tuple[Member, Member]
) -> None:
    old, young = pair
    merge = counter.merge(old.id, young.id)

    assert counter.found(old.card_code) == counter.found(young.card_code) == [old.id]
    counter.undo(merge.id)
    assert counter.found(young.card_code) == [young.id]


def test_k36_nothing_is_lost_and_an_undo_restores_it_all(
    session: Session, keys: Keyring, store_id: UUID, counter: Counter,
    pair: tuple[Member, Member],
) -> None:  # fmt: skip
    old, young = pair
    tag = TagMember(member_id=young.id, add=["VIP"])
    tags.tag(session, keys, counter.manager, tag)
    _buy(session, store_id, old.id, 10_000)
    _buy(session, store_id, young.id, 5_000)
    before = [counter.member(each.id) for each in pair]

    merge = counter.merge(old.id, young.id)
    one = counter.member(old.id)
    _buy(session, store_id, young.id, 2_000)

    assert merge.filled == ["birthday", "sizes.shoe", "tags"]
    assert (one.city, one.birthday, one.tags) == ("上海", date(1990, 2, 28), ["VIP"])
    assert one.sizes == {"top": "M", "shoe": "42"}
    assert (one.purchases.count, one.purchases.spent_minor) == (2, 15_000)
    late = counter.member(young.id).purchases
    assert (late.count, late.spent_minor) == (3, 17_000)
    session.execute(text("DELETE FROM member_orders WHERE total_minor = 2000"))
    session.execute(
        text("UPDATE purchase_facts SET orders = 1, spent_minor = 5000 WHERE member_id = :id"),
        {"id": young.id},
    )
    undone = counter.undo(merge.id)

    assert undone.undone_by == counter.manager.id
    for member in before:
        now = counter.member(member.id)
        assert now == member if member.id == young.id else _same(now, member)


def _same(now: Member, before: Member) -> bool:
    """All but the version, which counts on."""
    fields = [name for name in before.__struct_fields__ if name != "version"]
    return [getattr(now, name) for name in fields] == [getattr(before, name) for name in fields]


def test_what_was_changed_since_stays_at_an_undo(
    session: Session, keys: Keyring, counter: Counter, pair: tuple[Member, Member]
) -> None:
    old, young = pair
    merge = counter.merge(old.id, young.id)
    one = counter.member(old.id)
    update = UpdateMember(member_id=old.id, version=one.version, birthday=date(1991, 1, 1))
    profiles.update_member(session, keys, counter.manager, update)

    counter.undo(merge.id)

    assert counter.member(old.id).birthday == date(1991, 1, 1)
    assert counter.member(old.id).sizes == {"top": "M"}


def test_the_stricter_consent_wins_and_comes_back(
    session: Session, counter: Counter, pair: tuple[Member, Member]
) -> None:
    old, young = pair

    def agreed() -> bool:
        return bool(consents.standing(session, old.id)["marketing", "sms", None].granted)

    assert agreed()
    merge = counter.merge(old.id, young.id)
    assert not agreed()
    counter.undo(merge.id)
    assert agreed()
    assert session.scalar(text("SELECT count(*) FROM consents")) == 6


def test_a_merge_is_made_once(
    session: Session, counter: Counter, pair: tuple[Member, Member]
) -> None:
    old, young = pair
    merge = counter.merge(old.id, young.id)
    before = contents(session)

    assert counter.merge(old.id, young.id, id=merge.id) == merge
    with pytest.raises(Refusal, match="MERGE_ID_TAKEN"):
        counter.merge(old.id, young.id, id=merge.id, reason="别的")
    with pytest.raises(Refusal, match="ALREADY_ONE"):
        counter.merge(old.id, young.id)
    with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
        counter.merge(old.id, new_id())
    assert contents(session) == before
    undone = counter.undo(merge.id)
    assert counter.undo(merge.id) == undone
    with pytest.raises(Refusal, match="UNKNOWN_MERGE"):
        counter.undo(new_id())


def test_merging_needs_both_homes_in_scope(
    session: Session, keys: Keyring, counter: Counter, register: Callable[..., Member]
) -> None:
    here, there = register(), register(phone="13900000002")
    elsewhere = open_store(session)
    session.execute(
        text("UPDATE members SET home_store_id = :store WHERE id = :id"),
        {"store": elsewhere, "id": there.id},
    )
    before = contents(session)

    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        counter.merge(here.id, there.id)
    counter.manager = staff(Role.STORE_MANAGER, elsewhere)
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        counter.merge(here.id, there.id)
    assert contents(session) == before


def test_chains_resolve_to_the_last_and_come_apart_from_outside(
    session: Session, counter: Counter, register: Callable[..., Member]
) -> None:
    a, b, c = (register(phone=f"1390000000{n}") for n in range(3))
    for year, member in ((2022, a), (2021, b), (2020, c)):
        _registered(session, member.id, year)
    inner = counter.merge(a.id, b.id)
    outer = counter.merge(a.id, c.id)

    assert (inner.survivor_id, outer.survivor_id, outer.merged_id) == (b.id, c.id, b.id)
    assert [counter.member(each.id).id for each in (a, b, c)] == [c.id, c.id, c.id]
    with pytest.raises(Refusal, match="MERGE_COVERED"):
        counter.undo(inner.id)
    counter.undo(outer.id)
    assert [counter.member(each.id).id for each in (a, b, c)] == [b.id, b.id, c.id]
    counter.undo(inner.id)
    assert [counter.member(each.id).id for each in (a, b, c)] == [a.id, b.id, c.id]
    shown = merging.list_merges(session, counter.manager, ListMerges(member_id=a.id)).items
    assert [each.id for each in shown] == [inner.id]
    assert counter.differences() == {}


def test_independent_merges_are_undone_in_any_order(
    session: Session, counter: Counter, register: Callable[..., Member]
) -> None:
    one = register()
    others = [register(phone=f"1390000000{n}", city="杭州") for n in range(2)]
    _registered(session, one.id, 2020)
    first, second = (counter.merge(one.id, each.id) for each in others)
    assert (first.filled, second.filled) == (["city"], [])

    counter.undo(first.id)
    assert counter.member(one.id).city == "杭州"
    counter.undo(second.id)
    assert counter.member(one.id).city is None
