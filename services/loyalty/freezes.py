"""Freezing points or wallet of a lost phone or card, and lifting that (单用途商业预付卡管理办法).

A person is frozen under every id: the accounts of all who were merged with the member, so that an
undo gives nothing away, and a lift leaves nothing behind. A frozen account refuses holds, top-ups,
refunds and pay-outs. What is a fact is booked: orders on their way settle, returns are credited,
points expire.
"""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import carrying, documents, ledger
from services.loyalty.accounts import account_of
from services.loyalty.ledger import Balance
from services.loyalty.models import Store
from shared import outbox, stores
from shared.contracts.loyalty import Account
from shared.contracts.loyalty.wallet import AccountFrozen, FreezeAccount, UnfreezeAccount
from shared.errors import Refusal
from shared.seal import Caller

_KINDS = {"points": ["points"], "wallet": ["principal", "bonus"]}


def freeze_account(session: Session, caller: Caller, command: FreezeAccount) -> Account:
    """Freeze at once; the same id again changes nothing, also when it was lifted since.

    Raises `Refusal`: UNKNOWN_MEMBER, ENTRY_ID_TAKEN, UNKNOWN_STORE, STORE_CLOSED; `Forbidden`
    outside the caller's stores.
    """
    return _set(session, caller, command, frozen=True)


def unfreeze_account(session: Session, caller: Caller, command: UnfreezeAccount) -> Account:
    """Lift a freeze; raises as `freeze_account` does."""
    return _set(session, caller, command, frozen=False)


def refuse_frozen(*balances: Balance) -> None:
    """Raise `Refusal("ACCOUNT_FROZEN")` if one of these is frozen."""
    if any(balance.frozen for balance in balances):
        raise Refusal("ACCOUNT_FROZEN")


def _set(
    session: Session, caller: Caller, command: FreezeAccount | UnfreezeAccount, *, frozen: bool
) -> Account:
    store = stores.require_store(session, Store, caller, command.store_id)
    documents.alone(session, command.id)
    now = datetime.now(UTC)
    before = session.execute(_FIND, {"id": command.id}).one_or_none()
    if before is not None:
        told = (before.member_id, before.account, before.frozen, before.reason, before.store_id)
        asked = (command.member_id, command.account, frozen, command.reason, command.store_id)
        if told != asked:
            raise Refusal("ENTRY_ID_TAKEN")
        return account_of(session, command.member_id, now)
    member_id = _require_accounts(session, command.member_id, store.currency)
    group = documents.all_of(session, member_id)
    locked = ledger.lock(session, group)
    accounts = [each.account_id for each in locked if each.kind in _KINDS[command.account]]
    session.execute(_FREEZE, {"accounts": accounts, "frozen": frozen})
    if not frozen:
        carrying.carry_entangled(session, [member_id], now)
    session.execute(
        _RECORD,
        {
            "id": command.id,
            "member_id": command.member_id,
            "account": command.account,
            "frozen": frozen,
            "also_ids": [id_ for id_ in group if id_ != command.member_id],
            "reason": command.reason,
            "store_id": command.store_id,
            "staff_id": caller.id,
            "now": now,
        },
    )
    event = AccountFrozen(
        freeze_id=command.id,
        member_id=command.member_id,
        store_id=command.store_id,
        account=command.account,
        frozen=frozen,
    )
    outbox.emit(session, (event, command.id, 1))
    return account_of(session, command.member_id, now)


def _require_accounts(session: Session, member_id: UUID, currency: str) -> UUID:
    """A member whose accounts are still to be opened gets them; any currency will do. Returns the
    member the id stands for."""
    known = session.execute(_CURRENCY, {"member_id": member_id}).one_or_none()
    own = known.currency if known and known.currency else currency
    return documents.open_for(session, member_id, own)


_FIND = text("SELECT * FROM freezes WHERE id = :id")
_CURRENCY = text(
    "SELECT s.currency FROM members m JOIN members s"
    " ON s.member_id = coalesce(m.survivor_id, m.member_id) WHERE m.member_id = :member_id"
)
_FREEZE = text("UPDATE balances SET frozen = :frozen WHERE account_id = ANY(:accounts)")
_RECORD = text(
    "INSERT INTO freezes (id, member_id, account, frozen, also_ids, reason, store_id, staff_id,"
    " at) VALUES (:id, :member_id, :account, :frozen, :also_ids, :reason, :store_id, :staff_id,"
    " :now)"
)
