"""A name drawn below a text: what travels, what is kept of it, and how it is shown as proof.

Kept are the points of the strokes and no picture: they are small, can be drawn at any size, and the
order and run of the strokes is part of what makes a signature somebody's. With them stand who held
the device, when, which device, the language, and the version of the words; the words themselves are
never changed (`field_versions`, `notices`). All of it is encrypted, as phones are.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.member.models import FieldVersion, Notice
from services.member.unfit import Unfit
from shared.contracts import Code
from shared.contracts.member.fields import POINTS_LIMIT, SignatureField
from shared.seal import Caller

Coordinate = Annotated[int, Meta(ge=0, le=4_000)]
Stroke = Annotated[list[tuple[Coordinate, Coordinate]], Meta(min_length=1, max_length=POINTS_LIMIT)]
FEWEST_POINTS = 4
"""A touch of the screen is no signature."""
_OUTLINE = ("signed_at", "staff_id", "device_id", "language", "notice_version")


class Drawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signature as it comes: `version` of the field that was shown, and of the notice if it is
    one; points within a box of `width` and `height`."""

    version: int
    language: Literal["zh", "en"]
    width: Annotated[int, Meta(ge=1, le=4_000)]
    height: Annotated[int, Meta(ge=1, le=4_000)]
    strokes: Annotated[list[Stroke], Meta(min_length=1, max_length=200)]
    notice_version: Code | None = None


def drawn(given: Any) -> dict[str, Any]:
    """The signature, if it is one; raises `Unfit`."""
    try:
        found = msgspec.convert(given, Drawn)
    except msgspec.ValidationError as error:
        raise Unfit("应为手写签名", "a drawn signature is expected") from error
    points = [point for stroke in found.strokes for point in stroke]
    if not FEWEST_POINTS <= len(points) <= POINTS_LIMIT:
        raise Unfit(
            f"签名应有 {FEWEST_POINTS} 至 {POINTS_LIMIT} 个点",
            f"a signature has {FEWEST_POINTS} to {POINTS_LIMIT} points",
        )
    if any(x > found.width or y > found.height for x, y in points):
        raise Unfit("签名超出了边框", "the signature runs out of its box")
    made: dict[str, Any] = msgspec.to_builtins(found)
    return made


def witnessed(value: dict[str, Any], version: int, caller: Caller) -> dict[str, Any]:
    """The signature with who, when and which device; raises `Unfit` where other words were shown
    than those in force."""
    if value["version"] != version:
        raise _other_words()
    rest = {name: told for name, told in value.items() if name != "version"}
    return rest | {
        "signed_at": datetime.now(UTC).isoformat(),
        "staff_id": str(caller.id),
        "device_id": str(caller.device_id) if caller.device_id else None,
    }


def outline(kept: dict[str, Any]) -> dict[str, Any]:
    """What is told of a signature wherever its member is: all but the strokes."""
    return {name: kept[name] for name in _OUTLINE if kept.get(name) is not None}


def require_notice(session: Session, kind: SignatureField, given: Any) -> None:
    """Raise `Unfit` unless what was signed is the notice in force, where a notice is signed."""
    told = given.get("notice_version") if isinstance(given, dict) else None
    if kind.notice is None:
        if told is not None:
            raise _other_words()
        return
    newest = (
        select(Notice.version)
        .where(Notice.purpose == kind.notice, Notice.valid_from <= datetime.now(UTC))
        .order_by(Notice.valid_from.desc(), Notice.published_at.desc())
        .limit(1)
    )
    in_force = session.scalar(newest)
    if in_force is None or told != in_force:
        raise _other_words()


def words(session: Session, subject: str, key: str, version: int, kept: dict[str, Any]) -> str:
    """The words that were signed, in the language they were shown in."""
    body = session.scalar(
        select(FieldVersion.body).where(
            FieldVersion.subject == subject,
            FieldVersion.key == key,
            FieldVersion.version == version,
        )
    )
    kind = (body or {}).get("kind", {})
    column = f"text_{kept['language']}"
    if not kind.get("notice"):
        return str(kind.get(column, ""))
    signed = select(Notice).where(
        Notice.purpose == kind["notice"], Notice.version == kept["notice_version"]
    )
    notice = session.scalars(signed).first()
    return str(getattr(notice, column, ""))


def _other_words() -> Unfit:
    return Unfit("签署的文字已更新，请重新签名", "the words have changed; sign once more")
