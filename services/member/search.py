"""Finding a member at the counter (M14, M17): by any identifier, the last four digits of a phone,
card code, name (also in pinyin and by initials), or by the exact value of a custom field that is
searchable and that the caller may see. Who was merged is found as the survivor.

Every store finds every member. Of many, those of the caller's own store come first, then those who
bought last.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, Text, cast, func, or_, select, union_all
from sqlalchemy.orm import Session

from services.member import cards, consents, fields, identifiers, names, phones
from services.member.models import Identifier, NameKey, Profile, PurchaseFacts, Store
from services.member.phones import Keyring
from services.member.values import searchable
from services.member.views import group_of, read_members, select_members, survivors_of
from shared.contracts.member import FindMembers, Members
from shared.errors import Refusal
from shared.seal import Caller

FOUND_LIMIT = 20
NAMES_LIMIT = 500
"""Names with the wanted beginning that are looked at before the best are chosen."""
_LAST_CHARACTER = "\U0010ffff"
_LAST_PURCHASE = (
    select(func.max(PurchaseFacts.last_on))
    .where(PurchaseFacts.member_id == group_of(Profile.id))
    .correlate(Profile)
    .scalar_subquery()
)


def find(session: Session, keys: Keyring, caller: Caller, command: FindMembers) -> Members:
    """At most 20 members, best first; raises `Refusal("QUERY_TOO_SHORT")`.

    A text may be read in several ways (a name may look like a card code): the first that finds
    somebody counts, from the most to the least exact.
    """
    query = " ".join(unicodedata.normalize("NFKC", command.query).split())
    narrowed = _narrowed(session, keys, caller, command)
    if narrowed and not query:
        some = select(Profile.id).where(*narrowed, Profile.survivor_id.is_(None))
        some = some.limit(NAMES_LIMIT)
        return Members(
            items=read_members(session, keys, caller, _best(caller, Profile.id.in_(some)))
        )
    if _too_short(query):
        raise Refusal("QUERY_TOO_SHORT")
    for statement in _readings(session, keys, caller, query):
        found = read_members(session, keys, caller, statement.where(*narrowed))
        if found:
            return Members(items=found)
    return Members(items=[])


def _narrowed(
    session: Session, keys: Keyring, caller: Caller, command: FindMembers
) -> list[ColumnElement[bool]]:
    wanted = [] if command.tag is None else [tagged(command.tag)]
    if command.has_file is not None:
        term = fields.file_term(session, keys, caller, command.has_file)
        wanted.append(Profile.found_by.bool_op("@>")(cast([term], ARRAY(Text))))
    return wanted


def tagged(tag: str) -> ColumnElement[bool]:
    """Who has a tag, by hand or by rule; each has an index."""
    wanted = cast([" ".join(tag.split())], ARRAY(Text))
    return or_(Profile.tags.bool_op("@>")(wanted), Profile.rule_tags.bool_op("@>")(wanted))


def _too_short(query: str) -> bool:
    """Fewer than four digits, or one letter; but one wide letter (王) is a whole surname."""
    if query.isdecimal():
        return len(query) < 4
    if len(query) == 1:
        return not (query.isalpha() and unicodedata.east_asian_width(query) == "W")
    return not query


def _readings(session: Session, keys: Keyring, caller: Caller, query: str) -> Iterator[Select[Any]]:
    if re.fullmatch("[0-9]{4}", query):
        yield _best(caller, _has(Identifier.last_four == query))
    country = _country(session, caller)
    number = phones.recognise(query, country)
    if number is not None:
        yield _best(caller, _has(Identifier.value_hash == keys.hash_of(number)))
    codes = [code for code in (cards.recognise(query), cards.brought(query)) if code is not None]
    if codes:
        yield _best(caller, Profile.card_code.in_(codes))
    yield _best(caller, _has(identifiers.meant(keys, query)))
    # Which of these was meant cannot be told: what is there exactly comes before beginnings.
    ways = [_begins(Profile.search_name, Profile.id, searchable(query))]
    exact = [Profile.search_name == searchable(query)]
    if letters := names.typed(query):
        ways.append(_begins(NameKey.key, NameKey.member_id, letters))
        spelled = select(NameKey.member_id).where(NameKey.key == letters)
        exact.append(Profile.id.in_(spelled.limit(NAMES_LIMIT)))
    if terms := fields.terms_meant(session, keys, caller, query, country):
        filled_in = Profile.found_by.bool_op("&&")(cast(terms, ARRAY(Text)))
        ways.append(select(Profile.id).where(filled_in).limit(NAMES_LIMIT))
        exact.append(filled_in)
    ids = union_all(*(select(way.subquery().c[0]) for way in ways))
    yield _best(caller, Profile.id.in_(ids), or_(*exact))


def _has(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Members with such an identifier."""
    return Profile.id.in_(identifiers.members_with(condition))


def _begins(column: Any, member_id: Any, beginning: str) -> Select[Any]:
    """The ids of members of whom something begins so."""
    return (
        select(member_id)
        .where(column >= beginning, column < beginning + _LAST_CHARACTER)
        .order_by(column)
        .limit(NAMES_LIMIT)
    )


def _best(
    caller: Caller, condition: ColumnElement[bool], exact: ColumnElement[bool] | None = None
) -> Select[Any]:
    first = [] if exact is None else [exact.desc()]
    store_id = consents.store_of(caller)
    if store_id is not None:
        first.append((Profile.home_store_id == store_id).desc())
    recent = (_LAST_PURCHASE.desc().nulls_last(), Profile.registered_at.desc(), Profile.id)
    found = select_members(survivors_of(condition))
    return found.order_by(*first, *recent).limit(FOUND_LIMIT)


def _country(session: Session, caller: Caller) -> str:
    """Whose national numbers are meant: those of the caller's store, if it is known which."""
    time_zone = session.scalar(select(Store.time_zone).where(Store.id == consents.store_of(caller)))
    return phones.country_of(time_zone or "")
