"""Members who are probably one person: what they are looked up by, and who is proposed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.member.models.base import Base


class DuplicateKey(Base):
    """What open members are looked up by who may be one: keyed hashes of combinations (a name as it
    sounds with a birthday, with the end of a phone …), which say nothing without the key."""

    __tablename__ = "duplicate_keys"

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)

    __table_args__: Any = (Index("ix_duplicate_keys_member_id", "member_id"),)


class DuplicateChange(Base):
    """A member of whom something that is compared has changed; written by triggers."""

    __tablename__ = "duplicate_changes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class DuplicateRow(Base):
    """Two members who are probably one. `reasons`: code and points; `evidence`: keyed hashes of
    what speaks for it, by which something new is seen once it was dismissed. The stores are those
    of the members, for scope. `version` counts what was decided.
    """

    __tablename__ = "duplicates"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    first_id: Mapped[UUID] = mapped_column(Uuid)
    second_id: Mapped[UUID] = mapped_column(Uuid)
    first_home_id: Mapped[UUID] = mapped_column(Uuid)
    second_home_id: Mapped[UUID] = mapped_column(Uuid)
    state: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    score: Mapped[int] = mapped_column(Integer)
    reasons: Mapped[list[Any]] = mapped_column(JSONB)
    evidence: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    rule_version: Mapped[int] = mapped_column(Integer)
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[UUID | None] = mapped_column(Uuid)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_reason: Mapped[str | None] = mapped_column(Text)

    __table_args__: Any = (
        UniqueConstraint("first_id", "second_id"),
        CheckConstraint("first_id < second_id", name="each_pair_once"),
        CheckConstraint("state IN ('open', 'dismissed', 'merged')", name="state"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        CheckConstraint(
            "(state = 'open') = (decided_by IS NULL) AND num_nulls(decided_by, decided_at,"
            " decided_reason) IN (0, 3)",
            name="decided_whole",
        ),
        Index("ix_duplicates_second_id", "second_id"),
        Index(
            "ix_duplicates_open",
            text("score DESC"),
            "id",
            postgresql_where=text("state = 'open'"),
        ),
    )


class DuplicateRuleRow(Base):
    """A version of the rule. Append-only."""

    __tablename__ = "duplicate_rules"

    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    author_id: Mapped[UUID] = mapped_column(Uuid)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)


class DuplicateRun(Base):
    """How far everybody has been compared by the newest version: the one row there is."""

    __tablename__ = "duplicate_run"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)
    last_id: Mapped[UUID | None] = mapped_column(Uuid)
    done: Mapped[bool]

    __table_args__: Any = (CheckConstraint("id = 1", name="one_row"),)
