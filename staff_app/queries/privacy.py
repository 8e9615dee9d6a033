"""The documents of what managers and HQ do for a member: erasure, and a tier by hand."""

from staff_app.queries.parts import REFUSAL as _REFUSAL

_ERASURE = """
  id memberId status reason requestedBy requestedAt confirmableFrom confirmedBy confirmedAt
  refusal endedAt answers { service at destroyed { rows } }
"""

ERASURES = f"""
query Erasures($memberId: ID!, $first: Int!) {{
  erasures(memberId: $memberId, first: $first) {{ edges {{ node {{ {_ERASURE} }} }} }}
}}"""

REQUEST = f"""
mutation RequestErasure($input: RequestErasureInput!) {{
  requestErasure(input: $input) {{ erasure {{ {_ERASURE} }} {_REFUSAL} }}
}}"""

CONFIRM = f"""
mutation ConfirmErasure($input: ConfirmErasureInput!) {{
  confirmErasure(input: $input) {{ erasure {{ {_ERASURE} }} {_REFUSAL} }}
}}"""

WITHDRAW = f"""
mutation WithdrawErasure($input: WithdrawErasureInput!) {{
  withdrawErasure(input: $input) {{ erasure {{ {_ERASURE} }} {_REFUSAL} }}
}}"""

TIERS = """
query Tiers($memberId: ID!, $first: Int!) {
  loyaltyRules(kind: LADDER) { version validFrom body }
  tierSettings(memberId: $memberId, first: $first) {
    edges { node { id tier until exactly reason at } }
  }
}"""

SET_TIER = f"""
mutation SetTier($input: SetTierInput!) {{
  setTier(input: $input) {{ tierSetting {{ id tier until exactly reason at }} {_REFUSAL} }}
}}"""
