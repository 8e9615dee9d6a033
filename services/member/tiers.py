"""A copy of the members' tiers, as loyalty tells of them; the rules of tags ask for it."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.contracts import Envelope
from shared.contracts.loyalty import TierChanged

_TIERS = text("""
INSERT INTO member_tiers AS t (member_id, tier, version)
SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:tiers AS text[]), CAST(:versions AS int[]))
ON CONFLICT (member_id) DO UPDATE SET tier = excluded.tier, version = excluded.version
WHERE t.version < excluded.version
""")


def on_tier_changed(session: Session, envelopes: list[Envelope[TierChanged]]) -> None:
    """Take over the newest tier of each member; one statement."""
    told = sorted((each.data for each in envelopes), key=lambda tier: tier.version)
    newest = {each.member_id: each for each in told}
    session.execute(
        _TIERS,
        {
            "ids": sorted(newest),
            "tiers": [newest[id_].tier for id_ in sorted(newest)],
            "versions": [newest[id_].version for id_ in sorted(newest)],
        },
    )
