"""Members who are probably one person: a list, then the two side by side."""

from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.i18n import Words, either
from staff_app.money import count, money
from staff_app.ui.attempt import use_attempt
from staff_app.ui.choice import choice
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, head, place, screen, scrolling
from staff_app.ui.member_strip import wallet_of
from staff_app.ui.parts import card, empty, named, note, primary, quiet, secondary, skeleton
from staff_app.ui.reasons import Reasons

ROUTE = "/duplicates"
SAME = ("same_person", "same_card")
APART = ("apart_persons", "apart_family")
REASONS_SHOWN = 3


@ft.component
def DuplicatesScreen() -> ft.Control:
    till = use_till()
    t = use_words(till)
    state = use(till.duplicates)
    ft.on_mounted(till.duplicates_work.begin)
    names = {"OPEN": t("duplicates_open"), "DISMISSED": t("duplicates_dismissed")}
    body: list[ft.Control] = [
        choice("which-duplicates", names, state.which, till.duplicates_work.begin)
    ]
    if state.refusal:
        body.append(named("trouble", note(in_words(till, state.refusal), "stop")))
    elif state.found is None:
        body.append(skeleton())
    elif not state.found:
        body.append(empty(ft.Icons.PEOPLE_OUTLINE, t("no_duplicates")))
    else:
        rows: list[ft.Control] = [Pair(each, key=each["id"]) for each in state.found]
        if state.after:
            rows.append(quiet("more-duplicates", t("show_more"), till.duplicates_work.more))
        body.append(ft.ListView(rows, expand=True, spacing=8))
    return place(head(ROUTE, t("duplicates"), back=BackTo("/more")), body)


@ft.component
def Pair(pair: dict[str, Any]) -> ft.Control:
    """Both names, what speaks most for it, and the score."""
    till = use_till()
    t = use_words(till)
    language = till.preferences.language

    def look() -> None:
        till.duplicates_work.look_at(pair)
        till.go("/duplicates/pair")

    names = f"{pair['member']['name']} · {pair['other']['name']}"
    reasons = [either(language, each["zh"], each["en"]) for each in pair["reasons"]]
    why = " · ".join(reasons[:REASONS_SHOWN])
    words = ft.Column(
        [
            ft.Text(names, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS),
            ft.Text(
                why, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT, max_lines=2,
                overflow=ft.TextOverflow.ELLIPSIS,
            ),
        ],
        spacing=0,
        expand=True,
    )  # fmt: skip
    score = ft.Column(
        [
            ft.Text(str(pair["score"]), size=theme.TITLE, weight=ft.FontWeight.BOLD),
            ft.Text(t("score"), size=theme.TINY, color=ft.Colors.ON_SURFACE_VARIANT),
        ],
        spacing=0,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.END,
    )
    row = ft.Container(
        ft.Row([words, score]),
        padding=ft.Padding.symmetric(horizontal=14, vertical=12),
        border_radius=theme.CORNER,
        bgcolor=ft.Colors.SURFACE_CONTAINER_LOW,
        on_click=lambda _event: look(),
    )
    return named(f"pair-{pair['id']}", row)


@ft.component
def PairScreen() -> ft.View:
    """Merge, or leave apart, each with a reason; what was merged can be parted again at once."""
    till = use_till()
    t = use_words(till)
    state = use(till.duplicates)
    attempt = use_attempt()
    apart, set_apart = ft.use_state(False)
    reason, set_reason = ft.use_state("")
    route = f"{ROUTE}/pair"
    head = bar(t("side_by_side"), back=BackTo(ROUTE))
    pair = state.pair
    if pair is None:
        to_list = primary("to-duplicates", t("duplicates"), lambda: till.go(ROUTE))
        return screen(route, head, [empty(ft.Icons.PEOPLE_OUTLINE, t("no_duplicates"))], [to_list])
    if state.merge is not None:
        to_next = primary("to-duplicates", t("next_pair"), lambda: till.go(ROUTE))
        to_next.key = "to-duplicates"  # another button than the one it comes after
        return screen(route, head, [Merged(state.merge)], [to_next])

    def turn() -> None:
        set_apart(not apart)
        set_reason("")

    async def decide() -> None:
        if not reason:
            return
        work = till.duplicates_work
        if apart:
            await attempt.make(lambda: work.dismiss(t(reason)), lambda: till.go(ROUTE))
        else:
            await attempt.make(lambda: work.merge(t(reason)), lambda: None)

    body: list[ft.Control] = [
        named("sides", _sides(t, till, pair)),
        named("reasons", _reasons(till, pair)),
        ft.Text(t("why_apart") if apart else t("why_same"), weight=ft.FontWeight.BOLD),
        Reasons(APART if apart else SAME, reason, set_reason),
        *attempt.note,
        ft.Row([secondary("other-way", t("rather_merge") if apart else t("rather_apart"), turn)]),
    ]
    text = t("leave_apart") if apart else t("merge_two")
    button = primary("decide", text, decide, not reason, attempt.busy)
    return screen(route, head, [scrolling(body)], [button])


