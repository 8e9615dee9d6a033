"""What must hold of proposals; what has changed a moment ago is compared first."""

_SETTLED = "NOT EXISTS (SELECT FROM duplicate_changes WHERE member_id = m.id)"
CHECKS: dict[str, str] = {
    "nobody is proposed who was merged or erased, or lives elsewhere by now": f"""
        SELECT d.id AS duplicate_id, m.id AS member_id, m.survivor_id, m.erased_at
        FROM duplicates AS d CROSS JOIN LATERAL (VALUES (d.first_id, d.first_home_id),
            (d.second_id, d.second_home_id)) AS of_pair(id, home_store_id)
        JOIN members AS m ON m.id = of_pair.id
        WHERE d.state = 'open' AND {_SETTLED} AND (m.survivor_id IS NOT NULL
            OR m.erased_at IS NOT NULL OR m.home_store_id <> of_pair.home_store_id)
    """,
    "a proposal weighs what its reasons do, and enough": """
        SELECT d.id AS duplicate_id, d.score, reckoned.points, r.body ->> 'propose_from' AS least
        FROM duplicates AS d LEFT JOIN duplicate_rules AS r ON r.version = d.rule_version
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(CAST(reason ->> 1 AS int)), 0) AS points
            FROM jsonb_array_elements(d.reasons) AS reason) AS reckoned
        WHERE d.score <> greatest(least(reckoned.points, 100), 0) OR d.state = 'open'
            AND d.score < coalesce(CAST(r.body ->> 'propose_from' AS int), 1)
    """,
    "what was accepted is merged": """
        SELECT d.id AS duplicate_id, d.first_id, d.second_id FROM duplicates AS d
        WHERE d.state = 'merged' AND NOT EXISTS (
            SELECT FROM merges WHERE undone_at IS NULL
                AND least(survivor_id, merged_id) = d.first_id
                AND greatest(survivor_id, merged_id) = d.second_id
        )
    """,
    "only who is open is looked up": f"""
        SELECT m.id AS member_id, m.survivor_id, m.erased_at FROM members AS m
        WHERE (m.survivor_id IS NOT NULL OR m.erased_at IS NOT NULL) AND {_SETTLED}
            AND EXISTS (SELECT FROM duplicate_keys WHERE member_id = m.id)
    """,
    "who has changed is compared within the hour, or once a file is brought in": """
        SELECT member_id, min(at) AS since FROM duplicate_changes
        WHERE at < now() - interval '1 hour' AND NOT EXISTS (
            SELECT FROM imports WHERE state = 'running' AND done < rows)
        GROUP BY member_id
    """,
}
