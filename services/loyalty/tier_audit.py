"""What must hold of tiers: each query returns one row for each difference."""

from services.loyalty.tiers import LADDER, PROGRESS, STEPS

_LADDER = LADDER.replace(":now", "now()")

TIERS: dict[str, str] = {
    "a tier is what the sum gives, or grace, or what was set by hand": f"""
        WITH {_LADDER}, known AS (
            SELECT m.*, m.tier_as_of AS as_of FROM members m JOIN ladder l
                ON l.version = m.ladder_version
            WHERE m.survivor_id IS NULL AND m.tier_as_of IS NOT NULL
        ), {PROGRESS}, {STEPS}, ranked AS (
            SELECT p.*, coalesce((SELECT max(place) FROM steps WHERE threshold <= CASE
                    (SELECT body ->> 'basis' FROM ladder) WHEN 'spend' THEN p.spent_minor
                    ELSE p.points END), 0) AS by_sum,
                coalesce((SELECT place FROM steps WHERE code = p.grace_tier
                    AND p.grace_until >= p.as_of), 0) AS by_grace,
                coalesce((SELECT place FROM steps WHERE code = p.set_tier), 0) AS by_hand
            FROM progress p
        ), expected AS (
            SELECT *, CASE WHEN set_exactly AND by_hand > 0 THEN by_hand
                ELSE greatest(by_sum, by_grace, by_hand) END AS held
            FROM ranked
        ) SELECT e.member_id, e.tier, h.code AS held, e.earned_tier, b.code AS by_sum
        FROM expected e LEFT JOIN steps h ON h.place = e.held
        LEFT JOIN steps b ON b.place = e.by_sum
        WHERE (e.tier, e.earned_tier) IS DISTINCT FROM (h.code, b.code)""",
    "every tier was reckoned by the ladder in force": f"""
        WITH {_LADDER} SELECT m.member_id, m.ladder_version, l.version
        FROM ladder l JOIN rules r ON r.kind = 'ladder' AND r.version = l.version
            AND greatest(r.valid_from, r.published_at) < now() - interval '1 hour'
        JOIN members m ON m.ladder_version <> l.version AND m.survivor_id IS NULL""",
    "tiers are set as was last asked for": """
        SELECT coalesce(m.member_id, s.member_id) AS member_id, m.set_tier, s.tier AS asked
        FROM (SELECT * FROM members WHERE set_tier IS NOT NULL) m FULL JOIN (
            SELECT DISTINCT ON (member_id) * FROM tier_settings ORDER BY member_id, version DESC
        ) s ON s.member_id = m.member_id
        WHERE (m.set_tier, m.set_until, coalesce(m.set_exactly, false))
            IS DISTINCT FROM (s.tier, s.until, coalesce(s.exactly, false))""",
}