@ft.component
def Merged(merge: dict[str, Any]) -> ft.Control:
    """What has become of the two, and the way back."""
    till = use_till()
    t = use_words(till)
    attempt = use_attempt()

    async def undo() -> None:
        await attempt.make(
            lambda: till.duplicates_work.undo(merge, t("merged_by_mistake")), lambda: None
        )

    if merge["undoneAt"]:
        return named("merged", note(t("parted"), "done"))
    shown: list[ft.Control] = [note(t("merged"), "done"), *attempt.note]
    shown.append(ft.Row([secondary("undo-merge", t("undo_merge"), undo, ft.Icons.UNDO)]))
    return named("merged", ft.Column(shown, spacing=12))


def _sides(t: Words, till: Any, pair: dict[str, Any]) -> ft.Control:
    """Both members line by line; what differs stands out."""
    one, other = (_facts(t, till, pair[side]) for side in ("member", "other"))
    rows: list[ft.Control] = []
    for word, first in one.items():
        second = other[word]
        if not first and not second:
            continue
        weight = ft.FontWeight.BOLD if first != second else ft.FontWeight.NORMAL
        rows.append(
            ft.Row(
                [
                    ft.Text(
                        t(word), size=theme.SMALL, width=72, color=ft.Colors.ON_SURFACE_VARIANT
                    ),
                    ft.Text(first or "—", expand=True, weight=weight),
                    ft.Text(second or "—", expand=True, weight=weight),
                ],
                vertical_alignment=ft.CrossAxisAlignment.START,
            )
        )
    return card(*rows, spacing=6)


def _facts(t: Words, till: Any, member: dict[str, Any]) -> dict[str, str]:
    account, bought = member["account"] or {}, member["purchases"]
    wallet = money(wallet_of(account), account["currency"]) if account else ""
    gender = member["gender"]
    return {
        "name": member["name"],
        "phone": member["phoneMasked"],
        "card_code": member["cardCode"],
        "gender": t(f"gender_{gender.lower()}") if gender else "",
        "birthday": member["birthday"] or "",
        "city": member["city"] or "",
        "height": str(member["heightCm"] or ""),
        "home_store": (member["homeStore"] or {}).get("name", ""),
        "member_since": clock.day(member["registeredAt"], till.desk.store),
        "tier": either(
            till.preferences.language,
            account.get("tierNameZh") or "",
            account.get("tierNameEn") or "",
        ),
        "points": count(account["points"]) if account else "",
        "wallet": wallet,
        "purchases": f"{bought['count']} · {money(int(bought['spentMinor']), bought['currency'])}",
        "tags": t("comma").join(member["tags"]),
    }


def _reasons(till: Any, pair: dict[str, Any]) -> ft.Control:
    """What speaks for it and against it, and the sum."""
    t = use_words(till)
    language = till.preferences.language
    rows: list[ft.Control] = [
        ft.Row(
            [
                ft.Text(either(language, each["zh"], each["en"]), expand=True),
                ft.Text(f"{each['points']:+d}"),
            ]
        )
        for each in pair["reasons"]
    ]
    total = ft.Row(
        [
            ft.Text(t("score"), weight=ft.FontWeight.BOLD, expand=True),
            ft.Text(str(pair["score"]), weight=ft.FontWeight.BOLD),
        ]
    )
    return card(total, *rows, spacing=4)
