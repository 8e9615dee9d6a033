"""What the screens show: small observables, one for each thing that changes by itself.

No control is ever in them, and none is shared by two sessions. Dictionaries are answers of the API
as they came; they are replaced, never changed.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import flet as ft


@ft.observable
@dataclass
class Preferences:
    """Kept on the device. `look` is light, dark, or as the system has it."""

    language: str = "zh"
    look: str = "light"
    recent_staff: list[dict[str, str]] = field(default_factory=list)


@ft.observable
@dataclass
class Desk:
    """Whose device this is and who works on it. `ready` once the device has been read."""

    ready: bool = False
    device: dict[str, str] | None = None
    staff: dict[str, Any] | None = None
    store: dict[str, Any] | None = None
    opening: bool = False
    """Somebody is being signed in: no screen is drawn before it is known which one."""
    handing_over: bool = False
    """Somebody has just handed the device over: the next one is asked for."""
    ended: bool = False
    """The sign-in ended by itself; whoever signs in finds everything as it was."""
    pin_again: bool = False  # who signed in without the server does so again after a reload

    @property
    def currency(self) -> str:
        return (self.store or {}).get("currency", "CNY")


@ft.observable
@dataclass
class Layout:
    """Whether there is room for a rail and two panes (from 840 logical pixels on)."""

    wide: bool = False


@ft.observable
@dataclass
class Network:
    reached: bool = True


@dataclass(frozen=True)
class Line:
    """A piece in the basket, with what the catalogue said of it when it was added."""

    number: int
    sku_id: str
    quantity: int
    name: str
    colour: str
    size: str
    style_code: str
    price_minor: int
    available: int

    def times(self, quantity: int) -> "Line":
        return replace(self, quantity=quantity)


@ft.observable
@dataclass
class Basket:
    lines: list[Line] = field(default_factory=list)
    member: dict[str, Any] | None = None
    coupons: list[str] = field(default_factory=list)
    exchange: dict[str, Any] | None = None
    """Goods that come back with this sale: see `work.returning`."""

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)


@ft.observable
@dataclass
class Pricing:
    """`quote` is of the basket as it is, unless `pending` or `stale`."""

    quote: dict[str, Any] | None = None
    pending: bool = False
    stale: bool = False
    refusal: dict[str, str] | None = None


@dataclass(frozen=True)
class Problem:
    """Why a payment did not become a sale: the refusal, and what it brought with it."""

    code: str
    zh: str
    en: str
    old_minor: int = 0
    new_minor: int = 0
    sku_id: str = ""
    elsewhere: tuple[tuple[str, int], ...] = ()
    coupon: str = ""


@ft.observable
@dataclass
class Payment:
    """`entry` is what stands on the keypad, in minor units; empty means all that is due."""

    tenders: list[dict[str, Any]] = field(default_factory=list)
    kind: str = "CASH"
    entry: str = ""
    reference: str = ""
    refund_references: dict[int, str] = field(default_factory=dict)
    """By the position of the payment: the terminal's numbers of what an exchange gives back."""
    points: str | None = None
    """How many points are being chosen; None while nobody chooses."""
    busy: bool = False
    problem: Problem | None = None
    waiting: str = ""
    """The order id of the sale on this screen that has no answer yet."""

    @property
    def paid_minor(self) -> int:
        return sum(int(tender["amountMinor"]) for tender in self.tenders)


@ft.observable
@dataclass
class Unsent:
    """Sales this device has promised to upload, oldest first; `sending` is the id on its way."""

    sales: list[dict[str, Any]] = field(default_factory=list)
    sending: str = ""


@ft.observable
@dataclass
class Receipt:
    """The last sale. `booked` holds its final balances once they are known."""

    order: dict[str, Any] | None = None
    member: dict[str, Any] | None = None
    booked: dict[str, Any] | None = None
    given_up: bool = False
    exchange: dict[str, Any] | None = None
    """What came back with it, as the basket had it, and what was `given` back once it is known."""


@ft.observable
@dataclass
class Search:
    """What was typed into the field of the sale screen, and what it found."""

    text: str = ""
    results: list[dict[str, Any]] | None = None
    searching: bool = False
    more: bool = False


@ft.observable
@dataclass
class People:
    """Looking for a member, and the form for one who is not there yet."""

    query: str = ""
    results: list[dict[str, Any]] | None = None
    searching: bool = False
    refusal: dict[str, str] | None = None
    form: str = ""
    """The phone for which the form was asked for, though it may not look complete."""
    notices: dict[str, dict[str, str]] = field(default_factory=dict)
    """The notices in force by purpose, as HQ has published them."""
    fields: dict[str, Any] = field(default_factory=dict)
    """HQ's form of members, as a JSON Schema."""
    looked_at: str = ""
    """The member that was opened last; apart from `Person`, which changes with every section."""


@ft.observable
@dataclass
class Orders:
    """A list of orders: of today, of a receipt, or of a member (`of`, then their name)."""

    query: str = ""
    of: str = ""
    found: list[dict[str, Any]] | None = None
    people: list[dict[str, Any]] = field(default_factory=list)
    """Who could be meant, when a name or a number fits several."""
    searching: bool = False
    after: str = ""
    refusal: dict[str, str] | None = None


@dataclass(frozen=True)
class Pick:
    """So many pieces of a line come back, `damaged` of them not to be sold again."""

    quantity: int = 0
    damaged: int = 0


