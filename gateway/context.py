"""What one request carries: the caller, calls in its name, and loaders that batch by type."""

from typing import Any
from uuid import UUID

from aiodataloader import DataLoader

from gateway.rpc import Rpc
from gateway.tokens import Session, Tokens
from shared.contracts import Command
from shared.contracts.directory import GetStaff, GetStores
from shared.contracts.loyalty import GetAccounts
from shared.contracts.member import GetMembers
from shared.errors import Forbidden
from shared.seal import seal


class Context:
    """One per request, and one per subscription connection."""

    def __init__(
        self, rpc: Rpc, tokens: Tokens, live: Any, seal_key: str,
        session: Session | None, language: str,
    ) -> None:  # fmt: skip
        self.rpc = rpc
        self.tokens = tokens
        self.live = live
        self.session = session
        self.language = language
        self._seal_key = seal_key
        self._loaders: dict[str, DataLoader[Any, Any]] = {}

    async def call(self, command: Command[Any]) -> Any:
        """Ask a service in the name of the caller."""
        if self.session is None:
            raise Forbidden("UNSEALED")
        return await self.rpc.call(command, seal(self.session.caller, self._seal_key))

    async def call_unsealed(self, command: Command[Any]) -> Any:
        """Sign-in: there is no caller yet."""
        return await self.rpc.call(command, None)

    async def load(self, kind: str, key: UUID | None) -> Any:
        """A store, staff, member or account by id; one call for all that a request asks for."""
        if key is None:
            return None
        if kind not in self._loaders:
            self._loaders[kind] = DataLoader(self._batch(kind))
        return await self._loaders[kind].load(key)

    def _batch(self, kind: str) -> Any:
        make, name = _LOADED[kind]

        async def load(keys: list[UUID]) -> list[Any]:
            answer = await self.call(make(keys))
            found = {getattr(item, name): item for item in answer.items}
            for item in answer.items:
                found |= dict.fromkeys(getattr(item, "merged_ids", ()), item)
            return [found.get(key) for key in keys]

        return load


_LOADED: dict[str, tuple[Any, str]] = {
    "store": (lambda keys: GetStores(ids=keys), "id"),
    "staff": (lambda keys: GetStaff(ids=keys), "id"),
    "member": (lambda keys: GetMembers(ids=keys), "id"),
    "account": (lambda keys: GetAccounts(member_ids=keys), "member_id"),
}
