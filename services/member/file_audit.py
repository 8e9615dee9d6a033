"""What must hold of files in custom fields."""

_VALUES = """
    SELECT m.id AS owner_id, CAST(each ->> 'id' AS uuid) AS file_id
    FROM (SELECT DISTINCT key FROM field_versions
          WHERE subject = 'member' AND body #>> '{kind,type}' = 'attachment') AS k
    JOIN members AS m ON jsonb_exists(m.fields, k.key) AND m.erased_at IS NULL
    CROSS JOIN jsonb_array_elements(m.fields -> k.key -> 'value') AS each
    UNION ALL
    SELECT h.id, CAST(each ->> 'id' AS uuid)
    FROM (SELECT DISTINCT key FROM field_versions
          WHERE subject = 'contact' AND body #>> '{kind,type}' = 'attachment') AS k
    JOIN happenings AS h ON jsonb_exists(h.fields, k.key)
    CROSS JOIN jsonb_array_elements(h.fields -> k.key -> 'value') AS each
"""
CHECKS = {
    "every file of a custom field is there": f"""
        SELECT v.owner_id, v.file_id FROM ({_VALUES}) AS v
        LEFT JOIN field_files AS f ON f.id = v.file_id AND f.sha256 IS NOT NULL
        WHERE f.id IS NULL
    """,
    "no file is without a value for longer than a week": f"""
        SELECT f.id AS file_id, f.loose_at FROM field_files AS f
        WHERE f.loose_at < now() - interval '8 days' OR f.loose_at IS NULL AND NOT EXISTS (
            SELECT FROM ({_VALUES}) AS v WHERE v.file_id = f.id
        )
    """,
    "every file is as long as its pieces are many": """
        SELECT f.id AS file_id, f.pieces, count(p.place) AS found FROM field_files AS f
        LEFT JOIN field_file_pieces AS p ON p.file_id = f.id
        GROUP BY f.id HAVING f.pieces <> count(p.place)
    """,
}
