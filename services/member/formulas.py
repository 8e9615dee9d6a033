"""Formulas of custom fields: a small language of its own, checked when it is published.

    waist_cm / member.height_cm               if(age(member.birthday) >= 60, 0, yearly_fee / 12)

Numbers, dates and truths; ``+ - * /``, ``< <= > >= = !=``, parentheses; ``min``, ``max`` (of
numbers or of dates), ``age(date)`` in whole years, ``if(truth, then, else)``; a date minus a date
is days. An amount counts in minor units. Where something is missing, or is divided by zero, there
is no result. Formulas do not refer to formulas, so there is no circle.
"""

import functools
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from typing import Literal, NamedTuple

Kind = Literal["number", "date", "truth"]
Value = Decimal | date | bool | None

DEPTH_LIMIT = 30
"""Parentheses and signs within each other."""
_CONTEXT = Context(prec=28, traps=[DivisionByZero, InvalidOperation, Overflow])
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]{1,15}(?:\.[0-9]{1,6})?)|(?P<name>[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)?)"
    r"|(?P<sign><=|>=|!=|[-+*/<>=(),]))"
)
_COMPARISONS = ("<", "<=", ">", ">=", "=", "!=")
FUNCTIONS = ("age", "if", "max", "min")


class FormulaError(Exception):
    """What is wrong with a formula, in zh-CN and en."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh = zh
        self.en = en
        super().__init__(en)


class Node(NamedTuple):
    """A step: `what` is an operator, a function, ``number`` or ``name``."""

    what: str
    parts: tuple["Node", ...] = ()
    value: Decimal | None = None
    name: str = ""


@functools.lru_cache(1_000)
def parse(expression: str) -> Node:
    """The steps of a formula; raises `FormulaError`."""
    return _Parser(expression).whole()


def names_in(node: Node) -> frozenset[str]:
    """The fields and facts a formula asks for."""
    own = {node.name} if node.what == "name" else set()
    return frozenset(own.union(*(names_in(part) for part in node.parts)))


def kind_of(node: Node, names: Mapping[str, Kind]) -> Kind:
    """What a formula results in; raises `FormulaError` where kinds do not go together."""
    if node.what == "number":
        return "number"
    if node.what == "name":
        if node.name not in names:
            raise FormulaError(f"公式不能使用“{node.name}”", f"a formula cannot use “{node.name}”")
        return names[node.name]
    kinds = tuple(kind_of(part, names) for part in node.parts)
    result = _result(node.what, kinds)
    if result is None:
        raise FormulaError(
            f"“{node.what}”不能用于这些内容", f"“{node.what}” does not work with these"
        )
    return result


def value_of(node: Node, values: Mapping[str, Value], today: date) -> Value:
    """The result, or None. Ages are those of `today`."""
    with localcontext(_CONTEXT):
        try:
            return _value(node, values, today)
        except ArithmeticError:
            return None


def rounded(number: Decimal, scale: int) -> str | None:
    """The number with `scale` digits after the point, halves away from zero (四舍五入); None for
    one that is too large to be told exactly."""
    try:
        exact = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _CONTEXT)
    except InvalidOperation:
        return None
    return format(exact + 0, "f")


def _result(what: str, kinds: tuple[Kind, ...]) -> Kind | None:
    alike = len(set(kinds)) == 1
    result: Kind | None = None
    if what in _COMPARISONS:
        result = "truth" if alike and (kinds[0] != "truth" or what in ("=", "!=")) else None
    elif what in ("min", "max"):
        result = kinds[0] if alike and kinds[0] != "truth" else None
    elif what == "age":
        result = "number" if kinds == ("date",) else None
    elif what == "if":
        fits = len(kinds) == 3 and kinds[0] == "truth" and kinds[1] == kinds[2]
        result = kinds[1] if fits else None
    elif set(kinds) == {"number"} or (what == "-" and kinds == ("date", "date")):
        result = "number"
    return result


def _value(node: Node, values: Mapping[str, Value], today: date) -> Value:
    if node.what == "number":
        return node.value
    if node.what == "name":
        return values.get(node.name)
    if node.what == "if":
        truth = _value(node.parts[0], values, today)
        return None if truth is None else _value(node.parts[1 if truth else 2], values, today)
    given = [_value(part, values, today) for part in node.parts]
    if any(each is None for each in given):
        return None
    if node.what == "age":
        return _age(given[0], today)
    return _DONE[node.what](*given)


def _age(born: Value, today: date) -> Decimal | None:
    if not isinstance(born, date) or born > today:
        return None
    before = (today.month, today.day) < (born.month, born.day)
    return Decimal(today.year - born.year - before)


def _minus(*given: Decimal | date) -> Decimal:
    if len(given) == 1:
        return -given[0]  # type: ignore[operator]
    left, right = given
    if isinstance(left, date):
        return Decimal((left - right).days)  # type: ignore[operator]
    return left - right  # type: ignore[operator]


# Kinds were checked when the formula was published.
_DONE: dict[str, Callable[..., Value]] = {
    "+": lambda left, right: left + right,
    "-": _minus,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "min": lambda *each: min(each),
    "max": lambda *each: max(each),
}


class _Parser:
    """Recursive descent: comparison, sum, product, factor."""

    def __init__(self, expression: str) -> None:
        self._tokens = _tokens(expression)
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._comparison()
        if self._next < len(self._tokens):
            raise _not_here(self._tokens[self._next])
        return node

    def _comparison(self) -> Node:
        left = self._sum()
        sign = self._taken(*_COMPARISONS)
        return Node(sign, (left, self._sum())) if sign else left

    def _sum(self) -> Node:
        left = self._product()
        while sign := self._taken("+", "-"):
            left = Node(sign, (left, self._product()))
        return left

    def _product(self) -> Node:
        left = self._factor()
        while sign := self._taken("*", "/"):
            left = Node(sign, (left, self._factor()))
        return left

    def _factor(self) -> Node:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise FormulaError("公式嵌套过深", "the formula is nested too deep")
        node = self._atom()
        self._depth -= 1
        return node

    def _atom(self) -> Node:
        if self._taken("-"):
            return Node("-", (self._factor(),))
        if self._taken("("):
            node = self._comparison()
            self._expect(")")
            return node
        if self._next == len(self._tokens):
            raise FormulaError("公式不完整", "the formula ends too early")
        token = self._tokens[self._next]
        self._next += 1
        if token[0].isdigit():
            return Node("number", value=Decimal(token))
        if not token[0].isalpha():
            raise _not_here(token)
        if not self._taken("("):
            return Node("name", name=token)
        if token not in FUNCTIONS:
            raise FormulaError(f"没有函数“{token}”", f"there is no function “{token}”")
        parts = [self._comparison()]
        while self._taken(","):
            parts.append(self._comparison())
        self._expect(")")
        return Node(token, tuple(parts))

    def _taken(self, *signs: str) -> str:
        """The next token, if it is one of `signs`; else an empty text."""
        if self._next < len(self._tokens) and self._tokens[self._next] in signs:
            self._next += 1
            return self._tokens[self._next - 1]
        return ""

    def _expect(self, sign: str) -> None:
        if not self._taken(sign):
            raise FormulaError(f"公式缺少“{sign}”", f"“{sign}” is missing")


def _tokens(expression: str) -> list[str]:
    found, position = [], 0
    text = expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _not_here(text[position:].strip()[:1])
        found.append(match[match.lastgroup or 0])
        position = match.end()
    return found


def _not_here(token: str) -> FormulaError:
    return FormulaError(f"“{token}”不应出现在这里", f"“{token}” does not belong here")
