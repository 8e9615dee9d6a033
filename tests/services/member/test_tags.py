"""Tags put on and taken off by hand (M9)."""

from collections.abc import Callable
from uuid import UUID

import msgspec
import pytest
from sqlalchemy.orm import Session

from services.member import tags
from services.member.phones import Keyring
from shared.contracts.member import Member, TagMember
from shared.errors import InvalidInput, Refusal
from shared.seal import Caller
from shared.service import decode
from tests.services.member.conftest import contents, events


def test_tags_come_and_go(
    session: Session, keys: Keyring, register: Callable[..., Member], associate: Caller
) -> None:
    member = register()
    first = TagMember(member_id=member.id, add=["高价值客户", " 连衣裙  爱好者 ", "高价值客户"])
    second = TagMember(member_id=member.id, add=["price"], remove=["高价值客户", "unknown"])

    tagged = tags.tag(session, keys, associate, first)
    retagged = tags.tag(session, keys, associate, second)

    assert tagged.tags == ["连衣裙 爱好者", "高价值客户"]
    assert (retagged.tags, retagged.version) == (["price", "连衣裙 爱好者"], 3)
    told = [msgspec.json.decode(each) for each in events(session, "member.tagged")]
    assert [each["sequence"] for each in told] == [2, 3]
    assert told[1]["data"] == {
        "member_id": str(member.id),
        "version": 3,
        "tags": ["price", "连衣裙 爱好者"],
    }


def test_the_same_again_changes_and_tells_nothing(
    session: Session, keys: Keyring, register: Callable[..., Member], associate: Caller
) -> None:
    command = TagMember(member_id=register().id, add=["price"], remove=["new"])
    tagged = tags.tag(session, keys, associate, command)
    before = contents(session)

    assert tags.tag(session, keys, associate, command) == tagged
    assert contents(session) == before


def test_what_is_both_added_and_removed_is_there(
    session: Session, keys: Keyring, register: Callable[..., Member], associate: Caller
) -> None:
    command = TagMember(member_id=register().id, add=["price"], remove=["price"])

    assert tags.tag(session, keys, associate, command).tags == ["price"]


def test_a_member_has_at_most_a_hundred_tags(
    session: Session, keys: Keyring, register: Callable[..., Member], associate: Caller
) -> None:
    member = register()
    for part in range(5):
        add = [f"{part}-{number}" for number in range(20)]
        tags.tag(session, keys, associate, TagMember(member_id=member.id, add=add))
    before = contents(session)

    with pytest.raises(Refusal) as refused:
        tags.tag(session, keys, associate, TagMember(member_id=member.id, add=["more"]))

    assert (refused.value.code, refused.value.parameters) == ("TOO_MANY_TAGS", {"limit": 100})
    assert contents(session) == before


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (TagMember(member_id=UUID(int=1), add=["price"]), "UNKNOWN_MEMBER"),
        (TagMember(member_id=UUID(int=1), add=[" "]), "INVALID_INPUT"),
    ],
)
def test_bad_tags_are_refused(
    session: Session, keys: Keyring, associate: Caller, command: TagMember, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        tags.tag(session, keys, associate, command)

    assert refused.value.code == code


@pytest.mark.parametrize("tag", ["", "x" * 31, "a\x00b", "a\u202eb"])
def test_a_tag_that_is_not_as_the_contract_says_is_refused(tag: str) -> None:
    with pytest.raises(InvalidInput):
        decode({"member_id": str(UUID(int=1)), "add": [tag]}, TagMember)
