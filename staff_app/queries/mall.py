"""The documents of the points mall."""

from staff_app.queries.parts import REFUSAL as _REFUSAL

_REDEMPTION = """
  id storeId nameZh nameEn quantity points status redeemedAt handedOverAt cancelledAt cancelReason
"""
_REDEEMED = f"redeemed {{ redemption {{ {_REDEMPTION} }} account {{ memberId points }} }}"

OFFER = """
query MallOffer($storeId: ID!, $memberId: ID!, $first: Int!, $after: String) {
  mallOffer(storeId: $storeId, memberId: $memberId, first: $first, after: $after) {
    edges { node { itemId code kind nameZh nameEn points left canHave reasonZh reasonEn } }
    pageInfo { hasNextPage endCursor }
  }
}"""

REDEMPTIONS = f"""
query Redemptions($memberId: ID!, $first: Int!) {{
  redemptions(memberId: $memberId, first: $first) {{ edges {{ node {{ {_REDEMPTION} }} }} }}
}}"""

REDEEM = f"""
mutation RedeemPoints($input: RedeemPointsInput!) {{
  redeemPoints(input: $input) {{ {_REDEEMED} {_REFUSAL} }}
}}"""

HAND_OVER = f"""
mutation HandOverRedemption($input: HandOverRedemptionInput!) {{
  handOverRedemption(input: $input) {{ redemption {{ {_REDEMPTION} }} {_REFUSAL} }}
}}"""

CANCEL = f"""
mutation CancelRedemption($input: CancelRedemptionInput!) {{
  cancelRedemption(input: $input) {{ {_REDEEMED} {_REFUSAL} }}
}}"""
