"""Words of the points mall."""

from staff_app.words.pair import Words

MALL: Words = {
    "mall": ("积分兑换", "Spend points"),
    "mall_empty": ("本店现在没有可兑换的礼品。", "There is nothing for points in this store now."),
    "item_goods": ("礼品", "Gift"),
    "item_service": ("服务", "Service"),
    "item_activity": ("活动", "Activity"),
    "so_many_left": ("剩 {count}", "{count} left"),
    "count_points": ("{count} 积分", "{count:point|points}"),
    "how_many": ("数量", "How many"),
    "another": ("增加", "One more"),
    "handed_over_now": ("现场交付", "Handed over now"),
    "points_before": ("兑换前", "Before"),
    "points_left_over": ("兑换后", "After"),
    "points_spent_now": ("使用积分", "Points spent"),
    "redeem_now": ("兑换 {count} 积分", "Spend {count:point|points}"),
    "redeemed": ("已兑换", "Done"),
    "waits_here": ("礼品留在本店，等会员来取。", "It waits in this store for the member."),
    "redeem_not_kept": (
        "本机存不下这次兑换，没有扣积分。请刷新页面再试。",
        "This device could not keep it. No points were taken; reload and try again.",
    ),
    "redeem_unsent": ("积分兑换 · {about}", "Points spent · {about}"),
    "redeem_waiting": ("这次兑换还没有回应", "There is no answer yet"),
    "redemptions": ("兑换记录", "Had for points"),
    "redemption_waiting": ("待领取", "Waiting"),
    "redemption_handed_over": ("已交付", "Handed over"),
    "redemption_cancelled": ("已取消", "Cancelled"),
    "hand_over_now": ("交付", "Hand it over"),
    "cancel_redemption": ("取消兑换", "Cancel"),
    "give_points_back": ("退回 {count} 积分", "Give {count:point|points} back"),
    "redemption_gone": ("已取消，积分已退回", "Cancelled; the points are back"),
    "redeem_mistake": ("兑换错误", "By mistake"),
    "redeem_regret": ("会员改变主意", "Changed their mind"),
}
