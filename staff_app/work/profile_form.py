"""The form of a member as it is being filled in, and what of it was changed."""

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
            "born": self._born(),
            "city": self.city.strip(),
            "wechat": self.wechat.strip(),
            "heightCm": int(self.height) if self.height else None,
            "style": self.style.strip(),
            "stylePreferences": [each.strip() for each in re.split("[，,、]", self.likes)
                                 if each.strip()],
            "spendingPower": self.power or None,
            "sizes": sorted(sizes, key=lambda each: each["name"]),
        }  # fmt: skip

    def _born(self) -> dict[str, Any] | None:
        if not self.month or not self.day:
            return None
        return {
            "calendar": self.calendar.upper(),
            "year": int(self.year) if self.year else None,
            "month": int(self.month),
            "day": int(self.day),
            "leapMonth": self.leap and self.calendar == "lunar",
        }
