"""The device and who works on it: activation, sign-in with a PIN, tokens that renew themselves."""

from contextlib import suppress
from typing import Any

from staff_app import clock, queries
from staff_app.client import Client, Refused, SignedOut, Tokens, Unreachable
from staff_app.state import Desk, Preferences
from staff_app.storage import NobodyKnown, NotKept, Storage

RECENT_LIMIT = 4
MANAGERS = {
    "STORE_MANAGER", "FRANCHISE_OWNER", "REGION_MANAGER", "HQ_OPERATIONS", "HQ_ADMINISTRATOR",
}  # fmt: skip
"""Who may do what an associate may not; the services decide, the app only offers."""
HQ = {"HQ_OPERATIONS", "HQ_ADMINISTRATOR"}


def manages(staff: dict[str, Any] | None) -> bool:
    """Whether somebody is one of `MANAGERS`."""
    return not MANAGERS.isdisjoint((staff or {}).get("roles", ()))


def is_of_hq(staff: dict[str, Any] | None) -> bool:
    return not HQ.isdisjoint((staff or {}).get("roles", ()))


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
        if not self._storage.is_open:
            return
        self._client.tokens = await self._stored_tokens()
        self._desk.store = await self._storage.read("store")
        if self._client.tokens is not None:
            self._desk.staff = await self._storage.read("staff")
        else:
            self._desk.pin_again = await self._storage.read("staff") is not None
            await self._storage.lock()

    async def activate(self, code: str) -> None:
        """Make this device one of a store's; raises `Refused`, `Unreachable`, `NotKept`."""
        payload = await self._client.tell(
            queries.ACTIVATE_DEVICE, {"activationCode": code}, signed_in=False
        )
        device = payload["deviceActivated"]
        await self._storage.write("device", device)
        self._desk.device = device

    async def sign_in(self, number: str, pin: str) -> None:
        """By the server, or without a network by the device, which the server is told later.

        Raises `Refused` (wrong, locked out, not of this store), `Unreachable`, `NotKept`; without a
        network `WrongPin` and, of somebody the device does not know, `Unreachable`.
        """
        try:
            payload = await self._ask_in(number, pin)
        except Unreachable as error:
            try:
                await self._storage.unlock_alone(number, pin)
            except NobodyKnown:
                raise error from None
            await self._work_alone(number, pin)
            return
        await self._storage.unlock(number, pin, payload["storageKey"] or "")
        self._client.late = None
        self._client.tokens = Tokens.of(payload)
        await self._tokens_renewed(self._client.tokens)
        identity = payload["identity"]
        staff = {
            "id": identity["caller"]["id"],
            "name": identity["name"],
            "number": identity["number"] or number,
            "roles": identity["caller"]["roles"],
        }
        await self._learn_store(identity["storeId"] or (self._desk.device or {})["storeId"])
        await self._storage.keep(_person(number), staff)
        await self._begin(staff)

    async def sign_out(self) -> None:
        """Hand the device over: the basket stays, the next person signs in."""
        tokens = self._client.tokens
        self._client.tokens = self._client.late = None
        self._desk.staff = None
        await self._storage.keep("tokens", None)
        await self._storage.keep("staff", None)
        await self._storage.lock()
        if tokens is not None:
            try:
                input_ = {"refreshToken": tokens.refresh}
                await self._client.tell(queries.SIGN_OUT, input_, signed_in=False)
            except (Refused, Unreachable, SignedOut):
                pass  # it runs out by itself; on this device it is gone already

    async def learn_time(self) -> None:
        """Go by the system's clock: this device's may be wrong by a day."""
        with suppress(Refused, Unreachable, SignedOut):
            clock.correct((await self._client.ask(queries.NOW))["now"])

    async def choose_language(self, language: str) -> None:
        self._preferences.language = language
        await self._keep_preferences()

    async def choose_look(self, look: str) -> None:
        self._preferences.look = look
        await self._keep_preferences()

    async def _ask_in(self, number: str, pin: str) -> dict[str, Any]:
        device = self._desk.device or {}
        return await self._client.tell(
            queries.SIGN_IN,
            {
                "deviceId": device["deviceId"],
                "deviceSecret": device["deviceSecret"],
                "staffNumber": number,
                "pin": pin,
            },
            signed_in=False,
        )

    async def _work_alone(self, number: str, pin: str) -> None:
        """As the person the device remembers; signed in at the server as soon as it is there. The
        PIN is kept in memory only: after a reload it is asked for again."""

        async def late() -> Tokens:
            payload = await self._ask_in(number, pin)
            if self._client.late is late:
                await self._storage.unlock(number, pin, payload["storageKey"] or "")
            return Tokens.of(payload)

        self._desk.store = await self._storage.read("store")
        staff = await self._storage.read(_person(number))
        if staff is None:
            await self._storage.lock()
            raise Unreachable("nothing is known of this person")
        self._client.tokens, self._client.late = None, late
        await self._storage.keep("tokens", None)  # whoever was here before may be another
        await self._begin(staff)

    async def _begin(self, staff: dict[str, Any]) -> None:
        await self._storage.keep("staff", staff)
        await self._remember_name(staff)
        self._desk.ended = self._desk.handing_over = self._desk.pin_again = False
        self._desk.staff = staff

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
            await self._storage.lock()
            return
        kept = {
            "access": tokens.access,
            "refresh": tokens.refresh,
            "expires_at": tokens.expires_at,
        }
        await self._storage.keep("tokens", kept)


def _person(number: str) -> str:
    """Under which name the device keeps who this is, for when there is no network."""
    return f"person.{number.lower()}"
