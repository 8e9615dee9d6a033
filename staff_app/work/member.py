"""A member seen from all sides, and what is changed of them by hand."""

from typing import Any

from staff_app import queries
from staff_app.client import Client, Refused, SignedOut, Unreachable
from staff_app.ids import new_id
from staff_app.queries import members as asking
from staff_app.state import Desk, Person

PAGE = 20
TIER_PARTS = 20
CONTACTS = ["NOTE", "VISIT", "ENQUIRY", "CALL", "MESSAGE"]


class MemberWork:
    """Questions that find nobody answering leave things as they are: the banner says so."""

    def __init__(self, client: Client, desk: Desk, person: Person) -> None:
        self._client = client
        self._desk = desk
        self._person = person

    async def look_at(self, member_id: str, back_to: str = "/customers") -> None:
        """Another member: nothing of the one before stays on the screen."""
        for name, value in vars(Person()).items():
            if not name.startswith("_"):
                setattr(self._person, name, value)
        self._person.id, self._person.back_to = member_id, back_to
        await self.again()

    async def again(self) -> None:
        """The member as they are now, and what the open section shows. Who was merged into
        another is that one from then on; who was erased is `gone`."""
        person = self._person
        found = await self._ask(asking.PERSON, id=person.id)
        if found:
            person.member, person.coupons = found["member"], found["coupons"]
            person.gone = person.member is None
        if person.member is not None:
            person.id = person.member["id"]
            await self.show(person.section)

    async def show(self, section: str) -> None:
        """Open a section; it is asked for anew each time."""
        person = self._person
        person.section = section
        if section == "balances":
            await self.statement(person.account)
        elif section == "purchases":
            await self._purchases("")
        elif section == "contacts":
            await self.timeline(person.only_notes)
            if person.note_form is None:
                await self.learn_note_form()
        elif section == "profile":
            await self._around()

    async def statement(self, account: str) -> None:
        """What came and went, newest first, and in words what it adds up to."""
        person = self._person
        person.account = account
        await self._entries("")
        if person.balances is None:
            found = await self._ask(asking.BALANCES, memberId=person.id)
            if found:
                person.balances = found["balanceExplanation"]["parts"]

    async def more_entries(self) -> None:
        await self._entries(self._person.entries_after)

    async def why_tier(self) -> None:
        """The rule, the window and the purchases a tier rests on."""
        found = await self._ask(asking.TIER, memberId=self._person.id, first=TIER_PARTS)
        if found:
            self._person.tier = found["tierExplanation"]

    async def more_purchases(self) -> None:
        await self._purchases(self._person.orders_after)

    async def timeline(self, only_notes: bool) -> None:
        """Everything that happened, or only what staff wrote down."""
        self._person.only_notes = only_notes
        await self._happenings("")

    async def more_happenings(self) -> None:
        await self._happenings(self._person.happenings_after)

    def new_id(self) -> str:
        """Of what is about to be written down: made once, whatever becomes of the answer."""
        return new_id()

    async def learn_note_form(self) -> None:
        """What HQ asks of what is written down."""
        found = await self._ask(asking.FORM, subject="CONTACT")
        if found:
            self._person.note_form = (found["memberForm"] or {}).get("document")

    async def note_down(
        self, contact_id: str, kind: str, text: str, fields: dict[str, Any] | None = None
    ) -> None:
        """Write down a contact; raises `Refused`, `Unreachable`, `SignedOut`. Safe to repeat."""
        input_ = {
            "id": contact_id,
            "memberId": self._person.id,
            "storeId": self._store_id,
            "kind": kind,
            "text": text.strip(),
            **({"fields": fields} if fields else {}),
        }
        await self._client.tell(asking.RECORD_CONTACT, input_)
        await self._happenings("")

    async def change_tags(self, add: str = "", remove: str = "") -> None:
        """Put a tag on or take one off; what stands in the way is in `refusal`."""
        input_ = {
            "memberId": self._person.id,
            "add": [add.strip()] if add.strip() else [],
            "remove": [remove] if remove else [],
        }
        await self._change(asking.TAG_MEMBER, input_)

    async def why_tag(self, tag: str) -> dict[str, Any] | None:
        found = await self._ask(asking.WHY_TAG, memberId=self._person.id, tag=tag)
        return found["memberTag"] if found else None

    async def save(self, changes: dict[str, Any]) -> None:
        """What was changed in the form; raises `Refused`, `Unreachable`, `SignedOut`. Somebody
        else's change in between is refused, and the member is read anew."""
        member = self._person.member or {}
        input_ = {"memberId": self._person.id, "version": member["version"], **changes}
        try:
            payload = await self._client.tell(asking.UPDATE_MEMBER, input_)
        except Refused as refused:
            if refused.code == "MEMBER_CHANGED":
                await self.again()
            raise
        self._person.member = payload["member"]

    async def save_relative(self, relative_id: str, told: dict[str, Any]) -> None:
        """One more of the family; raises `Refused`, `Unreachable`, `SignedOut`. Safe to repeat."""
        input_ = {"id": relative_id, "memberId": self._person.id, "version": 0, **told}
        await self._client.tell(asking.SAVE_RELATIVE, input_)
        await self._around()

    async def remove_relative(self, relative: dict[str, Any]) -> None:
        """Forget one of the family; what stands in the way is in `refusal`."""
        input_ = {
            "id": relative["id"],
            "memberId": self._person.id,
            "version": relative["version"],
        }
        self._person.refusal = None
        try:
            await self._client.tell(asking.REMOVE_RELATIVE, input_)
        except Refused as refused:
            self._refuse(refused)
        except (Unreachable, SignedOut):
            return
        await self._around()

    async def agree(self, purpose: str, granted: bool) -> None:
        """What the member agrees to, or withdraws, from now on."""
        input_ = {
            "id": new_id(),
            "memberId": self._person.id,
            "storeId": self._store_id,
            "consents": [self.consent(purpose, granted)],
        }
        try:
            payload = await self._client.tell(asking.RECORD_CONSENTS, input_)
        except Refused as refused:
            self._refuse(refused)
        except (Unreachable, SignedOut):
            pass
        else:
            self._person.consents = payload["consents"]["current"]

    def consent(self, purpose: str, granted: bool) -> dict[str, Any]:
        """What is said of a purpose, of the notice in force."""
        notice = self._person.notices.get(purpose)
        known = [each for each in self._person.consents or [] if each["purpose"] == purpose]
        version = notice["version"] if notice else (known[0]["noticeVersion"] if known else "1")
        return {
            "purpose": purpose, "channel": "ANY", "noticeVersion": version, "granted": granted,
        }  # fmt: skip

    def agrees(self, purpose: str) -> bool:
        """Whether the member has agreed to a purpose, as far as is known here."""
        known = [each for each in self._person.consents or [] if each["purpose"] == purpose]
        return bool(known) and all(each["granted"] for each in known)

    async def _change(self, document: str, input_: dict[str, Any]) -> None:
        self._person.refusal = None
        try:
            payload = await self._client.tell(document, input_)
        except Refused as refused:
            self._refuse(refused)
        except (Unreachable, SignedOut):
            pass
        else:
            self._person.member = payload["member"]

    async def _entries(self, after: str) -> None:
        person = self._person
        rows, person.entries_after = await self._page(
            asking.STATEMENT, "statement", person.entries if after else None, after,
            memberId=person.id, account=person.account,
        )  # fmt: skip
        person.entries = rows

    async def _purchases(self, after: str) -> None:
        person = self._person
        rows, person.orders_after = await self._page(
            queries.ORDERS, "orders", person.orders if after else None, after, memberId=person.id
        )
        person.orders = rows

    async def _happenings(self, after: str) -> None:
        person = self._person
        rows, person.happenings_after = await self._page(
            asking.TIMELINE, "timeline", person.happenings if after else None, after,
            memberId=person.id, kinds=CONTACTS if person.only_notes else [],
        )  # fmt: skip
        person.happenings = rows

    async def _around(self) -> None:
        """Family, consents, and the form of what HQ asks beyond the usual."""
        found = await self._ask(asking.AROUND, memberId=self._person.id)
        if not found:
            return
        self._person.family = found["family"]
        self._person.consents = (found["consents"] or {}).get("current", [])
        self._person.form = (found["memberForm"] or {}).get("document")
        self._person.notices = {each["purpose"]: each for each in found["noticesInForce"]}

    async def _page(
        self,
        document: str,
        field: str,
        known: list[dict[str, Any]] | None,
        after: str,
        **asked: Any,
    ) -> tuple[list[dict[str, Any]], str]:
        """What was known with the page after it, and where the next one begins."""
        found = await self._ask(document, first=PAGE, after=after or None, **asked)
        if not found:
            return list(known or []), after
        page = found[field]
        rows = [*(known or []), *(edge["node"] for edge in page["edges"])]
        following = page["pageInfo"]
        return rows, following["endCursor"] if following["hasNextPage"] else ""

    async def _ask(self, document: str, **variables: Any) -> dict[str, Any] | None:
        """An answer about the member who is still on the screen, or nothing."""
        asked_for = self._person.id
        try:
            found = await self._client.ask(document, **variables)
        except Refused as refused:
            self._refuse(refused)
            return None
        except (Unreachable, SignedOut):
            return None
        return found if self._person.id == asked_for else None

    def _refuse(self, refused: Refused) -> None:
        self._person.refusal = refused.told

    @property
    def _store_id(self) -> str:
        return str((self._desk.device or {})["storeId"])
