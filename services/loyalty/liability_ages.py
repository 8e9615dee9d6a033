"""How old what stores owe is: by month in which the value was given, and to how many members (K43).

Oldest first is used: what is left of a month is what the balance has beyond later months. That
is reckoned per account, and summed up over all of them as entries are gathered: a report over a
million members reads a few rows. It adds what the entries bring that are not gathered yet.
"""

_MONTHS = """months AS (
    SELECT after, account_id, store_id, unit, kind, month, sum(given) AS given,
        sum(sum(net)) OVER (PARTITION BY after, account_id, store_id) AS total,
        sum(sum(given)) OVER (PARTITION BY after, account_id, store_id ORDER BY month DESC)
            - sum(given) AS newer,
        row_number() OVER (PARTITION BY after, account_id, store_id ORDER BY month DESC) AS place
    FROM parts GROUP BY after, account_id, store_id, unit, kind, month
), ages AS (
    SELECT store_id, unit, kind, month, CAST(sum(CASE WHEN after THEN 1 ELSE -1 END * CASE
            WHEN total >= 0 THEN greatest(least(total - newer, given), 0)
            WHEN place = 1 THEN total ELSE 0 END) AS bigint) AS amount,
        CAST(sum(CASE WHEN place > 1 OR total = 0 THEN 0 WHEN after THEN 1 ELSE -1 END) AS bigint)
            AS members
    FROM months GROUP BY store_id, unit, kind, month
)"""
CHANGES = f"""kept AS (
    SELECT l.* FROM (SELECT DISTINCT account_id, store_id FROM fresh) touched
    CROSS JOIN LATERAL (
        SELECT account_id, store_id, month, unit, kind, given, net FROM liability_accounts own
        WHERE own.account_id = touched.account_id AND own.store_id = touched.store_id
        OFFSET 0  -- one look into the index each: never over the accounts of all members
    ) l
), parts AS (
    SELECT false AS after, kept.* FROM kept
    UNION ALL
    SELECT true, kept.* FROM kept
    UNION ALL
    SELECT true, account_id, store_id, CAST(date_trunc('month', day) AS date), unit, kind,
        greatest(amount, 0), amount FROM fresh
), {_MONTHS}"""
"""What the entries in `fresh` change of `liability_ages`, as `ages`. Whoever has a balance counts
with the latest month of the account."""
KEEP = """aged AS (
    INSERT INTO liability_ages AS g (store_id, unit, kind, month, amount, members)
    SELECT store_id, unit, kind, month, amount, members FROM ages
    ON CONFLICT (store_id, unit, kind, month) DO UPDATE
    SET amount = g.amount + excluded.amount, members = g.members + excluded.members
)"""
_OF_ALL = f"""parts AS (SELECT true AS after, * FROM liability_accounts), {_MONTHS}"""
CHECKS = {
    "how old what stores owe is, is that of the accounts": f"""
        WITH {_OF_ALL}
        SELECT store_id, unit, kind, month, g.amount, a.amount AS amount_expected, g.members,
            a.members AS members_expected
        FROM liability_ages g FULL JOIN ages a USING (store_id, unit, kind, month)
        WHERE (g.amount, g.members) IS DISTINCT FROM (a.amount, a.members)""",
}
