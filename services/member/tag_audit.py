"""What must hold of tags by rule; a part of what the member service's database is asked."""

CHECKS: dict[str, str] = {
    "tags by rule of members = tags that rules have put": """
        SELECT members.id AS member_id, members.rule_tags, put.tags AS tags_expected
        FROM members LEFT JOIN (
            SELECT member_id, array_agg(tag) AS tags FROM rule_tags GROUP BY member_id
        ) AS put ON put.member_id = members.id
        WHERE NOT (members.rule_tags @> coalesce(put.tags, '{}')
            AND members.rule_tags <@ coalesce(put.tags, '{}'))
    """,
    "tags by rule = what their history comes to": """
        SELECT coalesce(put.member_id, told.member_id) AS member_id,
               coalesce(put.tag, told.tag) AS tag, put.version, told.given
        FROM rule_tags AS put
        FULL JOIN (
            SELECT DISTINCT ON (member_id, tag) member_id, tag, given FROM tag_history
            ORDER BY member_id, tag, id DESC
        ) AS told ON told.member_id = put.member_id AND told.tag = put.tag
        LEFT JOIN members AS erased ON erased.id = told.member_id AND erased.erased_at IS NOT NULL
        WHERE erased.id IS NULL
            AND (put.member_id IS NOT NULL) IS DISTINCT FROM coalesce(told.given, false)
    """,
    "nobody has a tag of a rule that has ended, or of a version whose successor is through": """
        SELECT put.member_id, put.tag, put.version, newest.version AS in_force, newest.ended
        FROM rule_tags AS put
        JOIN LATERAL (
            SELECT version, ended, id FROM tag_rule_versions
            WHERE tag = put.tag AND valid_from <= clock_timestamp() ORDER BY version DESC LIMIT 1
        ) AS newest ON true
        JOIN tag_runs ON tag_runs.id = newest.id AND tag_runs.state = 'done'
        WHERE newest.ended OR put.version <> newest.version
    """,
    "nobody who is exempted has the tag, once judged": """
        SELECT put.member_id, put.tag FROM rule_tags AS put
        JOIN tag_exemptions AS exempt USING (member_id, tag)
        WHERE NOT EXISTS (SELECT FROM tag_changes WHERE member_id = put.member_id)
    """,
}
