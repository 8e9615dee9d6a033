"""A person's data out, at the counter: who asks for it, then one file."""

import flet as ft

from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.parts import named, note, primary
from staff_app.ui.reasons import Reasons

PURPOSES = (
    "out_asked_by_member", "out_asked_by_guardian", "out_moved_elsewhere", "out_authority",
)  # fmt: skip
FILE_NAME = "member-{card}.html"


@ft.component
def DataOut() -> ft.View:
    till = use_till()
    t = use_words(till)
    member = use(till.person).member or {}
    purpose, set_purpose = ft.use_state("")
    attempt = use_attempt()
    made: list[bytes] = []

    async def take() -> None:
        if not purpose:
            return

        async def fetch() -> None:
            made.append(await till.privacy_work.data_out(purpose.removeprefix("out_")))

        await attempt.make(fetch, lambda: attempt.say(""))
        if made:
            name = FILE_NAME.format(card=member.get("cardCode", ""))
            await ft.FilePicker().save_file(file_name=name, src_bytes=made[0])
            till.say("data_out_done")
            till.back_to_member()

    body: list[ft.Control] = [
        named("data-out-hint", note(t("data_out_hint"))),
        ft.Text(t("data_out_why"), weight=ft.FontWeight.BOLD),
        Reasons(PURPOSES, purpose, set_purpose),
        *attempt.note,
    ]
    head = bar(f"{t('data_out')} · {member.get('name', '')}", back=BackTo(till.member_route))
    button = primary("take-data", t("data_out_now"), take, not purpose, attempt.busy)
    return screen("/customers/data-out", head, [scrolling(body)], [button])
