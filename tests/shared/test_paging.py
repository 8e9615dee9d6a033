"""Cursors: opaque, and refused when they are not ours."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.paging import decode_cursor, encode_cursor, page_of

STORABLE = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
KEYS = st.lists(
    st.text(STORABLE, max_size=40) | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4
)


@given(key=KEYS)
def test_a_cursor_gives_its_key_back(key: list[str | int]) -> None:
    cursor = encode_cursor(*key)

    assert decode_cursor(cursor, len(key)) == key
    assert cursor.isascii()
    assert "=" not in cursor


@given(cursor=st.text(max_size=200))
def test_any_other_text_is_refused_or_a_key(cursor: str) -> None:
    try:
        key = decode_cursor(cursor, 2)
    except InvalidInput:
        return
    assert len(key) == 2


@pytest.mark.parametrize(
    ("cursor", "parts"),
    [
        ("", 1),
        ("王", 1),
        ("not a cursor", 1),
        (encode_cursor("a", 1), 1),
        (encode_cursor("a"), 2),
        (base64.urlsafe_b64encode(b'{"a": 1}').decode(), 1),
        (base64.urlsafe_b64encode(b"[null]").decode(), 1),
        (base64.urlsafe_b64encode(b"[[1]]").decode(), 1),
        (base64.urlsafe_b64encode(b"[1.5]").decode(), 1),
        (base64.urlsafe_b64encode(b"\xff\xff").decode(), 1),
        (encode_cursor("a\0b"), 1),
        (base64.urlsafe_b64encode(b"[9223372036854775808]").decode(), 1),
    ],
)
def test_foreign_cursors_are_refused(cursor: str, parts: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_cursor(cursor, parts)

    assert refused.value.code == "INVALID_CURSOR"


@pytest.mark.parametrize(
    ("rows", "items", "has_next"),
    [([], [], False), ([1], [1], False), ([1, 2], [1, 2], False), ([1, 2, 3], [1, 2], True)],
)
def test_a_page_says_whether_there_is_more(
    rows: list[int], items: list[int], has_next: bool
) -> None:
    page = page_of(rows, 2, lambda row: ("at", row))

    assert page.items == items
    assert page.has_next is has_next
    assert [decode_cursor(cursor, 2) for cursor in page.cursors] == [["at", row] for row in items]
