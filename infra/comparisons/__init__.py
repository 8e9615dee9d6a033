"""What has to agree between the services' databases: each fact beside every copy and effect of it.

Inside one database its service's own `CHECKS` hold.
"""

from infra.comparisons.audit_log import AUDIT_LOG
from infra.comparisons.copies import COPIES
from infra.comparisons.members import MERGES, PURCHASES
from infra.comparisons.openings import OPENINGS
from infra.comparisons.orders import BOOKINGS, HOLDS
from infra.comparisons.tasks import TASKS

COMPARISONS = (*HOLDS, *BOOKINGS, *PURCHASES, *MERGES, *OPENINGS, *TASKS, *COPIES, *AUDIT_LOG)
