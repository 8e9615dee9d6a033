"""The device and who works on it: activation, sign-in with a PIN, tokens that renew themselves."""

from typing import Any

from staff_app import queries
from staff_app.client import Client, Refused, SignedOut, Tokens, Unreachable
from staff_app.state import Desk, Preferences
from staff_app.storage import NotKept, Storage

RECENT_LIMIT = 4
MANAGERS = {
    "STORE_MANAGER", "FRANCHISE_OWNER", "REGION_MANAGER", "HQ_OPERATIONS", "HQ_ADMINISTRATOR",
}  # fmt: skip
"""Who may do what an associate may not; the services decide, the app only offers."""


class DeskWork:
    """Reads and keeps `device`, `tokens`, `staff`, `store` and `preferences` on the device."""

    def __init__(
        self, client: Client, storage: Storage, desk: Desk, preferences: Preferences
    ) -> None:
        self._client = client
        self._storage = storage
        self._desk = desk
        self._preferences = preferences
        client.stored = self._stored_tokens
        client.renewed = self._tokens_renewed

    async def open(self) -> None:
        """Find out who this device belongs to and who was at work. Raises `NotKept`."""
        kept = await self._storage.read("preferences") or {}
        self._preferences.language = kept.get("language", "zh")
        self._preferences.look = kept.get("look", "light")
        self._preferences.recent_staff = kept.get("recent_staff", [])
        self._desk.device = await self._storage.read("device")
        self._client.tokens = await self._stored_tokens()
        self._desk.store = await self._storage.read("store")
        if self._client.tokens is not None:
            self._desk.staff = await self._storage.read("staff")

    async def activate(self, code: str) -> None:
        """Make this device one of a store's; raises `Refused`, `Unreachable`, `NotKept`."""
        payload = await self._client.tell(
            queries.ACTIVATE_DEVICE, {"activationCode": code}, signed_in=False
        )
        device = payload["deviceActivated"]
        await self._storage.write("device", device)
        self._desk.device = device

    async def sign_in(self, number: str, pin: str) -> None:
        """Raises `Refused` (wrong, locked out, not of this store), `Unreachable`."""
        device = self._desk.device or {}
        payload = await self._client.tell(
            queries.SIGN_IN,
            {
                "deviceId": device["deviceId"],
                "deviceSecret": device["deviceSecret"],
                "staffNumber": number,
                "pin": pin,
            },
            signed_in=False,
        )
        self._client.tokens = Tokens.of(payload)
        await self._tokens_renewed(self._client.tokens)
        identity = payload["identity"]
        staff = {
            "id": identity["caller"]["id"],
            "name": identity["name"],
            "number": identity["number"] or number,
            "roles": identity["caller"]["roles"],
        }
        await self._learn_store(identity["storeId"] or device["storeId"])
        await self._storage.keep("staff", staff)
        await self._remember_name(staff)
        self._desk.ended = False
        self._desk.staff = staff

    async def sign_out(self) -> None:
        """Hand the device over: the basket stays, the next person signs in."""
        tokens = self._client.tokens
        self._client.tokens = None
        self._desk.staff = None
        await self._storage.keep("tokens", None)
        await self._storage.keep("staff", None)
        if tokens is not None:
            try:
                input_ = {"refreshToken": tokens.refresh}
                await self._client.tell(queries.SIGN_OUT, input_, signed_in=False)
            except (Refused, Unreachable, SignedOut):
                pass  # it runs out by itself; on this device it is gone already

    async def choose_language(self, language: str) -> None:
        self._preferences.language = language
        await self._keep_preferences()

    async def choose_look(self, look: str) -> None:
        self._preferences.look = look
        await self._keep_preferences()

    async def _learn_store(self, store_id: str) -> None:
        """The currency and name of the store; what the device knows will do until then."""
        try:
            stores = (await self._client.ask(queries.STORES))["stores"]
        except (Refused, Unreachable):
            return
        found = [store for store in stores if store["id"] == store_id]
        if found:
            self._desk.store = found[0]
            await self._storage.keep("store", found[0])

    async def _remember_name(self, staff: dict[str, Any]) -> None:
        known = {"number": staff["number"], "name": staff["name"]}
        others = [p for p in self._preferences.recent_staff if p["number"] != staff["number"]]
        self._preferences.recent_staff = [known, *others][:RECENT_LIMIT]
        await self._keep_preferences()

    async def _keep_preferences(self) -> None:
        await self._storage.keep(
            "preferences",
            {
                "language": self._preferences.language,
                "look": self._preferences.look,
                "recent_staff": [dict(person) for person in self._preferences.recent_staff],
            },
        )

    async def _stored_tokens(self) -> Tokens | None:
        try:
            kept = await self._storage.read("tokens")
        except NotKept:
            return None
        return Tokens(**kept) if kept else None

    async def _tokens_renewed(self, tokens: Tokens | None) -> None:
        if tokens is None:
            await self._storage.keep("tokens", None)
            self._desk.ended = self._desk.staff is not None
            self._desk.staff = None
            return
        kept = {
            "access": tokens.access,
            "refresh": tokens.refresh,
            "expires_at": tokens.expires_at,
        }
        await self._storage.keep("tokens", kept)
