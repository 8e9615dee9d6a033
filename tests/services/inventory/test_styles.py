import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.inventory import catalogue, styles
from shared.contracts.inventory import GetStyle, SaveStyles, StyleInput
from shared.errors import Forbidden, InvalidInput
from shared.ids import new_id
from shared.seal import Role, ScopeKind
from shared.service import decode
from tests.services.inventory.givens import (
    HQ,
    NOW,
    a_sku,
    a_store,
    a_style,
    an_ean,
    caller,
    everything,
    refused,
    saved,
    told,
)


def test_a_style_is_saved_with_its_matrix_and_told_of(session: Session) -> None:
    store_id = a_store(session)
    small, medium = a_sku(size="S", ean=an_ean(1)), a_sku(size="M")
    style = a_style(small, medium, list_price_minor=39_900)

    saved(session, style)

    read = catalogue.get_style(session, HQ, GetStyle(id=style.id, store_id=store_id))
    assert (read.code, read.name, read.category) == (style.code, "连衣裙", "裙装")
    assert [(sku.size, sku.ean, sku.price_minor) for sku in read.skus] == [
        ("S", an_ean(1), 39_900),
        ("M", None, 39_900),
    ]
    (event,) = told(session, "style_saved")
    assert event["version"] == 1
    assert [sku["id"] for sku in event["skus"]] == [str(small.id), str(medium.id)]
    (price,) = told(session, "price_changed")
    assert (price["scope"], price["scope_id"], price["price_minor"]) == ("chain", None, 39_900)


def test_saving_the_same_again_changes_and_tells_nothing(session: Session) -> None:
    style = a_style(a_sku(), a_sku(size="L"))
    saved(session, style)
    before = everything(session)

    saved(session, style)
    saved(session, msgspec.structs.replace(style, skus=style.skus[1:]))

    assert everything(session) == before


def test_skus_not_named_stay_and_the_event_lists_all(session: Session) -> None:
    old, new = a_sku(size="M"), a_sku(size="L")
    style = a_style(old)
    saved(session, style)

    saved(session, msgspec.structs.replace(style, skus=[new]))

    first, second = told(session, "style_saved")
    assert (first["version"], second["version"]) == (1, 2)
    assert [sku["size"] for sku in second["skus"]] == ["L", "M"]


def test_another_list_price_is_a_new_price_and_no_new_version(session: Session) -> None:
    style = a_style(list_price_minor=100)
    saved(session, style)

    saved(session, msgspec.structs.replace(style, list_price_minor=90))

    assert [price["price_minor"] for price in told(session, "price_changed")] == [100, 90]
    assert len(told(session, "style_saved")) == 1


def test_two_swapped_barcodes_are_put_right_in_one_go(session: Session) -> None:
    red, blue = a_sku(ean=an_ean(1)), a_sku(colour="蓝", ean=an_ean(2))
    style = a_style(red, blue)
    saved(session, style)

    swapped = [
        msgspec.structs.replace(red, ean=an_ean(2)),
        msgspec.structs.replace(blue, ean=an_ean(1)),
    ]
    saved(session, msgspec.structs.replace(style, skus=swapped))

    eans = dict(session.execute(text("SELECT colour, ean FROM skus")).all())
    assert eans == {"红": an_ean(2), "蓝": an_ean(1)}


def test_a_new_name_is_found_with_skus_not_named(session: Session) -> None:
    style = a_style(a_sku(size="M"), a_sku(size="L"), name="旧名")
    saved(session, style)

    saved(session, msgspec.structs.replace(style, name="新名", skus=style.skus[:1]))

    searches = session.scalars(text("SELECT search FROM skus")).all()
    assert len(searches) == 2
    assert all("新名" in search and "旧名" not in search for search in searches)


def test_a_wrong_check_digit_is_refused(session: Session) -> None:
    with refused(session, "INVALID_EAN", ean="4006381333932"):
        saved(session, a_style(a_sku(ean="4006381333932")))


def test_another_pieces_barcode_or_code_is_refused_and_nothing_of_the_rest_stays(
    session: Session,
) -> None:
    taken = a_sku(ean=an_ean(7), code="K7")
    style = a_style(taken, code="T7")
    saved(session, style)

    with refused(session, "EAN_TAKEN", ean=an_ean(7)):
        saved(session, a_style(), a_style(a_sku(ean=an_ean(7))))
    with refused(session, "CODE_TAKEN", code="K7"):
        saved(session, a_style(), a_style(a_sku(code="K7")))
    with refused(session, "CODE_TAKEN", code="T7"):
        saved(session, a_style(code="T7"))
    with refused(session, "SKU_OF_OTHER_STYLE", code="K7"):
        saved(session, a_style(taken))


def test_the_same_thing_twice_in_one_command_is_refused(session: Session) -> None:
    sku = a_sku()
    with refused(session, "CODE_TAKEN", code=sku.code):
        saved(session, a_style(sku), a_style(sku))
    with refused(session, "EAN_TAKEN", ean=an_ean(1)):
        saved(session, a_style(a_sku(ean=an_ean(1)), a_sku(ean=an_ean(1))))
    with refused(session, "CODE_TAKEN", code="K-OTHER"):
        saved(session, a_style(sku, msgspec.structs.replace(sku, code="K-OTHER")))


def test_a_currency_no_store_trades_in_is_refused(session: Session) -> None:
    a_store(session)
    with refused(session, "CURRENCY_MISMATCH", expected="CNY"):
        saved(session, a_style(currency="EUR"))


def test_only_the_whole_chain_may_save(session: Session) -> None:
    regional = caller(Role.HQ_OPERATIONS, ScopeKind.REGION, new_id())
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        styles.save_styles(session, regional, SaveStyles(items=[a_style()]), NOW)
    assert told(session, "style_saved") == []


@pytest.mark.parametrize(
    ("path", "bad"),
    [
        ("name", "a\x00b"),
        ("name", "\u202eevil"),
        ("name", ""),
        ("name", "x" * 1_000_000),
        ("code", "with space"),
        ("list_price_minor", -1),
        ("currency", "yuan"),
        ("skus", []),
    ],
)
def test_bad_input_is_refused_by_its_shape(path: str, bad: object) -> None:
    raw = msgspec.to_builtins(SaveStyles(items=[a_style()]))
    raw["items"][0][path] = bad

    with pytest.raises(InvalidInput) as caught:
        decode(raw, SaveStyles)
    assert caught.value.parameters["field"] == f"$.items[0].{path}"


def test_a_size_with_nul_is_refused_by_its_shape() -> None:
    raw = msgspec.to_builtins(SaveStyles(items=[a_style()]))
    raw["items"][0]["skus"][0]["size"] = "M\x00"
    with pytest.raises(InvalidInput):
        decode(raw, SaveStyles)


def test_emoji_and_rare_characters_are_text(session: Session) -> None:
    style: StyleInput = a_style(name="𠮷祥👗")
    saved(session, style)
    assert told(session, "style_saved")[0]["name"] == "𠮷祥👗"
