"""The library under the services: messages, transactions, events, callers. Nothing of a domain but
the contracts."""
