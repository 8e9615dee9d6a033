"""Documents of what sellers sold."""

_FIGURES = "{ salesMinor returnedMinor orders memberOrders pieces averageMinor }"

PERFORMANCE = f"""
query Performance($storeId: ID!, $period: PerformancePeriod, $day: Date, $staffId: ID) {{
  performance(storeId: $storeId, period: $period, day: $day, staffId: $staffId) {{
    currency firstDay lastDay
    total {_FIGURES} before {_FIGURES}
    days {{ day figures {_FIGURES} }}
    sellers {{ staffId staff {{ name }} figures {_FIGURES} }}
    newCards {{ staffId cards }}
  }}
}}"""
