"""Somebody of a member's family: who, their birthday, and the guardian's consent for a child."""

import functools
from typing import Any

import flet as ft

from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.parts import primary, tick
from staff_app.ui.person_fields import birthday_fields, text_field
from staff_app.ui.reasons import Reasons
from staff_app.work.profile_form import RelativeForm

RELATIONS = (
    "relation_child", "relation_partner", "relation_parent", "relation_grandchild",
    "relation_grandparent", "relation_sibling", "relation_other",
)  # fmt: skip


@ft.component
def Relative() -> ft.View:
    till = use_till()
    t = use_words(till)
    member = use(till.person).member or {}
    relative_id, _ = ft.use_state(till.member_work.new_id)
    form, set_form = ft.use_state(RelativeForm())
    attempt = use_attempt()

    def change(name: str, value: Any) -> None:
        set_form(lambda known: known.with_(name, value))

    async def save() -> None:
        told = form.told()
        await attempt.make(lambda: till.member_work.save_relative(relative_id, told), done)

    def done() -> None:
        till.say("saved")
        till.back_to_member()

    def relate(key: str) -> None:
        change("relation", key.removeprefix("relation_").upper())

    body: list[ft.Control] = [
        Reasons(RELATIONS, f"relation_{form.relation.lower()}", relate),
        text_field("name", t("name"), form.name, change),
        *birthday_fields(t, form, change),
        text_field("note", t("relative_note"), form.note, change, limit=200),
    ]
    if form.needs_guardian:
        agrees = functools.partial(change, "guardian")
        body.append(tick("guardian", t("guardian"), form.guardian, agrees))
    body += attempt.note
    head = bar(t("relative_of", name=member.get("name", "")), back=BackTo(till.member_route))
    ready = bool(form.name.strip())
    button = primary("save-relative", t("save"), save, not ready, attempt.busy)
    return screen("/customers/relative", head, [scrolling(body)], [button])
