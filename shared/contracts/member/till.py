"""The members that a till knows without network: those who bought in its store lately, or became
members of it lately."""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from shared.contracts import Command, Message, Text


class TillMember(Message, frozen=True, kw_only=True):
    """As little of a member as a till needs to find them, greet them and price for them: of the
    phone the last four digits. The till forgets them after `until`."""

    id: UUID
    name: str
    card_code: str
    last_four: str
    tier: str | None
    until: date


class TillMembers(Message, frozen=True, kw_only=True):
    """What has changed since the version asked with; `whole`: what the till had is replaced.
    `removed` are no members any more, or others stand for them."""

    version: str
    whole: bool
    items: list[TillMember]
    removed: list[UUID]


class GetTillMembers(Command[TillMembers], frozen=True, kw_only=True):
    """Members who bought in this store within `days`, or became members at home in it within them:
    by its staff, by an API client (a shop on the web, another system) or by an import. At most
    2,000, the newest; those whom no staff registered are at most 500 of them where the places run
    out, so that an import does not drive out who was here."""

    store_id: UUID
    since_version: Text | None = None
    days: Annotated[int, Meta(ge=0, le=366)] = 90
