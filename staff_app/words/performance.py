"""Words of what sellers sold."""

from staff_app.words.pair import Words

PERFORMANCE: Words = {
    "performance": ("我的业绩", "My performance"),
    "performance_of_store": ("本店业绩", "This store's performance"),
    "performance_of": ("{name} 的业绩", "Performance of {name}"),
    "period_day": ("日", "Day"),
    "period_week": ("周", "Week"),
    "period_month": ("月", "Month"),
    "period_earlier": ("往前", "Earlier"),
    "period_later": ("往后", "Later"),
    "period_days": ("{first} 至 {last}", "{first} to {last}"),
    "net_sales": ("净销售额", "Net sales"),
    "net_sales_hint": ("已减退货", "less what came back"),
    "against_before": ("上一期 {amount}", "the period before {amount}"),
    "figure_orders": ("成交单数", "Sales"),
    "figure_pieces": ("件数", "Pieces"),
    "figure_each": ("连带率", "Pieces per sale"),
    "figure_average": ("客单价", "Average sale"),
    "figure_members": ("会员成交占比", "Sales to members"),
    "figure_returned": ("退货", "Came back"),
    "figure_cards": ("新开会员卡", "New cards"),
    "by_day": ("每天", "By day"),
    "day_sold": ("{day}：{amount}", "{day}: {amount}"),
    "by_seller": ("导购", "Sellers"),
    "seller_unknown": ("已离职的导购", "Somebody who left"),
    "everybody": ("看全店", "The whole store"),
    "which_store": ("门店", "Store"),
    "performance_none": ("这段时间还没有成交。", "Nothing was sold in this time."),
    "performance_unknown": ("业绩暂时读不到。", "The figures cannot be read now."),
}
