"""A name drawn with a finger below the words it agrees to."""

from typing import Any

import flet as ft
import flet.canvas as cv

from staff_app import clock, theme
from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import named, primary, quiet, secondary

WIDTH, HEIGHT = 300, 150
POINTS_LIMIT = 1_000
MILLISECONDS = 20
"""Between two points: as fine as a hand is quick."""
Strokes = list[list[list[int]]]


@ft.component
def SignatureField(name: str, schema: dict[str, Any], label: str, value: Any, change: Any) -> Any:
    """Whether it is signed, and the way to the sheet where it is."""
    till = use_till()
    t = use_words(till)
    person = use(till.person)
    language = till.preferences.language
    strokes, set_strokes = ft.use_state(list[list[list[int]]])
    signing, set_signing = ft.use_state(False)
    notices = {**till.people.notices, **person.notices}
    text, notice = signed_words(schema, notices, language)

    def accept() -> None:
        set_signing(False)
        told = {
            "version": schema["x-field"]["version"], "language": language, "width": WIDTH,
            "height": HEIGHT, "strokes": strokes,
        }  # fmt: skip
        change(name, {**told, **({"notice_version": notice} if notice else {})})

    ready = sum(map(len, strokes)) > 4
    ft.use_dialog(
        ft.AlertDialog(
            modal=True,
            scrollable=False,
            title=label,
            content=ft.Column(
                [
                    ft.Container(
                        height=120, content=ft.ListView([ft.Text(text or t("no_words_to_sign"))])
                    ),
                    Pad(name, strokes, set_strokes),
                    ft.Text(t("sign_here"), size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT),
                    primary(f"accept-{name}", t("accept_signature"), accept, not (ready and text)),
                    ft.Row(
                        [
                            quiet(f"clear-{name}", t("sign_again"), lambda: set_strokes([])),
                            quiet(f"leave-{name}", t("close"), lambda: set_signing(False)),
                        ]
                    ),
                ],
                tight=True,
                width=WIDTH,
            ),
        )
        if signing
        else None
    )
    state = t("not_signed")
    if value:
        state = _signed_on(t, till, value)
    head = ft.Text(label, color=ft.Colors.ON_SURFACE_VARIANT)

    def begin() -> None:
        set_strokes([])
        set_signing(True)

    row = ft.Row(
        [ft.Text(state, expand=True), secondary(f"sign-{name}", t("sign"), begin, ft.Icons.DRAW)]
    )
    return named(f"field-{name}", ft.Column([head, row], spacing=4))


@ft.component
def Pad(name: str, strokes: Strokes, write: Any) -> ft.Control:
    """Where it is drawn: each stroke is its points, at most 1,000 in all."""

    def begin(event: ft.DragStartEvent) -> None:
        write(lambda known: add(known, event.local_position, new=True))

    def go_on(event: ft.DragUpdateEvent) -> None:
        write(lambda known: add(known, event.local_position, new=False))

    pad = ft.GestureDetector(
        content=ft.Container(
            content=drawing(strokes),
            width=WIDTH,
            height=HEIGHT,
            bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
            border_radius=theme.CORNER,
        ),
        drag_interval=MILLISECONDS,
        on_pan_start=begin,
        on_pan_update=go_on,
    )
    return named(f"pad-{name}", pad)


@ft.component
def ShownSignature(name: str, value: dict[str, Any], note_id: str = "") -> Any:
    """When it was signed; what and how, on demand."""
    till = use_till()
    t = use_words(till)
    attempt = use_attempt()
    proof, set_proof = ft.use_state(None)

    async def show() -> None:
        found: list[dict[str, Any]] = []

        async def ask() -> None:
            found.append(await till.papers.signature(name, note_id))

        await attempt.make(ask, lambda: set_proof(found[0]))

    ft.use_dialog(
        ft.AlertDialog(
            content=ft.Column(
                [
                    ft.Text(proof["text"]),
                    drawing(fitting(proof)),
                    ft.Text(clock.at(proof["signedAt"], till.desk.store), size=theme.SMALL),
                    quiet(f"hide-{name}", t("close"), lambda: set_proof(None)),
                ],
                tight=True,
                width=WIDTH,
            )
        )
        if proof
        else None
    )
    button = quiet(f"signature-{name}", _signed_on(t, till, value), show, ft.Icons.DRAW)
    return ft.Column([button, *attempt.note], spacing=0)


def add(known: Strokes, at: Any, new: bool) -> Strokes:
    """One more point, within the box; beyond the limit it stays as it is."""
    if sum(map(len, known)) >= POINTS_LIMIT:
        return known
    point = [min(max(round(at.x), 0), WIDTH), min(max(round(at.y), 0), HEIGHT)]
    if new or not known:
        return [*known, [point]]
    return [*known[:-1], [*known[-1], point]]


def fitting(proof: dict[str, Any]) -> Strokes:
    """The strokes as they fit here: another client may have drawn them in a larger box."""
    scale = min(WIDTH / proof["width"], HEIGHT / proof["height"], 1)
    return [[[round(x * scale), round(y * scale)] for x, y in each] for each in proof["strokes"]]


def drawing(strokes: Strokes) -> cv.Canvas:
    ink = ft.Paint(
        color=ft.Colors.ON_SURFACE,
        stroke_width=2.5,
        stroke_cap=ft.StrokeCap.ROUND,
        style=ft.PaintingStyle.STROKE,
    )
    shapes: list[cv.Shape] = []
    for stroke in strokes:
        steps: list[cv.Path.PathElement] = [cv.Path.MoveTo(*stroke[0])]
        steps += [cv.Path.LineTo(*point) for point in stroke[1:]]
        shapes.append(cv.Path(steps, paint=ink))
    return cv.Canvas(shapes=shapes, width=WIDTH, height=HEIGHT)


def signed_words(
    schema: dict[str, Any], notices: dict[str, dict[str, Any]], language: str
) -> tuple[str, str]:
    """The words above a signature, and the version of the notice where it is one."""
    told = schema.get("x-field", {})
    if told.get("notice"):
        notice = notices.get(str(told["notice"]).upper())
        if notice is None:
            return "", ""
        return notice["textEn" if language == "en" else "textZh"], notice["version"]
    words = told.get("text", {})
    return str(words.get("en" if language == "en" else "zh-CN", "")), ""


def _signed_on(t: Any, till: Any, value: dict[str, Any]) -> str:
    signed_at = value.get("signed_at")
    if not signed_at:
        return str(t("signed_now"))
    return str(t("signed_on", day=clock.day(signed_at, till.desk.store)))
