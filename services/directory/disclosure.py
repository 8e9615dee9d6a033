"""What the audit log holds about a person, and what of it goes out to them (`shared.disclosure`):
who has done what with their data."""

from services.directory.models import Base
from shared.disclosure import Section, Told

SECTIONS = (
    Section(
        "audit_entries",
        "操作记录",
        "What was done with the data",
        "at type caller_kind caller_id detail",
        of="detail ->> 'member_id' = ANY(CAST(:ids AS text[]))",
    ),
)
WITHHELD = {
    "audit_entries.id": "the number of the entry among all",
    "audit_entries.event_id": "the message it came with",
    "audit_entries.subject": "the member, or what the detail names",
}
NOT_OF_PERSONS = (
    "brands clients devices franchisees printers refresh_families refresh_tokens regions"
    " settings sign_in_failures sign_in_policy staff"
)

TOLD = Told(Base.metadata, SECTIONS, WITHHELD, NOT_OF_PERSONS)
