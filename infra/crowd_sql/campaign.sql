-- Campaign's copy of the members, with the tags of infra/crowd.py, their stores and associates.
INSERT INTO members (id, tags, tags_version, tier, tier_version, home_store_id, associate_id,
    associate_version)
SELECT pg_temp.id_of(1, n), CASE WHEN n %% 3 = 0
    THEN ARRAY[(CAST(%(tags)s AS text[]))[n / 3 %% cardinality(CAST(%(tags)s AS text[])) + 1]]
    ELSE '{}' END, 1, %(tier)s, 1,
    (CAST(%(stores)s AS uuid[]))[n %% cardinality(CAST(%(stores)s AS uuid[])) + 1],
    CASE WHEN n < %(handed)s THEN CAST(%(associate)s AS uuid) END, 1
FROM generate_series(0, %(members)s - 1) AS n;
