"""Words of selling without network."""

from staff_app.words.pair import Words

OFFLINE: Words = {
    "alone": (
        "离线销售中：可收现金、刷卡和扫码；积分、储值、优惠券和退换货要等联网。",
        "Selling without network: cash, card and QR code. Points, wallet, coupons and returns "
        "wait for it.",
    ),
    "alone_coupons": (
        "优惠券要联网才能核销，这一单没有用上。",
        "Coupons need the network; they do not count here.",
    ),
    "alone_applied": ("离线计算", "Reckoned without network"),
    "alone_not_here": (
        "没有网络，这台设备又未开放离线销售。请等联网后再收款。",
        "There is no network, and this device may not sell without. Take payment once it is back.",
    ),
    "alone_not_you": (
        "没有网络，您的岗位不能离线销售。请换店长登录，或等联网。",
        "There is no network, and your role may not sell without. Ask a manager, or wait for it.",
    ),
    "alone_too_long": (
        "离线时间已超过上限，联网后才能继续销售。",
        "This device was without network for too long; sell again once it is back.",
    ),
    "alone_sale_limit": (
        "这一单超过了离线销售的单笔上限，请等联网后再收款。",
        "This sale is above what one sale without network may be; wait for the network.",
    ),
    "alone_total_limit": (
        "离线销售累计已到上限，请等联网后再收款。",
        "All sales without network have reached their limit; wait for the network.",
    ),
    "alone_receipt": (
        "离线小票：联网后自动入账，积分届时到账。",
        "Sold without network: booked by itself once it is back, and points with it.",
    ),
    "alone_sale": ("离线销售 {receipt}", "Without network {receipt}"),
    "alone_accept": ("店长确认入账", "Accept as manager"),
    "alone_accept_reason": ("确认的理由", "Why it is accepted"),
    "alone_ask_manager": (
        "这笔已经卖出，不会丢。请店长登录后确认入账。",
        "It was sold and is not lost. A manager has to sign in and accept it.",
    ),
    "alone_send_again": ("再次上传", "Send again"),
    "alone_accepted": ("已确认入账，小票 {number}", "Accepted and booked: receipt {number}"),
    "alone_kept": (
        "本机备有 {styles} 款商品，{time} 更新，断网也能卖。",
        "This device has {styles} styles as of {time} and can sell without network.",
    ),
    "unsent_sum": ("共 {amount}，最早一笔 {age}", "{amount} in all, the oldest {age}"),
    "age_now": ("刚刚", "just now"),
    "age_minutes": ("{count} 分钟前", "{count} min ago"),
    "age_hours": ("{count} 小时前", "{count} h ago"),
    "age_days": ("{count} 天前", "{count} d ago"),
}
