"""Documents of receipts and of the printers they come out of."""

from staff_app.queries.parts import REFUSAL as _REFUSAL

_PRINTER = "storeId deviceId version address port paper characters drawer"

PRINT_RECEIPT = f"""
mutation PrintReceipt($input: PrintReceiptInput!) {{
  printReceipt(input: $input) {{ copy {_REFUSAL} }}
}}"""

SHARE_RECEIPT = f"""
mutation ShareReceipt($input: ShareReceiptInput!) {{
  shareReceipt(input: $input) {{ copy png {_REFUSAL} }}
}}"""

PRINTERS = f"""
query Printers($storeId: ID!, $deviceId: ID) {{
  printers(storeId: $storeId, deviceId: $deviceId) {{ {_PRINTER} }}
}}"""

SAVE_PRINTER = f"""
mutation SavePrinter($input: SavePrinterInput!) {{
  savePrinter(input: $input) {{ printer {{ {_PRINTER} }} {_REFUSAL} }}
}}"""

TEST_PRINTER = f"""
mutation TestPrinter($input: TestPrinterInput!) {{
  testPrinter(input: $input) {{ done {_REFUSAL} }}
}}"""
