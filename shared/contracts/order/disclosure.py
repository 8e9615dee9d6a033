"""What order holds about a person, for the person; see `shared.contracts.member.disclosure`."""

from shared.contracts import Command
from shared.contracts.member.disclosure import Cursor, Grant, Records


class ReadOrderRecords(Command[Records], frozen=True, kw_only=True):
    """The next page of what order holds about the person of the grant."""

    grant: Grant
    after: Cursor | None = None
