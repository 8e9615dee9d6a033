"""What legal entities owe each other for each other's value, entry by entry (K42, K44).

Who gave points or wallet money out owes whoever takes them, by the agreement in force when they
were taken; what comes back of an order turns that around by the same agreement. Of points that
expire, the issuer owes whom it agreed to share with. Who sold goods owes whoever paid cash back
for them. Entries are gathered behind a mark of their own, as in `liability`; only those between two
entities become items. An item's worth is exact, in millionths of a minor unit; lines are rounded.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty.marks import Mark
from shared.contracts import Envelope
from shared.contracts.order.returns import OrderReturned

BATCH = 20_000
OWN = UUID(int=0)
"""The chain's own stores, in tables."""
LOCK = "clearing"
"""Held by whoever gathers, closes or publishes an agreement."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """An item that is no entry: `quantity` minor units, in full."""

    document_id: UUID
    debtor_id: UUID
    creditor_id: UUID
    currency: str
    kind: str
    quantity: int
    booked_on: date
    at: datetime


def gather(session: Session, batch: int = BATCH) -> int:
    """Turn a batch of entries into items; how many ids it went on, 0 when there is no more."""
    found = _MARK.next_batch(session, batch)
    if found is None:
        return 0
    done, until = found
    parameters = {"done": done, "until": until, "own": OWN}
    session.execute(_GATHER, parameters)
    return until - done


def on_order_returned(session: Session, envelopes: list[Envelope[OrderReturned]]) -> None:
    """Note what a store paid back in cash (or took in payment) for goods that another entity sold.

    Points and wallet money that came back with them turn around what was owed for those.
    """
    claim(session, [made for told in envelopes if (made := _claim_of(told.data))])


def _claim_of(back: OrderReturned) -> Claim | None:
    debtor, creditor = back.sold_franchisee_id or OWN, back.franchisee_id or OWN
    cash = back.refund_minor - back.points_minor - back.wallet_minor
    if debtor == creditor or not cash:
        return None
    return Claim(
        document_id=back.return_id,
        debtor_id=debtor,
        creditor_id=creditor,
        currency=back.currency,
        kind="cash_refunded",
        quantity=cash,
        booked_on=back.business_date,
        at=back.returned_at,
    )


def claim(session: Session, claims: Sequence[Claim]) -> None:
    """Write items of their own; a document's second one changes nothing."""
    if claims:
        session.execute(_CLAIM, {"claims": msgspec.json.encode(claims).decode()})


def entity(franchisee_id: UUID | None) -> UUID:
    """An entity as tables have it."""
    return franchisee_id or OWN


def shown(entity_id: UUID) -> UUID | None:
    """An entity as contracts have it."""
    return None if entity_id == OWN else entity_id


_COLUMNS = """INSERT INTO clearing_items (entry_id, document_id, debtor_id, creditor_id,
        currency, kind, quantity, rate, share_basis_points, version, millionths, booked_on, at)"""
