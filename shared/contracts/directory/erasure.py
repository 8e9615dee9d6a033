"""What directory says to an erasure: what it has destroyed in the audit log."""

from typing import ClassVar
from uuid import UUID

from shared.contracts import Event
from shared.contracts.member.erasure import Destroyed


class ForgottenByDirectory(Event, frozen=True, kw_only=True):
    """Subject: the member; sequence 1. The audit log keeps ids and figures of this member."""

    type: ClassVar[str] = "directory.member_erased"
    audited: ClassVar[bool] = False
    erasure_id: UUID
    member_id: UUID
    destroyed: list[Destroyed]
