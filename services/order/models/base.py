"""What every table of the order service stands on, and the tables of the shared library."""

from sqlalchemy import DateTime
from sqlalchemy.orm import DeclarativeBase

from shared.database import new_metadata
from shared.erasure import ErasedMixin
from shared.inbox import InboxMixin
from shared.outbox import OutboxMixin
from shared.stores import StoreMixin

Instant = DateTime(timezone=True)


class Base(DeclarativeBase):
    metadata = new_metadata()


class Outbox(OutboxMixin, Base):
    pass


class Inbox(InboxMixin, Base):
    pass


class ErasedMember(ErasedMixin, Base):
    """Who was erased here."""


class Store(StoreMixin, Base):
    pass
