-- Members' accounts, as they are when a member has four openings of points and one of money.
INSERT INTO members (member_id, home_store_id, currency, tier, tier_version, ladder_version,
    tier_as_of, earned_tier)
SELECT pg_temp.id_of(1, n), (CAST(%(stores)s AS uuid[]))[n %% cardinality(CAST(%(stores)s AS uuid[])) + 1],
    'CNY', %(tier)s, 1, %(ladder_version)s, CURRENT_DATE, %(tier)s
FROM generate_series(0, %(members)s - 1) AS n;
INSERT INTO accounts (id, kind, unit)
SELECT pg_temp.id_of(k.number, n), k.kind, k.unit
FROM generate_series(0, %(members)s - 1) AS n,
    (VALUES (2, 'points', 'points'), (3, 'principal', 'CNY'), (4, 'bonus', 'CNY'))
        AS k(number, kind, unit);
INSERT INTO member_accounts (member_id, kind, account_id)
SELECT pg_temp.id_of(1, n), k.kind, pg_temp.id_of(k.number, n)
FROM generate_series(0, %(members)s - 1) AS n,
    (VALUES (2, 'points'), (3, 'principal'), (4, 'bonus')) AS k(number, kind);
INSERT INTO balances (account_id, balance, issuing_store_id, expiry_due)
SELECT pg_temp.id_of(k.number, n), k.balance, CASE WHEN k.balance > 0
    THEN (CAST(%(stores)s AS uuid[]))[n %% cardinality(CAST(%(stores)s AS uuid[])) + 1] END,
    CASE WHEN k.number = 2 THEN CAST('infinity' AS timestamptz) END
FROM generate_series(0, %(members)s - 1) AS n,
    (VALUES (2, 200), (3, 2000), (4, 0)) AS k(number, balance);
