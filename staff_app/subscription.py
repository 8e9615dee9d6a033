"""One subscription over graphql-transport-ws: what is said in which order, without a socket."""

import json
from typing import Any

PROTOCOL = "graphql-transport-ws"
REJECTED = (4401, 4403)
"""Close codes of a gateway that does not take the token."""


class Subscription:
    def __init__(self, document: str, variables: dict[str, Any], token: str) -> None:
        self._asked = {"query": document, "variables": variables}
        self.greeting = json.dumps({"type": "connection_init", "payload": {"accessToken": token}})
        self.accepted = False
        self.ended = False

    def heard(self, text: str) -> tuple[str | None, dict[str, Any] | None]:
        """What is to be answered to a message, and the `data` of an event. Raises `ValueError`."""
        message = json.loads(text)
        kind = message.get("type")
        if kind == "connection_ack":
            self.accepted = True
            return json.dumps({"id": "1", "type": "subscribe", "payload": self._asked}), None
        if kind == "ping":
            return '{"type": "pong"}', None
        if kind == "next":
            return None, message["payload"].get("data")
        self.ended = kind in ("error", "complete")
        return None, None
