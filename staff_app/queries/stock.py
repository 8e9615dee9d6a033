"""The documents of stock: a style in colours and sizes, where else a piece is, what is moved."""

from staff_app.queries.parts import REFUSAL as _REFUSAL

_PIECE = (
    "id styleId code styleCode name colour size ean priceMinor currency onHand reserved available"
)

FIND = f"""
query Find($query: String!, $storeId: ID!, $first: Int!) {{
  skus(query: $query, storeId: $storeId, first: $first) {{
    edges {{ node {{ {_PIECE} }} }} pageInfo {{ hasNextPage }}
  }}
}}"""

STYLE = f"""
query Style($id: ID!, $storeId: ID!) {{
  style(id: $id, storeId: $storeId) {{ id code name category skus {{ {_PIECE} }} }}
}}"""

STORES_WITH = """
query StoresWith($skuId: ID!) {
  whereElse(skuId: $skuId) { storeId onHand available store { name } }
}"""

LEVELS = """
query Levels($storeId: ID!, $skuIds: [ID!]!) {
  stockLevels(storeId: $storeId, skuIds: $skuIds) { skuId onHand reserved available }
}"""

MOVE_STOCK = f"""
mutation MoveStock($input: MoveStockInput!) {{
  moveStock(input: $input) {{ levels {{ skuId onHand available }} {_REFUSAL} }}
}}"""
