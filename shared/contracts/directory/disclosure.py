"""What directory holds about a person, for the person; see `shared.contracts.member.disclosure`."""

from shared.contracts import Command
from shared.contracts.member.disclosure import Cursor, Grant, Records


class ReadDirectoryRecords(Command[Records], frozen=True, kw_only=True):
    """The next page of what directory holds about the person of the grant."""

    grant: Grant
    after: Cursor | None = None
