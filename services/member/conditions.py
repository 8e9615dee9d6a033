"""Conditions of tag rules: a small language of its own, checked when a rule is published.

    spent >= 500000 and last_purchase_on within 180 days and not tags has "staff"
    age between 18 and 25 or city in ("上海", "杭州") or spent_in(90) >= 100000

A test compares one fact with what is written down: ``< <= > >= = !=``, ``between … and …``,
``in (…)``, ``has`` (of sets: one of those named), ``within N days`` (a day of the last N, today
among them), ``known(fact)``; a fact that is true or false stands alone. ``days_since(date)`` is a
number; ``spent_in(N)`` and ``orders_in(N)`` count the last N days. Tests are joined by ``and``,
``or``, ``not`` and parentheses. A test of what is not known does not hold, whatever it asks.

Since no fact meets another one, the day is known on which a test may turn by time alone.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, floor
from typing import Any, Literal, NamedTuple

Kind = Literal["number", "money", "text", "date", "truth", "set", "window", "money_window"]
Value = Decimal | int | str | date | bool | frozenset[str] | None

DEPTH_LIMIT = 10
"""Parentheses and nots within each other."""
TESTS_LIMIT = 40
LIST_LIMIT = 50
DAYS_LIMIT = 3_650
_TOKEN = re.compile(
    r"\s*(?:(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})|(?P<number>-?[0-9]{1,15}(?:\.[0-9]{1,6})?)"
    r"|(?P<name>[a-z][a-z0-9_]*(?:\.[A-Za-z0-9_-]+)*)"
    r"|(?P<text>\"[^\"]{0,60}\"|'[^']{0,60}'|“[^”]{0,60}”)|(?P<sign><=|>=|!=|[<>=(),]))"
)
_ORDERED = ("<", "<=", ">", ">=")
_SIGNS: dict[str, tuple[str, ...]] = {
    "number": (*_ORDERED, "=", "!=", "between", "in"),
    "text": ("=", "!=", "in"),
    "date": (*_ORDERED, "=", "!=", "between", "within"),
    "set": ("has",),
}
_WORDS = frozenset({"and", "or", "not", "between", "in", "has", "within", "days", "known"})


class ConditionError(Exception):
    """What is wrong with a condition, in zh-CN and en, and at which character, from 1."""

    def __init__(self, position: int, zh: str, en: str) -> None:
        self.position = position
        self.zh = zh
        self.en = en
        super().__init__(en)


class Operand(NamedTuple):
    """A fact, or a number reckoned of it: days since a date, or a sum of the last `days`."""

    fact: str
    kind: Kind
    days: int | None = None
    since: bool = False

    @property
    def key(self) -> str:
        if self.since:
            return f"days_since({self.fact})"
        return self.fact if self.days is None else f"{self.fact}({self.days})"


class Test(NamedTuple):
    """One operand, a sign and what it is compared with; signs ``is`` and ``known`` stand alone."""

    operand: Operand
    sign: str
    given: tuple[Any, ...] = ()


class Node(NamedTuple):
    """`what`: and, or, not, test."""

    what: str
    parts: tuple["Node", ...] = ()
    test: Test | None = None


Kinds = tuple[tuple[str, Kind], ...]
"""The facts there are, with their kinds; sorted, so that it can be remembered by."""


@functools.lru_cache(500)
def parse(condition: str, kinds: Kinds) -> Node:
    """The tests of a condition and how they are joined; raises `ConditionError`."""
    return _Parser(condition, dict(kinds)).whole()


def kind_of(fact: str, kinds: Mapping[str, Kind]) -> Kind | None:
    """The kind of a fact; ``size.*`` stands for every fact that begins so."""
    return kinds.get(fact) or kinds.get(fact.partition(".")[0] + ".*")


def tests_of(node: Node) -> Iterator[Test]:
    """All tests, from left to right."""
    if node.test is not None:
        yield node.test
    for part in node.parts:
        yield from tests_of(part)


def holds(node: Node, values: Mapping[str, Value], today: date) -> bool:
    """Whether the condition is fulfilled; `values` by the key of the operand."""
    if node.test is not None:
        return test_holds(node.test, values.get(node.test.operand.key), today)
    if node.what == "not":
        return not holds(node.parts[0], values, today)
    judged = (holds(part, values, today) for part in node.parts)
    return all(judged) if node.what == "and" else any(judged)


def test_holds(test: Test, value: Any, today: date) -> bool:
    """Whether one test holds of a value; of None it never does."""
    if value is None:
        return False
    given = test.given
    match test.sign:
        case "known":
            return bool(value != frozenset())
        case "is":
            return bool(value)
        case "within":
            return bool(0 <= (today - value).days < given[0])
        case "between":
            return bool(given[0] <= value <= given[1])
        case "in":
            return value in given
        case "has":
            return not frozenset(value).isdisjoint(given)
        case "=":
            return bool(value == given[0])
        case "!=":
            return bool(value != given[0])
    low, high = (value, given[0]) if test.sign[0] == "<" else (given[0], value)
    return bool(low <= high if test.sign.endswith("=") else low < high)


def turns(test: Test) -> list[int]:
    """The whole numbers at which a test of a number that only grows may turn."""
    if test.sign == "within":
        return [0, int(test.given[0])]
    if test.sign in ("known", "is"):
        return []
    return sorted({edge for each in test.given for edge in (ceil(each), floor(each) + 1)})


def next_turn(test: Test, start: date, today: date) -> date | None:
    """The first day after today on which a test of the days since `start` may turn."""
    days = (today - start).days
    later = (turn for turn in turns(test) if turn > days)
    return next((start + timedelta(days=turn) for turn in later), None)


def next_birthday(test: Test, born: date, today: date) -> date | None:
    """The first birthday after today on which a test of an age may turn."""
    for turn in turns(test):
        if 0 <= turn <= 200 and (day := _birthday(born, born.year + turn)) > today:
            return day
    return None


def age(born: date, today: date) -> int | None:
    """Whole years; None before birth. Born on 29 February, one is older on 1 March."""
    if born > today:
        return None
    return today.year - born.year - (today < _birthday(born, today.year))


def _birthday(born: date, year: int) -> date:
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


class _Parser:
    """Recursive descent: or, and, not, test; types are judged on the way."""

    def __init__(self, condition: str, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds
        self._end = len(condition.rstrip()) + 1
        self._tokens = _tokens(condition)
        self._next = 0
        self._depth = 0
        self._tests = 0

    def whole(self) -> Node:
        node = self._any()
        if self._next < len(self._tokens):
            raise _not_here(self._tokens[self._next])
        return node

    def _any(self) -> Node:
        return self._joined("or", self._all)

    def _all(self) -> Node:
        return self._joined("and", self._one)

    def _joined(self, word: str, part: Any) -> Node:
        parts = [part()]
        while self._taken(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Node(word, tuple(parts))

    def _one(self) -> Node:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise ConditionError(self._position(), "条件嵌套过深", "it is nested too deep")
        if self._taken("not"):
            node = Node("not", (self._one(),))
        elif self._taken("("):
            node = self._any()
            self._expect(")")
        else:
            node = Node("test", test=self._test())
        self._depth -= 1
        return node

    def _test(self) -> Test:
        self._tests += 1
        position = self._position()
        if self._tests > TESTS_LIMIT:
            raise ConditionError(
                position, f"最多 {TESTS_LIMIT} 项判断", f"at most {TESTS_LIMIT} tests"
            )
        if self._taken("known"):
            self._expect("(")
            operand = self._operand()
            self._expect(")")
            return Test(operand, "known")
        operand = self._operand()
        if operand.kind == "truth":
            return Test(operand, "is")
        position = self._position()
        sign = self._taken(*_SIGNS[_family(operand.kind)])
        if not sign:
            raise ConditionError(position, f"“{operand.key}”不能这样比较或缺少比较",
                                 f"“{operand.key}” is not compared so")  # fmt: skip
        return Test(operand, sign, self._given(operand, sign))

    def _given(self, operand: Operand, sign: str) -> tuple[Any, ...]:
        family = _family(operand.kind)
        if sign == "within":
            days = self._days()
            self._expect("days")
            return (Decimal(days),)
        if sign == "between":
            low = self._literal(family)
            self._expect("and")
            position = self._position()
            high = self._literal(family)
            if low > high:
                raise ConditionError(position, "下限大于上限", "the bounds are the wrong way round")
            return (low, high)
        of_texts = "text" if family == "set" else family
        if sign == "in" or (sign == "has" and self._ahead("(")):
            self._expect("(")
            found = [self._literal(of_texts)]
            while self._taken(","):
                if len(found) == LIST_LIMIT:
                    raise ConditionError(
                        self._position(), f"最多列出 {LIST_LIMIT} 项", f"at most {LIST_LIMIT} items"
                    )
                found.append(self._literal(of_texts))
            self._expect(")")
            return tuple(found)
        return (self._literal(of_texts),)

    def _operand(self) -> Operand:
        token = self._token("name", "事实", "a fact")
        if token.text == "days_since":
            self._expect("(")
            inner = self._token("name", "日期", "a date")
            if self._kind(inner) != "date":
                raise ConditionError(inner.position, "应为日期", "a date is expected")
            self._expect(")")
            return Operand(inner.text, "number", since=True)
        kind = self._kind(token)
        if kind not in ("window", "money_window"):
            return Operand(token.text, kind)
        self._expect("(")
        days = self._days()
        self._expect(")")
        return Operand(token.text, "number" if kind == "window" else "money", days=days)

    def _kind(self, token: _Token) -> Kind:
        kind = kind_of(token.text, self._kinds)
        if kind is None:
            raise ConditionError(
                token.position, f"没有“{token.text}”这项事实", f"there is no fact “{token.text}”"
            )
        return kind

    def _days(self) -> int:
        token = self._token("number", "天数", "a number of days")
        if not token.text.isdigit() or not 1 <= int(token.text) <= DAYS_LIMIT:
            raise ConditionError(
                token.position, f"天数应为 1 至 {DAYS_LIMIT}", f"days go from 1 to {DAYS_LIMIT}"
            )
        return int(token.text)

    def _literal(self, family: str) -> Any:
        names = {"number": ("数字", "a number"), "text": ("文字", "a text in quotes"),
                 "date": ("日期（年-月-日）", "a date (YYYY-MM-DD)")}  # fmt: skip
        token = self._token(family, *names[family])
        if family == "number":
            return Decimal(token.text)
        if family == "text":
            return token.text[1:-1]
        try:
            return date.fromisoformat(token.text)
        except ValueError as error:
            raise ConditionError(token.position, "没有这一天", "there is no such day") from error

    def _token(self, kind: str, zh: str, en: str) -> _Token:
        found = self._tokens[self._next] if self._next < len(self._tokens) else None
        if found is None or found.kind != kind or found.text in _WORDS:
            raise ConditionError(self._position(), f"应为{zh}", f"{en} is expected")
        self._next += 1
        return found

    def _position(self) -> int:
        inside = self._next < len(self._tokens)
        return self._tokens[self._next].position if inside else self._end

    def _ahead(self, text: str) -> bool:
        return self._next < len(self._tokens) and self._tokens[self._next].text == text

    def _taken(self, *texts: str) -> str:
        """The next token, if it is one of `texts`; else an empty text."""
        if any(self._ahead(each) for each in texts):
            self._next += 1
            return self._tokens[self._next - 1].text
        return ""

    def _expect(self, text: str) -> None:
        if not self._taken(text):
            raise ConditionError(self._position(), f"缺少“{text}”", f"“{text}” is missing")


def _family(kind: Kind) -> str:
    return "number" if kind == "money" else kind


def _tokens(condition: str) -> list[_Token]:
    found, position = [], 0
    text = condition.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            rest = text[position:]
            start = position + len(rest) - len(rest.lstrip())
            raise _not_here(_Token("", text[start], start + 1))
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
        position = match.end()
    return found


def _not_here(token: _Token) -> ConditionError:
    zh, en = f"“{token.text}”不应出现在这里", f"“{token.text}” does not belong here"
    return ConditionError(token.position, zh, en)
