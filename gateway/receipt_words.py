"""The words of receipts, zh-CN and en."""

WORDS: dict[str, tuple[str, str]] = {
    "copy": ("补打件 · 第 {copy} 次", "COPY · number {copy}"),
    "voided": ("此单已撤销", "THIS SALE WAS CANCELLED"),
    "return": ("退货单", "RETURN"),
    "number": ("小票号", "Receipt"),
    "of_receipt": ("原小票号", "Of receipt"),
    "time": ("时间", "Time"),
    "staff": ("导购", "Served by"),
    "total": ("合计", "Total"),
    "refund": ("退款合计", "Refunded"),
    "tax": ("其中税额", "Tax in it"),
    "cash": ("现金", "Cash"),
    "card": ("刷卡", "Card"),
    "code": ("扫码", "Code"),
    "points": ("积分", "Points"),
    "wallet": ("储值", "Wallet"),
    "carried": ("换货抵 {tender}", "Goods back, {tender}"),
    "given": ("实收", "Given"),
    "change": ("找零", "Change"),
    "back_to": ("退回{tender}", "Back to {tender}"),
    "points_earned": ("本单积分", "Points earned"),
    "points_taken": ("扣回积分", "Points taken back"),
    "points_after": ("积分余额", "Points now"),
    "wallet_after": ("储值余额", "Wallet now"),
    "damaged": ("破损", "damaged"),
    "keep": ("退换货请出示此小票", "Please bring this receipt for returns"),
    "thanks": ("谢谢惠顾", "Thank you"),
    "test": ("打印测试", "Printer test"),
    "test_line": ("汉字与金额", "Letters and amounts"),
}


class Words:
    """`words("change")` in one language, `zh` or `en`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._place = 1 if language == "en" else 0

    def __call__(self, key: str, **values: object) -> str:
        return WORDS[key][self._place].format(**values)

    def either(self, zh: str, en: str) -> str:
        return (zh, en)[self._place] or zh