@ft.observable
@dataclass
class Returning:
    """An order that is looked at, and what of it comes back. `quote` is of the picks as they are,
    unless `asking`; `left` says how many pieces of each line can come back."""

    order: dict[str, Any] | None = None
    back_to: str = "/orders"
    past: list[dict[str, Any]] = field(default_factory=list)
    """Returns of it that were made before, the newest first."""
    left: dict[int, int] = field(default_factory=dict)
    picks: dict[int, Pick] = field(default_factory=dict)
    quote: dict[str, Any] | None = None
    asking: bool = False
    refusal: dict[str, str] | None = None
    reason: str = ""
    other: str = ""
    references: dict[int, str] = field(default_factory=dict)
    busy: bool = False
    waiting: str = ""
    """The id of the return on this screen that has no answer yet."""
    receipt: dict[str, Any] | None = None
    booked: dict[str, Any] | None = None
    given_up: bool = False
    """Of the return on the screen: its final balances, or that they were not told."""


@ft.observable
@dataclass
class Person:
    """A member that is looked at. What a section shows is None until it has been asked for."""

    id: str = ""
    back_to: str = "/customers"
    section: str = "overview"
    member: dict[str, Any] | None = None
    gone: bool = False
    coupons: list[dict[str, Any]] = field(default_factory=list)
    refusal: dict[str, str] | None = None
    account: str = "POINTS"
    entries: list[dict[str, Any]] | None = None
    entries_after: str = ""
    balances: list[dict[str, Any]] | None = None
    tier: dict[str, Any] | None = None
    orders: list[dict[str, Any]] | None = None
    orders_after: str = ""
    redemptions: list[dict[str, Any]] | None = None
    """What they have had for points, newest first."""
    merges: list[dict[str, Any]] | None = None
    happenings: list[dict[str, Any]] | None = None
    happenings_after: str = ""
    only_notes: bool = False
    family: list[dict[str, Any]] | None = None
    consents: list[dict[str, Any]] | None = None
    form: dict[str, Any] | None = None
    note_form: dict[str, Any] | None = None
    """What HQ asks of what is written down."""
    notices: dict[str, dict[str, Any]] = field(default_factory=dict)


@ft.observable
@dataclass
class TopUp:
    """Money for the wallet of the member that is looked at. `plan` is a code, or empty for the
    usual steps; `entry` stands on the keypad, in minor units."""

    offer: dict[str, Any] | None = None
    plan: str = ""
    kind: str = "CASH"
    entry: str = ""
    reference: str = ""
    busy: bool = False
    waiting: str = ""
    refusal: dict[str, str] | None = None
    account: dict[str, Any] | None = None
    """What the wallet holds after it."""


@ft.observable
@dataclass
class Paper:
    """The receipt that was drawn last: a PNG, which copy of the receipt `number` it is, and the
    screen it was asked for on."""

    picture: bytes | None = None
    copy: int = 0
    number: str = ""
    back_to: str = "/"


@ft.observable
@dataclass
class Printer:
    """The printer in force, once it is `known`, and the form for another one: of this device
    (`own`) or the store."""

    known: bool = False
    printer: dict[str, Any] | None = None
    own: bool = False
    address: str = ""
    paper: str = "MM80"
    letters: str = "GB18030"
    drawer: bool = False


@ft.observable
@dataclass
class Performance:
    """What was sold in the `period` that `day` (empty: today) is in, by `staff`; None: by oneself,
    or for a manager in the store. `stores` are those one may look into, `store` is the one that
    was chosen; None: the device's. `shown` is the newest answer."""

    back_to: str = "/more"
    period: str = "DAY"
    day: str = ""
    staff: dict[str, Any] | None = None
    store: dict[str, Any] | None = None
    stores: list[dict[str, Any]] = field(default_factory=list)
    asking: bool = False
    shown: dict[str, Any] | None = None
    refusal: dict[str, str] | None = None


@ft.observable
@dataclass
class Mall:
    """What the member that is looked at can have for points; `item` is the one being given, and
    `before` what there was to spend. `answer` is the redemption and the account after it."""

    items: list[dict[str, Any]] | None = None
    after: str = ""
    item: dict[str, Any] | None = None
    quantity: int = 1
    hand_over: bool = True
    before: int = 0
    busy: bool = False
    waiting: str = ""
    refusal: dict[str, str] | None = None
    answer: dict[str, Any] | None = None


@ft.observable
@dataclass
class Shelf:
    """Looking for a style, its pieces in this store, and where else the chosen one is."""

    query: str = ""
    styles: list[dict[str, Any]] | None = None
    searching: bool = False
    refusal: dict[str, str] | None = None
    style: dict[str, Any] | None = None
    sku_id: str = ""
    elsewhere: list[dict[str, Any]] | None = None


@ft.observable
@dataclass
class Draft:
    """Pieces that are received, adjusted or counted, kept on the device until they are booked.

    `lines` are of `{sku, quantity}`. Once it has been `sent` only the same can be sent again.
    """

    kind: str = ""
    id: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    reference: str = ""
    levels: dict[str, int] | None = None
    """Of a count, once it is compared: how many should be there, by SKU."""
    sent: bool = False
    busy: bool = False
    refusal: dict[str, str] | None = None
    booked: int | None = None
    """How many pieces were booked, when it is done."""
