"""What the contracts promise, held against the services that exist."""

import ast
import functools
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared import contracts
from shared.contracts import (
    COMMON_ERRORS,
    Command,
    Event,
    Sentence,
    answer_of,
    declared,
    errors_of,
    operation_of,
)

ROOT = Path(__file__).resolve().parents[2]
OWNERS = sorted(contracts.SERVICES)
SERVICES = [name for name in OWNERS if (ROOT / "services" / name / "service.py").exists()]
REFUSALS = {"Refusal", "Forbidden", "InvalidInput"}
# Words that only ever describe a person. A name may be a store's or a style's.
PERSONAL = {"phone", "birthday", "gender", "city", "height_cm", "sizes", "email", "pin", "password"}


COMMANDS = [(owner, command) for owner in OWNERS for command in declared(owner, Command)]
EVENTS = [(owner, event) for owner in OWNERS for event in declared(owner, Event)]
BUILT_COMMANDS = [(owner, command) for owner, command in COMMANDS if owner in SERVICES]
BUILT_EVENTS = [(owner, event) for owner, event in EVENTS if owner in SERVICES]


def name_of(value: Any) -> str:
    return value if isinstance(value, str) else value.__name__


@functools.cache
def trees(folder: str) -> list[tuple[Path, ast.Module]]:
    """The parsed sources of a package, but its migrations."""
    return [
        (path, ast.parse(path.read_text()))
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def last_name(node: ast.AST) -> str:
    """`StockMoved` of `StockMoved` and of `contract.StockMoved`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    return ast.unparse(node).rsplit(".", 1)[-1]


@functools.cache
def names_called(folder: str) -> frozenset[str]:
    """Names of everything that is called in a package."""
    return frozenset(
        last_name(node.func)
        for _, tree in trees(folder)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    )


@functools.cache
def names_used(folder: str) -> frozenset[str]:
    """Names that stand anywhere in a package but in its imports."""
    return frozenset(
        last_name(node)
        for _, tree in trees(folder)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
    )


@functools.cache
def decorated(service: str, decorator: str) -> dict[str, list[str]]:
    """Of a service class: first argument of a decorator → methods that carry it."""
    found: dict[str, list[str]] = {}
    for _, tree in trees(f"services/{service}"):
        for node in ast.walk(tree):
            for each in getattr(node, "decorator_list", ()):
                if isinstance(each, ast.Call) and last_name(each.func) == decorator:
                    found.setdefault(last_name(each.args[0]), []).append(getattr(node, "name", ""))
    return found


def refusals(service: str) -> Iterator[tuple[str, str, set[str] | None]]:
    """Each refusal a service makes with a literal code: (place, code, names of parameters).

    The names are None where they are not written out on the spot.
    """
    for path, tree in trees(f"services/{service}"):
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and last_name(node.func) in REFUSALS):
                continue
            if node.args and isinstance(node.args[0], ast.Constant):
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                yield place, node.args[0].value, _parameters(node)


def _parameters(call: ast.Call) -> set[str] | None:
    if len(call.args) == 1 and not call.keywords:
        return set()
    given = call.args[1] if len(call.args) > 1 else None
    if not isinstance(given, ast.Dict):
        return None
    keys = [key.value if isinstance(key, ast.Constant) else None for key in given.keys]
    return None if None in keys else {str(key) for key in keys}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(("owner", "command"), COMMANDS, ids=name_of)
def test_every_command_has_an_answer(owner: str, command: type[Command[Any]]) -> None:
    answer = answer_of(command)

    kind = getattr(answer, "__origin__", answer)
    assert issubclass(kind, msgspec.Struct)


@pytest.mark.parametrize(("owner", "command"), BUILT_COMMANDS, ids=name_of)
def test_every_command_is_served_under_its_name(owner: str, command: type[Command[Any]]) -> None:
    assert decorated(owner, "operation").get(command.__name__) == [operation_of(command)]


@pytest.mark.parametrize("service", SERVICES)
def test_every_refusal_has_its_sentence(service: str) -> None:
    sentences = COMMON_ERRORS | errors_of(service)

    assert [(at, code) for at, code, _ in refusals(service) if code not in sentences] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_refusal_fills_its_sentence(service: str) -> None:
    sentences = COMMON_ERRORS | errors_of(service)

    unfilled = []
    for place, code, given in refusals(service):
        sentence = sentences.get(code)
        if sentence is not None and given is not None:
            missing = (placeholders(sentence.zh) | placeholders(sentence.en)) - given
            unfilled += [(place, code, name) for name in sorted(missing)]
    assert unfilled == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_refusal_that_tells_a_sum_tells_its_currency(service: str) -> None:
    """An import is checked before anybody knows which currencies its stores have."""
    unknown = [
        place
        for place, code, given in refusals(service)
        if code != "IMPORT_CONTROL_TOTAL"
        and any(name.endswith("_minor") for name in given or ())
        and "currency" not in (given or ())
    ]
    assert unknown == []


def test_figures_of_a_sentence_are_written_as_people_write_them() -> None:
    sentence = Sentence(
        zh="{code}：{points} 积分抵 {worth_minor}，还差 {what}", en="{worth_minor} for {points}"
    )
    given = {"code": "10000", "points": "12000", "worth_minor": "1200050", "currency": "CNY"}

    assert sentence.said(given) == (
        "10000：12,000 积分抵 ¥12,000.50，还差 ?", "¥12,000.50 for 12,000",
    )  # fmt: skip
    assert sentence.said({**given, "currency": "JPY"})[1] == "JPY 1,200,050 for 12,000"
    unknown = {**given, "currency": None, "points": -1_200}
    assert sentence.said(unknown)[1] == "12,000.50 for -1,200"


def test_sums_of_a_sentence_have_no_unit_of_their_own() -> None:
    for errors in map(errors_of, OWNERS):
        for code, sentence in errors.items():
            assert not re.search(r"(_minor|amounts)} ?[元分]", sentence.zh), code


def test_a_code_says_the_same_whoever_says_it() -> None:
    said: dict[str, set[Any]] = {}
    for errors in (COMMON_ERRORS, *map(errors_of, OWNERS)):
        for code, sentence in errors.items():
            said.setdefault(code, set()).add(sentence)

    assert {code for code, sentences in said.items() if len(sentences) > 1} == set()


def test_sentences_are_there_in_both_languages() -> None:
    for errors in (COMMON_ERRORS, *map(errors_of, OWNERS)):
        for code, sentence in errors.items():
            assert re.fullmatch("[A-Z][A-Z_]+", code)
            assert re.search("[\u4e00-\u9fff]", sentence.zh), code
            assert re.search("[a-z]", sentence.en), code


@pytest.mark.parametrize(("owner", "event"), EVENTS, ids=name_of)
def test_an_event_is_named_after_its_owner(owner: str, event: type[Event]) -> None:
    assert re.fullmatch(rf"{owner}\.[a-z_]+", event.type)
    assert event.__doc__ != Event.__doc__


def test_no_two_events_have_one_type() -> None:
    types = [event.type for _, event in EVENTS]

    assert len(types) == len(set(types))


@pytest.mark.parametrize(("owner", "event"), EVENTS, ids=name_of)
def test_no_event_carries_what_describes_a_person(owner: str, event: type[Event]) -> None:
    personal = PERSONAL | ({"name"} if owner == "member" else set())

    assert set(event.__struct_fields__) & personal == set()


@pytest.mark.parametrize(("owner", "event"), BUILT_EVENTS, ids=name_of)
def test_every_event_is_told_by_its_owner(owner: str, event: type[Event]) -> None:
    assert event.__name__ in names_called(f"services/{owner}")


@pytest.mark.parametrize(("owner", "event"), BUILT_EVENTS, ids=name_of)
def test_every_event_is_heard(owner: str, event: type[Event]) -> None:
    handlers = [name for name in SERVICES if event.__name__ in decorated(name, "on_event")]

    assert event.audited or handlers or event.__name__ in names_used("gateway")


@pytest.mark.parametrize(
    ("alone", "together"),
    [
        ("MemberRegistered", "MembersImported"),
        ("MemberTagged", "MembersImported"),
        ("TierChanged", "TiersChanged"),
    ],
)
def test_who_hears_of_one_hears_of_many(alone: str, together: str) -> None:
    """What arrives together is told together (ADR 0021), and not one by one as well."""
    hears = {name: decorated(name, "on_event") for name in SERVICES}

    assert {name for name in SERVICES if alone in hears[name]} <= {
        name for name in SERVICES if together in hears[name]
    }


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_handles_events_of_their_own(service: str) -> None:
    own = {event.__name__ for event in declared(service, Event)}

    assert own & set(decorated(service, "on_event")) == set()
