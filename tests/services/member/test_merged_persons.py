"""What rules and erasure make of members who were merged: one person under several ids."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.member import erasures, links
from services.member.models import Identifier, Profile
from services.member.phones import Keyring
from shared.contracts.member import Member
from shared.contracts.member.erasure import ConfirmErasure, ListErasures, WithdrawErasure
from shared.contracts.member.identity import ListIdentifiers, ListMerges
from shared.errors import Refusal
from shared.seal import Caller
from tests.services.member.conftest import contents, events
from tests.services.member.tag_shop import VIP, publish, ruled, sell, settle, why
from tests.services.member.test_erasures import HQ, NOW, erased, requested
from tests.services.member.test_merging import Counter


@pytest.fixture
def counter(session: Session, keys: Keyring, manager: Caller) -> Counter:
    return Counter(session, keys, manager)


@pytest.fixture
def pair(register: Callable[..., Member], session: Session) -> tuple[Member, Member]:
    """An older member and a younger one."""
    one, other = register(), register(phone="13900000002", city="苏州")
    query = text("UPDATE members SET registered_at = registered_at - interval '1 year'"
                 " WHERE id = :id")  # fmt: skip
    session.execute(query, {"id": one.id})
    return one, other


def test_m10_a_rule_judges_the_survivor_by_what_all_have_bought(
    session: Session, counter: Counter, pair: tuple[Member, Member]
) -> None:
    one, other = pair
    publish(session, "spent >= 500000 and orders >= 2")
    publish(session, "orders_in(30) >= 2", tag="常客")
    for member in pair:
        sell(session, member.id, 250_000)
    settle(session)
    assert ruled(session, one.id) == ruled(session, other.id) == []

    merge = counter.merge(one.id, other.id)
    settle(session)

    assert (ruled(session, one.id), ruled(session, other.id)) == (sorted(["常客", VIP]), [])
    assert why(session, other.id).member_id == one.id
    assert [each.holds for each in why(session, other.id).now] == [True, True]

    counter.undo(merge.id)
    settle(session)
    assert ruled(session, one.id) == ruled(session, other.id) == []
    assert counter.differences() == {}


def test_a_merged_member_has_no_tags_of_rules_and_gets_them_back(
    session: Session, counter: Counter, pair: tuple[Member, Member]
) -> None:
    one, other = pair
    publish(session, "spent >= 100")
    sell(session, other.id, 100)
    settle(session)
    assert (ruled(session, one.id), ruled(session, other.id)) == ([], [VIP])

    merge = counter.merge(one.id, other.id)
    settle(session)
    assert (ruled(session, one.id), ruled(session, other.id)) == ([VIP], [])
    sell(session, other.id, 100)  # a till that has not heard of it
    settle(session)
    assert (ruled(session, one.id), ruled(session, other.id)) == ([VIP], [])

    counter.undo(merge.id)
    settle(session)
    assert (ruled(session, one.id), ruled(session, other.id)) == ([], [VIP])


def test_what_is_bought_under_an_old_id_counts_for_the_survivor(
    session: Session, counter: Counter, pair: tuple[Member, Member]
) -> None:
    one, other = pair
    publish(session, "orders >= 1 and known(categories)")
    counter.merge(one.id, other.id)
    settle(session)
    assert ruled(session, one.id) == []

    sell(session, other.id, 100)
    settle(session)

    assert ruled(session, one.id) == [VIP]


def test_k37_who_was_merged_is_erased_with_the_survivor(
    session: Session, keys: Keyring, manager: Caller, counter: Counter, pair: tuple[Member, Member]
) -> None:
    """K37: nothing is left under any id; identifiers and what the merge has noted go too."""
    one, other = pair
    merge = counter.merge(one.id, other.id)
    assert merge.filled == ["city"]

    erasure = erased(session, manager, other)  # asked for under the old id

    assert erasure.member_id == one.id
    for kind in ("member.erasure_confirmed", "member.erased"):
        data = [msgspec.json.decode(each)["data"] for each in events(session, kind)]
        assert [(d["member_id"], d["merged_ids"]) for d in data] == [(str(one.id), [str(other.id)])]
    gone = session.execute(select(Profile.name, Profile.phone_hash, Profile.erased_at))
    assert [(name, hash_, at is None) for name, hash_, at in gone] == [(None, None, False)] * 2
    assert session.scalars(select(Identifier.id)).all() == []
    kept = session.execute(text("SELECT reason, undo_reason, filled FROM merges")).one()
    assert tuple(kept) == ("", None, {"columns": {}, "sizes": {}, "fields": {}, "tags": []})
    assert counter.differences() == {}
    before = contents(session)
    attempts: list[Callable[[UUID], Any]] = [
        lambda id_: counter.timeline(id_),
        lambda id_: links.list_identifiers(session, keys, manager, ListIdentifiers(member_id=id_)),
        lambda id_: why(session, id_),
    ]
    for attempt in attempts:
        for member in pair:
            with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
                attempt(member.id)
    with pytest.raises(Refusal, match="MERGED_ERASED"):
        counter.undo(merge.id)
    assert contents(session) == before
    found = erasures.list_erasures(session, HQ, ListErasures(member_id=other.id))
    assert [each.id for each in found.items] == [erasure.id]


def test_nobody_is_merged_or_parted_while_an_erasure_is_open(
    session: Session,
    manager: Caller,
    counter: Counter,
    pair: tuple[Member, Member],
    register: Callable[..., Member],
) -> None:
    one, other = pair
    third = register(phone="13900000003")
    merge = counter.merge(one.id, other.id)
    erasure = requested(session, manager, one)
    before = contents(session)

    for attempt in (
        lambda: counter.merge(third.id, one.id),
        lambda: counter.undo(merge.id),
    ):
        with pytest.raises(Refusal, match="ERASURE_OPEN"):
            attempt()

    assert contents(session) == before
    erasures.withdraw(session, manager, WithdrawErasure(id=erasure.id), NOW)
    assert counter.undo(merge.id).undone_at is not None


def test_the_undone_merge_of_somebody_erased_says_nothing_of_them(
    session: Session, manager: Caller, counter: Counter, pair: tuple[Member, Member]
) -> None:
    one, other = pair
    merge = counter.merge(one.id, other.id)
    counter.undo(merge.id)

    erasure = erased(session, manager, other)

    assert erasures.confirm(session, HQ, ConfirmErasure(id=erasure.id), NOW).status == "erasing"
    shown = counter.merges(ListMerges(member_id=one.id))
    assert [(each.reason, each.undo_reason, each.filled) for each in shown] == [("", "", [])]
    assert counter.member(one.id).id == one.id
    assert counter.differences() == {}
