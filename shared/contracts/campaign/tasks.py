"""Campaign: tasks, the to-dos of a store's staff, and the rule that says what raises which."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from shared.contracts import PLAIN, Code, Command, Event, Message, PageSize, Sentence, Text
from shared.paging import Page

RaisedTaskKind = Literal[
    "stock_discrepancy", "stock_low", "near_next_tier", "tier_lapsing", "points_expiring",
    "birthday",
]  # fmt: skip
TaskKind = Literal[
    "stock_discrepancy", "stock_low", "near_next_tier", "tier_lapsing", "points_expiring",
    "birthday", "by_hand",
]  # fmt: skip
TaskState = Literal["open", "finished", "dropped"]
"""`dropped`: what it was for is no more (a birthday withdrawn, a person erased)."""
TaskOutcome = Literal["done", "not_reached", "not_needed"]
TaskAct = Literal["raised", "taken", "handed_on", "moved", "due_changed", "finished", "dropped"]
"""What happened with a task. `moved`: whom it was with has left, or the member looked after by
somebody else since."""
TaskReceiver = Literal["associate", "store"]
Hours = Annotated[int, Meta(ge=1, le=24 * 90)]
Words = Annotated[str, Meta(min_length=1, max_length=500, pattern=PLAIN)]

ERRORS = {
    "UNKNOWN_TASK": Sentence(zh="没有这件待办", en="There is no such task"),
    "TASK_OF_ANOTHER": Sentence(
        zh="这件待办由其他同事负责", en="Somebody else is looking after this task"
    ),
    "TASK_FINISHED": Sentence(zh="这件待办已经结束", en="This task is finished already"),
    "TASK_CHANGED": Sentence(
        zh="这件待办刚有变动，请看过后再操作", en="This task changed a moment ago; look again"
    ),
    "TASK_ID_TAKEN": Sentence(
        zh="该待办编号已用于其他内容", en="This id was used for another task"
    ),
    "INVALID_TASK": Sentence(zh="待办有误：{reason_zh}", en="The task is not right: {reason_en}"),
    "UNKNOWN_ASSOCIATE": Sentence(
        zh="该员工不存在、已离职或不在该门店范围内",
        en="There is no such member of staff at work in these stores",
    ),
    "INVALID_TASK_RULE": Sentence(
        zh="待办规则有误：{reason_zh}", en="The rule of tasks is not right: {reason_en}"
    ),
    "TASK_RULE_ID_TAKEN": Sentence(
        zh="该规则编号已用于其他内容", en="This id was used for another rule of tasks"
    ),
}

WORDS: dict[RaisedTaskKind, Sentence] = {
    "stock_discrepancy": Sentence(
        zh="{piece} 卖出后账上为 {available} 件，请清点并调整",
        en="{piece}: sold below what the books had ({available}); count and adjust",
    ),
    "stock_low": Sentence(
        zh="{piece} 只剩 {available} 件，请补货", en="{piece}: only {available} left; reorder"
    ),
    "near_next_tier": Sentence(
        zh="会员再消费 {missing} 即可升级{tier}，请联系",
        en="The member is {missing} short of {tier}; get in touch",
    ),
    "tier_lapsing": Sentence(
        zh="会员的{tier}保留到 {until}，还差 {missing}，请联系",
        en="The member keeps {tier} until {until}, {missing} short; get in touch",
    ),
    "points_expiring": Sentence(
        zh="会员有 {points} 积分 {until} 到期，请提醒使用",
        en="The member has {points} points that end on {until}; say so",
    ),
    "birthday": Sentence(
        zh="会员的生日礼遇 {starts} 开始，请送上祝福",
        en="The member's birthday treat begins on {starts}; send good wishes",
    ),
}
"""What a task says, unless the rule says it otherwise. The names in braces are all there are."""
ABOUT_MEMBERS = frozenset({"near_next_tier", "tier_lapsing", "points_expiring", "birthday"})
"""Kinds about a member; they alone can go to whoever looks after the member."""
WITH_A_DAY = frozenset({"tier_lapsing", "points_expiring", "birthday"})
"""Kinds about something that begins or ends on a day; they alone can be due before it."""


class TaskTerms(Message, frozen=True, kw_only=True):
    """What one kind of event raises.

    Due so many hours after the event is told (`due_after_hours`), or before the day it is about:
    before a privilege begins, before the last day of points or of a tier is over
    (`due_before_hours`); one of the two. `privilege`: birthdays of this privilege only. `given_to`:
    the member's associate, if there is one at work in the store, or the store's staff. Words that
    are left empty are those of `WORDS`.
    """

    kind: RaisedTaskKind
    given_to: TaskReceiver = "store"
    due_after_hours: Hours | None = None
    due_before_hours: Hours | None = None
    privilege: Code | None = None
    words_zh: Text = ""
    words_en: Text = ""


def _by_default() -> list[TaskTerms]:
    return [TaskTerms(kind="stock_discrepancy", due_after_hours=24)]


class TaskRule(Message, frozen=True, kw_only=True):
    """Which events raise tasks. What is not named raises none. What is finished is kept so many
    days, with its history (`keep_days`)."""

    kinds: Annotated[list[TaskTerms], Meta(max_length=50)] = msgspec.field(
        default_factory=_by_default
    )
    keep_days: Annotated[int, Meta(ge=30, le=3650)] = 730


class TaskStep(Message, frozen=True, kw_only=True):
    """One entry of a task's history, which is only added to. `by_id`: the person, None for an
    event. `to_id`: whose task it was then, None for the store's staff."""

    number: int
    act: TaskAct
    at: datetime
    by_id: UUID | None
    to_id: UUID | None
    note: str