_MARK = Mark("clearing_mark", alone=LOCK)
_CLAIM = text(
    " ".join(
        (
            _COLUMNS, """SELECT NULL, document_id, debtor_id, creditor_id, currency, kind, quantity,
                100, 10000, 0, CAST(quantity AS numeric) * 1000000, booked_on, at
            FROM json_to_recordset(CAST(:claims AS json)) AS c(document_id uuid, debtor_id uuid,
                creditor_id uuid, currency text, kind text, quantity bigint, booked_on date,
                at timestamptz)
            ON CONFLICT (document_id, kind) WHERE entry_id IS NULL DO NOTHING""",
        )
    )
)  # fmt: skip
# An agreement never begins in the past, so that which one was in force then stays the same.
# A sale has the store's business date, whenever it was heard of; the rest is of its local day.
_GATHER = text(
    " ".join(
        (
            """WITH fresh AS MATERIALIZED (
                SELECT e.id, e.document_id, t.document_id AS booked_by, e.account_id, e.unit,
                    a.kind AS account, e.reason, -e.amount AS quantity, e.rule_version, e.at,
                    coalesce(e.issuing_franchisee_id, CAST(:own AS uuid)) AS debtor,
                    coalesce(e.accepting_franchisee_id, CAST(:own AS uuid)) AS creditor,
                    coalesce(s.currency, 'CNY') AS currency,
                    CAST(e.at AT TIME ZONE coalesce(s.time_zone, 'UTC') AS date) AS local_day
                FROM entries e JOIN accounts a ON a.id = e.account_id
                JOIN transactions t ON t.id = e.transaction_id
                LEFT JOIN stores s ON s.id = coalesce(e.accepting_store_id, e.issuing_store_id)
                WHERE e.id > :done AND e.id <= :until AND e.balance_after IS NOT NULL
                    AND (e.reason = 'expired' OR (e.accepting_store_id IS NOT NULL
                        AND e.issuing_franchisee_id IS DISTINCT FROM e.accepting_franchisee_id
                        AND e.reason IN ('spent', 'spent_back', 'redeemed', 'redeemed_back',
                            'paid_out', 'refunded')))
            ), accepted AS (
                SELECT f.*, coalesce(sold.at, f.at) AS rated_at,
                    least(coalesce(o.business_date, f.local_day), f.local_day) AS booked_on
                FROM fresh f LEFT JOIN orders_booked o ON f.reason = 'spent'
                    AND o.document_id = f.booked_by AND o.kind = 'sale'
                LEFT JOIN LATERAL (
                    SELECT e.at FROM transactions t JOIN entries e ON e.transaction_id = t.id
                    WHERE f.reason IN ('spent_back', 'redeemed_back')
                        AND t.document_id = f.document_id AND t.kind IN ('sale', 'redemption')
                        AND e.account_id = f.account_id
                        AND e.reason IN ('spent', 'redeemed') LIMIT 1) sold ON true
                WHERE f.reason <> 'expired'
            ), rated AS (
                SELECT a.id, a.document_id, a.debtor, a.creditor, CASE
                    WHEN a.unit = 'points' THEN a.currency ELSE a.unit END AS currency,
                    CASE WHEN a.reason IN ('spent', 'redeemed') THEN a.account || '_spent'
                        WHEN a.reason LIKE '%_back' THEN a.account || '_returned'
                        ELSE 'wallet_paid_out' END AS kind, a.quantity,
                    CASE WHEN a.account <> 'points' THEN 100 ELSE coalesce(
                        g.points_minor_per_hundred,
                        CAST(r.body ->> 'minor_per_hundred_points' AS bigint), 0) END AS rate,
                    CASE WHEN a.reason IN ('paid_out', 'refunded') THEN 10000
                        WHEN a.account = 'principal' THEN coalesce(g.principal_basis_points, 10000)
                        WHEN a.account = 'bonus' THEN coalesce(g.bonus_basis_points, 10000)
                        ELSE 10000 END AS share,
                    CASE WHEN a.reason IN ('paid_out', 'refunded') THEN 0
                        ELSE coalesce(g.version, 0) END AS version, a.booked_on, a.at
                FROM accepted a LEFT JOIN LATERAL (
                    SELECT * FROM clearing_agreements g WHERE g.valid_from <= a.rated_at
                        AND (g.issuer_id IS NULL
                            OR (g.issuer_id = a.debtor AND g.acceptor_id = a.creditor))
                    ORDER BY g.issuer_id IS NULL, g.valid_from DESC, g.version DESC LIMIT 1
                ) g ON true
                LEFT JOIN rules r ON r.kind = 'spend' AND r.version = a.rule_version
                UNION ALL
                SELECT f.id, f.document_id, f.debtor, g.acceptor_id, f.currency, 'points_expired',
                    f.quantity, coalesce(g.points_minor_per_hundred,
                        CAST(r.body ->> 'minor_per_hundred_points' AS bigint), 0),
                    g.expired_basis_points, g.version, f.local_day, f.at
                FROM fresh f JOIN LATERAL (
                    SELECT DISTINCT ON (acceptor_id) * FROM clearing_agreements
                    WHERE issuer_id = f.debtor AND valid_from <= f.at
                    ORDER BY acceptor_id, valid_from DESC, version DESC
                ) g ON g.expired_basis_points > 0
                LEFT JOIN LATERAL (
                    SELECT body FROM rules WHERE kind = 'spend' AND valid_from <= f.at
                    ORDER BY valid_from DESC, version DESC LIMIT 1) r ON true
                WHERE f.reason = 'expired'
            ), cleared AS (""",
            _COLUMNS, """SELECT id, document_id, debtor, creditor, currency, kind, quantity, rate,
                    share, version, CAST(quantity AS numeric) * rate * share, booked_on, at
                FROM rated ORDER BY id
            ) UPDATE clearing_mark SET done_id = :until""",
        )
    )
)  # fmt: skip
