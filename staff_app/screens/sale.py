"""The sale: scan or search, the basket with its price, the member in sight."""

import asyncio
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.client import Refused, SignedOut, Unreachable
from staff_app.codes import what_is
from staff_app.money import money
from staff_app.screens.pay import difference
from staff_app.state import Basket, Pricing
from staff_app.ui.basket_line import BasketLine
from staff_app.ui.camera import CameraButton
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.exchange_strip import ExchangeStrip
from staff_app.ui.frame import LanguageButton, head, pane, place
from staff_app.ui.member_strip import MemberStrip
from staff_app.ui.parts import (
    amount,
    edge,
    empty,
    icon_button,
    named,
    note,
    primary,
    quiet,
    skeleton,
)
from staff_app.ui.receipt_lines import NAMES
from staff_app.ui.scanner import use_scanner
from staff_app.ui.sku_row import SkuRow
from staff_app.ui.waiting import WaitingSale

FOCUS_SECONDS = 2.0
FOCUS_BACK_SECONDS = 0.3


@ft.component
def Sale() -> ft.Control:
    till = use_till()
    t = use_words(till)
    desk, payment, search = use(till.desk), use(till.payment), use(till.search)
    basket, pricing = use(till.basket), use(till.pricing)
    use(till.layout)
    currency = desk.currency
    device = desk.device or {}
    title = (desk.store or {}).get("name") or device.get("storeName", "")
    top = head("/", title, [LanguageButton()])
    if payment.waiting:
        return place(top, [WaitingSale(payment.waiting)])
    looking = search.searching or search.results is not None
    lines = _basket(basket, pricing, currency)
    foot = _foot(t, till, basket, pricing, currency)
    if till.layout.wide:
        found = SearchResults() if looking else EmptyBasket()
        above: list[ft.Control] = [ft.Container(height=8), MemberStrip(), ExchangeStrip()]
        beside = pane([*above, lines if basket.lines else ft.Container(expand=True)], foot)
        return place(top, [UnsentNote(), ScanField(), found], aside=beside)
    middle = SearchResults() if looking else lines
    body = [UnsentNote(), MemberStrip(), ExchangeStrip(), ScanField(), middle]
    return place(top, body, [] if looking else foot)


@ft.component
def ScanField() -> ft.Control:
    """Takes a scanner's code and Enter; words are searched while they are typed."""
    till = use_till()
    t = use_words(till)
    search = use(till.search)
    letters, set_letters = ft.use_state(False)
    trouble, set_trouble = ft.use_state("")
    focused = ft.use_ref(False)

    async def scanned(code: str) -> None:
        till.finding.close_search()
        set_trouble(await _use(till, t, code))

    def gained() -> None:
        focused.current = True

    async def lost(event: Any) -> None:
        """Without the focus, a scanner's Enter would press the button that was tapped last."""
        focused.current = False
        await asyncio.sleep(FOCUS_BACK_SECONDS)
        if till.whereabouts.route == "/" and not focused.current and not letters:
            await _focus_again(event.control)

    use_scanner(scanned, lambda: bool(focused.current))

    async def change(event: Any) -> None:
        set_trouble("")
        await till.finding.typed(event.control.value or "")

    async def enter(event: Any) -> None:
        text = (event.data or event.control.value or "").strip()
        if what_is(text) != "words":  # the next code may come before this one is found
            till.finding.close_search()
        await _focus_again(event.control)
        if text:
            set_trouble(await _use(till, t, text))

    field = ft.TextField(
        value=search.text,
        hint_text=t("scan_hint"),
        prefix_icon=ft.Icons.QR_CODE_SCANNER,
        suffix_icon=ft.Icons.SEARCH if not search.text else None,
        border=edge(),
        keyboard_type=ft.KeyboardType.TEXT if letters else ft.KeyboardType.NONE,
        autofocus=True,
        on_change=change,
        on_submit=enter,
        on_focus=gained,
        on_blur=lost,
    )
    toggle = icon_button(
        "letters",
        ft.Icons.KEYBOARD_HIDE_OUTLINED if letters else ft.Icons.KEYBOARD_ALT_OUTLINED,
        t("letters"),
        lambda: set_letters(not letters),
    )
    scan = ft.Container(named("scan", field), expand=True)
    row = ft.Row([scan, CameraButton(scanned), toggle], spacing=4)
    if not trouble:
        return row
    return ft.Column([row, named("scan-trouble", note(trouble, "stop"))], spacing=8)


async def _focus_again(field: ft.TextField) -> None:
    """Enter takes the focus away; the next scan needs it."""
    try:
        async with asyncio.timeout(FOCUS_SECONDS):
            await field.focus()
    except (TimeoutError, RuntimeError):
        pass  # the field or the device is gone; there is nothing to scan into


async def _use(till: Any, t: Any, text: str) -> str:
    """Do the obvious thing with a code; what stands in the way, in words."""
    if what_is(text) == "words":
        await till.finding.looked_up(text)
        return ""
    try:
        found = await till.finding.scanned(text)
    except Refused as refused:
        return in_words(till, refused)
    except (Unreachable, SignedOut):
        return str(t("no_answer"))
    if found.sku:
        await till.basket_work.add(found.sku)
    elif found.member:
        await till.attach(found.member)
        till.say("member_added", name=found.member["name"])
    elif found.coupon:
        await till.basket_work.add_coupon(found.coupon["code"])
    elif found.choices:
        till.finding.offer(text, found.choices)
        return str(t("known_twice", text=text))
    elif found.order:
        await till.open_order(found.order, back_to="/")
    elif what_is(text) == "number":
        till.people.query = text
        till.go("/members")
    else:
        return str(t("not_found", text=text))
    return ""


