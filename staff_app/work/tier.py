"""A tier by hand: HQ gives a member one, whatever they bought, or takes it back."""

from typing import Any

from staff_app import clock
from staff_app.by_manager import TierByHand
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.queries import privacy as asking
from staff_app.state import Desk, Person

SHOWN = 10


class TierWork:
    def __init__(self, client: Client, desk: Desk, person: Person, tier: TierByHand) -> None:
        self._client = client
        self._desk = desk
        self._person = person
        self._tier = tier

    async def learn(self) -> None:
        """The tiers there are, and what was set before."""
        state, member_id = self._tier, self._person.id
        state.tiers, state.settings, state.refusal = [], None, None
        state.setting_id = new_id()
        try:
            found = await self._client.ask(asking.TIERS, memberId=member_id, first=SHOWN)
        except Refused as refused:
            state.refusal = refused.told
            return
        except (Unreachable, SignedOut):
            return
        now = clock.now().isoformat()
        begun = [rule for rule in found["loyaltyRules"] if rule["validFrom"] <= now]
        state.tiers = begun[0]["body"]["tiers"] if begun else []
        state.settings = [edge["node"] for edge in found["tierSettings"]["edges"]]

    @property
    def current(self) -> dict[str, Any] | None:
        """What is set now."""
        newest = (self._tier.settings or [None])[0]
        return newest if newest and newest["tier"] else None

    def name_of(self, code: str | None) -> tuple[str, str]:
        """What a tier is called, in Chinese and English."""
        found = next((tier for tier in self._tier.tiers if tier["code"] == code), None)
        return (found["name_zh"], found["name_en"]) if found else (code or "", code or "")

    async def set(self, tier: str | None, until: str, exactly: bool, reason: str) -> None:
        """Give a tier, or (None) take back what was given; raises `Refused`, `Unreachable`,
        `SignedOut`. Safe to repeat."""
        input_ = {
            "id": self._tier.setting_id,
            "memberId": self._person.id,
            "tier": tier,
            "until": until.strip() or None,
            "exactly": exactly,
            "reason": reason.strip(),
        }
        await self._client.tell(asking.SET_TIER, input_)
