"""What member holds about a person, and what of it goes out to them (`shared.disclosure`)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.member import definitions, fields
from services.member.models import Base
from services.member.phones import Keyring
from shared.contracts.member.disclosure import ReadMemberRecords, Records
from shared.disclosure import Section, Told
from shared.seal import Caller

SECTIONS = (
    Section(
        "members",
        "个人资料",
        "Profile",
        "id card_code name phone_cipher:phone wechat gender birthday city source_channel"
        " home_store_id associate_id registered_at registered_by tags rule_tags height_cm sizes"
        " style style_preferences spending_power fields",
        of="id = ANY(:ids)",
    ),
    Section(
        "identifiers",
        "身份标识",
        "Identifiers",
        "kind shop cipher:value verified linked_by linked_at id member_id",
    ),
    Section(
        "merges",
        "会员合并",
        "Merges of members",
        "id reason merged_by merged_at undone_at undone_by undo_reason",
        of="(survivor_id = ANY(:ids) OR merged_id = ANY(:ids))",
    ),
    Section(
        "birthdays",
        "生日",
        "Birthday",
        "calendar month day leap_month year next_on rule_version barred_until",
        key="member_id",
    ),
    Section(
        "birthday_windows",
        "生日礼遇",
        "Birthday privileges",
        "privilege year starts_at ends_at withdrawn rule_version coupon_promotion_id",
    ),
    Section(
        "relatives",
        "家庭成员",
        "Family",
        "id relation name born gender sizes note guardian_consent added_at",
    ),
    Section(
        "relatives",
        "他人家庭成员中的您",
        "You, in the family of somebody else",
        "relation name born gender sizes",
        of="linked_member_id = ANY(:ids)",
    ),
    Section(
        "consents",
        "同意记录",
        "What was agreed to",
        "recorded_at purpose channel notice_version granted proof store_id franchisee_id"
        " device_id recorded_by recorded_by_kind document_id",
    ),
    Section(
        "happenings",
        "往来记录",
        "Timeline and notes",
        "at kind store_id staff_id text figures fields document_id id",
        key="at id",
    ),
    Section(
        "field_files",
        "上传的文件",
        "Files",
        "id subject owner_id key name media_type size_bytes sha256 uploaded_by uploaded_at used_at"
        " downloads pieces",
        of="member_id = ANY(:ids) AND sha256 IS NOT NULL",
    ),
    Section(
        "purchase_facts",
        "消费概况",
        "What is known from purchases",
        "currency orders spent_minor first_on last_on last_at last_store_id",
        key="member_id currency",
    ),
    Section(
        "purchased_categories",
        "购买品类",
        "Categories bought",
        "category pieces",
        key="member_id category",
    ),
    Section(
        "purchased_skus",
        "购买商品",
        "Pieces bought",
        "sku_id pieces",
        key="member_id sku_id",
    ),
    Section(
        "rule_tags",
        "规则标签及原因",
        "Tags by rule, and why",
        "tag version since facts",
        key="member_id tag",
    ),
    Section(
        "tag_history",
        "标签变更",
        "What became of tags by rule",
        "at tag version given cause",
    ),
    Section(
        "tag_exemptions",
        "不参与的标签规则",
        "Rules you are left out of",
        "tag reason by at",
        key="member_id tag",
    ),
    Section(
        "erasures",
        "注销申请",
        "Requests of erasure",
        "id status reason requested_by requested_at confirmable_from rule_version confirmed_by"
        " confirmed_at refusal ended_at",
    ),
    Section(
        "retention_removals",
        "到期清除",
        "What went when its time was over",
        "at subject version after since rows",
    ),
    Section(
        "disclosures",
        "个人资料提取",
        "Who took this data out",
        "id purpose begun_by begun_at ended_at records whole rule_version",
    ),
)
_DOUBLE = "made from the name or the phone, to be found by"
_DIGEST = "a digest, by which a command sent twice is recognised"
_COUNTS = "counts changes"
_TWO = "of a merge that was undone the other one is another person"
WITHHELD = {
    "members.version": _COUNTS,
    "members.event_sequence": _COUNTS,
    "members.search_name": _DOUBLE,
    "members.phone_hash": _DOUBLE,
    "members.last_four": _DOUBLE,
    "members.registration_digest": _DIGEST,
    "members.update_digest": _DIGEST,
    "members.found_by": "keyed hashes of custom fields, to be found by",
    "members.erased_at": "who was erased has no data to take out",
    "members.survivor_id": "of merged members all rows come out",
    "identifiers.hash": _DOUBLE,
    "identifiers.value_hash": _DOUBLE,
    "identifiers.last_four": _DOUBLE,
    "merges.survivor_id": _TWO,
    "merges.merged_id": _TWO,
    "merges.moved_ids": _TWO,
    "merges.asked_ids": _TWO,
    "merges.number": _COUNTS,
    "merges.filled": "names of columns and keyed hashes; the values are in the profile",
    "merges.consents": "they are among what was agreed to",
    "merges.booked": "they are among the entries of the accounts",
    "merges.undo_booked": "they are among the entries of the accounts",
    "birthdays.home_store_id": "that of the profile once more",
    "birthdays.due_at": "when it is looked at again",
    "birthday_windows.id": "the number of the message about it",
    "birthday_windows.version": _COUNTS,
    "relatives.version": _COUNTS,
    "relatives.linked_member_id": "another person",
    "relatives.digest": _DIGEST,
    "name_keys": _DOUBLE,
    "consents.id": "the number of the row among all",
    "consent_states": "the newest row of what was agreed to, once more",
    "happenings.fields_digest": _DIGEST,
    "member_orders": "a copy of what order tells",
    "member_tiers": "a copy of what loyalty tells",
    "tag_history.id": "the number of the row among all",
    "tag_dues": "when a rule is looked at again",
    "tag_changes": "a list of work, gone within a second",
    "retention_removals.id": "the number of the row among all",
    "retention_removals.run_id": "which run, over all members",
    "erasure_answers": "of an erasure that ended: there is nobody any more",
    "duplicates": "who else this may be: another person",
    "duplicate_keys": _DOUBLE,
    "duplicate_changes": "a list of work, gone within seconds",
    "field_files.field_version": "which version of the field it was uploaded for",
    "field_files.max_bytes": "the limit of that version",
    "field_files.loose_at": "since when it waits to be deleted",
    "field_files.member_id": "yours, or that of who was merged with you",
    "field_file_pieces": "what is in the files stands below their list",
    "import_keys": "keyed hashes of a file, gone with its import",
    "import_chunks": "a file that waits, encrypted; whose rows they are shows at its import",
}
NOT_OF_PERSONS = (
    "birthday_rules duplicate_rules duplicate_run exports field_versions hand_overs import_faults"
    " imports notices privacy_rules retention_runs staff tag_rule_versions tag_runs"
)
TOLD = Told(Base.metadata, SECTIONS, WITHHELD, NOT_OF_PERSONS)


def read(
    session: Session,
    keys: Keyring,
    seal_key: str,
    caller: Caller,
    command: ReadMemberRecords,
    now: datetime,
) -> Records:
    """The next page: phones in full, custom fields with their labels, whatever the caller's role
    sees of them elsewhere."""
    known = definitions.in_force(session)

    def opened(cipher: str | None, member_id: UUID) -> str | None:
        return cipher and keys.decrypt(bytes.fromhex(cipher.removeprefix("\\x")), member_id)

    def of_member(row: dict[str, Any]) -> dict[str, Any]:
        member_id = UUID(row["id"])
        filled = fields.disclosed(known, keys, "member", member_id, row["fields"])
        return row | {"phone": opened(row["phone"], member_id), "fields": filled}

    def of_identifier(row: dict[str, Any]) -> dict[str, Any]:
        return row | {"value": opened(row["value"], UUID(row["member_id"]))}

    def of_contact(row: dict[str, Any]) -> dict[str, Any]:
        filled = fields.disclosed(known, keys, "contact", UUID(row["id"]), row["fields"])
        return row | {"fields": filled}

    shapes = {"members": of_member, "identifiers": of_identifier, "happenings": of_contact}
    return TOLD.page(session, seal_key, caller, command, now, shapes)
