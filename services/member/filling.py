"""What a merge gives the survivor: what it lacked and the other has; and what an undo takes back.

Noted are only names, with keyed hashes of the values: an undo leaves alone what was changed since.
"""

from typing import Any

import msgspec
from sqlalchemy import Row
from sqlalchemy.orm import Session

from services.member import fields
from services.member.models import TAGS_LIMIT, MemberBirthday
from services.member.phones import Keyring
from shared.errors import Refusal

COLUMNS = (
    "gender", "birthday", "city", "height_cm", "style", "associate_id", "wechat", "spending_power",
)  # fmt: skip
MAPS = ("sizes", "fields")
Filled = dict[str, Any]
"""`columns`, `sizes` and `fields`: name → hash of the value; `tags`: those that were added."""
Values = dict[str, Any]


def values_of(row: Row[Any]) -> Values:
    """What of a profile can be filled in; the maps and lists are copies."""
    values = {name: row._mapping[name] for name in COLUMNS}
    return values | {name: dict(row._mapping[name]) for name in MAPS} | {"tags": list(row.tags)}


def fill(session: Session, keys: Keyring, into: Values, into_id: Any, other: Row[Any]) -> Filled:
    """Fill `into` from the other's profile; returns what was filled. Raises TOO_MANY_TAGS."""
    filled: Filled = {"columns": {}, "sizes": {}, "fields": {}, "tags": []}
    for name in COLUMNS:
        value = other._mapping[name]
        if name == "birthday" and session.get(MemberBirthday, into_id) is not None:
            continue
        if into[name] is None and value is not None:
            into[name] = value
            filled["columns"][name] = _digest(keys, value)
    carried = fields.carried(session, keys, other.fields, other.id, into_id)
    for name, values in (("sizes", other.sizes), ("fields", carried)):
        for key, value in values.items():
            if key not in into[name]:
                into[name][key] = value
                filled[name][key] = _digest(keys, value)
    filled["tags"] = sorted(set(other.tags) - set(into["tags"]))
    into["tags"] = sorted({*into["tags"], *filled["tags"]})
    if len(into["tags"]) > TAGS_LIMIT:
        raise Refusal("TOO_MANY_TAGS", {"limit": TAGS_LIMIT})
    return filled


def take_back(keys: Keyring, out_of: Values, filled: Filled) -> None:
    """Take out of a profile what was filled in and is still the same."""
    for name, digest in filled["columns"].items():
        if _digest(keys, out_of[name]) == digest:
            out_of[name] = None
    for name in MAPS:
        for key, digest in filled[name].items():
            if key in out_of[name] and _digest(keys, out_of[name][key]) == digest:
                del out_of[name][key]
    out_of["tags"] = sorted(set(out_of["tags"]) - set(filled["tags"]))


def joined(filled: Filled, more: Filled) -> Filled:
    """Two notes as one."""
    tags = sorted({*filled["tags"], *more["tags"]})
    return {name: {**filled[name], **more[name]} for name in ("columns", *MAPS)} | {"tags": tags}


def names_of(filled: Filled) -> list[str]:
    """The names of what was filled: `city`, `sizes.top`, `fields.<key>`, `tags`."""
    names = list(filled["columns"])
    names += [f"{name}.{key}" for name in MAPS for key in filled[name]]
    return sorted(names + (["tags"] if filled["tags"] else []))


def _digest(keys: Keyring, value: Any) -> str:
    return keys.digest_of(msgspec.json.encode(value, order="deterministic")).hex()
