"""Who is who: identifiers of a person, and merging two members who are one (M11, M12, K35)."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import PLAIN, Code, Command, Event, Message, Sentence

IdentifierKind = Literal["phone", "union_id", "card", "email", "shop_account"]
Reason = Annotated[str, Meta(min_length=2, max_length=200, pattern=PLAIN)]

ERRORS = {
    "INVALID_IDENTIFIER": Sentence(
        zh="“{kind}”的格式不对", en="That is no identifier of the kind “{kind}”"
    ),
    "IDENTIFIER_TAKEN": Sentence(
        zh="该标识已属于另一位会员，已为您找到该会员",
        en="This identifier belongs to another member already",
    ),
    "UNKNOWN_IDENTIFIER": Sentence(zh="没有这个标识", en="There is no such identifier"),
    "IDENTIFIER_ID_TAKEN": Sentence(
        zh="该编号已用于其他标识", en="This id was used for another identifier"
    ),
    "LAST_IDENTIFIER": Sentence(
        zh="这是会员最后一个电话，解除后将无法找到会员",
        en="It is the last phone of this member, who could not be found without it",
    ),
    "TOO_MANY_IDENTIFIERS": Sentence(
        zh="一位会员最多 {limit} 个标识", en="A member can have at most {limit} identifiers"
    ),
    "ALREADY_ONE": Sentence(zh="两个编号是同一位会员", en="Both ids are the same member already"),
    "MERGE_ID_TAKEN": Sentence(
        zh="该合并编号已用于其他内容", en="This id was used for another merge"
    ),
    "UNKNOWN_MERGE": Sentence(zh="没有这次合并", en="There is no such merge"),
    "MERGE_COVERED": Sentence(
        zh="合并后的会员又被并入他人，请先撤销后一次合并",
        en="The survivor was merged into another since; undo that merge first",
    ),
    "MERGED_ERASED": Sentence(
        zh="合并双方中有人已注销，无法撤销合并",
        en="One of the two was erased since; the merge cannot be undone",
    ),
}


class IdentifierInput(Message, frozen=True, kw_only=True):
    """What a person is found by. `value` as people write it; `shop` names the shop of a
    `shop_account`, and is left out of the others. `verified`: the person has proved it (a code by
    message, the word of the platform)."""

    kind: IdentifierKind
    value: Annotated[str, Meta(min_length=1, max_length=120, pattern=PLAIN)]
    shop: Code | None = None
    verified: bool = False


class Identifier(Message, frozen=True, kw_only=True):
    """An identifier as staff see it. `shown` is masked; cards and shop accounts are whole for
    managers, phones and the rest for nobody (`RevealPhone`). `member_id` is the member it was
    linked to, which may have been merged since."""

    id: UUID
    member_id: UUID
    kind: IdentifierKind
    shop: str | None
    shown: str
    verified: bool
    linked_at: datetime


class Identifiers(Message, frozen=True, kw_only=True):
    items: list[Identifier]


class LinkIdentifier(Command[Identifier], frozen=True, kw_only=True):
    """Have a member found by one more identifier (M12); a second phone too. The id is the
    caller's: repeating is safe. One that is linked already only becomes verified.

    Refusals: UNKNOWN_MEMBER, INVALID_IDENTIFIER, INVALID_PHONE, TOO_MANY_IDENTIFIERS,
    IDENTIFIER_TAKEN (parameter `member_id`), IDENTIFIER_ID_TAKEN.
    """

    id: UUID
    member_id: UUID
    identifier: IdentifierInput


class UnlinkIdentifier(Command[Identifiers], frozen=True, kw_only=True):
    """Take an identifier off a member; answers with what is left. Of phones the last one stays
    (LAST_IDENTIFIER); where the member's own is taken off, the oldest other takes its place.

    Refusals: UNKNOWN_MEMBER, UNKNOWN_IDENTIFIER.
    """

    member_id: UUID
    identifier_id: UUID
    reason: Reason


class ListIdentifiers(Command[Identifiers], frozen=True, kw_only=True):
    """The identifiers of a member and of those merged into it. Refusal: UNKNOWN_MEMBER."""

    member_id: UUID


class MergeOutcome(Message, frozen=True, kw_only=True):
    """What loyalty has booked for a merge, or its undo; of a merge what went to the survivor, of
    an undo what came back, and what was spent meanwhile and stays spent. Wallet money in minor
    units; `kept_currency`: that of a wallet that stays where it is, since the survivor's differs.
    """

    points: int = 0
    principal_minor: int = 0
    bonus_minor: int = 0
    spent_points: int = 0
    spent_wallet_minor: int = 0
    kept_currency: str | None = None


class Merge(Message, frozen=True, kw_only=True):
    """Two members who are one. `filled` names what the survivor had not and now has.

    `booked` and `undo_booked` follow by event, some moments after the answer.
    """

    id: UUID
    survivor_id: UUID
    merged_id: UUID
    reason: str
    merged_by: UUID
    merged_at: datetime
    filled: list[str]
    undone_at: datetime | None = None
    undone_by: UUID | None = None
    undo_reason: str | None = None
    booked: MergeOutcome | None = None
    undo_booked: MergeOutcome | None = None


class Merges(Message, frozen=True, kw_only=True):
    items: list[Merge]


class MergeMembers(Command[Merge], frozen=True, kw_only=True):
    """Merge two members who are the same person; managers within whose scope both are at home.

    The oldest identified one survives, whoever is named first (K35): identified by a contact that
    was verified. The id is the caller's: repeating is safe. The other id stands for the survivor
    from then on, in every service. Refusals: UNKNOWN_MEMBER, ALREADY_ONE, MERGE_ID_TAKEN,
    TOO_MANY_TAGS, ERASURE_OPEN.
    """

    id: UUID
    member_id: UUID
    other_id: UUID
    reason: Reason


class UndoMerge(Command[Merge], frozen=True, kw_only=True):
    """Undo a merge: both members are open again, with what is still there of what each had.

    What was spent meanwhile stays spent, the oldest first. Repeating is safe. Refusals:
    UNKNOWN_MERGE, MERGE_COVERED (the survivor was merged since: undo that first), MERGED_ERASED,
    ERASURE_OPEN.
    """

    merge_id: UUID
    reason: Reason


class ListMerges(Command[Merges], frozen=True, kw_only=True):
    """Merges that a member took part in, newest first; at most 100. Refusal: UNKNOWN_MEMBER."""

    member_id: UUID


class IdentifierLinked(Event, frozen=True, kw_only=True):
    """Subject: the identifier; sequence 1. What it is stays in the member service."""

    type: ClassVar[str] = "member.identifier_linked"
    identifier_id: UUID
    member_id: UUID
    kind: IdentifierKind
    verified: bool


class IdentifierUnlinked(Event, frozen=True, kw_only=True):
    """Subject: the identifier; sequence 2."""

    type: ClassVar[str] = "member.identifier_unlinked"
    identifier_id: UUID
    member_id: UUID
    kind: IdentifierKind
    reason: str


class MemberMerged(Event, frozen=True, kw_only=True):
    """`member_ids` (the merged member, and those merged into it before) stand for `survivor_id`
    from now on. Subject: the merge; sequence 1. Of what is told of one member, the highest
    `number` counts."""

    type: ClassVar[str] = "member.merged"
    merge_id: UUID
    merged_id: UUID
    survivor_id: UUID
    member_ids: list[UUID]
    number: int


class MemberUnmerged(Event, frozen=True, kw_only=True):
    """`member_ids` stand for `merged_id` again, and no longer for `survivor_id`. Subject: the
    merge; sequence 2. Numbered together with merges."""

    type: ClassVar[str] = "member.unmerged"
    merge_id: UUID
    merged_id: UUID
    survivor_id: UUID
    member_ids: list[UUID]
    number: int
