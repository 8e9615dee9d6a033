"""Proposals: what one person wants to book by hand above a limit waits for another.

Nothing is booked before somebody else approves, within the scope of the store it was asked for.
What becomes of it is in `decisions`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from services.loyalty import rules
from services.loyalty.accounts import account_of
from services.loyalty.documents import KINDS, ByHand
from services.loyalty.models import Proposal as ProposalRow
from services.loyalty.models import Store
from shared import outbox
from shared.contracts.loyalty import Account, AdjustPoints, ApprovalRule
from shared.contracts.loyalty.proposals import AdjustmentProposed, ListProposals, Proposal
from shared.contracts.loyalty.wallet import PayOutWallet
from shared.errors import Forbidden
from shared.paging import Page, decode_moment, page_of
from shared.seal import Caller
from shared.stores import find_store, stores_within

_LIMIT_OF = {AdjustPoints: "points", PayOutWallet: "pay_out_minor"}


class Wanted(NamedTuple):
    """What a command would book: signed, of points or minor units; `size` is held to the limit."""

    amount: int
    size: int
    currency: str | None
    other_member_id: UUID | None = None


def held_back(
    session: Session, caller: Caller, command: Any, wanted: Wanted, now: datetime
) -> Account | None:
    """Write a proposal if the command is above what the caller may book alone; None: it is not.

    The answer is the account as it is, with the id of the proposal.
    """
    found = rules.in_force(session, "approval", now)
    version, rule = found or (None, ApprovalRule())
    limit = limit_of(rule, caller, command)
    if wanted.size <= limit:
        return None
    account = account_of(session, command.member_id, now)
    answer = msgspec.structs.replace(account, proposal_id=command.id)
    kind = KINDS[type(command)]
    row: dict[str, Any] = {
        "id": command.id,
        "kind": kind,
        "member_id": command.member_id,
        "other_member_id": wanted.other_member_id,
        "store_id": command.store_id,
        "currency": wanted.currency,
        "amount": wanted.amount,
        "at_most": limit,
        "rule_version": version,
        "reason": command.reason,
        "content": msgspec.json.encode(command).decode(),
        "answer": msgspec.json.encode(answer).decode(),
        "proposed_by": caller.id,
        "now": now,
        "lapses_at": now + timedelta(hours=rule.lapse_hours),
    }
    session.execute(_PROPOSE, row)
    event = AdjustmentProposed(
        proposal_id=command.id,
        kind=row["kind"],
        member_id=command.member_id,
        store_id=command.store_id,
        amount=wanted.amount,
        rule_version=version,
    )
    outbox.emit(session, (event, command.id, 1))
    return answer


def limit_of(rule: ApprovalRule, caller: Caller, command: ByHand) -> int:
    """The most the caller may book alone: of several roles the widest counts."""
    limits = [rule.roles[role] for role in caller.roles if role in rule.roles] or [rule.others]
    name = _LIMIT_OF.get(type(command), "wallet_minor")
    return max(int(getattr(limit, name)) for limit in limits)


def list_proposals(session: Session, caller: Caller, command: ListProposals) -> Page[Proposal]:
    """Proposals within the caller's scope, newest first.

    Raises `Refusal("UNKNOWN_STORE")`, `Forbidden` for a store out of scope,
    `InvalidInput("INVALID_CURSOR")`.
    """
    table = ProposalRow.__table__
    now = datetime.now(UTC)
    query = select(table).order_by(table.c.proposed_at.desc(), table.c.id.desc())
    if command.store_id is not None:
        if not find_store(session, Store, command.store_id).within(caller):
            raise Forbidden("FORBIDDEN_SCOPE")
        query = query.where(table.c.store_id == command.store_id)
    else:
        within = select(Store.id).where(stores_within(Store, caller))
        query = query.where(table.c.store_id.in_(within))
    if not command.all:
        query = query.where(table.c.decided_at.is_(None), table.c.lapses_at > now)
    if command.after is not None:
        at, id_ = decode_moment(command.after)
        query = query.where(
            (table.c.proposed_at < at) | ((table.c.proposed_at == at) & (table.c.id < id_))
        )
    rows: Sequence[Row[Any]] = session.execute(query.limit(command.first + 1)).all()
    found = [shown(row, now) for row in rows]
    return page_of(found, command.first, lambda each: (each.proposed_at.isoformat(), str(each.id)))


def shown(row: Row[Any], now: datetime) -> Proposal:
    """A row as its contract shows it."""
    if row.decided_at is not None:
        status = "approved" if row.approved else "rejected"
    else:
        status = "open" if row.lapses_at > now else "lapsed"
    return msgspec.convert(
        {
            **row._mapping,
            "status": status,
            "proposed_at": row.proposed_at.astimezone(UTC),
            "lapses_at": row.lapses_at.astimezone(UTC),
            "decided_at": row.decided_at and row.decided_at.astimezone(UTC),
        },
        Proposal,
    )


_PROPOSE = text(
    "INSERT INTO proposals (id, kind, member_id, other_member_id, store_id, currency, amount,"
    " at_most, rule_version, reason, content, answer, proposed_by, proposed_at, lapses_at)"
    " VALUES (:id, :kind, :member_id, :other_member_id, :store_id, :currency, :amount, :at_most,"
    " :rule_version, :reason, CAST(:content AS jsonb), CAST(:answer AS jsonb), :proposed_by, :now,"
    " :lapses_at)"
)
