"""Audited events beside the audit log."""

from infra.comparisons.side_by_side import Comparison, contained
from shared.contracts import SERVICES, Event, declared


def _audited(service: str) -> str:
    types = [event.type for event in declared(service, Event) if event.audited]
    return ", ".join(f"'{type_}'" for type_ in sorted(types))


AUDIT_LOG = tuple(
    Comparison(
        f"every audited event of {service} is in the audit log",
        (
            service,
            f"""SELECT event_id, type FROM outbox WHERE type IN ({_audited(service)})
                ORDER BY event_id""",
        ),
        ("directory", "SELECT event_id, type FROM audit_entries ORDER BY event_id"),
        ("event_id",),
        contained,
    )
    for service in SERVICES
)
