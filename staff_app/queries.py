"""The GraphQL documents of the app, all of them. A test holds them against the gateway's schema."""

_REFUSAL = "refusal { code messageZh messageEn parameters { name value } }"

_SIGNED_IN = (
    "accessToken refreshToken expiresInSeconds "
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
  promotions { promotionId nameZh nameEn discountMinor couponCode }
"""

_QUOTE = (
    "currency listMinor discountMinor totalMinor taxMinor tier pointsExpected "
    "offer { pointsUsable pointsValueMinor minorPerHundredPoints walletUsableMinor }" + _LINES
)

_ORDER = (
    """
  id status receiptNumber placedAt businessDate currency memberId
  listMinor discountMinor totalMinor changeMinor pointsExpected
  tenders { kind amountMinor givenMinor points reference }
  balances { points walletPrincipalMinor walletBonusMinor }
"""
    + _LINES
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

STORES = "query Stores { stores { id code name currency timeZone } }"

MEMBERS = f"query Members($query: String!) {{ members(query: $query) {{ {_MEMBER} }} }}"

MEMBER = f"query Member($id: ID!) {{ member(id: $id) {{ {_MEMBER} }} }}"

NOTICES = "query Notices { noticesInForce { purpose version textZh textEn } }"

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
  placeOrder(input: $input) {{ order {{ {_ORDER} }} quote {{ {_QUOTE} }} {_REFUSAL} }}
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

ORDER_BOOKED = """
subscription OrderBooked($storeId: ID!) {
  orderBooked(storeId: $storeId) {
    orderId memberId pointsEarned pointsSpent walletSpentMinor pointsAfter walletAfterMinor voided
  }
}"""
