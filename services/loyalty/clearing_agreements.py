"""Agreements between legal entities: versioned, published by HQ, never in the past (K44)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.loyalty.clearing import LOCK, entity, shown
from shared import outbox
from shared.contracts.loyalty.clearing import (
    ClearingAgreement,
    ClearingAgreementPublished,
    ClearingPair,
    ClearingTerms,
    ListClearingAgreements,
    PublishClearingAgreement,
)
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.paging import Page, decode_cursor, page_of
from shared.seal import Caller, ScopeKind

_WHOLE = 10_000
_NEWEST = 2**31 - 1


def publish(
    session: Session,
    caller: Caller,
    command: PublishClearingAgreement,
    now: datetime | None = None,
) -> ClearingAgreement:
    """Publish an agreement; repeating it gives the same answer. See `PublishClearingAgreement`."""
    caller.require_chain()
    # No entry is rated while the terms change; and the version counts.
    session.execute(_ALONE, {"key": LOCK})
    published = session.execute(_FIND, {"id": command.id}).one_or_none()
    if published is not None:
        return _published_before(published, command)
    now = now or datetime.now(UTC)
    _check(session, command, now)
    pair, terms = command.pair, command.terms
    row = session.execute(
        _PUBLISH,
        {
            "id": command.id,
            "issuer_id": entity(pair.issuer_id) if pair else None,
            "acceptor_id": entity(pair.acceptor_id) if pair else None,
            "valid_from": command.valid_from or now,
            "author_id": caller.id,
            "points": terms.points_minor_per_hundred,
            "principal": terms.principal_basis_points,
            "bonus": terms.bonus_basis_points,
            "expired": terms.expired_basis_points,
            "now": now,
        },
    ).one()
    agreement = _agreement(row)
    event = ClearingAgreementPublished(
        agreement_id=agreement.id,
        version=agreement.version,
        pair=agreement.pair,
        valid_from=agreement.valid_from,
        terms=agreement.terms,
    )
    outbox.emit(session, (event, agreement.id, 1))
    return agreement


def list_agreements(
    session: Session, caller: Caller, command: ListClearingAgreements
) -> Page[ClearingAgreement]:
    """All versions, newest first; see `ListClearingAgreements`. Raises `InvalidInput`."""
    before = _NEWEST if command.after is None else _version_in(command.after)
    rows = session.execute(
        _LIST, {"of": own_entity(caller), "before": before, "limit": command.first + 1}
    ).all()
    page = page_of(rows, command.first, lambda row: (row.version,))
    items = [_agreement(row) for row in page.items]
    return Page(items=items, cursors=page.cursors, has_next=page.has_next)


def own_entity(caller: Caller) -> UUID | None:
    """The only entity a caller may ask about; None: all. Raises `Forbidden`."""
    if caller.scope_kind is ScopeKind.CHAIN:
        return None
    if caller.scope_kind is ScopeKind.FRANCHISEE and caller.scope_id is not None:
        return caller.scope_id
    raise Forbidden("FORBIDDEN_SCOPE")


def check_entities(session: Session, one: UUID | None, other: UUID | None) -> None:
    """Raise `Refusal`: SAME_ENTITY, UNKNOWN_ENTITY. The chain itself is always known."""
    if one == other:
        raise Refusal("SAME_ENTITY")
    for wanted in (one, other):
        if wanted and not session.scalar(_KNOWN, {"id": wanted}):
            raise Refusal("UNKNOWN_ENTITY", {"franchisee_id": wanted})


def _check(session: Session, command: PublishClearingAgreement, now: datetime) -> None:
    if command.valid_from is not None and command.valid_from < now:
        raise Refusal("AGREEMENT_IN_PAST")
    share = command.terms.expired_basis_points
    if command.pair is None:
        if share:
            raise Refusal("EXPIRED_SHARE_OF_NOBODY")
        return
    pair = command.pair
    check_entities(session, pair.issuer_id, pair.acceptor_id)
    if share:
        of = {"issuer": entity(pair.issuer_id), "acceptor": entity(pair.acceptor_id), "now": now}
        if share + session.execute(_SHARES, of).scalar_one() > _WHOLE:
            raise Refusal("EXPIRED_SHARES_TOO_HIGH")


def _published_before(row: Row[Any], command: PublishClearingAgreement) -> ClearingAgreement:
    agreement = _agreement(row)
    told = row.published_at if command.valid_from is None else command.valid_from
    if (agreement.pair, agreement.terms, agreement.valid_from) != (
        command.pair, command.terms, told,
    ):  # fmt: skip
        raise Refusal("AGREEMENT_ID_TAKEN")
    return agreement


def _agreement(row: Row[Any]) -> ClearingAgreement:
    pair = None
    if row.issuer_id is not None:
        pair = ClearingPair(issuer_id=shown(row.issuer_id), acceptor_id=shown(row.acceptor_id))
    return ClearingAgreement(
        id=row.id,
        version=row.version,
        pair=pair,
        valid_from=row.valid_from,
        author_id=row.author_id,
        terms=ClearingTerms(
            points_minor_per_hundred=row.points_minor_per_hundred,
            principal_basis_points=row.principal_basis_points,
            bonus_basis_points=row.bonus_basis_points,
            expired_basis_points=row.expired_basis_points,
        ),
    )


def _version_in(cursor: str) -> int:
    version = decode_cursor(cursor, 1)[0]
    if not isinstance(version, int):
        raise InvalidInput("INVALID_CURSOR")
    return version


_ALONE = text("SELECT pg_advisory_xact_lock(hashtext(:key))")
_FIND = text("SELECT * FROM clearing_agreements WHERE id = :id")
_KNOWN = text("SELECT EXISTS (SELECT FROM stores WHERE franchisee_id = :id)")
_PUBLISH = text(
    "INSERT INTO clearing_agreements (id, version, issuer_id, acceptor_id, valid_from, author_id,"
    " points_minor_per_hundred, principal_basis_points, bonus_basis_points, expired_basis_points,"
    " published_at) SELECT :id, coalesce(max(version), 0) + 1, :issuer_id, :acceptor_id,"
    " :valid_from, :author_id, :points, :principal, :bonus, :expired, :now"
    " FROM clearing_agreements RETURNING *"
)
_LIST = text(
    "SELECT * FROM clearing_agreements WHERE version < :before AND (CAST(:of AS uuid) IS NULL"
    " OR issuer_id IS NULL OR :of IN (issuer_id, acceptor_id)) ORDER BY version DESC LIMIT :limit"
)
# Of each other acceptor the highest share that is in force or to come.
_SHARES = text(
    "SELECT coalesce(sum(share), 0) FROM (SELECT max(g.expired_basis_points) AS share"
    " FROM clearing_agreements g WHERE g.issuer_id = :issuer AND g.acceptor_id <> :acceptor"
    " AND NOT EXISTS (SELECT FROM clearing_agreements l WHERE l.issuer_id = g.issuer_id"
    " AND l.acceptor_id = g.acceptor_id AND l.valid_from <= :now"
    " AND (l.valid_from, l.version) > (g.valid_from, g.version)) GROUP BY g.acceptor_id) s"
)
