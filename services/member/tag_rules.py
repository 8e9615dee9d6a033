"""Tag rules as HQ defines them: published, ended, previewed; versioned and never changed (M10).

The newest version whose time has come is in force. What it says of the members there are, is found
in the background (`tagging`); until then its runs say how far it is.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import Row, insert, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.member import conditions, definitions, tag_facts
from services.member.conditions import ConditionError
from services.member.models import TagRuleVersion
from services.member.models import TagRun as RunRow
from services.member.profiles import one_line
from shared import outbox
from shared.contracts.member.tag_rules import (
    CancelTagRun,
    EndTagRule,
    GetTagRun,
    ListTagRules,
    PreviewTagRule,
    PublishTagRule,
    TagRule,
    TagRuleInput,
    TagRulePublished,
    TagRules,
    TagRun,
)
from shared.errors import InvalidInput, Refusal
from shared.seal import Caller

RULES_LIMIT = 50
OPEN = ("waiting", "running")

_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('tag_rules'))")


def publish(session: Session, caller: Caller, command: PublishTagRule) -> TagRule:
    """Publish the next version of a rule; see `PublishTagRule`. One at a time."""
    caller.require_chain()
    rule = msgspec.structs.replace(command.rule, tag=one_line(command.rule.tag, "$.rule.tag"))
    if command.valid_from is not None and command.valid_from.tzinfo is None:
        raise InvalidInput("INVALID_INPUT", {"field": "$.valid_from", "reason": "no time zone"})
    session.execute(_ALONE)
    before = _published_before(session, command.id, rule, command.version, ended=False)
    if before is not None:
        return before
    newest = _newest(session)
    latest = newest.get(rule.tag)
    if command.version != (latest.version if latest else 0):
        raise Refusal("TAG_RULE_CHANGED")
    others = sum(not row.ended for tag, row in newest.items() if tag != rule.tag)
    if others >= RULES_LIMIT:
        raise Refusal("TOO_MANY_TAG_RULES", {"limit": RULES_LIMIT})
    kinds = _kinds(session, rule.condition)
    return _write(session, caller, command.id, command.version + 1, rule, kinds,
                  valid_from=command.valid_from)  # fmt: skip


def end(session: Session, caller: Caller, command: EndTagRule) -> TagRule:
    """End a rule; see `EndTagRule`."""
    caller.require_chain()
    session.execute(_ALONE)
    latest = _newest(session).get(one_line(command.tag, "$.tag"))
    if latest is None:
        raise Refusal("UNKNOWN_TAG_RULE", {"tag": command.tag})
    rule = msgspec.convert(latest.body, TagRuleInput)
    before = _published_before(session, command.id, rule, command.version, ended=True)
    if before is not None:
        return before
    if latest.ended:
        raise Refusal("UNKNOWN_TAG_RULE", {"tag": command.tag})
    if command.version != latest.version:
        raise Refusal("TAG_RULE_CHANGED")
    return _write(session, caller, command.id, latest.version + 1, rule, latest.kinds, ended=True)


def list_rules(session: Session, _caller: Caller, command: ListTagRules) -> TagRules:
    """The rules; see `ListTagRules`."""
    statement = select(TagRuleVersion.__table__)
    if command.history:
        statement = statement.order_by(TagRuleVersion.tag, TagRuleVersion.version.desc())
        rows = list(session.execute(statement))
    else:
        newest = _newest(session).values()
        rows = sorted(newest, key=lambda row: (row.ended, row.tag))
    statement_of_runs = select(RunRow.__table__).where(RunRow.id.in_([row.id for row in rows]))
    runs = {row.id: row for row in session.execute(statement_of_runs)}
    return TagRules(items=[_shown(row, runs[row.id]) for row in rows])


def preview(session: Session, caller: Caller, command: PreviewTagRule) -> TagRun:
    """Begin to judge all members by a draft, or say how far that is; see `PreviewTagRule`."""
    caller.require_chain()
    rule = msgspec.structs.replace(command.rule, tag=one_line(command.rule.tag, "$.rule.tag"))
    session.execute(_ALONE)
    body = msgspec.to_builtins(rule)
    run = _run(session, command.id)
    if run is not None:
        if run.kind != "preview" or run.body != body:
            raise Refusal("TAG_RULE_ID_TAKEN")
        return _shown_run(run)
    kinds = _kinds(session, rule.condition)
    _begin(session, id=command.id, kind="preview", tag=rule.tag, version=None, body=body,
           kinds=kinds, starts_at=datetime.now(UTC))  # fmt: skip
    return get_run(session, caller, GetTagRun(id=command.id))


def get_run(session: Session, _caller: Caller, command: GetTagRun) -> TagRun:
    """How far a run is; raises `Refusal("UNKNOWN_TAG_RUN")`."""
    run = _run(session, command.id)
    if run is None:
        raise Refusal("UNKNOWN_TAG_RUN")
    return _shown_run(run)


def cancel(session: Session, caller: Caller, command: CancelTagRun) -> TagRun:
    """Stop a run; of a version, publish the one before it anew. See `CancelTagRun`."""
    caller.require_chain()
    session.execute(_ALONE)
    run = session.execute(
        select(RunRow.__table__).where(RunRow.id == command.id).with_for_update()
    ).one_or_none()
    if run is None:
        raise Refusal("UNKNOWN_TAG_RUN")
    if run.state == "cancelled":
        return _shown_run(run)
    if run.state not in OPEN:
        raise Refusal("TAG_RUN_OVER")
    session.execute(update(RunRow).where(RunRow.id == run.id).values(state="cancelled"))
    if run.kind == "rule":
        _go_back(session, caller, run)
    return get_run(session, caller, GetTagRun(id=run.id))


def _go_back(session: Session, caller: Caller, run: Row[Any]) -> None:
    """Publish again what was in force before a version; nothing before it: the rule ends."""
    versions = session.execute(
        select(TagRuleVersion.__table__, RunRow.state)
        .join(RunRow, RunRow.id == TagRuleVersion.id)
        .where(TagRuleVersion.tag == run.tag)
        .order_by(TagRuleVersion.version.desc())
    ).all()
    if versions[0].version != run.version:
        return  # a newer one is on its way already
    earlier = next((row for row in versions[1:] if row.state != "cancelled"), None)
    source = earlier or versions[0]
    rule = msgspec.convert(source.body, TagRuleInput)
    _write(session, caller, _follower(run.id), run.version + 1, rule, source.kinds,
           ended=earlier is None or earlier.ended)  # fmt: skip


def _follower(run_id: UUID) -> UUID:
    """The id of what takes a cancelled version back."""
    return uuid5(run_id, "cancelled")


def _write(
    session: Session,
    caller: Caller,
    id_: UUID,
    version: int,
    rule: TagRuleInput,
    kinds: dict[str, str],
    *,
    valid_from: datetime | None = None,
    ended: bool = False,
) -> TagRule:
    now = datetime.now(UTC)
    starts = max(valid_from or now, now)
    body = msgspec.to_builtins(rule)
    row = session.execute(
        insert(TagRuleVersion)
        .values(
            tag=rule.tag, version=version, id=id_, author_id=caller.id, published_at=now,
            valid_from=starts, ended=ended, body=body, kinds=kinds,
        )
        .returning(TagRuleVersion.__table__)
    ).one()  # fmt: skip
    _begin(session, id=id_, kind="rule", tag=rule.tag, version=version, body=body, kinds=kinds,
           starts_at=starts)  # fmt: skip
    event = TagRulePublished(
        rule_id=id_, tag=rule.tag, version=version, valid_from=starts, ended=ended
    )
    outbox.emit(session, (event, rule.tag, version))
    run = _run(session, id_)
    return _shown(row, run)


def _begin(session: Session, **values: Any) -> None:
    session.execute(insert(RunRow).values(**values))


def _kinds(session: Session, condition: str) -> dict[str, str]:
    """The facts of a condition with their kinds; raises `Refusal("CONDITION_INVALID")`."""
    active = [each.field for each in definitions.in_force(session) if each.field.active]
    known = tag_facts.kinds_of(active)
    try:
        node = conditions.parse(condition, known)
    except ConditionError as error:
        reasons = {"reason_zh": error.zh, "reason_en": error.en}
        raise Refusal("CONDITION_INVALID", {"position": error.position} | reasons) from error
    asked = {test.operand.fact for test in conditions.tests_of(node)}
    found = {fact: conditions.kind_of(fact, dict(known)) for fact in asked}
    return {fact: kind for fact, kind in found.items() if kind is not None}


def _newest(session: Session) -> dict[str, Row[Any]]:
    rows = session.execute(
        select(TagRuleVersion.__table__)
        .ext(distinct_on(TagRuleVersion.tag))
        .order_by(TagRuleVersion.tag, TagRuleVersion.version.desc())
    )
    return {row.tag: row for row in rows}


def _published_before(
    session: Session, id_: UUID, rule: TagRuleInput, follows: int, *, ended: bool
) -> TagRule | None:
    """What an equal command has published; refuses the id of another rule or preview."""
    run = _run(session, id_)
    if run is None:
        return None
    if run.version != follows + 1 or run.body != msgspec.to_builtins(rule):
        raise Refusal("TAG_RULE_ID_TAKEN")
    row = session.execute(select(TagRuleVersion.__table__).where(TagRuleVersion.id == id_)).one()
    if row.ended != ended:
        raise Refusal("TAG_RULE_ID_TAKEN")
    return _shown(row, run)


def _run(session: Session, id_: UUID) -> Any:
    return session.execute(select(RunRow.__table__).where(RunRow.id == id_)).one_or_none()


def _shown(row: Row[Any], run: Any) -> TagRule:
    return TagRule(
        id=row.id,
        version=row.version,
        author_id=row.author_id,
        published_at=row.published_at,
        valid_from=row.valid_from,
        rule=msgspec.convert(row.body, TagRuleInput),
        ended=row.ended,
        reads=sorted(row.kinds),
        run=_shown_run(run),
    )


def _shown_run(run: Any) -> TagRun:
    shown = {name: getattr(run, name) for name in TagRun.__struct_fields__}
    return TagRun(**shown)
