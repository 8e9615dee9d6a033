"""All words of the app, in both languages. A key missing in one cannot be written down.

The words of a shop, short, the same word for the same thing everywhere; full-width punctuation in
Chinese. What the services say (refusals, reasons) comes with their answers.
"""

from collections.abc import Callable

Words = Callable[..., str]

CATALOGUE: dict[str, tuple[str, str]] = {
    # Device and sign-in
    "activate_title": ("激活这台设备", "Activate this device"),
    "activate_hint": ("输入店长给的激活码", "Type the code the store manager made"),
    "activation_code": ("激活码", "Activation code"),
    "activate": ("激活", "Activate"),
    "sign_in_title": ("请登录", "Sign in"),
    "staff_number": ("工号", "Staff number"),
    "pin": ("PIN", "PIN"),
    "sign_in": ("登录", "Sign in"),
    "session_ended": (
        "登录已过期，请重新登录，购物篮还在。",
        "Your sign-in has ended. Sign in again; the basket is still there.",
    ),
    "hand_over": ("交接设备", "Hand over"),
    "other_language": ("English", "中文"),
    "language": ("语言", "Language"),
    "letters": ("字母键盘", "Letters"),
    "back": ("返回", "Back"),
    "close": ("关闭", "Close"),
    "key_back": ("退格", "Backspace"),
    "loading": ("正在读取本机数据", "Reading this device"),
    # Network
    "offline": (
        "系统暂时没有回应，正在重试，已输入的内容不会丢。",
        "No answer from the system; trying again. Nothing you typed is lost.",
    ),
    "no_answer": (
        "没有收到回应，请再试一次。什么也没有记账。",
        "There was no answer; please try again. Nothing was booked.",
    ),
    # Sale
    "sale": ("销售", "Sale"),
    "scan_hint": ("扫码，或搜索商品", "Scan, or search pieces"),
    "empty_basket": (
        "扫第一件商品，会员码也可以直接扫",
        "Scan the first piece, or a card",
    ),
    "find_member": ("找会员", "Find member"),
    "add_member": ("添加会员", "Add member"),
    "add_member_hint": ("手机号、后四位、姓名或会员码", "Phone, last four or name"),
    "remove_member": ("移除会员", "Remove member"),
    "points": ("积分", "Points"),
    "wallet": ("储值", "Wallet"),
    "no_tier": ("会员", "Member"),
    "nudge_spend": ("再消费 {amount} 升级{tier}", "{amount} more to reach {tier}"),
    "nudge_points": ("再积 {amount} 分升级{tier}", "{amount} points more to reach {tier}"),
    "pieces": ("{count} 件", "Pieces: {count}"),
    "piece_of": ("{colour} · {size}", "{colour} · {size}"),
    "available": ("可售 {count}", "{count} available"),
    "none_available": ("本店无货", "None here"),
    "fewer": ("少一件", "One less"),
    "more": ("多一件", "One more"),
    "remove": ("移除", "Remove"),
    "removed": ("已移除 {name}", "{name} removed"),
    "undo": ("撤销", "Undo"),
    "member_added": ("会员 {name}", "Member {name}"),
    "coupon": ("优惠券", "Coupon"),
    "remove_coupon": ("移除优惠券 {code}", "Remove coupon {code}"),
    "not_found": ("没有找到“{text}”", "Nothing found for “{text}”"),
    "not_found_hint": (
        "换个说法再搜，或看看吊牌上的款号。",
        "Try other words, or the style code on the tag.",
    ),
    "results_more": ("还有更多，请多输几个字", "There are more: type a little more"),
    "discount": ("优惠", "Discount"),
    "total": ("合计", "Total"),
    "pricing": ("正在计价", "Pricing"),
    "stale_price": ("价格待确认", "Price to be confirmed"),
    "take_payment": ("收款 {amount}", "Take {amount}"),
    "why": ("为什么？", "Why?"),
    "why_title": ("这个价格怎么来的", "How this price came about"),
    "list_price": ("吊牌价", "List price"),
    "you_pay": ("实付", "To pay"),
    "applied": ("已优惠", "Applied"),
    "not_applied": ("未优惠", "Not applied"),
    "no_promotions": ("这件商品目前没有促销。", "There is no promotion for this piece now."),
    "other_promotions": (
        "另有 {count} 项促销不适用于本店或本款",
        "{count} other promotions are not for this store or piece",
    ),
    "price_again": ("重新计价", "Price again"),
    # Members
    "member": ("会员", "Member"),
    "member_query": ("手机号、后四位、姓名或会员码", "Phone, last four, name or card code"),
    "member_start": (
        "请顾客报手机号，或后四位",
        "Ask for the phone, or its last four digits",
    ),
    "other_phone": ("换个号码", "Another number"),
    "new_member": ("会员开卡", "New card"),
    "nobody_found": ("还不是会员，可以马上开卡", "Not a member yet: make a card now"),
    "needs_phone": (
        "没有找到。输入完整手机号可以开卡。",
        "Nobody found. Type the whole phone number to make a card.",
    ),
    "phone": ("手机号", "Phone"),
    "name": ("姓名", "Name"),
    "source": ("从哪里来", "How they came"),
    "source_store": ("到店", "Walk-in"),
    "source_friend": ("朋友推荐", "A friend"),
    "source_online": ("网上", "Online"),
    "notice": ("会员须知", "Notice to members"),
    "agrees_membership": ("顾客同意《会员须知》", "The customer agrees to the notice"),
    "agrees_marketing": ("愿意收到活动消息", "Would like to hear of offers"),
    "register": ("开卡并加入本单", "Make the card and use it"),
    "points_count": ("{count} 积分", "{count} points"),
    # Payment
    "payment": ("收款", "Payment"),
    "to_pay": ("应收", "To pay"),
    "still_due": ("还差", "Still due"),
    "cash": ("现金", "Cash"),
    "card": ("刷卡", "Card"),
    "code": ("扫码", "QR code"),
    "tender_points": ("积分", "Points"),
    "tender_wallet": ("储值", "Wallet"),
    "given": ("实收", "Given"),
    "amount": ("金额", "Amount"),
    "change": ("找零", "Change"),
    "reference": ("终端流水号", "Terminal reference"),
    "needs_reference": ("请输入终端流水号", "Type the terminal's reference"),
    "too_much": ("不能超过应收金额", "Not more than is due"),
    "use": ("使用", "Use"),
    "use_points": ("{points} 积分抵 {amount}", "{points} points pay {amount}"),
    "use_wallet": ("储值付 {amount}", "Wallet pays {amount}"),
    "take_back": ("取消{tender}", "Take back {tender}"),
    "put_towards": ("先收{tender} {amount}", "Put {amount} {tender} towards it"),
    "free": ("无需收款", "Nothing to pay"),
    "price_changed": ("价格变了", "The price has changed"),
    "price_changed_hint": (
        "还没有收款入账。请告诉顾客新的价格。",
        "Nothing was booked. Tell the customer the new price.",
    ),
    "price_was": ("原价", "Was"),
    "price_is": ("现价", "Is now"),
    "accept_price": ("按 {amount} 收款", "Continue with {amount}"),
    "not_sold": ("这笔没有成交", "This sale was not made"),
    "nothing_booked": ("没有记账，也没有扣库存。", "Nothing was booked, no stock was taken."),
    "elsewhere": ("这些门店有货", "These stores have it"),
    "nowhere": ("其他门店也没有货。", "No other store has it."),
    "change_basket": ("修改购物篮", "Change the basket"),
    "try_again": ("再试一次", "Try again"),
    "not_kept": (
        "本机没能保存这笔销售，所以没有上传，也没有记账。请再按一次收款。",
        "This device could not save the sale, so it was not sent and nothing was booked. "
        "Press the button again.",
    ),
    # Unsent sales
    "unsent": ("待上传销售", "Unsent sales"),
    "unsent_count": ("待上传销售 {count} 笔", "{count} unsent sales"),
    "sending": ("正在上传", "Sending"),
    "unsent_one": ("这笔销售还没有回应", "This sale has no answer yet"),
    "unsent_hint": (
        "已保存在本机，网络恢复后自动上传，不会重复记账。",
        "It is saved on this device and sent by itself; it cannot be booked twice.",
    ),
    "send_now": ("立即上传", "Send now"),
    "next_meanwhile": ("先做下一单", "Begin the next sale"),
    "none_unsent": ("没有待上传的销售", "There are no unsent sales"),
    "saved_at": ("{time} 保存 · {staff}", "Saved {time} · {staff}"),
    "put_in_basket": ("放回购物篮", "Put it back into the basket"),
    "uploaded": ("待上传销售已上传，小票 {number}", "An unsent sale was booked: receipt {number}"),
    "upload_refused": (
        "有一笔待上传销售没有成交，请打开查看",
        "An unsent sale was refused; please look at it",
    ),
    "basket_in_use": ("请先完成当前购物篮", "Finish the basket at hand first"),
    # Receipt
    "receipt": ("小票", "Receipt"),
    "receipt_number": ("小票 {number}", "Receipt {number}"),
    "paid": ("已收款", "Paid"),
    "next_sale": ("下一单", "Next sale"),
    "balances": ("余额", "Balances"),
    "booking": ("正在入账", "Being booked"),
    "booked": ("已入账", "Booked"),
    "booking_late": ("稍后入账", "Booked later"),
    "points_expected": ("本单积分", "Points for this sale"),
    "points_after": ("积分余额", "Points balance"),
    "wallet_after": ("储值余额", "Wallet balance"),
    "no_receipt": ("还没有小票", "There is no receipt yet"),
    "page_missing": ("没有这个页面", "There is no such page"),
}

LANGUAGES = ("zh", "en")


def words(language: str) -> Words:
    """`t("take_payment", amount="¥268.00")` in one language."""
    place = LANGUAGES.index(language) if language in LANGUAGES else 0

    def t(key: str, **values: object) -> str:
        text = CATALOGUE[key][place]
        return text.format(**values) if values else text

    return t


def either(language: str, zh: str | None, en: str | None) -> str:
    """Of a name or sentence that the API gives in both languages."""
    return (en if language == "en" else zh) or zh or en or ""
