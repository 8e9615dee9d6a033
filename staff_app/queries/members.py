"""The documents of a member: what is known of them, why, and what is changed by hand."""

from staff_app.queries.parts import REFUSAL as _REFUSAL

_PERSON = """
  id version name cardCode phoneMasked gender birthday city wechat sourceChannel registeredAt
  tags tagsByRule sizes { name value } heightCm style stylePreferences spendingPower
  born { calendar month day leapMonth year } nextBirthday age
  homeStore { name } associate { name } fields { key value }
  purchases {
    firstOn lastOn count spentMinor averageMinor currency favouriteCategories
  }
  account {
    points pointsHeld walletPrincipalMinor walletBonusMinor walletHeldMinor currency
    tier tierNameZh tierNameEn nextTierNameZh nextTierNameEn missing nudge basis progress
    pointsExpiring pointsValidUntil pointsFrozen walletFrozen
  }
"""

_HAPPENING = """
  id at kind text amountMinor currency points couponCode tierNameZh tierNameEn
  store { name } staff { name } fields { key value }
"""

_RELATIVE = """
  id version relation name age gender note guardianConsent
  born { calendar month day leapMonth year }
"""

_CONSENTS = "current { purpose channel granted noticeVersion recordedAt }"

PERSON = f"""
query Person($id: ID!) {{
  member(id: $id) {{ {_PERSON} }}
  coupons(memberId: $id) {{ code nameZh nameEn used held capTotal capPerMember validUntil }}
}}"""

STATEMENT = """
query Statement($memberId: ID!, $account: StatementAccount!, $first: Int!, $after: String) {
  statement(memberId: $memberId, account: $account, first: $first, after: $after) {
    edges { node { id at account amount balanceAfter reason detail validUntil } }
    pageInfo { hasNextPage endCursor }
  }
}"""

BALANCES = """
query Balances($memberId: ID!) {
  balanceExplanation(memberId: $memberId) {
    parts { account unit opening balance heldByOrders zh en sums { reason amount zh en } }
  }
}"""

TIER = """
query Tier($memberId: ID!, $first: Int!) {
  tierExplanation(memberId: $memberId, first: $first) {
    zh en basis currency progress threshold missing
    parts { documentId kind businessDate amount }
  }
}"""

TIMELINE = f"""
query Timeline($memberId: ID!, $kinds: [HappeningKind!], $first: Int!, $after: String) {{
  timeline(memberId: $memberId, kinds: $kinds, first: $first, after: $after) {{
    edges {{ node {{ {_HAPPENING} }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""

RECORD_CONTACT = f"""
mutation RecordContact($input: RecordContactInput!) {{
  recordContact(input: $input) {{ happening {{ {_HAPPENING} }} {_REFUSAL} }}
}}"""

AROUND = f"""
query Around($memberId: ID!) {{
  family(memberId: $memberId) {{ {_RELATIVE} }}
  consents(memberId: $memberId) {{ {_CONSENTS} }}
  memberForm(subject: MEMBER) {{ document }}
  noticesInForce {{ purpose version textZh textEn }}
}}"""

FORM = """
query Form($subject: FieldSubject!) { memberForm(subject: $subject) { document } }"""

SHOW_SIGNATURE = f"""
mutation ShowSignature($input: ShowSignatureInput!) {{
  showSignature(input: $input) {{
    signature {{ version language text noticeVersion signedAt width height strokes }} {_REFUSAL}
  }}
}}"""

UPDATE_MEMBER = f"""
mutation UpdateMember($input: UpdateMemberInput!) {{
  updateMember(input: $input) {{ member {{ {_PERSON} }} {_REFUSAL} }}
}}"""

TAG_MEMBER = f"""
mutation TagMember($input: TagMemberInput!) {{
  tagMember(input: $input) {{ member {{ {_PERSON} }} {_REFUSAL} }}
}}"""

WHY_TAG = """
query WhyTag($memberId: ID!, $tag: String!) {
  memberTag(memberId: $memberId, tag: $tag) {
    tag byHand byRule since reasons { zh en holds } now { zh en holds }
  }
}"""

SAVE_RELATIVE = f"""
mutation SaveRelative($input: SaveRelativeInput!) {{
  saveRelative(input: $input) {{ relative {{ {_RELATIVE} }} {_REFUSAL} }}
}}"""

REMOVE_RELATIVE = f"""
mutation RemoveRelative($input: RemoveRelativeInput!) {{
  removeRelative(input: $input) {{ done {_REFUSAL} }}
}}"""

RECORD_CONSENTS = f"""
mutation RecordConsents($input: RecordConsentsInput!) {{
  recordConsents(input: $input) {{ consents {{ {_CONSENTS} }} {_REFUSAL} }}
}}"""

TOP_UP_OFFER = """
query TopUpOffer($memberId: ID!, $storeId: ID!) {
  topUpOffer(memberId: $memberId, storeId: $storeId) {
    roomMinor limitMinor steps { paidMinor bonusMinor }
    plans {
      code nameZh nameEn validUntil freeAmount applies reasonZh reasonEn
      steps { paidMinor bonusMinor }
    }
  }
}"""

TOP_UP = f"""
mutation TopUp($input: TopUpInput!) {{
  topUp(input: $input) {{
    account {{ memberId currency points walletPrincipalMinor walletBonusMinor }} {_REFUSAL}
  }}
}}"""
