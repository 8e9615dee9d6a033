"""What every table of the loyalty service stands on, and the tables of the shared library."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from shared.database import new_metadata
from shared.erasure import ErasedMixin
from shared.inbox import InboxMixin
from shared.outbox import OutboxMixin
from shared.stores import StoreMixin


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = {
        UUID: Uuid,
        str: Text,
        int: BigInteger,
        date: Date,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
    }


class Outbox(OutboxMixin, Base):
    """Events of this service."""


class Inbox(InboxMixin, Base):
    """Events that were applied here."""


class Store(StoreMixin, Base):
    """Directory's stores."""


class ErasedMember(ErasedMixin, Base):
    """Who was erased here."""
