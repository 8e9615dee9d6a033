"""What a screen has promised, as a return or a top-up: kept, sent, and what became of it."""

from typing import Any, Protocol

from staff_app.storage import NotKept
from staff_app.work.outbox import Outbox, Sent


class Screen(Protocol):
    """`waiting` is the id of what this screen has promised and has no answer to yet."""

    waiting: str
    refusal: dict[str, str] | None


async def keep_and_send(outbox: Outbox, screen: Screen, promise: dict[str, Any]) -> Sent | None:
    """Save it on the device, then try once; None: it could not be kept, and was not sent."""
    screen.refusal = None
    try:
        await outbox.save(promise)
    except NotKept:
        screen.refusal = {"code": "NOT_KEPT", "zh": "", "en": ""}
        return None
    screen.waiting = promise["id"]
    return await outbox.send(promise["id"])


async def settle(outbox: Outbox, screen: Screen, sent: Sent) -> bool:
    """Whether this was the screen's own and is decided now. A refusal of another is set aside."""
    if screen.waiting != sent.sale["id"]:
        if sent.refused:
            await outbox.set_aside(sent.sale, sent.refused)
        return False
    if sent.refused:
        screen.refusal = sent.refused.told
    if sent.answer or sent.refused:
        screen.waiting = ""
        return True
    return False
