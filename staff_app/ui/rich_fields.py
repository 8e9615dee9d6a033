"""Custom fields that are more than words: files of a member, and where a place is."""

import re
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.client import Refused, SignedOut, Unreachable
from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import use_till, use_words
from staff_app.ui.parts import edge, icon_button, named, note, quiet, secondary

_TWO_NUMBERS = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*")
EXTENSIONS = {
    "image/jpeg": ["jpg", "jpeg"], "image/png": ["png"], "image/webp": ["webp"],
    "application/pdf": ["pdf"],
}  # fmt: skip


@ft.control("Geolocator")
class Geolocator(ft.Service):
    """Where the device is, as Flet's clients know it without a package of its own."""

    async def place(self) -> dict[str, Any] | None:
        """Degrees and metres; None where the device does not say."""
        try:
            await self._invoke_method("request_permission", timeout=60)
            found = await self._invoke_method(
                "get_current_position", {"configuration": None}, timeout=30
            )
        except (RuntimeError, TimeoutError):
            return None
        if not isinstance(found, dict) or found.get("latitude") is None:
            return None
        accuracy = found.get("accuracy")
        place = {"latitude": found["latitude"], "longitude": found["longitude"]}
        return place | ({"accuracy_m": round(accuracy)} if accuracy else {})


@ft.component
def FilesField(
    name: str, schema: dict[str, Any], label: str, value: Any, change: Any, note_id: str = "",
    newcomer: str = "",
) -> ft.Control:  # fmt: skip
    """Files as a list; each is sent when it is chosen, and kept when the form is saved."""
    till = use_till()
    t = use_words(till)
    attempt = use_attempt()
    known = list(value or [])
    rules = schema["items"]["x-file"]
    media = [each["contentMediaType"] for each in rules["anyOf"]]

    async def add() -> None:
        extensions = [each for kind in media for each in EXTENSIONS.get(kind, [])]
        picked = await ft.FilePicker().pick_files(
            file_type=ft.FilePickerFileType.CUSTOM, allowed_extensions=extensions, with_data=True
        )
        if not picked:
            return
        file = picked[0]
        if file.size > rules["maxBytes"]:
            attempt.say(t("file_too_large", limit=size_of(rules["maxBytes"])))
            return
        made: list[dict[str, Any]] = []

        async def send() -> None:
            content = file.bytes or b""
            made.append(await till.papers.upload(name, file.name, content, note_id, newcomer))

        def done() -> None:
            attempt.say("")
            change(name, [*known, *made])

        await attempt.make(send, done)

    def drop(file_id: str) -> None:
        change(name, [each for each in known if each["id"] != file_id] or None)

    rows: list[ft.Control] = [
        ft.Row(
            [
                ft.Icon(ft.Icons.ATTACH_FILE, size=20),
                ft.Text(f"{each['name']} · {size_of(each['size_bytes'])}", expand=True),
                icon_button(
                    f"drop-{each['id']}", ft.Icons.CLOSE, t("drop_file", name=each["name"]),
                    lambda _event=None, id_=each["id"]: drop(id_),
                ),
            ]
        )
        for each in known
    ]  # fmt: skip
    if len(known) < schema.get("maxItems", 1):
        text = t("sending_file") if attempt.busy else t("add_file")
        rows.append(ft.Row([secondary(f"add-{name}", text, add, ft.Icons.UPLOAD_FILE)]))
    head = ft.Text(label, color=ft.Colors.ON_SURFACE_VARIANT)
    return named(f"field-{name}", ft.Column([head, *rows, *attempt.note], spacing=4))


@ft.component
def SavedFiles(files: list[dict[str, Any]]) -> ft.Control:
    """Files of somebody, each to be saved on this device."""
    till = use_till()
    t = use_words(till)
    trouble, set_trouble = ft.use_state("")

    async def save(file: dict[str, Any]) -> None:
        try:
            content = await till.papers.fetch(file["id"])
        except Refused as refused:
            set_trouble(refused.en if till.preferences.language == "en" else refused.zh)
        except (Unreachable, SignedOut):
            set_trouble(t("no_answer"))
        else:
            set_trouble("")
            await ft.FilePicker().save_file(file_name=file["name"], src_bytes=content)

    buttons: list[ft.Control] = []
    for file in files:

        async def press(_event: Any = None, file: dict[str, Any] = file) -> None:
            await save(file)

        words = f"{file['name']} · {size_of(file['size_bytes'])}"
        buttons.append(quiet(f"file-{file['id']}", words, press, ft.Icons.DOWNLOAD))
    if trouble:
        buttons.append(ft.Text(trouble, size=theme.SMALL, color=ft.Colors.ERROR))
    return ft.Column(buttons, spacing=0, horizontal_alignment=ft.CrossAxisAlignment.END)


@ft.component
def PlaceField(name: str, label: str, value: Any, change: Any) -> ft.Control:
    """A place: what people call it, and degrees, typed or taken from the device."""
    till = use_till()
    t = use_words(till)
    here = value or {}
    typed, set_typed = ft.use_state(degrees_of(here))
    trouble, set_trouble = ft.use_state("")

    def write(place: dict[str, Any]) -> None:
        whole = {each: told for each, told in place.items() if told not in (None, "")}
        change(name, whole if "latitude" in whole else None)

    def type_degrees(event: Any) -> None:
        text = event.control.value or ""
        set_typed(text)
        found = parsed(text)
        set_trouble(t("degrees_hint") if text.strip() and found is None else "")
        if not text.strip():
            change(name, None)
        elif found is not None:
            write({**found, "label": here.get("label")})

    async def take() -> None:
        found = await Geolocator().place()
        if found is None:
            set_trouble(t("no_place_here"))
            return
        set_trouble("")
        set_typed(degrees_of(found))
        write({**found, "label": here.get("label")})

    def call_it(event: Any) -> None:
        if "latitude" in here:
            write({**here, "label": (event.control.value or "").strip()})

    fields: list[ft.Control] = [
        named(
            f"field-{name}",
            ft.TextField(
                value=typed, label=label, hint_text="31.23, 121.47", border=edge(),
                on_change=type_degrees,
            ),
        ),
        ft.Row([secondary(f"here-{name}", t("place_here"), take, ft.Icons.MY_LOCATION)]),
        *([note(trouble)] if trouble else []),
    ]  # fmt: skip
    if "latitude" in here:
        called = ft.TextField(
            value=str(here.get("label") or ""), label=t("place_called"), border=edge(),
            max_length=200, counter=ft.Container(width=0, height=0), on_change=call_it,
        )  # fmt: skip
        fields.append(named(f"field-{name}-label", called))
    return ft.Column(fields, spacing=8)


def parsed(text: str) -> dict[str, float] | None:
    """Latitude and longitude as people type them, or nothing."""
    found = _TWO_NUMBERS.fullmatch(text)
    if found is None:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return {"latitude": latitude, "longitude": longitude}


def degrees_of(place: dict[str, Any]) -> str:
    return f"{place['latitude']}, {place['longitude']}" if "latitude" in place else ""


def size_of(count: int) -> str:
    """Bytes in words: 812 KB, 1.4 MB."""
    return f"{count / 1024**2:.1f} MB" if count >= 1024**2 else f"{max(1, count // 1024)} KB"
