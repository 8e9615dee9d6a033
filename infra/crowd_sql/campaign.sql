-- Campaign's copy of the members, with the tags of infra/crowd.py.
INSERT INTO members (id, tags, tags_version, tier, tier_version)
SELECT pg_temp.id_of(1, n), CASE WHEN n %% 3 = 0
    THEN ARRAY[(CAST(%(tags)s AS text[]))[n / 3 %% cardinality(CAST(%(tags)s AS text[])) + 1]]
    ELSE '{}' END, 1, %(tier)s, 1
FROM generate_series(0, %(members)s - 1) AS n;
