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
        "这一单超过了离线销售的单笔上限 {limit}，请等联网后再收款。",
        "One sale without network may be {limit} at most; wait for the network.",
    ),
    "alone_total_limit": (
        "离线销售累计已到上限，请等联网后再收款。",
        "All sales without network have reached their limit; wait for the network.",
    ),
    "alone_receipt": (
        "离线小票：联网后自动入账，积分届时到账。",
        "Sold without network: booked by itself once it is back, and points with it.",
    ),
    "alone_receipt_keep": (
        "凭此小票号退换货；请顾客拍照，或分享文字小票。",
        "Returns go by this number: let the customer photograph it, or share it as text.",
    ),
    "alone_receipt_returns": ("凭此小票号退换货", "Please show this number for returns"),
    "alone_share": ("分享文字小票", "Share as text"),
    "cannot_share_text": (
        "这里不能直接分享，请顾客拍下小票号和二维码。",
        "Sharing is not possible here: let the customer photograph number and code.",
    ),
    "alone_on_its_way": (
        "已收款，小票上传中：网络恢复后自动入账并给出小票号，可以接待下一位。",
        "Paid, and on its way: booked by itself once the network is back, and its number comes "
        "then. Go on with the next customer.",
    ),
    "receipt_on_its_way": ("小票 · 上传中", "Receipt on its way"),
    "alone_left": ("已收款，等待系统回应", "Paid; the system has yet to answer"),
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
    "alone_title": ("离线销售", "Selling without network"),
    "alone_nothing_kept": (
        "这台设备没有备齐商品和价格，断网时不能销售。",
        "This device has no prices and pieces of its own: it cannot sell without network.",
    ),
    "pin_again": (
        "没有网络时登录的，页面重新载入后要再输一次 PIN。购物篮和待上传的销售都还在。",
        "You signed in without network: after a reload the PIN is asked for again. The basket and "
        "unsent sales are still here.",
    ),
    "unsent_sum": ("共 {amount}，最早一笔 {age}", "{amount} in all, the oldest {age}"),
    "age_now": ("刚刚", "just now"),
    "age_minutes": ("{count} 分钟前", "{count} min ago"),
    "age_hours": ("{count} 小时前", "{count} h ago"),
    "age_days": ("{count} 天前", "{count} d ago"),
}
