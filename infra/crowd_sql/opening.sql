-- The opening of everybody in one import: its transaction, both sides, and the row that says so.
INSERT INTO transactions (id, document_id, kind, at)
SELECT pg_temp.id_of(16 + %(lot)s, n), pg_temp.id_of(32 + %(lot)s, n), 'opening', %(at)s
FROM generate_series(0, %(members)s - 1) AS n;
INSERT INTO entries (transaction_id, account_id, unit, amount, balance_after, reason, document_id,
    issuing_store_id, detail, at, rule_version, earned_on, valid_until, expires_at, expiry_version)
SELECT pg_temp.id_of(16 + %(lot)s, n), CASE side WHEN 1 THEN pg_temp.id_of(%(account)s, n)
    ELSE (CAST(%(counters)s AS uuid[]))[place] END, %(unit)s, side * %(amount)s,
    CASE side WHEN 1 THEN %(after)s END, 'opening', pg_temp.id_of(32 + %(lot)s, n),
    (CAST(%(stores)s AS uuid[]))[place], 'import ' || pg_temp.id_of(5, %(lot)s) || ', row ' || n + 2,
    %(at)s, NULL, CASE side WHEN 1 THEN CAST(%(earned_on)s AS date) END,
    CASE side WHEN 1 THEN CAST(%(until)s AS date) END,
    CASE side WHEN 1 THEN CAST(%(ends)s AS timestamptz) END,
    CASE side WHEN 1 THEN CAST(%(expiry_version)s AS int) END
FROM generate_series(0, %(members)s - 1) AS n,
    LATERAL (SELECT n %% cardinality(CAST(%(stores)s AS uuid[])) + 1) AS s(place),
    (VALUES (1), (-1)) AS k(side);
INSERT INTO openings (import_id, "row", document_id, member_id, store_id, currency, points,
    principal_minor, bonus_minor, earned_on, at)
SELECT pg_temp.id_of(5, %(lot)s), n + 2, pg_temp.id_of(32 + %(lot)s, n), pg_temp.id_of(1, n),
    (CAST(%(stores)s AS uuid[]))[n %% cardinality(CAST(%(stores)s AS uuid[])) + 1], 'CNY',
    CASE %(unit)s WHEN 'points' THEN %(amount)s ELSE 0 END,
    CASE %(unit)s WHEN 'points' THEN 0 ELSE %(amount)s END, 0, %(day)s, %(at)s
FROM generate_series(0, %(members)s - 1) AS n;
