"""Files in custom fields."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base


class FieldFile(Base):
    """A file: uploading, then whole and never changed (trigger). `loose_at`: since when nothing
    refers to it. No foreign key to members: a file may come before who it is about."""

    __tablename__ = "field_files"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Uuid)
    subject: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[UUID] = mapped_column(Uuid)
    key: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    field_version: Mapped[int]
    max_bytes: Mapped[int]
    media_type: Mapped[str | None] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(server_default=text("0"))
    pieces: Mapped[int] = mapped_column(server_default=text("0"))
    sha256: Mapped[str | None] = mapped_column(Text)
    uploaded_by: Mapped[UUID] = mapped_column(Uuid)
    uploaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    loose_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    downloads: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__: Any = (
        CheckConstraint("subject IN ('member', 'contact')", name="subject"),
        CheckConstraint("size_bytes BETWEEN 0 AND max_bytes", name="within_its_limit"),
        CheckConstraint("sha256 IS NULL OR size_bytes > 0", name="whole_is_something"),
        CheckConstraint("loose_at IS NOT NULL OR used_at IS NOT NULL", name="used_or_loose"),
        Index("ix_field_files_member_id", "member_id"),
        Index("ix_field_files_owner_id", "owner_id"),
        Index(
            "ix_field_files_loose",
            "loose_at",
            postgresql_where=text("loose_at IS NOT NULL"),
        ),
    )


class FieldFilePiece(Base):
    """A piece of a file, encrypted and bound to its place. Deleted with its file, never changed."""

    __tablename__ = "field_file_pieces"

    file_id: Mapped[UUID] = mapped_column(
        ForeignKey("field_files.id", ondelete="CASCADE"), primary_key=True
    )
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
