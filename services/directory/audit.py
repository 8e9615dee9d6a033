"""What can be held against what inside directory's own database; used by `./chainstitch audit`."""

from services.directory.personal import PERSONAL
from shared import erasure
from shared.contracts import Event, declared

_SCOPE_EXISTS = """
    scope_kind = 'chain'
    OR scope_kind = 'store' AND EXISTS (SELECT FROM stores s WHERE s.id = scope_id)
    OR scope_kind = 'region' AND EXISTS (SELECT FROM regions r WHERE r.id = scope_id)
    OR scope_kind = 'franchisee' AND EXISTS (SELECT FROM franchisees f WHERE f.id = scope_id)
"""

_AUDITED = ", ".join(f"'{event.type}'" for event in declared("directory", Event) if event.audited)

CHECKS: dict[str, str] = {
    "a scope of staff is there": (
        f"SELECT id, scope_kind, scope_id FROM staff WHERE NOT ({_SCOPE_EXISTS})"
    ),
    "a scope of an API client is there": (
        f"SELECT id, scope_kind, scope_id FROM clients WHERE NOT ({_SCOPE_EXISTS})"
    ),
    "a level of a setting is there": (
        f"SELECT id, scope_kind, scope_id FROM settings WHERE NOT ({_SCOPE_EXISTS})"
    ),
    "a level's versions of a setting have no gap": (
        "SELECT name, scope_kind, scope_id FROM settings GROUP BY name, scope_kind, scope_id"
        " HAVING max(version) <> count(*)"
    ),
    "a printer's versions have no gap": (
        "SELECT store_id, device_id FROM printers GROUP BY store_id, device_id"
        " HAVING max(version) <> count(*)"
    ),
    "a printer's device is of its store": (
        "SELECT p.id, p.store_id, d.store_id AS of_store FROM printers p"
        " JOIN devices d ON d.id = p.device_id WHERE d.store_id <> p.store_id"
    ),
    "device numbers = devices made": (
        "SELECT s.id, s.devices_made, count(d.id) AS devices FROM stores s"
        " LEFT JOIN devices d ON d.store_id = s.id GROUP BY s.id"
        " HAVING s.devices_made <> count(d.id)"
    ),
    "a refresh family has tokens up to its generation": (
        "SELECT f.id, f.generation, max(t.generation) AS newest FROM refresh_families f"
        " LEFT JOIN refresh_tokens t ON t.family_id = f.id GROUP BY f.id"
        " HAVING f.generation IS DISTINCT FROM max(t.generation)"
    ),
    "nobody who left is still signed in": (
        "SELECT f.id, f.staff_id FROM refresh_families f JOIN staff s ON s.id = f.staff_id"
        " WHERE f.ended_at IS NULL AND NOT s.active"
    ),
    "nobody is signed in on a device without a secret": (
        "SELECT f.id, f.device_id FROM refresh_families f JOIN devices d ON d.id = f.device_id"
        " WHERE f.ended_at IS NULL AND d.secret_digest IS NULL"
    ),
    "an administrator remains": (
        "SELECT count(*) AS staff FROM staff HAVING count(*) > 0 AND NOT bool_or("
        "active AND scope_kind = 'chain' AND 'hq_administrator' = ANY(roles))"
    ),
    "own events are in the audit log": (
        "SELECT o.event_id, o.type FROM outbox o WHERE o.published_at < now() - interval '1 minute'"
        f" AND o.type IN ({_AUDITED})"
        " AND NOT EXISTS (SELECT FROM audit_entries a WHERE a.event_id = o.event_id)"
    ),
} | erasure.checks(PERSONAL)
