"""All words of the app, in both languages. A key missing in one cannot be written down.

The words of a shop, short, the same word for the same thing everywhere; full-width punctuation in
Chinese. What the services say (refusals, reasons) comes with their answers.
"""

from staff_app.words.duplicates import DUPLICATES
from staff_app.words.mall import MALL
from staff_app.words.members import MEMBERS
from staff_app.words.offline import OFFLINE
from staff_app.words.offline_rule import OFFLINE_RULE
from staff_app.words.orders import ORDERS
from staff_app.words.papers import PAPERS
from staff_app.words.performance import PERFORMANCE
from staff_app.words.privacy import PRIVACY
from staff_app.words.receipts import RECEIPTS
from staff_app.words.sale import SALE
from staff_app.words.stock import STOCK
from staff_app.words.tasks import TASKS

CATALOGUE: dict[str, tuple[str, str]] = {
    **SALE, **ORDERS, **MEMBERS, **STOCK, **PERFORMANCE, **RECEIPTS, **PAPERS,
    **MALL, **TASKS, **DUPLICATES, **OFFLINE, **OFFLINE_RULE, **PRIVACY,
}  # fmt: skip
