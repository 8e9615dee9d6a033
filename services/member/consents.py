"""Consents: what a person agreed to or refused, per purpose, channel and version of the notice.

The ledger is the proof (PIPL, articles 13-17): who recorded it, in which store, when. A withdrawal
is one more row, never a change of an old one.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from services.member.models import ConsentGiven
from shared.contracts.member import Consent
from shared.errors import Refusal
from shared.seal import Caller, ScopeKind


def require_membership(consents: Sequence[Consent]) -> None:
    """Raise `Refusal("CONSENT_MISSING")` unless membership is agreed to on some channel.

    What is said twice about one purpose and channel counts as it was said last.
    """
    last = {(consent.purpose, consent.channel): consent.granted for consent in consents}
    if not any(granted for (purpose, _), granted in last.items() if purpose == "membership"):
        raise Refusal("CONSENT_MISSING")


def record(
    session: Session,
    caller: Caller,
    member_id: UUID,
    store_id: UUID | None,
    consents: Sequence[Consent],
) -> None:
    """Append to the ledger, as one statement."""
    if not consents:
        return
    rows = [
        {
            "member_id": member_id,
            "purpose": consent.purpose,
            "channel": consent.channel,
            "notice_version": consent.notice_version,
            "granted": consent.granted,
            "recorded_by": caller.id,
            "recorded_by_kind": caller.kind,
            "store_id": store_id,
        }
        for consent in consents
    ]
    session.execute(insert(ConsentGiven).values(rows))


def store_of(caller: Caller) -> UUID | None:
    """The store a caller works in, where their scope says it."""
    return caller.scope_id if caller.scope_kind is ScopeKind.STORE else None
