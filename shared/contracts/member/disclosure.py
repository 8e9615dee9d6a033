"""A person's data out, from every service, as one file (PIPL 44-45, 50).

The gateway writes the file: it begins a disclosure here, reads page after page of each service,
and ends it. Member decides who may have whose data, and says so in a `grant` that only those who
hold the seal's key can make; no service gives anything without one. Who asked for whom and why is
in the audit log before the first row is read, and how much it was when the last one has been.
"""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import Command, Done, Event, Message, Sentence

DisclosurePurpose = Literal["asked_by_member", "asked_by_guardian", "moved_elsewhere", "authority"]
"""Who has asked: the person, the guardian of a child, the person for another company (PIPL 45), an
authority that may."""
Grant = Annotated[str, Meta(max_length=20_000)]
Cursor = Annotated[str, Meta(max_length=2_000)]
PAGE_ROWS = 500

ERRORS = {
    "DISCLOSURE_ID_TAKEN": Sentence(
        zh="该提取编号已用于其他内容", en="This id was used for something else"
    ),
    "UNKNOWN_DISCLOSURE": Sentence(zh="没有这次提取", en="There is no such disclosure"),
    "TOO_MANY_DISCLOSURES": Sentence(
        zh="您今天已提取 {limit} 份个人资料，请明天再来，或请总部办理",
        en="You have taken out the data of {limit} people today; go on tomorrow, or ask HQ",
    ),
}


class Disclosure(Message, frozen=True, kw_only=True):
    """A disclosure that has begun. `grant` is what the services ask for; it lasts an hour."""

    id: UUID
    member_id: UUID
    name: str
    card_code: str
    begun_at: datetime
    grant: Grant


class BeginDisclosure(Command[Disclosure], frozen=True, kw_only=True):
    """Take out everything there is about a member, for `purpose`; managers whose scope has the home
    store, or only HQ if the rule says so. Repeating is safe until it has ended. Refusals:
    UNKNOWN_MEMBER, DISCLOSURE_ID_TAKEN, TOO_MANY_DISCLOSURES.
    """

    id: UUID
    member_id: UUID
    purpose: DisclosurePurpose


class EndDisclosure(Command[Done], frozen=True, kw_only=True):
    """The file is written, or nobody takes it any more (not `whole`); `records` were read of each
    service. Refusal: UNKNOWN_DISCLOSURE."""

    disclosure_id: UUID
    records: dict[str, int]
    whole: bool


class Records(Message, frozen=True, kw_only=True):
    """Some rows of one table, as JSON by column; `title_*` is what the table is about.

    `next` is where the following page begins; None: this was the last of the service. Amounts
    (`…_minor`) are in minor units; instants are UTC.
    """

    table: str
    title_zh: str
    title_en: str
    columns: list[str]
    rows: list[dict[str, Any]]
    next: Cursor | None


class ReadMemberRecords(Command[Records], frozen=True, kw_only=True):
    """The next page of what member holds about the person of the grant."""

    grant: Grant
    after: Cursor | None = None


class DisclosureRule(Message, frozen=True, kw_only=True, tag="disclosure"):
    """Who may take a person's data out (managers, unless `hq_only`), and of how many people one of
    them may within 24 hours."""

    hq_only: bool = False
    a_day: Annotated[int, Meta(ge=1, le=10_000)] = 20


class DisclosureBegun(Event, frozen=True, kw_only=True):
    """Somebody takes out a person's data. Subject: the disclosure; sequence 1."""

    type: ClassVar[str] = "member.disclosure_begun"
    disclosure_id: UUID
    member_id: UUID
    purpose: DisclosurePurpose


class DisclosureEnded(Event, frozen=True, kw_only=True):
    """So many records went out, by service. Subject: the disclosure; sequence 2."""

    type: ClassVar[str] = "member.disclosure_ended"
    disclosure_id: UUID
    member_id: UUID
    records: dict[str, int]
    whole: bool
