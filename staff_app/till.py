"""One device at work: its observables, and the work that changes them. A session has one till."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import flet as ft

from staff_app import queries
from staff_app.alone import Alone
from staff_app.answers import Answers
from staff_app.by_manager import Duplicates, OfflineRule, Privacy, TierByHand
from staff_app.client import Client, Refused, SignedOut, Transport, Unreachable
from staff_app.state import (
    Basket,
    Desk,
    Draft,
    Layout,
    Mall,
    Network,
    Orders,
    Paper,
    Payment,
    People,
    Performance,
    Person,
    Preferences,
    Pricing,
    Printer,
    Receipt,
    Returning,
    Search,
    Shelf,
    TopUp,
    Unsent,
)
from staff_app.storage import NotKept, Storage
from staff_app.till_members import MemberActs
from staff_app.to_do import Home, Tasks
from staff_app.whereabouts import Whereabouts
from staff_app.work.basket import BasketWork
from staff_app.work.booking import RETURNS, SALES, BookingWork
from staff_app.work.checkout import CheckoutWork
from staff_app.work.desk import DeskWork
from staff_app.work.duplicates import DuplicatesWork
from staff_app.work.finding import FindingWork
from staff_app.work.home import HomeWork
from staff_app.work.mall import MallWork
from staff_app.work.member import MemberWork
from staff_app.work.news import News
from staff_app.work.offline import OfflineWork
from staff_app.work.offline_rule import OfflineRuleWork
from staff_app.work.orders import OrdersWork
from staff_app.work.outbox import Outbox
from staff_app.work.paper import PaperWork
from staff_app.work.papers import PapersWork
from staff_app.work.performance import PerformanceWork
from staff_app.work.printer import PrinterWork
from staff_app.work.privacy import PrivacyWork
from staff_app.work.returning import ReturningWork
from staff_app.work.shelf import ShelfWork
from staff_app.work.snapshot import Snapshot
from staff_app.work.stock import StockWork
from staff_app.work.tasks import TasksWork
from staff_app.work.tier import TierWork
from staff_app.work.top_up import TopUpWork

log = logging.getLogger(__name__)
READ_ATTEMPTS = 5
ACCOUNT_ATTEMPTS = 10
ACCOUNT_PAUSE_SECONDS = 0.7
KNOCK_SECONDS = 2.5


class Till(MemberActs):
    """`go` shows another screen, `say` a line at its foot (a word of the catalogue and what fills
    it). Both are the page's, so that nothing here knows of pages."""

    def __init__(
        self,
        transport: Transport,
        storage: Storage,
        whereabouts: Whereabouts,
        go: Callable[[str], None],
        say: Callable[..., None],
    ) -> None:
        self.preferences, self.desk, self.network = Preferences(), Desk(), Network()
        self.basket, self.pricing, self.payment = Basket(), Pricing(), Payment()
        self.receipt, self.unsent = Receipt(), Unsent()
        self.search, self.people = Search(), People()
        self.layout, self.whereabouts = Layout(), whereabouts
        self.orders, self.returning = Orders(), Returning()
        self.person, self.top_up, self.mall = Person(), TopUp(), Mall()
        self.shelf, self.draft = Shelf(), Draft()
        self.performance, self.paper, self.printer = Performance(), Paper(), Printer()
        self.home, self.tasks = Home(), Tasks()
        self.duplicates = Duplicates()
        self.privacy, self.tier_by_hand = Privacy(), TierByHand()
        self.offline_rule = OfflineRule()
        self.go, self.say = go, say
        self.storage = storage
        self.client = Client(transport, reached=self._reached)
        self.desk_work = DeskWork(self.client, storage, self.desk, self.preferences)
        self.outbox = Outbox(self.client, storage, self.desk, self.unsent)
        self.basket_work = BasketWork(self.client, storage, self.desk, self.basket, self.pricing)
        self.finding = FindingWork(self.client, self.desk, self.search, self.people)
        self.checkout = CheckoutWork(
            storage, self.desk, self.basket, self.pricing, self.payment, self.receipt,
            self.unsent, self.basket_work, self.finding, self.outbox,
        )  # fmt: skip
        self.orders_work = OrdersWork(self.client, self.desk, self.orders, self.finding)
        self.returning_work = ReturningWork(self.client, self.desk, self.returning, self.outbox)
        self.papers = PapersWork(self.client, self.person)
        self.member_work = MemberWork(self.client, self.desk, self.person)
        self.top_up_work = TopUpWork(self.client, self.desk, self.person, self.top_up, self.outbox)
        self.mall_work = MallWork(self.client, self.desk, self.person, self.mall, self.outbox)
        self.duplicates_work = DuplicatesWork(self.client, self.person, self.duplicates)
        self.privacy_work = PrivacyWork(self.client, self.desk, self.person, self.privacy)
        self.tier_work = TierWork(self.client, self.desk, self.person, self.tier_by_hand)
        self.offline_rule_work = OfflineRuleWork(self.client, self.desk, self.offline_rule)
        self.shelf_work = ShelfWork(self.client, self.desk, self.shelf)
        self.stock_work = StockWork(self.client, storage, self.desk, self.draft, self.shelf_work)
        self.booking = BookingWork(self.client, self.desk, self.receipt, self.returning)
        self.paper_work = PaperWork(self.client, self.desk, self.preferences, self.paper)
        self.printer_work = PrinterWork(self.client, self.desk, self.preferences, self.printer)
        self.performance_work = PerformanceWork(self.client, self.desk, self.performance)
        self.home_work = HomeWork(self.client, self.desk, self.home)
        self.tasks_work = TasksWork(self.client, self.desk, self.tasks)
        self.news = News(
            self.client, self.desk, self.home_work, self.tasks_work, self.shelf_work,
            self.finding, self.orders_work,
        )  # fmt: skip
        self.alone, self.snapshot = Alone(), Snapshot(self.client, storage)
        self.offline = OfflineWork(
            self.client, storage, self.desk, self.network, self.alone, self.basket, self.snapshot,
            self.outbox,
        )  # fmt: skip
        self.basket_work.alone = self.offline.quote
        self.checkout.offline, self.checkout.in_background = self.offline, self.keep_running
        self.finding.kept = lambda: self.snapshot if self.offline.selling else None
        self.answers = Answers(self)
        self.outbox.answered, self.outbox.number = self.answers.came, self.offline.number
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Read the device, then keep sending and listening until `stop`."""
        for _ in range(READ_ATTEMPTS):
            try:
                await self._open()
                break
            except NotKept:
                log.warning("the device does not answer; it is read again")
        self.desk.ready = True
        if not self._running:
            self.keep_running(self.outbox.run())
            self.keep_running(self.booking.listen(SALES))
            self.keep_running(self.booking.listen(RETURNS))
            for topic in self.news.topics():
                self.keep_running(self.news.listen(topic))
            self.keep_running(self.offline.keep_up())
        if self.desk.staff is not None:
            self.keep_running(self.desk_work.learn_time())
            await self.basket_work.price()
            if self.receipt.order and not self.receipt.booked:
                self.keep_running(self.confirm())

    def stop(self) -> None:
        for task in self._running:
            task.cancel()
        self._running.clear()

    async def came_back(self) -> None:
        """The device is connected again: show everything anew, write what waited."""
        for shown in vars(self).values():
            if isinstance(shown, ft.Observable):
                shown.notify()
        for observable in (
            self.preferences, self.desk, self.network, self.basket, self.pricing, self.payment,
            self.receipt, self.unsent, self.search, self.people, self.layout, self.orders,
            self.returning, self.person, self.top_up, self.mall, self.shelf, self.draft,
            self.duplicates,
            self.performance, self.paper, self.printer, self.alone,
        ):  # fmt: skip
            observable.notify()
        await self.storage.flush()

    async def sign_in(self, number: str, pin: str) -> None:
        self.desk.opening = True
        try:
            await self._sign_in(number, pin)
        finally:
            self.desk.opening = False
        self.offline.wake()
        await self.basket_work.price()

    async def _sign_in(self, number: str, pin: str) -> None:
        was_open = self.storage.is_open
        await self.desk_work.sign_in(number, pin)
        if not was_open:
            await self._open_work()
        self.home.today, self.tasks.found = None, None
        self.tasks.open_id, self.tasks.task, self.tasks.whose = "", None, "store"
        self.outbox.wake()
        if not self.basket.lines and not self.payment.waiting:
            self.go("/home")

    async def hand_over(self) -> None:
        """Whoever works here is signed out at once; the next one picks the own name. Basket, drafts
        and unsent sales stay: they are the device's."""
        self.desk.handing_over = True
        await self.desk_work.sign_out()
        self.performance.shown = None
        self.go("/")

    async def pay(self) -> None:
        """Complete the payment and show the receipt, or what stands in the way."""
        sent = await self.checkout.pay()
        if sent and sent.order:
            self.answers.show_receipt()

    async def open_order(self, order: dict[str, Any], back_to: str = "/orders") -> None:
        """Show an order: beside its list where there is room, else on a screen of its own."""
        if not (self.layout.wide and back_to == "/orders"):
            self.go("/orders/order")
        await self.returning_work.look_at(order, back_to)

    async def give_back(self) -> None:
        """Take goods back; the same screen says what became of it."""
        sent = await self.returning_work.give_back()
        if sent and sent.answer:
            self.keep_running(self.booking.confirm_return())
            await self.orders_work.again()

    async def cancel(self, order: dict[str, Any], reason: str) -> None:
        """Undo a sale of today; raises `Refused`, `Unreachable`, `SignedOut`."""
        voided = await self.orders_work.cancel(order, reason)
        self.say("order_cancelled")
        await self.returning_work.look_at(voided, self.returning.back_to)

    async def exchange(self) -> None:
        """Go on with the basket: what is picked pays for what is taken instead."""
        order = self.returning.order or {}
        goods = self.returning_work.goods()
        member = self.basket.member
        self.go("/")
        await self.basket_work.exchange(goods)
        if member is None and order.get("memberId"):
            try:
                found = await self.finding.member(order["memberId"])
            except (Refused, Unreachable, SignedOut):
                return
            if found:
                await self.attach(found)

    async def open_style(self, style_id: str, sku_id: str = "") -> None:
        """Show a style: beside the search where there is room, else on a screen of its own."""
        if not self.layout.wide:
            self.go("/stock/style")
        await self.shelf_work.look_at(style_id, sku_id)

    async def open_home(self) -> None:
        """Today's figures, and what is to be done."""
        await asyncio.gather(self.home_work.open(), self.tasks_work.open())

    async def begin_stock(self, kind: str) -> None:
        await self.stock_work.begin(kind)
        self.go("/stock/draft")

    async def drop_stock(self) -> None:
        """Empty the list of pieces; for five seconds it can be brought back."""
        before = await self.stock_work.drop()

        async def undo() -> None:
            await self.stock_work.put_back(before)

        self.say("stock_dropped", undo=undo)

    def choose_stock_reason(self, reason: str) -> None:
        self.keep_running(self.stock_work.choose_reason(reason))

    async def attach(self, member: dict[str, Any]) -> None:
        """The member of this sale. A new one has an account a moment later."""
        await self.basket_work.attach(member)
        if member["account"] is None and not member.get("alone"):
            self.keep_running(self._learn_account(member["id"]))

    async def _learn_account(self, member_id: str) -> None:
        for _ in range(ACCOUNT_ATTEMPTS):
            await asyncio.sleep(ACCOUNT_PAUSE_SECONDS)
            try:
                known = await self.finding.member(member_id)
            except (Refused, Unreachable, SignedOut):
                continue
            here = self.basket.member
            if here is None or here["id"] != member_id:
                return
            if known and known["account"]:
                await self.basket_work.attach(known)
                return

    async def confirm(self) -> None:
        await self.booking.confirm()
        if self.receipt.booked:
            await self.checkout.keep_receipt()

    async def _open(self) -> None:
        await self.desk_work.open()
        if self.storage.is_open:
            await self._open_work()

    async def _open_work(self) -> None:
        """What this device had begun and owes; it can be read once somebody has signed in."""
        await self.basket_work.open()
        await self.outbox.open()
        await self.checkout.open()
        await self.stock_work.open()
        await self.offline.open()

    def _reached(self, reached: bool) -> None:
        before, self.network.reached = self.network.reached, reached
        if reached:
            self.offline.answered()
        if before and not reached:
            self.keep_running(self.offline.went())
            self.keep_running(self._recover())
        elif reached and not before:
            self.outbox.wake()
            self.keep_running(self.offline.came_back())

    async def _recover(self) -> None:
        """Knock until somebody answers, then price what could not be priced."""
        while not self.network.reached:
            await asyncio.sleep(KNOCK_SECONDS)
            try:
                await self.client.ask(queries.STORES)
            except (Refused, Unreachable):
                continue
            except SignedOut:
                return
        quote = self.pricing.quote
        if self.pricing.stale or (self.basket.lines and (not quote or quote.get("alone"))):
            await self.basket_work.price()
        member = self.basket.member
        if member and member.get("alone"):
            await self._learn_account(member["id"])

    def keep_running(self, work: Coroutine[Any, Any, None]) -> None:
        """Go on with something while the screens change."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.append(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        if task in self._running:
            self._running.remove(task)
        if not task.cancelled() and task.exception():
            log.error("work in the background failed", exc_info=task.exception())
