"""The forms of a member and of their family as they are filled in, and what is told of them."""

import re
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class ProfileForm:
    """All texts as they stand in their fields; `custom` by the key HQ gave, None where emptied."""

    name: str = ""
    gender: str = ""
    calendar: str = "solar"
    year: str = ""
    month: str = ""
    day: str = ""
    leap: bool = False
    city: str = ""
    wechat: str = ""
    height: str = ""
    style: str = ""
    likes: str = ""
    power: str = ""
    sizes: dict[str, str] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, member: dict[str, Any]) -> "ProfileForm":
        born = member.get("born") or {}
        return cls(
            name=member.get("name", ""),
            gender=member.get("gender") or "",
            calendar=born.get("calendar", "SOLAR").lower(),
            year=str(born.get("year") or ""),
            month=str(born.get("month") or ""),
            day=str(born.get("day") or ""),
            leap=bool(born.get("leapMonth")),
            city=member.get("city") or "",
            wechat=member.get("wechat") or "",
            height=str(member.get("heightCm") or ""),
            style=member.get("style") or "",
            likes="，".join(member.get("stylePreferences") or []),
            power=member.get("spendingPower") or "",
            sizes={each["name"]: each["value"] for each in member.get("sizes") or []},
            custom={each["key"]: each["value"] for each in member.get("fields") or []},
        )

    def with_(self, name: str, value: Any) -> "ProfileForm":
        return replace(self, **{name: value})

    def with_custom(self, key: str, value: Any) -> "ProfileForm":
        return replace(self, custom={**self.custom, key: value})

    def changes(self, member: dict[str, Any]) -> dict[str, Any]:
        """What `updateMember` is told: only what differs from what is known."""
        before = ProfileForm.of(member)
        mine, known = self._told(), before._told()
        changed = {name: value for name, value in mine.items() if value != known[name]}
        changed = {name: value for name, value in changed.items() if value is not None}
        fields = {
            key: value for key, value in self.custom.items() if value != before.custom.get(key)
        }
        return {**changed, **({"fields": fields} if fields else {})}

    def _told(self) -> dict[str, Any]:
        """As the API takes it; None is what is not told."""
        sizes = [{"name": n, "value": v.strip()} for n, v in self.sizes.items() if v.strip()]
        return {
            "name": self.name.strip(),
            "gender": self.gender or None,
            "born": born_of(self),
            "city": self.city.strip(),
            "wechat": self.wechat.strip(),
            "heightCm": int(self.height) if self.height else None,
            "style": self.style.strip(),
            "stylePreferences": [each.strip() for each in re.split("[，,、]", self.likes)
                                 if each.strip()],
            "spendingPower": self.power or None,
            "sizes": sorted(sizes, key=lambda each: each["name"]),
        }  # fmt: skip


@dataclass(frozen=True)
class NewCardForm:
    """Somebody new: `agreed` to the notice, `location` to being asked for a place."""

    name: str = ""
    source: str = "store"
    agreed: bool = False
    marketing: bool = False
    location: bool = False
    custom: dict[str, Any] = field(default_factory=dict)

    def with_(self, name: str, value: Any) -> "NewCardForm":
        return replace(self, **{name: value})

    def with_custom(self, key: str, value: Any) -> "NewCardForm":
        return replace(self, custom={**self.custom, key: value})

    @property
    def ready(self) -> bool:
        return bool(self.name.strip()) and self.agreed

    @property
    def filled(self) -> dict[str, Any]:
        """What was filled in of HQ's fields, by their keys."""
        return {key: value for key, value in self.custom.items() if value is not None}


@dataclass(frozen=True)
class RelativeForm:
    """One of a member's family, as it is being written down."""

    relation: str = "CHILD"
    name: str = ""
    calendar: str = "solar"
    year: str = ""
    month: str = ""
    day: str = ""
    leap: bool = False
    note: str = ""
    guardian: bool = False

    def with_(self, name: str, value: Any) -> "RelativeForm":
        return replace(self, **{name: value})

    @property
    def needs_guardian(self) -> bool:
        """Whether the law may ask for the guardian's consent; the gateway knows the age."""
        return self.relation in ("CHILD", "GRANDCHILD")

    def told(self) -> dict[str, Any]:
        return {
            "relation": self.relation,
            "name": self.name.strip(),
            "born": born_of(self),
            "note": self.note.strip(),
            "guardianConsent": self.needs_guardian and self.guardian,
        }


def born_of(form: ProfileForm | RelativeForm) -> dict[str, Any] | None:
    """A birthday as the API takes it; without month and day there is none."""
    if not form.month or not form.day:
        return None
    return {
        "calendar": form.calendar.upper(),
        "year": int(form.year) if form.year else None,
        "month": int(form.month),
        "day": int(form.day),
        "leapMonth": form.leap and form.calendar == "lunar",
    }
