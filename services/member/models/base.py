"""What every table of the member service stands on, and the tables of the shared library."""

from sqlalchemy.orm import DeclarativeBase

from shared.database import new_metadata
from shared.erasure import ErasedMixin
from shared.inbox import InboxMixin
from shared.outbox import OutboxMixin
from shared.stores import StoreMixin


class Base(DeclarativeBase):
    metadata = new_metadata()


class Outbox(OutboxMixin, Base):
    """Events of this service."""


class Inbox(InboxMixin, Base):
    """Events this service has applied."""


class Store(StoreMixin, Base):
    """Directory's stores, as told by its events."""


class ErasedMember(ErasedMixin, Base):
    """Who was erased here."""
