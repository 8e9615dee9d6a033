"""Members who are probably one person are proposed, with a score and reasons (M11, M12, K35)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from services.member import (
    audit,
    comparing,
    duplicate_audit,
    duplicate_rules,
    duplicates,
    family,
    links,
    merging,
    profiles,
)
from services.member.models import ImportRun
from services.member.phones import Keyring
from shared.contracts.member import Member, UpdateMember
from shared.contracts.member.birthdays import Birthday
from shared.contracts.member.duplicates import (
    DismissDuplicate,
    Duplicate,
    DuplicateRule,
    ListDuplicateRules,
    ListDuplicates,
    PublishDuplicateRule,
)
from shared.contracts.member.family import SaveRelative
from shared.contracts.member.identity import (
    IdentifierInput,
    LinkIdentifier,
    MergeMembers,
    UndoMerge,
)
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from tests.services.member.conftest import contents, events, open_store, registration, staff
from tests.services.member.test_erasures import erased

BORN = date(1990, 5, 17)
NUMBERS = ("13812341234", "13988880002")
NOW = datetime(2026, 3, 14, 4, 0, tzinfo=UTC)


class Desk:
    """Somebody who looks at proposals, and the worker that makes them."""

    def __init__(self, session: Session, keys: Keyring, store_id: UUID) -> None:
        self.session, self.keys, self.store_id = session, keys, store_id
        self.manager = staff(Role.STORE_MANAGER, store_id)
        self.hq = Caller(
            kind="staff", id=new_id(), roles=frozenset({Role.HQ_OPERATIONS}),
            scope_kind=ScopeKind.CHAIN, scope_id=None,
        )  # fmt: skip

    def register(self, phone: str, store_id: UUID | None = None, **fields: Any) -> UUID:
        command = registration(store_id or self.store_id, phone=phone, **fields)
        return profiles.register(self.session, self.keys, self.hq, command).id

    def pair(self, one: dict[str, Any], other: dict[str, Any]) -> tuple[UUID, UUID]:
        first, second = (
            self.register(number, **fields)
            for number, fields in zip(NUMBERS, (one, other), strict=True)
        )
        return first, second

    def update(self, member_id: UUID, **changes: Any) -> None:
        found = "SELECT version FROM members WHERE id = :id"
        version = self.session.scalar(text(found), {"id": member_id})
        command = UpdateMember(member_id=member_id, version=version, **changes)
        profiles.update_member(self.session, self.keys, self.hq, command)

    def link(self, member_id: UUID, kind: Any, value: str, shop: str | None = None) -> None:
        given = IdentifierInput(kind=kind, value=value, shop=shop)
        command = LinkIdentifier(id=new_id(), member_id=member_id, identifier=given)
        links.link(self.session, self.keys, self.hq, command)

    def compare(self) -> None:
        for _ in range(100):
            if not comparing.step(self.session, self.keys, NOW):
                return
        raise AssertionError("it never ends")

    def seen(self, by: Caller | None = None, **fields: Any) -> list[Duplicate]:
        self.compare()
        command = ListDuplicates(**fields)
        return duplicates.list_duplicates(self.session, by or self.hq, command).items

    def why(self) -> tuple[int, set[str]]:
        """The score and reasons of the only proposal."""
        (found,) = self.seen()
        return found.score, {each.code for each in found.reasons}

    def dismiss(self, duplicate: Duplicate, by: Caller | None = None) -> Duplicate:
        command = DismissDuplicate(id=duplicate.id, reason="两个人")
        return duplicates.dismiss(self.session, by or self.hq, command)

    def merge(self, one: UUID, other: UUID) -> UUID:
        command = MergeMembers(id=new_id(), member_id=one, other_id=other, reason="同一人")
        return merging.merge(self.session, self.keys, self.hq, command).id

    def undo(self, merge_id: UUID) -> None:
        command = UndoMerge(merge_id=merge_id, reason="弄错了")
        merging.undo(self.session, self.keys, self.hq, command)

    def differences(self) -> dict[str, Any]:
        found = {n: self.session.execute(text(q)).all() for n, q in audit.CHECKS.items()}
        return {name: rows for name, rows in found.items() if rows}


@pytest.fixture
def desk(session: Session, keys: Keyring, store_id: UUID) -> Desk:
    return Desk(session, keys, store_id)


@pytest.mark.parametrize(
    ("one", "other", "score", "reasons"),
    [
        ({"name": "顾客", "birthday": BORN}, {"name": "顾客", "birthday": BORN}, 80,
         {"name_same", "birthday_same", "home_store_same"}),
        ({"name": "顾客", "birthday": BORN}, {"name": "顾刻", "birthday": BORN}, 70,
         {"name_sounds_same", "birthday_same", "home_store_same"}),
        ({"name": "顾客", "birthday": BORN}, {"name": "顾客", "born": Birthday(month=5, day=17)},
         70, {"name_same", "day_of_birth_same", "home_store_same"}),
        ({"name": "顾客", "wechat": "Keke_Gu"}, {"name": "客客", "wechat": "keke_gu"}, 70,
         {"wechat_same", "home_store_same"}),
        ({"name": "顾客", "wechat": NUMBERS[1]}, {"name": "客客"}, 70,
         {"wechat_is_phone", "home_store_same"}),
        ({"name": "顾客"}, {"name": "客客", "wechat": NUMBERS[0]}, 70,
         {"wechat_is_phone", "home_store_same"}),
        ({"name": "顾客", "city": "上海", "height_cm": 165, "gender": "female", "birthday": BORN},
         {"name": "顾客", "city": "上海 ", "height_cm": 166, "gender": "male", "birthday": BORN},
         63, {"name_same", "birthday_same", "home_store_same", "city_same", "height_same",
          "gender_differs"}),
    ],
)  # fmt: skip
def test_who_is_probably_one_person_is_proposed_with_a_score_and_reasons(
    desk: Desk, one: dict[str, Any], other: dict[str, Any], score: int, reasons: set[str]
) -> None:
    desk.pair(one, other)

    assert desk.why() == (score, reasons)
    (found,) = desk.seen()
    assert all(each.zh and each.en for each in found.reasons)
    assert "顾客" not in str(found)
    assert desk.differences() == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "顾客"}, {"name": "顾客"}),
        ({"name": "顾客", "birthday": BORN}, {"name": "顾客", "birthday": date(1988, 5, 17)}),
        ({"name": "顾客", "birthday": BORN}, {"name": "某乙", "birthday": BORN}),
        ({"name": "顾客", "city": "上海", "height_cm": 165},
         {"name": "顾客", "city": "上海", "height_cm": 165}),
    ],
)  # fmt: skip
def test_a_common_name_alone_proposes_nobody(
    desk: Desk, one: dict[str, Any], other: dict[str, Any]
) -> None:
    desk.pair(one, other)

    assert desk.seen() == []


@pytest.mark.parametrize(
    ("identifiers", "score", "reasons"),
    [
        ([("phone", "13711111234", None)], 70, {"name_same", "last_four_same", "home_store_same"}),
        ([("phone", "13812341243", None)], 85,
         {"name_same", "phone_nearly_same", "home_store_same"}),
        ([("email", "na.li@example.com", None), ("email", "nali+shop@example.com", None)], 100,
         {"name_same", "email_nearly_same", "home_store_same"}),
        ([("shop_account", "NanaLi", "tmall"), ("shop_account", "nanali", "jd")], 80,
         {"name_same", "account_same", "home_store_same"}),
    ],
)  # fmt: skip
def test_what_is_linked_later_proposes_too(
    desk: Desk, identifiers: list[tuple[str, str, str | None]], score: int, reasons: set[str]
) -> None:
    both = desk.pair({"name": "顾客"}, {"name": "顾客"})
    assert desk.seen() == []

    for member_id, given in zip(reversed(both), identifiers, strict=False):
        desk.link(member_id, *given)

    assert desk.why() == (score, reasons)


def test_a_proposal_ends_when_the_facts_no_longer_speak_for_it(desk: Desk) -> None:
    one, other = desk.pair({"name": "顾客", "birthday": BORN}, {"name": "顾客", "birthday": BORN})
    assert len(desk.seen()) == 1

    related = SaveRelative(
        id=new_id(), member_id=one, version=0, relation="sibling", name="顾客",
        linked_member_id=other,
    )  # fmt: skip
    family.save(desk.session, desk.keys, desk.hq, related)

    assert desk.seen() == []
    assert desk.differences() == {}


def test_who_was_dismissed_comes_back_only_when_something_new_speaks_for_it(desk: Desk) -> None:
    one, other = desk.pair({"name": "顾客", "birthday": BORN}, {"name": "顾客", "birthday": BORN})
    (found,) = desk.seen()

    dismissed = desk.dismiss(found)
    assert desk.dismiss(found) == dismissed
    assert (dismissed.state, dismissed.dismiss_reason) == ("dismissed", "两个人")
    assert len(events(desk.session, "member.duplicate_dismissed")) == 1
    assert "两个人" not in events(desk.session, "member.duplicate_dismissed")[0]
    desk.update(one, style="简约")
    rule = DuplicateRule(name_same=40)
    duplicate_rules.publish(desk.session, desk.hq, PublishDuplicateRule(id=new_id(), rule=rule))
    assert desk.seen() == []
    assert [each.id for each in desk.seen(state="dismissed")] == [found.id]

    desk.update(one, wechat="nana")
    assert desk.seen() == []
    desk.update(other, wechat="NANA")
    (again,) = desk.seen()
    assert (again.id, again.state, again.dismissed_by) == (found.id, "open", None)
    desk.dismiss(again)
    assert desk.seen() == []
    assert len(events(desk.session, "member.duplicate_dismissed")) == 2
    assert desk.differences() == {}


def test_k35_a_merge_accepts_the_proposal_and_an_undo_does_not_bring_it_back(desk: Desk) -> None:
    same = {"name": "顾客", "birthday": BORN}
    one, other = desk.pair(same, same)
    third = desk.register("13700000003", **same)
    assert len(desk.seen()) == 3

    merge_id = desk.merge(one, other)
    left = desk.seen()
    assert [{each.member_id, each.other_id} for each in left] == [{one, third}]
    assert desk.differences() == {}
    desk.dismiss(left[0])
    assert desk.seen() == []

    desk.undo(merge_id)
    assert [{each.member_id, each.other_id} for each in desk.seen()] == [{other, third}]
    again = desk.merge(one, other)
    assert desk.seen() == []  # of the survivor and the third it was said that they are two
    desk.undo(again)
    assert desk.differences() == {}


def test_two_who_were_merged_by_hand_and_parted_are_not_proposed(desk: Desk) -> None:
    same = {"name": "顾客", "birthday": BORN}
    desk.undo(desk.merge(*desk.pair(same, same)))

    assert desk.seen() == []
    (kept,) = desk.seen(state="dismissed")
    assert kept.dismiss_reason == "弄错了"
    assert desk.differences() == {}


def test_of_who_is_erased_nothing_is_kept_and_nobody_is_proposed(
    desk: Desk, register: Callable[..., Member]
) -> None:
    member = register(phone=NUMBERS[0], name="顾客", birthday=BORN)
    desk.register(NUMBERS[1], name="顾客", birthday=BORN)
    assert len(desk.seen()) == 1

    erased(desk.session, desk.manager, member)

    for query in (
        "SELECT count(*) FROM duplicates",
        "SELECT count(*) FROM duplicate_keys WHERE member_id = :id",
    ):
        assert desk.session.scalar(text(query), {"id": member.id}) == 0
    assert desk.seen() == []
    assert desk.session.scalar(text(query), {"id": member.id}) == 0


def test_pairs_are_seen_and_decided_only_where_both_are_at_home(
    desk: Desk, session: Session
) -> None:
    elsewhere = open_store(session)
    same = {"name": "顾客", "birthday": BORN}
    desk.register(NUMBERS[0], **same)
    desk.register(NUMBERS[1], store_id=elsewhere, **same)
    (found,) = desk.seen()
    before = contents(session)

    assert desk.seen(by=desk.manager) == []
    with pytest.raises(Forbidden):
        desk.dismiss(found, by=desk.manager)
    with pytest.raises(Refusal, match="UNKNOWN_DUPLICATE"):
        desk.dismiss(Duplicate(**{**_fields(found), "id": new_id()}))
    assert contents(session) == before

    for table in ("members", "birthdays"):
        moved = text(f"UPDATE {table} SET home_store_id = :id")
        session.execute(moved, {"id": desk.store_id})
    assert desk.differences() == {}
    assert [each.id for each in desk.seen(by=desk.manager)] == [found.id]
    desk.dismiss(found, by=desk.manager)


def test_the_likeliest_come_first_page_by_page_and_of_one_member(desk: Desk) -> None:
    for number in range(4):
        year = {"birthday": date(1980 + number, 1, 2)}
        more: dict[str, Any] = {"name": "周一", **year}
        first = desk.register(f"1381111{number:04}", **more, height_cm=150 + 9 * number)
        desk.register(f"1392222{number:04}", **more, height_cm=150 + number)
    found = desk.seen()
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)

    pages, after = [], None
    for _ in range(len(found)):
        command = ListDuplicates(first=1, after=after)
        page = duplicates.list_duplicates(desk.session, desk.hq, command)
        pages += page.items
        after = page.cursors[-1]
    assert pages == found
    assert not page.has_next
    mine = desk.seen(member_id=first)
    assert mine
    assert all(first in (each.member_id, each.other_id) for each in mine)


def test_a_new_version_of_the_rule_meets_everybody(desk: Desk, session: Session) -> None:
    desk.pair({"name": "顾客"}, {"name": "顾客"})
    assert desk.seen() == []
    command = PublishDuplicateRule(id=new_id(), rule=DuplicateRule(propose_from=45))

    first = duplicate_rules.publish(session, desk.hq, command)
    assert duplicate_rules.publish(session, desk.hq, command) == first
    assert not first.applied
    with pytest.raises(Refusal, match="DUPLICATE_RULE_ID_TAKEN"):
        duplicate_rules.publish(
            session, desk.hq, PublishDuplicateRule(id=command.id, rule=DuplicateRule())
        )
    with pytest.raises(Forbidden):
        duplicate_rules.publish(
            session, desk.manager, PublishDuplicateRule(id=new_id(), rule=DuplicateRule())
        )

    (found,) = desk.seen()
    assert (found.score, found.rule_version) == (45, 1)
    (listed,) = duplicate_rules.list_rules(session, ListDuplicateRules()).items
    assert listed.applied
    assert desk.differences() == {}


def test_what_too_many_share_looks_nobody_up(desk: Desk, session: Session) -> None:
    rule = DuplicateRule(propose_from=45, block_limit=3)
    duplicate_rules.publish(session, desk.hq, PublishDuplicateRule(id=new_id(), rule=rule))
    for number in range(3):
        desk.register(f"1381111{number:04}", name="某乙")
    assert len(desk.seen()) == 3

    desk.register("13922220009", name="某乙")

    assert len(desk.seen()) == 3


def test_the_audit_sees_what_is_wrong_with_proposals(desk: Desk, session: Session) -> None:
    same = {"name": "顾客", "birthday": BORN}
    one, other = desk.pair(same, same)
    third = desk.register("13700000003", name="某乙")
    desk.seen()
    desk.merge(one, other)
    desk.compare()
    assert desk.differences() == {}

    for statement in (
        "UPDATE merges SET undone_at = now(), undone_by = id, undo_reason = ''",
        "UPDATE duplicates SET score = 99",
        f"INSERT INTO duplicate_keys (key, member_id) VALUES (1, '{other}')",
        "INSERT INTO duplicate_changes (member_id, at) VALUES"
        f" ('{third}', now() - interval '2 hours')",
        "INSERT INTO duplicates (id, first_id, second_id, first_home_id, second_home_id, state,"
        " version, score, reasons, evidence, rule_version, found_at) SELECT gen_random_uuid(),"
        " least(a.id, b.id), greatest(a.id, b.id), a.home_store_id, b.home_store_id, 'open', 1,"
        " 60, '[]', '{}', 0, now() FROM members AS a, members AS b"
        f" WHERE a.id = '{other}' AND b.id = '{third}'",
    ):
        session.execute(text(statement))

    assert set(desk.differences()) >= set(duplicate_audit.CHECKS)


def test_nobody_is_compared_while_a_file_is_brought_in(desk: Desk, session: Session) -> None:
    same = {"name": "顾客", "birthday": BORN}
    desk.pair(same, same)
    values: dict[str, Any] = {
        "id": new_id(), "version": 1, "state": "running", "rows": 9, "file_name": "x.csv",
        "headers": [], "caller": {}, "scope_kind": "chain",
    }  # fmt: skip
    session.execute(insert(ImportRun).values(values))
    assert desk.seen() == []
    session.execute(text("UPDATE imports SET done = 9"))
    assert len(desk.seen()) == 1


def _fields(found: Duplicate) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__struct_fields__}
