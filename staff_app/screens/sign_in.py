"""Who is at work: staff number and PIN, on our own keypad. Colleagues are one tap away."""

from dataclasses import dataclass
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.client import Refused, SignedOut, Unreachable
from staff_app.i18n import Words, words
from staff_app.storage import NotKept, WrongPin
from staff_app.till import Till
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import LanguageButton, bar, screen
from staff_app.ui.keypad import dots, keypad, use_keys
from staff_app.ui.parts import edge, icon_button, named, note, primary

PIN_SHORTEST, PIN_LONGEST = 4, 8
NUMBER_LONGEST = 20


@ft.observable
@dataclass
class Entry:
    """What has been typed so far. Keys go by this and not by what is drawn, which comes later."""

    number: str
    pin: str = ""
    at_pin: bool = False
    sent: bool = False

    def press(self, key: str) -> None:
        if self.at_pin:
            self.pin = self.pin[:-1] if key == "back" else (self.pin + key)[:PIN_LONGEST]
        else:
            number = self.number[:-1] if key == "back" else self.number + key
            self.number = number[:NUMBER_LONGEST]

    def pick(self, number: str) -> None:
        self.number, self.pin, self.at_pin = number, "", True

    def ready(self) -> bool:
        return bool(self.number) and (not self.at_pin or len(self.pin) >= PIN_SHORTEST)


@ft.component
def SignIn() -> ft.View:
    till = use_till()
    t = use_words(till)
    desk, known = use(till.desk), use(till.preferences).recent_staff
    usual = "" if desk.handing_over or not known else known[0]["number"]
    entry, _ = ft.use_state(lambda: Entry(usual, at_pin=bool(usual)))
    letters, set_letters = ft.use_state(False)
    trouble, set_trouble = ft.use_state(t("session_ended") if desk.ended else "")

    def press(key: str) -> None:
        set_trouble("")
        entry.press(key)

    async def submit() -> None:
        if entry.sent or not entry.ready():
            return
        if not entry.at_pin:
            entry.at_pin = True
            return
        entry.sent = True
        try:
            await till.sign_in(entry.number, entry.pin)
        except (Refused, WrongPin) as wrong:
            set_trouble(_refused(till, wrong))
            entry.pin = ""
        except (Unreachable, SignedOut, NotKept) as error:
            set_trouble(t("not_opened" if isinstance(error, NotKept) else "no_answer"))
        finally:
            entry.sent = False

    def at_pin() -> None:
        entry.at_pin = True

    use_keys(press, submit, lambda: entry.at_pin)  # the field of the number takes its own
    device = desk.device or {}
    return screen(
        "/sign-in",
        bar(f"{device.get('storeName', '')} · {device.get('deviceCode', '')}", [LanguageButton()]),
        [
            ft.Container(expand=True),
            *_title(t, desk.handing_over and bool(known), desk.pin_again),
            _colleagues(known, entry.number, entry.pick),
            ft.Row(
                [
                    _number(t, entry, letters, submit),
                    icon_button(
                        "letters", ft.Icons.KEYBOARD_ALT_OUTLINED, t("letters"),
                        lambda: set_letters(not letters),
                    ),
                ]
            ),
            _pin(t, len(entry.pin), entry.at_pin, at_pin),
            named("trouble", note(trouble, "stop")) if trouble else ft.Container(height=0),
            ft.Container(expand=True),
            keypad(t, press),
        ],
        [primary("sign-in", t("sign_in"), submit, not entry.ready(), entry.sent)],
    )  # fmt: skip


def _title(t: Words, handing_over: bool, pin_again: bool) -> list[ft.Control]:
    title = ft.Text(
        t("hand_over_to" if handing_over else "sign_in_title"),
        size=theme.LARGE, weight=ft.FontWeight.BOLD, text_align=ft.TextAlign.CENTER,
    )  # fmt: skip
    if not (handing_over or pin_again):
        return [title]
    hint = ft.Text(
        t("hand_over_hint" if handing_over else "pin_again"),
        size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT,
        text_align=ft.TextAlign.CENTER,
    )  # fmt: skip
    return [title, hint]


def _refused(till: Till, wrong: Refused | WrongPin) -> str:
    """By the server in its own words; by the device, which counts tries as well."""
    if isinstance(wrong, Refused):
        return in_words(till, wrong)
    return words(till.preferences.language)("wrong_pin_alone", left=wrong.left)


def _colleagues(known: list[dict[str, str]], number: str, pick: Any) -> ft.Control:
    return ft.Row(
        [
            named(
                f"colleague-{person['number']}",
                ft.Chip(
                    label=person["name"],
                    selected=person["number"] == number,
                    show_checkmark=False,
                    padding=ft.Padding.symmetric(horizontal=8, vertical=13),
                    on_select=lambda _event, person=person: pick(person["number"]),
                ),
            )
            for person in known
        ],
        alignment=ft.MainAxisAlignment.CENTER,
        wrap=True,
        run_spacing=0,
    )


def _number(t: Any, entry: Entry, letters: bool, submit: Any) -> ft.Control:
    def typed(event: Any) -> None:
        entry.number = (event.control.value or "").strip()[:NUMBER_LONGEST]

    def chosen() -> None:
        entry.at_pin = False

    field = ft.TextField(
        value=entry.number,
        label=t("staff_number"),
        text_size=theme.TITLE,
        border=edge(active=not entry.at_pin),
        keyboard_type=ft.KeyboardType.TEXT if letters else ft.KeyboardType.NONE,
        autofocus=not entry.at_pin,
        on_change=typed,
        on_focus=chosen,
        on_submit=submit,
    )
    return ft.Container(content=named("staff-number", field), expand=True)


def _pin(t: Any, entered: int, active: bool, choose: Any) -> ft.Control:
    edge = ft.Colors.PRIMARY if active else ft.Colors.OUTLINE
    box = ft.Container(
        content=ft.Row(
            [
                ft.Text(t("pin"), color=ft.Colors.ON_SURFACE_VARIANT),
                ft.Container(content=dots(entered), expand=True),
            ]
        ),
        height=theme.PRIMARY_HEIGHT,
        padding=ft.Padding.symmetric(horizontal=14),
        border=ft.Border.all(2 if active else 1, edge),
        border_radius=theme.CORNER,
        on_click=choose,
    )
    return named("pin", box, f"{t('pin')} {entered}")
