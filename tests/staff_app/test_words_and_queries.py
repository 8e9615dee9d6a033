"""Every word in both languages, every document as the gateway's schema has it."""

import ast
import importlib
import pkgutil
import re
import string
from collections import Counter
from pathlib import Path

import pytest
from graphql import parse, validate

from services.loyalty import explanation
from staff_app import queries
from staff_app import words as words_of_the_app
from staff_app.i18n import CATALOGUE, either, words
from tests.staff_app.shop import SCHEMA

APP = Path(queries.__file__).parents[1]
PARTS = [
    importlib.import_module(f"{queries.__name__}.{part.name}")
    for part in pkgutil.iter_modules(queries.__path__)
    if part.name != "parts"  # of which documents are made
]
DOCUMENTS = {
    name: text
    for part in (queries, *PARTS)
    for name, text in vars(part).items()
    if name.isupper() and name[0] != "_"
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
BY_RULE = (
    "erase_",
    "service_",
    "item_",
    "redemption_",
    "source_",
    "entry_",
    "kind_",
    "size_",
    "gender_",
    "power_",
    "relation_",
    "purpose_",
    "look_",
    "outcome_",
    "act_",
    "period_",
    "paper_",
    "letters_",
    "role_",
    "rule_",
)
"""Words whose keys are made of what the API says."""
WITH_WORDS = {"i18n.py", "notice.py", "make_fonts.py"}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def sources() -> list[Path]:
    return sorted(
        path
        for path in APP.rglob("*.py")
        if path.name not in WITH_WORDS and path.parent.name != "words"
    )


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid(name: str) -> None:
    assert validate(SCHEMA, parse(DOCUMENTS[name])) == []


def test_both_languages_say_the_same() -> None:
    unequal = [
        key for key, (zh, en) in CATALOGUE.items() if not zh or not en or places(zh) != places(en)
    ]

    assert unequal == []


def test_a_key_stands_in_one_part_of_the_catalogue() -> None:
    modules = [importlib.import_module(f"{words_of_the_app.__name__}.{part.name}")
               for part in pkgutil.iter_modules(words_of_the_app.__path__)]  # fmt: skip
    parts = {id(part): part for module in modules for part in vars(module).values()
             if isinstance(part, dict) and part.keys() <= CATALOGUE.keys()}  # fmt: skip
    times = Counter(key for part in parts.values() for key in part)

    assert {key for key, number in times.items() if number > 1} == set()
    assert set(times) == set(CATALOGUE)


def test_no_english_in_chinese_and_no_chinese_in_english() -> None:
    mixed = [key for key, (_, en) in CATALOGUE.items() if CHINESE.search(en)]

    assert mixed == ["other_language"]


def test_every_word_that_is_asked_for_is_there_and_is_used() -> None:
    text = "\n".join(path.read_text() for path in sources())
    asked = set(re.findall(r"""\b(?:t|say)\(\s*f?"([a-z_]+)""", text))
    literals = {
        node.value
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    by_rule = {key for key in CATALOGUE if key.startswith(BY_RULE)}

    assert {key for key in asked if not key.endswith("_")} - set(CATALOGUE) == set()
    assert set(CATALOGUE) - literals - by_rule == set()


@pytest.mark.parametrize(
    ("prefix", "enumeration"),
    [
        ("kind_", "HappeningKind"), ("relation_", "Relation"), ("gender_", "Gender"),
        ("power_", "SpendingPower"), ("purpose_", "Purpose"), ("item_", "ItemKind"),
        ("redemption_", "RedemptionStatus"), ("outcome_", "TaskOutcome"), ("act_", "TaskAct"),
        ("role_", "Role"), ("erase_", "ErasureReason"), ("period_", "PerformancePeriod"),
    ],
)  # fmt: skip
def test_everything_the_api_may_say_has_words(prefix: str, enumeration: str) -> None:
    values = SCHEMA.type_map[enumeration].values  # type: ignore[attr-defined]

    assert {f"{prefix}{value.lower()}" for value in values} - set(CATALOGUE) == set()


def test_every_reason_of_the_ledger_has_words() -> None:
    reasons = vars(explanation)["_REASONS"]

    assert {f"entry_{reason}" for reason in reasons} - set(CATALOGUE) == set()


def test_words_stand_in_the_catalogue_only() -> None:
    elsewhere = [
        f"{path.name}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and CHINESE.search(node.value)
        and not isinstance(getattr(node, "parent", None), ast.Expr)
    ]
    docstrings = _docstring_lines()

    assert [found for found in elsewhere if found not in docstrings] == []


def test_english_has_no_quotes_as_wide_as_a_character() -> None:
    assert [key for key, (_, en) in CATALOGUE.items() if set(en) & set("“”‘’…")] == []
    assert either("en", "没有“A”", "There is no “A”") == 'There is no "A"'
    assert either("zh", "没有“A”", "There is no “A”") == "没有“A”"


def test_a_word_is_filled_in() -> None:
    assert words("en")("take_payment", amount="¥1.00") == "Take ¥1.00"
    assert words("zh")("take_payment", amount="¥1.00") == "收款 ¥1.00"


def _docstring_lines() -> set[str]:
    found = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                found.add(f"{path.name}:{node.value.lineno}")
    return found
