"""What staff write down of a member: what it was, and a few words."""

from typing import Any

import flet as ft

from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.custom_fields import drawn_fields
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.parts import edge, named, primary
from staff_app.ui.reasons import Reasons

KINDS = ("kind_note", "kind_visit", "kind_enquiry", "kind_call", "kind_message")
LONGEST = 1000


@ft.component
def NoteDown() -> ft.View:
    till = use_till()
    t = use_words(till)
    person = use(till.person)
    contact_id, _ = ft.use_state(till.member_work.new_id)
    kind, set_kind = ft.use_state(KINDS[0])
    text, set_text = ft.use_state("")
    custom, set_custom = ft.use_state(dict[str, Any])
    attempt = use_attempt()
    ft.on_mounted(till.member_work.learn_note_form)
    schema = person.note_form or {}
    needs_words = kind == KINDS[0]
    ready = bool(text.strip()) or not needs_words

    async def save() -> None:
        if ready:
            told = kind.removeprefix("kind_").upper()
            fields = {key: value for key, value in custom.items() if value is not None}

            async def send() -> None:
                await till.member_work.note_down(contact_id, told, text, fields)

            await attempt.make(send, done)

    def done() -> None:
        till.say("saved")
        till.back_to_member()

    def fill(key: str, value: Any) -> None:
        set_custom(lambda known: {**known, key: value})

    def write(event: Any) -> None:
        set_text((event.control.value or "")[:LONGEST])

    field = ft.TextField(
        value=text,
        label=t("note_text"),
        border=edge(),
        multiline=True,
        min_lines=3,
        max_lines=8,
        on_change=write,
    )
    name = (person.member or {}).get("name", "")
    language = till.preferences.language
    asked = drawn_fields(schema, language, t, custom, fill, note_id=contact_id)
    body: list[ft.Control] = [
        ft.Text(t("what_happened")),
        Reasons(KINDS, kind, set_kind),
        named("note-text", field),
        *attempt.note,
        *asked,
    ]
    head = bar(f"{t('note_down')} · {name}", back=BackTo(till.member_route))
    return screen(
        "/customers/note",
        head,
        [scrolling(body)],
        [primary("save-note", t("save"), save, not ready, attempt.busy)],
    )
