"""Inventory owns the catalogue (style → colour × size → SKU), its list prices, and the stock.

Stock is kept per store and SKU: on hand, reserved, available. A sale is reserved by call and
settled by event, so that the check and the hold are one statement here, whoever asks.

Emits style_saved, price_changed, stock_changed, stock_moved, stock_low, stock_discrepancy and
threshold_set. Consumes directory's store_changed, and order's order_placed (settle the
reservation), order_cancelled (release it), order_voided and order_returned (take the
pieces back).
"""
