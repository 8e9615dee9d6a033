"""A code read with the camera: a picture is taken (or chosen), and read at the gateway.

A browser gives the app no camera to look through, but lets every phone take a picture.
"""

from collections.abc import Awaitable, Callable

import flet as ft

from staff_app.client import Refused, SignedOut, Unreachable
from staff_app.ui.context import use_till, use_words
from staff_app.ui.parts import icon_button

PICTURE_LIMIT_BYTES = 12 * 1024**2


@ft.component
def CameraButton(on_code: Callable[[str], Awaitable[None]]) -> ft.Control:
    """`on_code` gets the first code of the picture, as a scanner would have typed it."""
    till = use_till()
    t = use_words(till)
    busy, set_busy = ft.use_state(False)

    async def take() -> None:
        picked = await ft.FilePicker().pick_files(
            file_type=ft.FilePickerFileType.IMAGE, with_data=True
        )
        content = picked[0].bytes if picked else None
        if not content:
            return
        if len(content) > PICTURE_LIMIT_BYTES:
            till.say("picture_too_large")
            return
        set_busy(True)
        try:
            codes = await till.finding.codes_in(content)
        except Refused:
            codes = []
        except (Unreachable, SignedOut):
            till.say("no_answer")
            return
        finally:
            set_busy(False)
        if codes:
            await on_code(codes[0])
        else:
            till.say("no_code_seen")

    return icon_button(
        "camera", ft.Icons.PHOTO_CAMERA_OUTLINED, t("scan_with_camera"), take, disabled=busy
    )