class Task(Message, frozen=True, kw_only=True):
    """A to-do for one of a store's staff (`associate_id`), or for all of them until somebody takes
    it. `member_id` is who stands for the member now; `piece` names the SKU, which is one of
    `style_id`. Raised by a person, or by an event (`source`) by a version of the rule (0: before
    there was one)."""

    id: UUID
    version: int
    store_id: UUID
    kind: TaskKind
    state: TaskState
    associate_id: UUID | None
    member_id: UUID | None
    sku_id: UUID | None
    style_id: UUID | None
    piece: str | None
    order_id: UUID | None
    reason_zh: str
    reason_en: str
    due_at: datetime
    raised_at: datetime
    raised_by: UUID | None
    source: str | None
    rule_version: int | None
    outcome: TaskOutcome | None
    finished_at: datetime | None
    finished_by: UUID | None
    history: list[TaskStep] = []


class ListTasks(Command[Page[Task]], frozen=True, kw_only=True):
    """Tasks of a store, or of all within the caller's scope: the open ones, first due first, or
    those that ended, last first; without their history. An associate sees the own ones and those
    nobody has taken. `mine`: only the caller's. `member_id`: about this member."""

    store_id: UUID | None = None
    state: Literal["open", "ended"] = "open"
    mine: bool = False
    member_id: UUID | None = None
    first: PageSize = 50
    after: str | None = None


class GetTask(Command[Task], frozen=True, kw_only=True):
    """One task with its history. Refusals: UNKNOWN_TASK, TASK_OF_ANOTHER."""

    id: UUID


class TaskCounts(Message, frozen=True, kw_only=True):
    """Open tasks the caller sees: the own, those nobody has taken, and of all of them those that
    are overdue, and those still due today by the store's clock."""

    mine: int
    untaken: int
    overdue: int
    due_today: int


class CountTasks(Command[TaskCounts], frozen=True, kw_only=True):
    store_id: UUID


class RaiseTask(Command[Task], frozen=True, kw_only=True):
    """Raise a task by hand, for a colleague or for the store's staff; due by the end of the store's
    day, so many days from today (`due_in_days`). The id is the caller's: repeating is safe. Whether
    there is such an order is not looked at. Refusals: TASK_ID_TAKEN, INVALID_TASK (without words),
    UNKNOWN_ASSOCIATE, UNKNOWN_MEMBER, UNKNOWN_SKU."""

    id: UUID
    store_id: UUID
    reason: Words
    due_in_days: Annotated[int, Meta(ge=0, le=366)] = 0
    associate_id: UUID | None = None
    member_id: UUID | None = None
    sku_id: UUID | None = None
    order_id: UUID | None = None


class TakeTask(Command[Task], frozen=True, kw_only=True):
    """Look after a task that nobody has taken; of two at once one is first. Refusals: UNKNOWN_TASK,
    TASK_OF_ANOTHER, TASK_FINISHED."""

    id: UUID


class HandOnTask(Command[Task], frozen=True, kw_only=True):
    """Give a task to a colleague, or back to the store's staff (no `associate_id`), and say why.
    `version` is the one that was looked at. An associate hands on the own and the untaken ones.
    Repeating is safe. Refusals: UNKNOWN_TASK, TASK_OF_ANOTHER, TASK_FINISHED, TASK_CHANGED,
    UNKNOWN_ASSOCIATE."""

    id: UUID
    version: int
    reason: Words
    associate_id: UUID | None = None


class FinishTask(Command[Task], frozen=True, kw_only=True):
    """End a task, saying what came of it; repeating is safe. Refusals: UNKNOWN_TASK,
    TASK_OF_ANOTHER, TASK_FINISHED."""

    id: UUID
    outcome: TaskOutcome
    note: Text = ""


class TaskRuleVersion(Message, frozen=True, kw_only=True):
    id: UUID
    version: int
    valid_from: datetime
    author_id: UUID
    rule: TaskRule


class PublishTaskRule(Command[TaskRuleVersion], frozen=True, kw_only=True):
    """Publish the next version, in force from `valid_from` (None: now); HQ. Tasks that are there
    stay as they are. The id is the caller's: repeating is safe. Refusals: INVALID_TASK_RULE,
    TASK_RULE_ID_TAKEN."""

    id: UUID
    rule: TaskRule
    valid_from: datetime | None = None


class TaskRules(Message, frozen=True, kw_only=True):
    items: list[TaskRuleVersion]


class ListTaskRules(Command[TaskRules], frozen=True, kw_only=True):
    """All versions, newest first."""


class TaskChanged(Event, frozen=True, kw_only=True):
    """A task was raised, taken, handed on or ended. Subject: the task; sequence: `version`."""

    type: ClassVar[str] = "campaign.task_changed"
    audited: ClassVar[bool] = False
    task_id: UUID
    store_id: UUID
    version: int
    state: TaskState
    associate_id: UUID | None


class TaskRulePublished(Event, frozen=True, kw_only=True):
    """Subject: ``tasks``; the sequence is the version."""

    type: ClassVar[str] = "campaign.task_rule_published"
    rule_id: UUID
    version: int
