"""Words of stock: where a piece is, and goods that are received, adjusted and counted."""

from staff_app.words.pair import Words

STOCK: Words = {
    "tab_stock": ("库存", "Stock"),
    "stock": ("库存", "Stock"),
    "stock_hint": ("扫吊牌，或输款号、名称", "Tag, style or name"),
    "stock_start": ("扫吊牌，看各色各码还有几件", "Scan a tag to see every colour and size"),
    "choose_style": ("点一款，这里看颜色和尺码", "Tap a style to see colours and sizes here"),
    "in_this_store": ("本店可售", "Here"),
    "on_shelf": ("在库 {count} · 预留 {reserved}", "On hand {count} · reserved {reserved}"),
    "other_stores": ("其他门店", "Other stores"),
    "tap_a_cell": ("点一格，看哪些门店有", "Tap a cell to see which stores have it"),
    "sell_this": ("加入本单", "Add to the sale"),
    "cell": ("{colour} {size} 可售 {count}", "{colour} {size}: {count} available"),
    # Moving
    "receive": ("收货", "Receive"),
    "adjust": ("调整", "Adjust"),
    "count": ("盘点", "Count"),
    "scan_pieces": ("一件一件扫", "Scan piece by piece"),
    "receive_start": ("扫到货的商品，扫一次加一件", "Scan what has arrived, once for each piece"),
    "adjust_start": ("扫要调整的商品", "Scan what is to be adjusted"),
    "count_start": ("扫架上的商品，扫一次数一件", "Scan what is on the shelf, once for each piece"),
    "delivery_number": ("送货单号（可不填）", "Delivery note (may be left out)"),
    "stock_damaged": ("破损，减少", "Damaged, fewer"),
    "stock_missing": ("少了，减少", "Missing, fewer"),
    "stock_surplus": ("多出来，增加", "Found, more"),
    "book_receive": ("收货 {count} 件", "Receive {count:piece|pieces}"),
    "book_adjust": ("调整 {count} 件", "Adjust {count:piece|pieces}"),
    "compare": ("核对 {count} 件", "Compare {count:piece|pieces}"),
    "book_count": ("按数到的入账，差 {count} 件", "Book the count, {count:differs|differ}"),
    "book_even": ("没有差异，完成", "Nothing differs: done"),
    "counted_of": ("账上 {count} 件", "{count} in the books"),
    "counted_even": ("一致", "Agrees"),
    "type_count": ("{name} 有几件？", "How many of {name}?"),
    "stock_sent": (
        "没有收到回应，还不知道是否入账。请再按一次，不会重复入账。",
        "There was no answer, so nobody knows whether it is booked. Press again: it is never "
        "booked twice.",
    ),
    "stock_booked": ("已入账 {count} 件", "{count} booked"),
    "another_one": ("再做一单", "Another one"),
    "to_stock": ("回到库存", "Back to stock"),
    "stock_dropped": ("已清空", "The list is empty"),
    "begin_anew": ("清空重来", "Begin anew"),
    "set_count": ("改数量", "Type how many"),
}
