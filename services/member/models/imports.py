"""Imports of members, and exports."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base

_NONE = text("0")


class ImportRun(Base):
    """An import and how far it is. `caller` is whoever checked or started it, and `seal` what its
    events carry; `plan` is the `CheckImport` it follows. Sums are points and minor units:
    of good rows, of faulty rows, and what loyalty has booked.
    """

    __tablename__ = "imports"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    headers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    digest: Mapped[str | None] = mapped_column(Text)
    caller: Mapped[dict[str, Any]] = mapped_column(JSONB)
    seal: Mapped[str | None] = mapped_column(Text)
    scope_kind: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID | None] = mapped_column(Uuid)
    plan: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    touched_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    rows: Mapped[int] = mapped_column(server_default=_NONE)
    checked: Mapped[int] = mapped_column(server_default=_NONE)
    faulty: Mapped[int] = mapped_column(server_default=_NONE)
    found: Mapped[int] = mapped_column(server_default=_NONE)
    done: Mapped[int] = mapped_column(server_default=_NONE)
    created: Mapped[int] = mapped_column(server_default=_NONE)
    filled: Mapped[int] = mapped_column(server_default=_NONE)
    openings_told: Mapped[int] = mapped_column(server_default=_NONE)
    openings_booked: Mapped[int] = mapped_column(server_default=_NONE)
    points: Mapped[int] = mapped_column(BigInteger, server_default=_NONE)
    principal_minor: Mapped[int] = mapped_column(BigInteger, server_default=_NONE)
    bonus_minor: Mapped[int] = mapped_column(BigInteger, server_default=_NONE)
    points_left_out: Mapped[int] = mapped_column(BigInteger, server_default=_NONE)
    principal_left_out_minor: Mapped[int] = mapped_column(BigInteger, server_default=_NONE)
    bonus_left_out_minor: Mapped[int] = mapped_column(BigInteger, server_default=_NONE)
    points_booked: Mapped[int] = mapped_column(BigInteger, server_default=_NONE)
    principal_booked_minor: Mapped[int] = mapped_column(BigInteger, server_default=_NONE)
    bonus_booked_minor: Mapped[int] = mapped_column(BigInteger, server_default=_NONE)

    __table_args__: Any = (
        CheckConstraint(
            "state IN ('uploading', 'uploaded', 'checking', 'checked', 'running', 'finished',"
            " 'cancelled')",
            name="state_known",
        ),
        CheckConstraint(
            "checked <= rows AND done <= rows AND faulty <= checked", name="rows_counted"
        ),
        CheckConstraint("openings_booked <= openings_told", name="openings_told_first"),
        CheckConstraint(
            "(state = 'finished') = (finished_at IS NOT NULL)", name="finished_at_an_instant"
        ),
        Index("ix_imports_created_at", "created_at", "id"),
        Index(
            "ix_imports_at_work",
            "created_at",
            postgresql_where=text("state IN ('checking', 'running')"),
        ),
    )


class ImportChunk(Base):
    """Some rows of a file that wait: encrypted, and gone with the transaction that imports them."""

    __tablename__ = "import_chunks"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    first_row: Mapped[int] = mapped_column(primary_key=True)
    rows: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    checked: Mapped[bool] = mapped_column(server_default=text("false"))


class ImportKey(Base):
    """Keyed hashes of the phones and card codes of a file, and the row that has each first, 0 once
    the person was erased; gone with the import."""

    __tablename__ = "import_keys"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    row: Mapped[int]


class ImportFault(Base):
    """What is wrong with a row; the parameters of its sentence hold nothing of the row itself."""

    __tablename__ = "import_faults"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    column: Mapped[int | None]
    code: Mapped[str] = mapped_column(Text)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")


class ExportRun(Base):
    """An export: who took what out, and how many rows were read."""

    __tablename__ = "exports"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    caller_id: Mapped[UUID] = mapped_column(Uuid)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    rows: Mapped[int] = mapped_column(server_default=_NONE)
    begun_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
