"""Birthdays by the solar or the lunar calendar, and the rule that says when they are kept."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import Code, Command, Event, Message, Name, PageSize, Sentence
from shared.paging import Page

Calendar = Literal["solar", "lunar"]
AroundDays = Annotated[int, Meta(ge=0, le=60)]

ERRORS = {
    "INVALID_BIRTHDAY_RULE": Sentence(
        zh="生日规则有误：{reason_zh}", en="The birthday rule is not right: {reason_en}"
    ),
    "BIRTHDAY_RULE_ID_TAKEN": Sentence(
        zh="该规则编号已用于其他内容", en="This id was used for another birthday rule"
    ),
}


class Birthday(Message, frozen=True, kw_only=True):
    """A birthday as people give it: often without the year.

    A lunar one is a month and day of the calendar of GB/T 33661-2017, `leap_month` for a month
    that stands twice in its year; its `year` is the lunar one.
    """

    calendar: Calendar = "solar"
    month: Annotated[int, Meta(ge=1, le=12)]
    day: Annotated[int, Meta(ge=1, le=31)]
    leap_month: bool = False
    year: Annotated[int, Meta(ge=1900, le=2100)] | None = None


class Privilege(Message, frozen=True, kw_only=True):
    """Something a member has around the birthday, of which others know by its `code` (L5, T8).

    `span`: on the day, in the month of the birthday (a lunar month for a lunar birthday), or from
    `days_before` to `days_after` it. Others are told `announce_days` before it opens; a coupon of
    `coupon_promotion_id` is issued at that moment, once for each member and year (C4).
    """

    code: Code
    name_zh: Name
    name_en: Name
    span: Literal["day", "month", "days"] = "day"
    days_before: AroundDays = 0
    days_after: AroundDays = 0
    announce_days: AroundDays = 1
    coupon_promotion_id: UUID | None = None


class BirthdayRule(Message, frozen=True, kw_only=True):
    """On which day a birthday is kept in a year that lacks it, and what members have from it.

    `day_30`: of a lunar month that has 29 days. `leap_month`: in a year without that leap month.
    `february_29`: in a common year.
    """

    day_30: Literal["day_29", "following_day"] = "day_29"
    leap_month: Literal["ordinary_month", "following_month"] = "ordinary_month"
    february_29: Literal["february_28", "march_1"] = "february_28"
    privileges: Annotated[list[Privilege], Meta(max_length=20)] = []


class BirthdayRuleVersion(Message, frozen=True, kw_only=True):
    id: UUID
    version: int
    valid_from: datetime
    author_id: UUID
    rule: BirthdayRule


class BirthdayRules(Message, frozen=True, kw_only=True):
    items: list[BirthdayRuleVersion]


class PublishBirthdayRule(Command[BirthdayRuleVersion], frozen=True, kw_only=True):
    """Publish the next version, in force from `valid_from` (None: now); HQ. The id is the caller's:
    repeating is safe. What has opened by then stays as it is. Refusals: INVALID_BIRTHDAY_RULE,
    BIRTHDAY_RULE_ID_TAKEN."""

    id: UUID
    valid_from: datetime | None = None
    rule: BirthdayRule


class ListBirthdayRules(Command[BirthdayRules], frozen=True, kw_only=True):
    """All versions, newest first."""


class UpcomingBirthday(Message, frozen=True, kw_only=True):
    """`on` is the local date of the home store; `turns` the age then, where the year is known."""

    member_id: UUID
    on: date
    days_left: int
    turns: int | None = None
    calendar: Calendar


class GetBirthdays(Command[Page[UpcomingBirthday]], frozen=True, kw_only=True):
    """The members at home in a store with a birthday today or in the next `days`, soonest first.

    Refusal: UNKNOWN_STORE.
    """

    store_id: UUID
    days: Annotated[int, Meta(ge=0, le=366)] = 7
    first: PageSize = 50
    after: str | None = None


class BirthdayRulePublished(Event, frozen=True, kw_only=True):
    """Subject: ``birthday``; the sequence is the version."""

    type: ClassVar[str] = "member.birthday_rule_published"
    rule_id: UUID
    version: int
    valid_from: datetime


class BirthdayWindow(Event, frozen=True, kw_only=True):
    """When a member has a privilege: subject the window, sequence its version; told before it
    opens, again when it is moved or `withdrawn`. The birthday itself is never told."""

    type: ClassVar[str] = "member.birthday_window"
    audited: ClassVar[bool] = False
    window_id: UUID
    version: int
    member_id: UUID
    privilege: str
    rule_version: int
    starts_at: datetime
    ends_at: datetime
    withdrawn: bool = False
    coupon_promotion_id: UUID | None = None
