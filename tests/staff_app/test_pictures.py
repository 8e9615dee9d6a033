"""Every screen of the app is on the contact sheet, and the meter knows each filled button."""

from staff_app.ways import ROUTES
from tests.e2e.browser import Variant
from tests.e2e.meter import Operation, Place, filled_buttons
from tests.e2e.scenes import SCENES, all_scenes
from tests.e2e.shop import LONG_NAME


def test_every_route_has_a_picture_and_every_picture_a_route() -> None:
    assert {scene.path for scene in all_scenes()} - {""} == set(ROUTES)
    assert {scene.path for scene in SCENES} - {""} <= set(ROUTES)


def test_no_two_pictures_have_one_name() -> None:
    names = [scene.name for scene in all_scenes()]

    assert len(names) == len(set(names))
    assert len(LONG_NAME) == 60


def test_the_ways_of_the_app_are_routes() -> None:
    assert {"/", "/pay", "/customers/member", "/orders/return"} <= set(ROUTES)


def test_another_filled_button_is_another_step_and_a_sheet_is_one() -> None:
    operation = Operation("count", Variant("phone", "zh"))
    for place in (
        Place("/stock"),
        Place("/stock/draft"),
        Place("/stock/draft", button="compare"),
        Place("/stock/draft", button="book-stock"),
        Place("/stock/draft", button="book-stock", sheet="why-sheet"),
    ):
        operation.act(place, 1)

    assert operation.steps == 4
    assert operation.taps == 5
    assert {"compare", "book-stock", "pay", "to-payment"} <= filled_buttons()
