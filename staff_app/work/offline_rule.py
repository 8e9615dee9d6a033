"""The chain's rule of selling without network: HQ reads the one in force and publishes the next."""

from dataclasses import dataclass
from typing import Any

from staff_app.by_manager import OfflineForm, OfflineRule
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.money import minor_of, units
from staff_app.queries import offline as asking
from staff_app.state import Desk

ROLES = ("ASSOCIATE", "STORE_MANAGER", "FRANCHISE_OWNER", "REGION_MANAGER")
"""Who sells. A rule may name others besides, which stay."""
NUMBERS = {
    "hours": (1, 744), "member_days": (0, 366), "pin_tries": (1, 10), "pin_days": (0, 31),
}  # fmt: skip
"""What is a whole number, and the least and the most the API takes."""
SUMS = ("sale_minor", "total_minor")
"""What is a sum; left empty there is no limit."""
_IN_API = {
    "hours": "hours", "member_days": "memberDays", "pin_tries": "pinTries", "pin_days": "pinDays",
    "sale_minor": "saleMinor", "total_minor": "totalMinor",
}  # fmt: skip


@dataclass(frozen=True)
class Wrong:
    """A field that is not right. Of a sum `most` is None."""

    field: str
    least: int = 0
    most: int | None = None


class OfflineRuleWork:
    def __init__(self, client: Client, desk: Desk, rule: OfflineRule) -> None:
        self._client = client
        self._desk = desk
        self._rule = rule
        self._id = ""

    async def open(self) -> None:
        """What is in force, and every version; what was typed and not published is forgotten."""
        state = self._rule
        state.known, state.refusal = False, None
        try:
            found = await self._ask()
        except Refused as refused:
            state.refusal = refused.told
            return
        except (Unreachable, SignedOut):
            return
        self._show(found)

    def change(self, **given: Any) -> None:
        """Something of the form is another now: so is what would be published."""
        self._id = ""
        self._rule.form = self._rule.form.with_(**given)

    @property
    def next_version(self) -> int:
        versions = [each["version"] for each in self._rule.versions]
        return max([self._rule.version, *versions]) + 1

    @property
    def changed(self) -> bool:
        return self._rule.known and self._rule.form != self._form_of(self._rule.body)

    def wrong(self) -> Wrong | None:
        """The first field that is not right."""
        form = self._rule.form
        for name, (least, most) in NUMBERS.items():
            text = form.texts[name].strip()
            if not (text.isdecimal() and least <= int(text) <= most):
                return Wrong(name, least, most)
        for name in SUMS:
            try:
                self._sum(form.texts[name])
            except ValueError:
                return Wrong(name)
        return None

    async def publish(self) -> bool:
        """The form as the next version, from now on. False: somebody else has published meanwhile,
        and theirs is shown. Safe to repeat; raises `Refused`, `Unreachable`, `SignedOut`."""
        self._id = self._id or new_id()
        rule = {"id": self._id, "version": self.next_version - 1, "body": self._body()}
        try:
            await self._client.tell(asking.PUBLISH, rule)
        except Refused as refused:
            if refused.code != "OFFLINE_RULE_CHANGED":
                raise
            self._show(await self._ask())
            return False
        self._show(await self._ask())
        return True

    async def _ask(self) -> dict[str, Any]:
        return await self._client.ask(asking.RULES, storeId=(self._desk.device or {})["storeId"])

    def _show(self, found: dict[str, Any]) -> None:
        state, rule = self._rule, found["tillRule"]
        self._id = ""
        state.version, state.body, state.now = rule["version"], rule["body"], rule["now"]
        state.versions, state.stores = found["offlineRules"], found["stores"]
        state.form = self._form_of(rule["body"])
        state.known = True

    def _form_of(self, body: dict[str, Any]) -> OfflineForm:
        texts = {name: str(body[_IN_API[name]]) for name in NUMBERS}
        for name in SUMS:
            minor = body[_IN_API[name]]
            texts[name] = "" if minor is None else units(int(minor), self._desk.currency)
        return OfflineForm(
            body["allowed"], frozenset(body["roles"]), frozenset(body["storeIds"]), texts
        )

    def _body(self) -> dict[str, Any]:
        """Devices are named nowhere in the app: those a rule names stay as they are."""
        form = self._rule.form
        return {
            "allowed": form.allowed,
            "roles": sorted(form.roles),
            "storeIds": sorted(form.stores),
            "deviceIds": self._rule.body["deviceIds"],
            **{_IN_API[name]: int(form.texts[name]) for name in NUMBERS},
            **{_IN_API[name]: self._sum(form.texts[name]) for name in SUMS},
        }

    def _sum(self, text: str) -> str | None:
        """Minor units as the API takes them. Raises `ValueError`."""
        return str(minor_of(text, self._desk.currency)) if text.strip() else None
