"""The rule by which purchases earn points."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from shared.contracts import Code, Message


class EarnRule(Message, frozen=True, kw_only=True, tag="earn"):
    """One point for each `minor_per_point` paid, times the tier's multiplier (L1, L4).

    What is paid with points earns nothing; wallet money earns if `earn_on_wallet`. A privilege of
    the birthday rule has a multiplier by its code (L5): by `privileges_combine` the higher of it
    and the tier's counts, or their product. Of several privileges the best one counts.
    """

    minor_per_point: Annotated[int, Meta(ge=1, le=10**9)]
    multipliers_basis_points: dict[Code, Annotated[int, Meta(ge=0, le=1_000_000)]] = {}
    earn_on_wallet: bool = True
    privileges_basis_points: dict[Code, Annotated[int, Meta(ge=0, le=1_000_000)]] = {}
    privileges_combine: Literal["higher", "multiply"] = "higher"

    def points_for(self, paid_minor: int, tier: str | None, privileges: Sequence[str] = ()) -> int:
        """Whole points, rounded down; 10,000 basis points are once."""
        of_tier = self.multipliers_basis_points.get(tier or "", 10_000)
        code = self.privilege_for(tier, privileges)
        if code is None:
            multiplier = of_tier * 10_000
        else:
            both = of_tier if self.privileges_combine == "multiply" else 10_000
            multiplier = both * self.privileges_basis_points[code]
        return max(paid_minor, 0) * multiplier // (self.minor_per_point * 10_000**2)

    def privilege_for(self, tier: str | None, privileges: Sequence[str]) -> str | None:
        """The privilege that multiplies an order's points; None where none does."""
        known = [code for code in privileges if code in self.privileges_basis_points]
        best = max(known, key=lambda code: self.privileges_basis_points[code], default=None)
        if best is None or self.privileges_combine == "multiply":
            return best
        of_tier = self.multipliers_basis_points.get(tier or "", 10_000)
        return best if self.privileges_basis_points[best] > of_tier else None
