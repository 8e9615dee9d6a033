"""Order: one sale from quote to receipt; the saga of a sale is the order's row.

Owns orders with their lines and tenders, and receipt numbers per store and device. Calls inventory,
campaign and loyalty to hold (nobody else calls anybody); tells `order.placed`, `order.cancelled`
and `order.voided`, by which they settle or let go. Keeps copies of stores, staff, devices and earn
rules.
"""
