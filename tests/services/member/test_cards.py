"""Card codes: derived from the id, safe to type and to scan."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.member import cards

MEMBER = UUID("01970000-0000-7000-8000-000000000001")


@given(member_id=st.uuids(), attempt=st.integers(0, 9))
def test_a_code_is_ten_characters_that_are_recognised(member_id: UUID, attempt: int) -> None:
    code = cards.card_code(member_id, attempt)

    assert len(code) == 10
    assert cards.recognise(code) == code
    assert cards.card_code(member_id, attempt) == code


def test_another_attempt_is_another_code() -> None:
    assert len({cards.card_code(MEMBER, attempt) for attempt in range(5)}) == 5


@given(member_id=st.uuids(), place=st.integers(1, 9), other=st.sampled_from(cards.ALPHABET))
def test_one_wrong_character_is_always_found(member_id: UUID, place: int, other: str) -> None:
    code = cards.card_code(member_id)
    mistyped = code[:place] + other + code[place + 1 :]

    assert (cards.recognise(mistyped) is None) == (other != code[place])


def test_a_code_is_recognised_as_people_type_it() -> None:
    code = next(
        code
        for number in range(10_000)
        if "0" in (code := cards.card_code(UUID(int=number))) and "1" in code
    )
    typed = code.lower().replace("0", "o").replace("1", "l")

    assert cards.recognise(f"{typed[:4]} {typed[4:7]}-{typed[7:]}") == code


@pytest.mark.parametrize("text", ["", "M", "13812341234", "顾客明", "M00000000", "X000000000"])
def test_other_texts_are_no_codes(text: str) -> None:
    assert cards.recognise(text) is None
