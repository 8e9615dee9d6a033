"""Opening balances of imported members: what was stated beside what is in the ledger (K30)."""

from infra.comparisons.side_by_side import Comparison, Row


def _as_stated(left: Row | None, right: Row | None) -> bool:
    """What an unfinished import has booked so far is beside nothing."""
    return left is None or left == right


OPENINGS = (
    Comparison(
        "opening entries of a finished import = what its rows bring",
        (
            "member",
            """SELECT id AS import_id, kind, amount FROM imports CROSS JOIN LATERAL (VALUES
                 ('bonus', bonus_minor), ('points', points), ('principal', principal_minor)
               ) AS stated(kind, amount) WHERE state = 'finished' AND amount <> 0
               ORDER BY id, kind COLLATE "C" """,
        ),
        (
            "loyalty",
            """SELECT o.import_id, a.kind, sum(e.amount)::bigint AS amount
               FROM openings o JOIN entries e ON e.document_id = o.document_id
               JOIN accounts a ON a.id = e.account_id
               WHERE e.reason = 'opening' AND e.balance_after IS NOT NULL
               GROUP BY o.import_id, a.kind ORDER BY o.import_id, a.kind COLLATE "C" """,
        ),
        ("import_id", "kind"),
        _as_stated,
    ),
)
