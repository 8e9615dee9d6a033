"""The documents of tasks, of the home screen, and of what changes in the store meanwhile."""

from staff_app.queries.parts import PAST_ORDER as _PAST_ORDER
from staff_app.queries.parts import REFUSAL as _REFUSAL

_TASK = """
  id version kind state reasonZh reasonEn dueAt raisedAt outcome finishedAt
  associateId associate { name } memberId member { name } skuId styleId piece orderId
"""

_WITH_HISTORY = _TASK + "history { number act at note by { name } to { name } }"

TASKS = f"""
query Tasks($storeId: ID!, $mine: Boolean!, $first: Int!, $after: String) {{
  tasks(storeId: $storeId, mine: $mine, first: $first, after: $after) {{
    edges {{ node {{ {_TASK} }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""

TASK = f"query Task($id: ID!) {{ task(id: $id) {{ {_WITH_HISTORY} }} }}"

RAISE_TASK = f"""
mutation RaiseTask($input: RaiseTaskInput!) {{
  raiseTask(input: $input) {{ task {{ {_WITH_HISTORY} }} {_REFUSAL} }}
}}"""

TAKE_TASK = f"""
mutation TakeTask($input: TakeTaskInput!) {{
  takeTask(input: $input) {{ task {{ {_WITH_HISTORY} }} {_REFUSAL} }}
}}"""

HAND_ON_TASK = f"""
mutation HandOnTask($input: HandOnTaskInput!) {{
  handOnTask(input: $input) {{ task {{ {_WITH_HISTORY} }} {_REFUSAL} }}
}}"""

FINISH_TASK = f"""
mutation FinishTask($input: FinishTaskInput!) {{
  finishTask(input: $input) {{ task {{ {_WITH_HISTORY} }} {_REFUSAL} }}
}}"""

COLLEAGUES = """
query Colleagues($storeId: ID!) {
  staff(storeId: $storeId) { id name number active }
}"""

ORDER_BY_ID = f"query OrderById($ids: [ID!]!) {{ ordersById(ids: $ids) {{ {_PAST_ORDER} }} }}"

TODAY = """
query Today($storeId: ID!) {
  now
  performance(storeId: $storeId, period: DAY) {
    currency total { salesMinor orders pieces }
    sellers { staffId figures { salesMinor orders pieces } }
  }
  taskCounts(storeId: $storeId) { mine untaken overdue dueToday }
}"""

TASK_CHANGED = f"""
subscription TaskChanged($storeId: ID!) {{
  taskChanged(storeId: $storeId) {{ taskId version task {{ {_TASK} }} }}
}}"""

STOCK_CHANGED = """
subscription StockChanged($storeId: ID!) {
  stockChanged(storeId: $storeId) { levels { skuId onHand reserved available version } }
}"""

ORDER_CHANGED = f"""
subscription OrderChanged($storeId: ID!) {{
  orderChanged(storeId: $storeId) {{ orderId status order {{ {_PAST_ORDER} }} }}
}}"""
