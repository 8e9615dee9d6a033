"""A member's family (M7)."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import Code, Command, Done, Event, Message, Name, Sentence, Text
from shared.contracts.member.birthdays import Birthday

Relation = Literal["partner", "child", "parent", "grandchild", "grandparent", "sibling", "other"]

ERRORS = {
    "UNKNOWN_RELATIVE": Sentence(zh="没有这位家庭成员", en="There is no such family member"),
    "RELATIVE_CHANGED": Sentence(
        zh="家庭成员资料刚被他人修改，请刷新后再改",
        en="Someone else changed this family member; look again",
    ),
    "RELATIVE_ID_TAKEN": Sentence(
        zh="该编号已用于其他家庭成员", en="This id was used for another family member"
    ),
    "TOO_MANY_RELATIVES": Sentence(
        zh="一位会员最多 {limit} 位家庭成员", en="A member can have at most {limit} relatives"
    ),
    "GUARDIAN_CONSENT_MISSING": Sentence(
        zh="未满十四周岁的儿童，须先征得监护人同意",
        en="For a child under 14 the guardian has to agree first",
    ),
}


class Relative(Message, frozen=True, kw_only=True):
    """One of a member's family; `age` in full years, where the year of birth is known.
    `linked_member_id`: where that person is a member too."""

    id: UUID
    member_id: UUID
    version: int
    relation: Relation
    name: str
    born: Birthday | None = None
    age: int | None = None
    gender: Literal["female", "male", "other"] | None = None
    sizes: dict[str, str] = {}
    note: str = ""
    linked_member_id: UUID | None = None
    guardian_consent: bool = False


class Family(Message, frozen=True, kw_only=True):
    items: list[Relative]


class SaveRelative(Command[Relative], frozen=True, kw_only=True):
    """Add one of a member's family (`version` 0), or write over what is known (M7).

    The id is the caller's: repeating is safe. Of a child under 14, or of a child or grandchild of
    unknown age, the guardian's consent has to be there (PIPL art. 31). Refusals: UNKNOWN_MEMBER,
    INVALID_BIRTHDAY, GUARDIAN_CONSENT_MISSING, TOO_MANY_RELATIVES, UNKNOWN_RELATIVE,
    RELATIVE_CHANGED, RELATIVE_ID_TAKEN.
    """

    id: UUID
    member_id: UUID
    version: Annotated[int, Meta(ge=0)] = 0
    relation: Relation
    name: Name
    born: Birthday | None = None
    gender: Literal["female", "male", "other"] | None = None
    sizes: Annotated[dict[Code, Code], Meta(max_length=20)] = {}
    note: Text = ""
    linked_member_id: UUID | None = None
    guardian_consent: bool = False


class RemoveRelative(Command[Done], frozen=True, kw_only=True):
    """Forget one of a member's family; nothing is kept of them. Repeating is safe.
    Refusals: UNKNOWN_MEMBER, RELATIVE_CHANGED."""

    id: UUID
    member_id: UUID
    version: int


class GetFamily(Command[Family], frozen=True, kw_only=True):
    """A member's family, in the order they were added. Refusal: UNKNOWN_MEMBER."""

    member_id: UUID


class FamilyChanged(Event, frozen=True, kw_only=True):
    """Subject: the member. Ids only."""

    type: ClassVar[str] = "member.family_changed"
    member_id: UUID
    relative_id: UUID
    version: int
    change: Literal["added", "changed", "removed"]
