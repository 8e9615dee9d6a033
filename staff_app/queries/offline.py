"""The documents of a till that can sell without network: what it keeps, and what it tells later."""

from staff_app.queries.parts import REFUSAL as _REFUSAL

_IN_FORCE = """
  tillRule(storeId: $storeId) {
    now version
    body { allowed storeIds deviceIds roles hours memberDays saleMinor totalMinor pinTries pinDays }
  }"""

TILL_RULE = f"""
query TillRule($storeId: ID!) {{{_IN_FORCE}
}}"""

RULES = f"""
query OfflineRules($storeId: ID!) {{{_IN_FORCE}
  offlineRules {{ id version validFrom body {{ allowed }} }}
  stores {{ id name }}
}}"""

PUBLISH = f"""
mutation PublishOfflineRule($input: PublishOfflineRuleInput!) {{
  publishOfflineRule(input: $input) {{ offlineRuleVersion {{ id version }} {_REFUSAL} }}
}}"""

TILL_CATALOGUE = """
query TillCatalogue($storeId: ID!, $sinceVersion: String, $first: Int!, $after: ID) {
  tillCatalogue(storeId: $storeId, sinceVersion: $sinceVersion, first: $first, after: $after) {
    version whole after items { id code name category taxBasisPoints prices skus }
  }
}"""

TILL_STOCK = """
query TillStock($storeId: ID!, $sinceVersion: String, $first: Int!, $after: ID) {
  tillStock(storeId: $storeId, sinceVersion: $sinceVersion, first: $first, after: $after) {
    version whole after levels
  }
}"""

TILL_PROMOTIONS = """
query TillPromotions($storeId: ID!, $sinceVersion: String) {
  tillPromotions(storeId: $storeId, sinceVersion: $sinceVersion) {
    version whole removed items { id versions { version startsAt stopsAt terms } }
  }
}"""

TILL_MEMBERS = """
query TillMembers($storeId: ID!, $sinceVersion: String, $days: Int!) {
  tillMembers(storeId: $storeId, sinceVersion: $sinceVersion, days: $days) {
    version whole removed items { id name cardCode lastFour tier until }
  }
}"""

REPORT_OFFLINE = f"""
mutation ReportOffline($input: ReportOfflineInput!) {{
  reportOffline(input: $input) {{ done {_REFUSAL} }}
}}"""

ACCEPT_OFFLINE_SALE = f"""
mutation AcceptOfflineSale($input: AcceptOfflineSaleInput!) {{
  acceptOfflineSale(input: $input) {{ order {{ id receiptNumber }} {_REFUSAL} }}
}}"""
