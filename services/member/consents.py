"""Consents: what a person agreed to or refused, per purpose, channel and version of the notice.

The ledger is the proof (PIPL, articles 13-17): who recorded it, how, in which store, when. A
withdrawal is one more row, never a change of an old one; `consent_states` is what counts now. Who
a person is, is known chain-wide; marketing may be agreed to for one franchisee's stores only, and
that is seen where that franchisee is (PIPL 23, K40).
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.member import notices
from services.member.models import ConsentGiven, ConsentState, Store
from shared.contracts.member.consents import Consent, ConsentFact, Consents, RecordedConsent
from shared.errors import Refusal
from shared.seal import Caller, ScopeKind
from shared.stores import stores_within

_KEY = ("member_id", "purpose", "channel", "franchisee_id")


def require_membership(consents: Sequence[Consent]) -> None:
    """Raise `Refusal("CONSENT_MISSING")` unless membership is agreed to on some channel.

    What is said twice about one purpose and channel counts as it was said last.
    """
    last = {(consent.purpose, consent.channel): consent.granted for consent in consents}
    if not any(granted for (purpose, _), granted in last.items() if purpose == "membership"):
        raise Refusal("CONSENT_MISSING")


def require_fit(session: Session, consents: Sequence[Consent]) -> None:
    """Raise `Refusal` for what nobody can agree to: NOTICE_NOT_IN_FORCE, CONSENT_NOT_LIMITED,
    UNKNOWN_FRANCHISEE."""
    notices.require_in_force(session, consents)
    for consent in consents:
        if consent.franchisee_id is None:
            continue
        if consent.purpose != "marketing":
            raise Refusal("CONSENT_NOT_LIMITED")
        theirs = select(Store.id).where(Store.franchisee_id == consent.franchisee_id).limit(1)
        if session.scalar(theirs) is None:
            raise Refusal("UNKNOWN_FRANCHISEE", {"franchisee_id": consent.franchisee_id})


def record(
    session: Session,
    caller: Caller,
    member_id: UUID,
    store_id: UUID | None,
    consents: Sequence[Consent],
    document_id: UUID | None = None,
) -> list[ConsentFact]:
    """Append to the ledger, and have it count; two statements. What others are to be told of it."""
    if not consents:
        return []
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
            "proof": consent.proof,
            "device_id": caller.device_id,
            "franchisee_id": consent.franchisee_id,
            "document_id": document_id,
        }
        for consent in consents
    ]
    columns = (ConsentGiven.id, *(getattr(ConsentGiven, name) for name in _KEY))
    added = session.execute(insert(ConsentGiven).values(rows).returning(*columns)).all()
    newest: dict[tuple[Any, ...], int] = {}
    for id_, *key in added:
        newest[tuple(key)] = max(id_, newest.get(tuple(key), 0))
    last = {(each.purpose, each.channel, each.franchisee_id): each for each in consents}
    _have_it_count(session, newest, last)
    return [
        ConsentFact(
            purpose=each.purpose,
            channel=each.channel,
            franchisee_id=each.franchisee_id,
            granted=each.granted,
        )
        for each in last.values()
    ]


def be_stricter(
    session: Session, caller: Caller, survivor_id: UUID, merged_id: UUID
) -> list[dict[str, Any]]:
    """Have the survivor refuse what the other refuses, as rows of the ledger; both proofs stay.

    Returns what `as_before` needs to know of them.
    """
    own, others = standing(session, survivor_id), standing(session, merged_id)
    made = []
    for key in sorted(own.keys() & others.keys(), key=str):
        agreed, refused = own[key], others[key]
        if agreed.granted and not refused.granted:
            answer = _answer_of(refused, granted=False)
            record(session, caller, survivor_id, store_of(caller), [answer])
            made.append(
                {
                    "id": standing(session, survivor_id)[key].consent_id,
                    "notice_version": agreed.notice_version,
                }
            )
    return made


def as_before(
    session: Session, caller: Caller, survivor_id: UUID, made: Sequence[dict[str, Any]]
) -> None:
    """Agree again to what only a merge had refused, where nothing else was said since."""
    newest = {row.consent_id: row for row in standing(session, survivor_id).values()}
    for each in made:
        row = newest.get(each["id"])
        if row is not None:
            answer = _answer_of(row, granted=True, notice_version=each["notice_version"])
            record(session, caller, survivor_id, store_of(caller), [answer])


def standing(session: Session, member_id: UUID) -> dict[tuple[Any, ...], Row[Any]]:
    """A member's own answers that count, by purpose, channel and franchisee."""
    rows = session.execute(
        select(ConsentGiven.__table__, ConsentState.consent_id)
        .join(ConsentState, ConsentState.consent_id == ConsentGiven.id)
        .where(ConsentState.member_id == member_id)
    )
    return {(row.purpose, row.channel, row.franchisee_id): row for row in rows}


def _answer_of(row: Row[Any], **changes: Any) -> Consent:
    given = {
        "purpose": row.purpose,
        "channel": row.channel,
        "notice_version": row.notice_version,
        "franchisee_id": row.franchisee_id,
    }
    return Consent(**given | changes)


def store_of(caller: Caller) -> UUID | None:
    """The store a caller works in, where their scope says it."""
    return caller.scope_id if caller.scope_kind is ScopeKind.STORE else None


def read(session: Session, caller: Caller, member_id: UUID) -> Consents:
    """What a member agreed to, as far as the caller may see it (K40)."""
    rows = session.execute(
        select(ConsentGiven.__table__, ConsentState.consent_id)
        .outerjoin(ConsentState, ConsentState.consent_id == ConsentGiven.id)
        .where(ConsentGiven.member_id == member_id, _seen_by(caller))
        .order_by(ConsentGiven.id.desc())
    ).all()
    shown = [(row.consent_id is not None, _shown(row)) for row in rows]
    return Consents(
        member_id=member_id,
        current=[each for counts, each in shown if counts],
        history=[each for _, each in shown],
    )


def _have_it_count(
    session: Session,
    newest: dict[tuple[Any, ...], int],
    last: dict[tuple[Any, ...], Consent],
) -> None:
    states = [
        dict(zip(_KEY, key, strict=True)) | {"consent_id": id_, "granted": last[key[1:]].granted}
        for key, id_ in newest.items()
    ]
    statement = insert(ConsentState).values(states)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=_KEY,
            set_={
                "consent_id": func.greatest(ConsentState.consent_id, statement.excluded.consent_id),
                "granted": statement.excluded.granted,
            },
            where=ConsentState.consent_id < statement.excluded.consent_id,
        )
    )


def _seen_by(caller: Caller) -> ColumnElement[bool]:
    if caller.scope_kind is ScopeKind.CHAIN:
        return true()
    own = select(Store.franchisee_id).where(
        stores_within(Store, caller), Store.franchisee_id.is_not(None)
    )
    return or_(ConsentGiven.franchisee_id.is_(None), ConsentGiven.franchisee_id.in_(own))


def _shown(row: Any) -> RecordedConsent:
    names = RecordedConsent.__struct_fields__
    return RecordedConsent(**{name: getattr(row, name) for name in names})
