"""Second pair of eyes: above a limit nothing is booked by hand before another person approves."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.loyalty import corrections, decisions, payouts, points, proposals, transfers
from shared.contracts.loyalty import AdjustPoints, ApprovalRule, PointsAdjusted
from shared.contracts.loyalty.proposals import (
    AdjustmentProposed,
    DecideProposal,
    ListProposals,
    ProposalDecided,
)
from shared.contracts.loyalty.wallet import AdjustWallet, PayOutWallet, TransferWallet
from shared.contracts.loyalty.wallet_rules import HandLimit
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role
from tests.services.loyalty.conftest import Shop, caller


def give(shop: Shop, member_id: UUID, amount: int, **fields: Any) -> AdjustPoints:
    values = {"id": new_id(), "store_id": shop.store_id, "member_id": member_id, "points": amount}
    return AdjustPoints(**({"reason": "forgot the card"} | values | fields))


def propose(shop: Shop, member_id: UUID, amount: int = 5_001) -> AdjustPoints:
    command = give(shop, member_id, amount)
    answer = points.adjust_points(shop.session, shop.manager, command)
    assert answer.proposal_id == command.id
    return command


def decide(
    shop: Shop, by: Caller, id_: UUID, approve: bool = True, now: datetime | None = None
) -> Any:
    command = DecideProposal(proposal_id=id_, approve=approve, note="looked at it")
    return decisions.decide(shop.session, by, command, now or datetime.now(UTC))


def refused(shop: Shop, act: Any) -> str:
    before = shop.everything()
    with pytest.raises(Refusal) as caught:
        act()
    assert shop.everything() == before
    return caught.value.code


def listed(shop: Shop, by: Caller, **fields: Any) -> list[Any]:
    page = proposals.list_proposals(shop.session, by, ListProposals(**fields))
    return [each.id for each in page.items]


def test_up_to_the_limit_one_person_is_enough(shop: Shop, member_id: UUID) -> None:
    answer = points.adjust_points(shop.session, shop.manager, give(shop, member_id, 5_000))

    assert (answer.points, answer.proposal_id) == (5_000, None)


def test_above_the_limit_it_waits_for_another_person(shop: Shop, member_id: UUID) -> None:
    command = propose(shop, member_id)

    assert shop.account(member_id).points == 0
    assert shop.events(PointsAdjusted) == []
    [told] = shop.events(AdjustmentProposed)
    assert (told.data.proposal_id, told.data.amount) == (command.id, 5_001)
    decided = decide(shop, shop.hq, command.id)
    assert (decided.status, decided.decided_by) == ("approved", shop.hq.id)
    assert (decided.amount, decided.at_most, decided.currency) == (5_001, 5_000, None)
    assert shop.account(member_id).points == 5_001
    [told] = shop.events(ProposalDecided)
    assert (told.data.approved, told.data.proposed_by) == (True, shop.manager.id)
    asked = shop.session.execute(text("SELECT staff_id FROM documents")).scalar_one()
    assert asked == shop.manager.id
    assert shop.differences() == {}


def test_asked_again_a_proposal_keeps_its_answer_also_once_it_is_booked(
    shop: Shop, member_id: UUID
) -> None:
    command = give(shop, member_id, -5_001)
    shop.fill(member_id, points=6_000)
    first = points.adjust_points(shop.session, shop.manager, command)
    before = shop.everything()
    assert points.adjust_points(shop.session, shop.manager, command) == first
    assert shop.everything() == before
    decided = decide(shop, shop.hq, command.id)
    before = shop.everything()

    assert points.adjust_points(shop.session, shop.manager, command) == first
    assert decide(shop, shop.hq, command.id) == decided
    assert shop.everything() == before
    assert shop.account(member_id).points == 999
    other = give(shop, member_id, 6_000, id=command.id)
    code = refused(shop, lambda: points.adjust_points(shop.session, shop.manager, other))
    assert code == "ENTRY_ID_TAKEN"


def test_nobody_decides_upon_their_own(shop: Shop, member_id: UUID) -> None:
    command = propose(shop, member_id)

    assert refused(shop, lambda: decide(shop, shop.manager, command.id)) == "SAME_PERSON"
    assert refused(shop, lambda: decide(shop, shop.manager, command.id, False)) == "SAME_PERSON"
    with pytest.raises(IntegrityError, match="four_eyes"):
        shop.session.execute(
            text(
                "UPDATE proposals SET decided_by = proposed_by, decided_at = proposed_at,"
                " approved = true"
            )
        )


def test_what_was_rejected_is_not_booked_and_not_decided_upon_again(
    shop: Shop, member_id: UUID
) -> None:
    command = propose(shop, member_id)
    other = caller(Role.STORE_MANAGER, shop.store_id)

    assert decide(shop, other, command.id, approve=False).status == "rejected"

    assert shop.account(member_id).points == 0
    assert refused(shop, lambda: decide(shop, shop.hq, command.id)) == "PROPOSAL_DECIDED"
    assert refused(shop, lambda: decide(shop, other, command.id)) == "PROPOSAL_DECIDED"
    assert refused(shop, lambda: decide(shop, shop.hq, new_id())) == "UNKNOWN_PROPOSAL"
    assert shop.differences() == {}


def test_a_proposal_lapses(shop: Shop, member_id: UUID) -> None:
    shop.publish(ApprovalRule(others=HandLimit(points=0), lapse_hours=1))
    command = propose(shop, member_id, 1)
    later = datetime.now(UTC) + timedelta(hours=1, seconds=1)

    assert listed(shop, shop.hq) == [command.id]
    assert refused(shop, lambda: decide(shop, shop.hq, command.id, now=later)) == "PROPOSAL_LAPSED"


def test_what_can_no_longer_be_booked_stays_open(shop: Shop, member_id: UUID) -> None:
    command = propose(shop, member_id, -5_001)

    assert refused(shop, lambda: decide(shop, shop.hq, command.id)) == "NOT_ENOUGH_POINTS"
    shop.fill(member_id, points=5_001)
    assert decide(shop, shop.hq, command.id).status == "approved"
    assert shop.account(member_id).points == 0


def test_limits_go_by_role_and_the_widest_counts(shop: Shop, member_id: UUID) -> None:
    shop.publish(
        ApprovalRule(
            others=HandLimit(points=10),
            roles={Role.STORE_MANAGER: HandLimit(points=20), Role.HQ_OPERATIONS: HandLimit()},
        )
    )
    ours = {"scope_kind": shop.manager.scope_kind, "scope_id": shop.store_id}
    both = Caller(
        kind="staff", id=new_id(), roles=frozenset({Role.STORE_MANAGER, Role.HQ_OPERATIONS}), **ours
    )  # fmt: skip
    owner = caller(Role.FRANCHISE_OWNER, shop.store_id)
    cases = [
        (owner, 11, True),
        (shop.manager, 20, False),
        (shop.manager, 21, True),
        (both, 21, False),
    ]
    for who, amount, waits in cases:
        answer = points.adjust_points(shop.session, who, give(shop, member_id, amount))
        assert (answer.proposal_id is not None) == waits


def test_each_sees_and_decides_upon_what_is_in_scope(shop: Shop, member_id: UUID) -> None:
    ours = propose(shop, member_id)
    theirs = give(shop, member_id, 9_000, store_id=shop.franchised_id)
    points.adjust_points(shop.session, shop.hq, theirs)
    there = caller(Role.STORE_MANAGER, shop.franchised_id)

    assert listed(shop, shop.hq) == [theirs.id, ours.id]
    assert listed(shop, shop.manager) == [ours.id]
    assert listed(shop, there) == [theirs.id]
    assert listed(shop, shop.hq, store_id=shop.store_id) == [ours.id]
    with pytest.raises(Forbidden):
        listed(shop, there, store_id=shop.store_id)
    with pytest.raises(Forbidden):
        decide(shop, there, ours.id)
    decide(shop, there, theirs.id)
    assert listed(shop, there) == []
    assert listed(shop, there, all=True) == [theirs.id]
    page = proposals.list_proposals(shop.session, shop.hq, ListProposals(all=True, first=1))
    rest = ListProposals(all=True, first=1, after=page.cursors[0])
    assert page.has_next
    [last] = proposals.list_proposals(shop.session, shop.hq, rest).items
    assert last.id == ours.id


def test_the_wallet_by_hand_waits_too_and_money_out_always(shop: Shop, member_id: UUID) -> None:
    shop.fill(member_id, wallet_minor=200_000)
    heir = shop.register()
    base = {"store_id": shop.store_id, "member_id": member_id, "reason": "reason"}
    pay = PayOutWallet(id=new_id(), principal_minor=1, tender="cash", **base)
    fix = AdjustWallet(id=new_id(), principal_minor=-50_000, bonus_minor=1, **base)
    move = TransferWallet(id=new_id(), to_member_id=heir, principal_minor=50_001, **base)
    before = shop.account(member_id)
    for act, command in (
        (payouts.pay_out_wallet, pay),
        (corrections.adjust_wallet, fix),
        (transfers.transfer_wallet, move),
    ):
        asked: Any = command
        answer = act(shop.session, shop.manager, asked)  # type: ignore[operator]
        assert answer.proposal_id == asked.id
    assert shop.account(member_id) == before

    for id_ in (pay.id, fix.id, move.id):
        decide(shop, shop.hq, id_)

    after = shop.account(member_id)
    assert (after.wallet_principal_minor, after.wallet_bonus_minor) == (99_998, 1)
    assert shop.account(heir).wallet_principal_minor == 50_001
    assert shop.differences() == {}
