"""What happened in the shops beside the tasks it raised."""

from infra.comparisons.side_by_side import Comparison, contained

_TOLD = "inventory.stock_discrepancy"
_HEARD = "on_stock_discrepancy"

# Where a rule has ever left the kind out, having been heard is all that can be asked for.
TASKS = (
    Comparison(
        "every sale that went below zero has its task",
        (
            "inventory",
            f"""SELECT event_id FROM outbox WHERE type = '{_TOLD}' AND published_at IS NOT NULL
                ORDER BY event_id""",
        ),
        (
            "campaign",
            f"""SELECT source_id AS event_id FROM tasks WHERE source = '{_TOLD}'
                UNION SELECT event_id FROM inbox WHERE handler = '{_HEARD}' AND EXISTS (
                  SELECT FROM task_rules
                  WHERE NOT body->'kinds' @> '[{{"kind": "stock_discrepancy"}}]')
                ORDER BY event_id""",
        ),
        ("event_id",),
        contained,
    ),
)