@ft.component
def SearchResults() -> ft.Control:
    till = use_till()
    t = use_words(till)
    search = use(till.search)
    if search.results is None:
        return ft.Container(expand=True, content=skeleton())
    if not search.results:
        text = f"{t('not_found', text=search.text)}\n{t('not_found_hint')}"
        close = quiet("close-search", t("back"), till.finding.close_search)
        return empty(ft.Icons.SEARCH_OFF, text, close)
    rows: list[ft.Control] = [SkuRow(sku, key=sku["id"]) for sku in search.results]
    if search.more:
        rows.append(ft.Text(t("results_more"), color=ft.Colors.ON_SURFACE_VARIANT))
    return ft.ListView(rows, expand=True, spacing=0)


@ft.component
def UnsentNote() -> ft.Control:
    """How many sales wait, and the way to them."""
    till = use_till()
    t = use_words(till)
    unsent = use(till.unsent)
    if not unsent.sales:
        return ft.Container(height=0)
    text = t("unsent_count", count=len(unsent.sales))
    if unsent.sending:
        text = f"{text} · {t('sending')}"
    return named(
        "unsent",
        ft.Container(
            # 28 high, so that with its margins a thumb hits it
            content=note(
                text,
                action=ft.Container(ft.Icon(ft.Icons.CHEVRON_RIGHT, color=theme.AMBER), height=28),
            ),
            on_click=lambda: till.go("/unsent"),
        ),
        text,
    )


def _basket(basket: Basket, pricing: Pricing, currency: str) -> ft.Control:
    if not basket.lines:
        return EmptyBasket()
    priced = {line["line"]: line for line in (pricing.quote or {}).get("lines", [])}
    rows: list[ft.Control] = []
    for line in basket.lines:
        if rows:
            rows.append(ft.Divider(height=1, color=ft.Colors.OUTLINE_VARIANT))
        rows.append(BasketLine(line, priced.get(line.number), currency, key=f"line-{line.number}"))
    return ft.ListView(rows, expand=True, spacing=0)


@ft.component
def EmptyBasket() -> ft.Control:
    till = use_till()
    t = use_words(till)
    basket = use(till.basket)
    told = t("exchange_scan") if basket.exchange else t("empty_basket")
    return empty(ft.Icons.SHOPPING_BAG_OUTLINED, t("next_piece") if basket.lines else told)


def _foot(t: Any, till: Any, basket: Basket, pricing: Pricing, currency: str) -> list[ft.Control]:
    foot: list[ft.Control] = []
    if basket.coupons:
        foot.append(ft.Row([CouponChip(code, key=code) for code in basket.coupons], wrap=True))
    if basket.coupons and (pricing.quote or {}).get("alone"):
        foot.append(named("alone-coupons", note(t("alone_coupons"))))
    if not basket.lines:
        return foot
    if pricing.refusal:
        again = quiet("price-again", t("price_again"), till.basket_work.price)
        foot.append(named("refusal", note(in_words(till, pricing.refusal), "stop", again)))
    quote = pricing.quote
    total = int(quote["totalMinor"]) if quote else 0
    discount = int(quote["discountMinor"]) if quote else 0
    waiting = pricing.pending or quote is None
    left = [ft.Text(t("pieces", count=basket.pieces), no_wrap=True)]
    if discount and not waiting:
        off = f"{t('discount')} {money(-discount, currency)}"
        left.append(ft.Text(off, size=theme.SMALL, no_wrap=True))
    right: ft.Control = ft.Text(t("pricing") if pricing.pending else "", size=theme.SMALL)
    if quote is not None:
        tint = ft.Colors.ON_SURFACE_VARIANT if waiting or pricing.stale else None
        right = amount(total, currency, theme.LARGE, color=tint)
    foot.append(
        named(
            "total",
            ft.Row([ft.Column(list(left), spacing=0, expand=True, tight=True), right]),
        )
    )

    def begin() -> None:
        for tender in till.checkout.resume():
            paid = money(int(tender["amountMinor"]), currency)
            till.say("part_does_not_fit", tender=t(NAMES[tender["kind"]]), amount=paid)
        till.go("/pay")

    text = t("take_payment", amount=money(total, currency)) if quote else t("pricing")
    if quote and basket.exchange:
        text = difference(t, till.checkout, currency)
    if pricing.stale or pricing.refusal:
        text = t("stale_price")
    foot.append(primary("to-payment", text, begin, waiting or pricing.stale))
    return foot


@ft.component
def CouponChip(code: str) -> ft.Control:
    till = use_till()
    t = use_words(till)
    quote = use(till.pricing).quote or {}
    applied = [p for p in quote.get("promotions", []) if p["couponCode"] == code]
    name = code
    if applied:
        english = till.preferences.language == "en"
        name = f"{applied[0]['nameEn' if english else 'nameZh']} {code}"

    async def remove() -> None:
        await till.basket_work.remove_coupon(code)

    return named(
        f"coupon-{code}",
        ft.Chip(
            label=name,
            leading=ft.Icon(ft.Icons.CONFIRMATION_NUMBER_OUTLINED, size=18),
            delete_icon_tooltip=t("remove_coupon", code=code),
            on_delete=remove,
        ),
    )
