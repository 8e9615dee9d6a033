"""What loyalty holds about a person, and what of it goes out to them (`shared.disclosure`)."""

from services.loyalty.models import Base
from shared.disclosure import Section, Told

_OF_ACCOUNTS = "account_id IN (SELECT account_id FROM member_accounts WHERE member_id = ANY(:ids))"
SECTIONS = (
    Section(
        "members",
        "会员等级",
        "Tier",
        "currency tier tier_as_of review_on ladder_version home_store_id closed_at earned_tier"
        " grace_tier grace_until near_tier set_tier set_until set_exactly",
        key="member_id",
    ),
    Section(
        "balances",
        "账户余额",
        "Balances of accounts",
        "account_id balance held frozen issuing_store_id expiry_due",
        key="account_id",
        of=_OF_ACCOUNTS,
        also={
            "account": "(SELECT kind FROM accounts WHERE accounts.id = balances.account_id)",
            "unit": "(SELECT unit FROM accounts WHERE accounts.id = balances.account_id)",
        },
    ),
    Section(
        "entries",
        "积分与储值流水",
        "Entries of points and wallet",
        "id at unit amount balance_after reason detail issuing_store_id accepting_store_id"
        " rule_version earned_on valid_until expires_at expiry_version lot_id document_id"
        " account_id",
        key="account_id id",
        of=_OF_ACCOUNTS,
        also={
            "account": "(SELECT kind FROM accounts WHERE accounts.id = entries.account_id)",
            "kind": "(SELECT kind FROM transactions WHERE transactions.id = transaction_id)",
        },
    ),
    Section(
        "orders_booked",
        "订单计入的积分与等级",
        "What orders brought",
        "document_id kind order_id store_id business_date currency spend_minor points_earned"
        " points_told points_spent wallet_told_minor wallet_spent_minor tier earn_version"
        " booked_at",
        key="document_id kind",
    ),
    Section(
        "holds",
        "付款预留",
        "Holds of orders",
        "order_id status store_id currency total_minor points points_minor principal_minor"
        " bonus_minor points_after principal_after_minor bonus_after_minor spend_version"
        " wallet_version created_at ended_at",
        key="order_id",
    ),
    Section(
        "documents",
        "储值与积分单据",
        "Documents of the wallet and points",
        "id kind at store_id staff_id content answer",
    ),
    Section(
        "proposals",
        "待复核申请",
        "What was put to a second person",
        "id kind store_id currency amount at_most rule_version reason proposed_by proposed_at"
        " lapses_at decided_by decided_at approved note content answer",
    ),
    Section(
        "proposals",
        "他人转入的申请",
        "What others wanted to transfer to you",
        "id kind store_id currency amount proposed_at decided_at approved",
        of="other_member_id = ANY(:ids)",
    ),
    Section(
        "freezes",
        "账户冻结",
        "Freezes of accounts",
        "id account frozen reason store_id staff_id at",
    ),
    Section(
        "openings",
        "期初余额",
        "Opening balances",
        "document_id store_id currency points principal_minor bonus_minor earned_on at",
        key="import_id row",
    ),
    Section(
        "expiry_notices",
        "积分到期提醒",
        "Notices of points that expire",
        "valid_until points at",
        key="account_id valid_until",
        of=_OF_ACCOUNTS,
    ),
    Section(
        "tier_settings",
        "人工设定的等级",
        "Tiers set by hand",
        "id at tier until exactly reason staff_id version",
    ),
    Section(
        "moved_debts",
        "合并带来的欠账",
        "What is owed since a merge",
        "id amount issuing_store_id returned",
    ),
    Section(
        "redemptions",
        "积分兑换",
        "What was had for points",
        "id item_id item_version quantity points store_id redeemed_by redeemed_at handed_over_by"
        " handed_over_at cancelled_by cancelled_at cancel_reason",
        key="member_id redeemed_at id",
        also={"code": "(SELECT code FROM mall_items WHERE mall_items.id = redemptions.item_id)"},
    ),
)
_MERGE = "which ids stood for one person; member tells of merges"
_COMPANIES = "between which companies, not of the person"
WITHHELD = {
    "members.survivor_id": _MERGE,
    "members.merge_number": _MERGE,
    "merges": _MERGE,
    "moved_debts.from_account_id": _MERGE,
    "moved_debts.to_account_id": _MERGE,
    "moved_debts.issuing_franchisee_id": _COMPANIES,
    "freezes.also_ids": _MERGE,
    "members.lapse_told": "what others were told",
    "members.near_count": "what others were told",
    "members.tier_version": "counts what others were told",
    "member_accounts": "comes out with the balances, as account and account_id",
    "accounts": "comes out with the balances and entries, as account and unit",
    "transactions": "comes out with the entries, as kind and document_id",
    "entries.issuing_franchisee_id": _COMPANIES,
    "entries.accepting_franchisee_id": _COMPANIES,
    "entries.transaction_id": "the other side of an entry is a store's account",
    "balances.issuing_franchisee_id": _COMPANIES,
    "orders_booked.franchisee_id": _COMPANIES,
    "openings.import_id": "of which file: others stand in it too",
    "openings.row": "of which row of the file",
    "expiry_notices.account_id": "the account of points",
    "proposals.other_member_id": "another person",
    "sale_facts": "lines of orders, kept for rehearsals; order tells them",
    "liability_accounts": "sums of the entries, by month",
}
NOT_OF_PERSONS = (
    "clearing_agreements clearing_balances clearing_days clearing_items clearing_lines"
    " clearing_mark clearing_payments liability_ages liability_days liability_mark"
    " mall_item_versions mall_items mall_movements mall_stock rehearsals rules"
)

TOLD = Told(Base.metadata, SECTIONS, WITHHELD, NOT_OF_PERSONS)
