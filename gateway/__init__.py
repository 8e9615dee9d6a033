"""The one door: GraphQL over HTTP and WebSocket in front of the services.

It has no database and decides nothing about business: it verifies a token once, seals the caller,
asks services for lists of ids rather than ids one by one, and says refusals in words. As many
copies of it as needed may run. The GraphQL types are made from the contracts (`mapping`), so that
there is one list of what crosses a border.
"""
