"""What a till says of a sale that it made without network, as it goes with the sale itself."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from shared.contracts import Code, Message
from shared.contracts.campaign.stated import StatedTerms

Seconds = Annotated[int, Meta(ge=-(10**9), le=10**9)]


class OfflineSale(Message, frozen=True, kw_only=True, omit_defaults=True):
    """`receipt` is the number on the paper the customer has; `spell_id` the time without network
    that the sale belongs to. `claimed_at` is by the device's clock, which was `ahead_seconds` ahead
    of the server's at `contact_at`, the instant of the last answer by the server's clock.

    `rule_version` is the offline rule that the till held, 0 the one that holds before any was
    published. `terms` are the prices, promotions and tier it sold by.
    """

    spell_id: UUID
    receipt: Code
    claimed_at: datetime
    contact_at: datetime
    ahead_seconds: Seconds = 0
    rule_version: Annotated[int, Meta(ge=0, le=10**9)] = 0
    terms: StatedTerms
