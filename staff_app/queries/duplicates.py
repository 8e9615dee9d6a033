"""The documents of members who are probably one person."""

from staff_app.queries.parts import REFUSAL as _REFUSAL

_SIDE = """
  id name phoneMasked cardCode gender birthday city heightCm registeredAt tags
  homeStore { name } purchases { count spentMinor currency lastOn }
  account { points walletPrincipalMinor walletBonusMinor currency tierNameZh tierNameEn }
"""
_MERGE = "id survivorId mergedId reason mergedAt filled undoneAt"

DUPLICATES = f"""
query Duplicates($state: DuplicateState!, $first: Int!, $after: String) {{
  duplicates(state: $state, first: $first, after: $after) {{
    edges {{ node {{
      id score dismissReason reasons {{ code points zh en }}
      member {{ {_SIDE} }} other {{ {_SIDE} }}
    }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""

DISMISS = f"""
mutation DismissDuplicate($input: DismissDuplicateInput!) {{
  dismissDuplicate(input: $input) {{ duplicate {{ id state }} {_REFUSAL} }}
}}"""

MERGE = f"""
mutation MergeMembers($input: MergeMembersInput!) {{
  mergeMembers(input: $input) {{ merge {{ {_MERGE} }} {_REFUSAL} }}
}}"""

UNDO = f"""
mutation UndoMerge($input: UndoMergeInput!) {{
  undoMerge(input: $input) {{ merge {{ {_MERGE} }} {_REFUSAL} }}
}}"""

MERGES = f"""
query Merges($memberId: ID!) {{ merges(memberId: $memberId) {{ {_MERGE} }} }}"""
