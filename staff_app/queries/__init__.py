"""The GraphQL documents of the app: here those of the till, beside it those of members.

A test holds all of them against the gateway's schema.
"""

from staff_app.queries.parts import PAST_ORDER as _PAST_ORDER
from staff_app.queries.parts import REFUSAL as _REFUSAL

_SIGNED_IN = (
    "accessToken refreshToken expiresInSeconds storageKey "
    "identity { name number storeId deviceCode caller { id roles } } " + _REFUSAL
)

_MEMBER = """
  id name cardCode phoneMasked
  account {
    points pointsHeld walletPrincipalMinor walletBonusMinor walletHeldMinor currency
    tier tierNameZh tierNameEn nextTierNameZh nextTierNameEn missing nudge basis
  }
"""

_SKU = "id styleId code styleCode name colour size ean priceMinor currency available"

_LINES = """
  lines {
    line skuId name colour size skuCode quantity unitListMinor listMinor discountMinor netMinor
    reasons { promotionId nameZh nameEn code amountMinor textZh textEn }
  }
  promotions { promotionId version nameZh nameEn discountMinor couponCode }
"""

_QUOTE = (
    "currency listMinor discountMinor totalMinor taxMinor tier pointsExpected "
    "offer { pointsUsable pointsValueMinor minorPerHundredPoints walletUsableMinor pointsStep "
    "choices { kind points valueMinor } }" + _LINES
)

_ORDER = (
    """
  id status receiptNumber placedAt businessDate currency memberId
  listMinor discountMinor totalMinor changeMinor pointsExpected
  tenders { kind amountMinor givenMinor points reference returnId }
  balances { points walletPrincipalMinor walletBonusMinor }
"""
    + _LINES
)

_REFUNDS = "refunds { position kind amountMinor carriedMinor points }"

_RETURN_QUOTE = (
    "orderId currency refundMinor pointsTaken left { line quantity refundMinor } "
    "lines { line quantity condition refundMinor } " + _REFUNDS
)

_RETURN = (
    "id receiptNumber orderId orderReceiptNumber memberId returnedAt currency refundMinor "
    "pointsTaken reason lines { line name colour size quantity condition refundMinor } " + _REFUNDS
)

ACTIVATE_DEVICE = f"""
mutation ActivateDevice($input: ActivateDeviceInput!) {{
  activateDevice(input: $input) {{
    deviceActivated {{ deviceId deviceSecret deviceCode storeId storeName }} {_REFUSAL}
  }}
}}"""

SIGN_IN = f"""
mutation SignIn($input: SignInWithPinInput!) {{
  signInWithPin(input: $input) {{ {_SIGNED_IN} }}
}}"""

REFRESH = f"""
mutation Refresh($input: RefreshInput!) {{
  refresh(input: $input) {{ {_SIGNED_IN} }}
}}"""

SIGN_OUT = f"""
mutation SignOut($input: SignOutInput!) {{
  signOut(input: $input) {{ done {_REFUSAL} }}
}}"""

NOW = "query Now { now }"

STORES = "query Stores { stores { id code name currency timeZone } }"

MEMBERS = f"query Members($query: String!) {{ members(query: $query) {{ {_MEMBER} }} }}"

MEMBER = f"query Member($id: ID!) {{ member(id: $id) {{ {_MEMBER} }} }}"

NEW_CARD = """
query NewCard {
  noticesInForce { purpose version textZh textEn }
  memberForm(subject: MEMBER) { document }
}"""

REGISTER_MEMBER = f"""
mutation RegisterMember($input: RegisterMemberInput!) {{
  registerMember(input: $input) {{ member {{ {_MEMBER} }} {_REFUSAL} }}
}}"""

SKUS = f"""
query Skus($query: String!, $storeId: ID!, $first: Int!) {{
  skus(query: $query, storeId: $storeId, first: $first) {{
    edges {{ node {{ {_SKU} }} }} pageInfo {{ hasNextPage }}
  }}
}}"""

WHERE_ELSE = """
query WhereElse($skuId: ID!) {
  whereElse(skuId: $skuId) { storeId available store { name } }
}"""

COUPONS = "query Coupons($codes: [String!]!) { coupons(codes: $codes) { code nameZh nameEn } }"

QUOTE = f"""
query Quote(
  $storeId: ID!, $memberId: ID, $currency: String, $lines: [BasketLineInput!]!,
  $couponCodes: [String!]
) {{
  quote(
    storeId: $storeId, memberId: $memberId, currency: $currency, lines: $lines,
    couponCodes: $couponCodes
  ) {{ quote {{ {_QUOTE} }} {_REFUSAL} }}
}}"""

PLACE_ORDER = f"""
mutation PlaceOrder($input: PlaceOrderInput!) {{
  placeOrder(input: $input) {{
    order {{ {_ORDER} }} quote {{ {_QUOTE} }} returnQuote {{ {_RETURN_QUOTE} }} {_REFUSAL}
  }}
}}"""

ORDERS = f"""
query Orders(
  $storeId: ID, $businessDate: Date, $memberId: ID, $receiptNumber: String,
  $first: Int!, $after: String
) {{
  orders(
    storeId: $storeId, businessDate: $businessDate, memberId: $memberId,
    receiptNumber: $receiptNumber, first: $first, after: $after
  ) {{ edges {{ node {{ {_PAST_ORDER} }} }} pageInfo {{ hasNextPage endCursor }} }}
}}"""

CANCEL_ORDER = f"""
mutation CancelOrder($input: CancelOrderInput!) {{
  cancelOrder(input: $input) {{ order {{ {_PAST_ORDER} }} {_REFUSAL} }}
}}"""

RETURN_QUOTE = f"""
query ReturnQuote($orderId: ID!, $storeId: ID!, $lines: [ReturnLineInput!]) {{
  returnQuote(orderId: $orderId, storeId: $storeId, lines: $lines) {{ {_RETURN_QUOTE} }}
}}"""

RETURN_GOODS = f"""
mutation ReturnGoods($input: ReturnGoodsInput!) {{
  returnGoods(input: $input) {{
    returnReceipt {{ {_RETURN} }} returnQuote {{ {_RETURN_QUOTE} }} {_REFUSAL}
  }}
}}"""

RETURNS = f"""
query Returns($orderId: ID!, $first: Int!) {{
  returns(orderId: $orderId, first: $first) {{ edges {{ node {{ {_RETURN} }} }} }}
}}"""

BOOKED_ENTRIES = """
query BookedEntries($memberId: ID!, $first: Int!) {
  points: statement(memberId: $memberId, account: POINTS, first: $first) {
    edges { node { documentId amount balanceAfter } }
  }
  wallet: statement(memberId: $memberId, account: WALLET, first: $first) {
    edges { node { documentId amount } }
  }
  member(id: $memberId) { account { points walletPrincipalMinor walletBonusMinor } }
}"""

RETURN_BOOKED = """
subscription ReturnBooked($storeId: ID!) {
  returnBooked(storeId: $storeId) { returnId memberId pointsAfter walletAfterMinor }
}"""

ORDER_BOOKED = """
subscription OrderBooked($storeId: ID!) {
  orderBooked(storeId: $storeId) {
    orderId memberId pointsEarned pointsSpent walletSpentMinor pointsAfter walletAfterMinor voided
  }
}"""
