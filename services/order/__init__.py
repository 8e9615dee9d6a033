"""Order: one sale from quote to receipt; the saga of a sale is the order's row.

Owns orders with their lines and tenders, what came back of them with the rule that
allows it, and receipt numbers per store and device. Calls inventory, campaign and loyalty to hold
(nobody else calls anybody); tells `order.placed`, `order.cancelled`, `order.voided` and
`order.returned`, by which they settle, let go or take back. Keeps copies of stores, staff, devices
and earn rules.
"""
