"""GraphQL types made from the contracts.

A contract struct becomes an object type, a command an input or a set of arguments, a `Page` a
cursor connection. Amounts (`…_minor`) and other large numbers travel as strings; ids are UUIDs,
since clients make them.
"""

import enum
import functools
import inspect
import itertools
import types
import typing
from datetime import date, datetime
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

import graphene
import msgspec
from graphql.language import ast

from shared.contracts import SERVICES, Command, decode, modules_of
from shared.paging import Page

_LARGE = {
    "amount", "amount_after", "at_most", "balance", "balance_after", "closing", "held_by_orders",
    "missing", "opening", "points_booked", "points_draft", "points_in_force", "points_sum",
    "progress", "threshold", "to_keep",
}  # fmt: skip
_EXTRA: dict[type, dict[str, Any]] = {}


class Amount(graphene.Scalar):
    """A whole number as a string: money in minor units (fen, cents) or another large figure."""

    @staticmethod
    def serialize(value: Any) -> str:
        return str(int(value))

    @staticmethod
    def parse_value(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise TypeError("an amount is a string of digits")
        return int(value)

    @staticmethod
    def parse_literal(node: Any, _variables: Any = None) -> int:
        if not isinstance(node, ast.StringValueNode | ast.IntValueNode):
            raise TypeError("an amount is a string of digits")
        return int(node.value)


class Json(graphene.Scalar):
    """A JSON value whose shape depends on its `type` (rules of promotions, points and tiers), or on
    definitions (custom fields and their forms)."""

    @staticmethod
    def serialize(value: Any) -> Any:
        return msgspec.to_builtins(value)

    @staticmethod
    def parse_value(value: Any) -> Any:
        return value

    @staticmethod
    def parse_literal(node: Any, variables: Any = None) -> Any:
        if isinstance(node, ast.ObjectValueNode):
            return {f.name.value: Json.parse_literal(f.value, variables) for f in node.fields}
        if isinstance(node, ast.ListValueNode):
            return [Json.parse_literal(value, variables) for value in node.values]
        if isinstance(node, ast.VariableNode):
            return (variables or {}).get(node.name.value)
        if isinstance(node, ast.IntValueNode):
            return int(node.value)
        if isinstance(node, ast.FloatValueNode):
            return float(node.value)
        return None if isinstance(node, ast.NullValueNode) else node.value


class Pair(graphene.ObjectType):
    """One entry of a small dictionary."""

    name = graphene.NonNull(graphene.String)
    value = graphene.NonNull(graphene.String)


class PairInput(graphene.InputObjectType):
    name = graphene.NonNull(graphene.String)
    value = graphene.NonNull(graphene.String)


class PageInfo(graphene.ObjectType):
    has_next_page = graphene.NonNull(graphene.Boolean)
    has_previous_page = graphene.NonNull(graphene.Boolean)
    start_cursor = graphene.String()
    end_cursor = graphene.String()


def extend(struct: type, **fields: Any) -> None:
    """Add fields that are resolved from elsewhere to a struct's object type, before it is made."""
    _EXTRA.setdefault(struct, {}).update(fields)


@functools.cache
def object_type(struct: Any) -> Any:
    """The object type of a contract struct."""
    attributes: dict[str, Any] = {"__doc__": inspect.getdoc(struct)}
    for field in msgspec.structs.fields(struct):
        attributes[field.name] = _output(field.name, field.type)
        if _is_pairs(_split(field.type)[0]):
            attributes[f"resolve_{field.name}"] = functools.partial(_pairs, field.name)
    attributes.update(_EXTRA.get(struct, {}))
    name = struct.__name__
    # `PromotionInput` inside an answer is what was put in: `PromotionTerms`.
    name = f"{name.removesuffix('Input')}Terms" if name.endswith("Input") else name
    return type(name, (graphene.ObjectType,), attributes)


@functools.cache
def connection_type(struct: Any) -> Any:
    """`<T>Connection` with `edges { node cursor }` and `pageInfo`."""
    name = struct.__name__
    edge = type(
        f"{name}Edge",
        (graphene.ObjectType,),
        {
            "node": graphene.NonNull(object_type(struct)),
            "cursor": graphene.NonNull(graphene.String),
        },
    )
    return type(
        f"{name}Connection",
        (graphene.ObjectType,),
        {
            "edges": graphene.NonNull(graphene.List(graphene.NonNull(edge))),
            "page_info": graphene.NonNull(PageInfo),
        },
    )


def connection(page: Page[Any], after: str | None) -> dict[str, Any]:
    """A page as the value of a connection type."""
    return {
        "edges": [
            {"node": node, "cursor": cursor}
            for node, cursor in zip(page.items, page.cursors, strict=True)
        ],
        "page_info": {
            "has_next_page": page.has_next,
            "has_previous_page": after is not None,
            "start_cursor": page.cursors[0] if page.cursors else None,
            "end_cursor": page.cursors[-1] if page.cursors else None,
        },
    }


@functools.cache
def input_type(struct: Any) -> Any:
    """The input object of a command or of a struct inside one."""
    name = struct.__name__ if struct.__name__.endswith("Input") else f"{struct.__name__}Input"
    fields = {f.name: graphene.InputField(_input(f)) for f in msgspec.structs.fields(struct)}
    return type(name, (graphene.InputObjectType,), {"__doc__": inspect.getdoc(struct), **fields})


def arguments(struct: Any) -> dict[str, Any]:
    """The fields of a struct as GraphQL arguments."""
    return {f.name: graphene.Argument(_input(f)) for f in msgspec.structs.fields(struct)}


def to_command(command: type[Command[Any]], values: dict[str, Any]) -> Command[Any]:
    """GraphQL arguments as a command; raises `InvalidInput` before any service is asked."""
    return decode(_plain(values), command)


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, dict):
        # An input object has its fields as attributes too: `items` may be one of them.
        return {key: _plain(item) for key, item in dict.items(value)}
    if isinstance(value, list):
        if value and all(isinstance(item, PairInput) for item in value):
            return {item["name"]: item["value"] for item in value}
        return [_plain(item) for item in value]
    return value


def _split(annotation: Any) -> tuple[Any, bool]:
    """The type without `Annotated` and without None, and whether None was allowed."""
    while get_origin(annotation) is typing.Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (typing.Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        optional = len(members) < len(get_args(annotation))
        if len(members) == 1:
            return _split(members[0])[0], optional
        return typing.Union[tuple(members)], optional  # noqa: UP007
    return annotation, False


def _pairs(name: str, root: Any, _info: Any) -> list[dict[str, str]]:
    return [{"name": key, "value": str(value)} for key, value in getattr(root, name).items()]


def _is_pairs(kind: Any) -> bool:
    """A dictionary of texts; any other one is a `Json`."""
    return get_origin(kind) is dict and _split(get_args(kind)[1])[0] is str


def _output(name: str, annotation: Any) -> Any:
    kind, optional = _split(annotation)
    made = _kind(name, kind, object_type, Pair)
    return graphene.Field(made) if optional else graphene.Field(graphene.NonNull(made))


def _input(field: Any) -> Any:
    kind, optional = _split(field.type)
    made = _kind(field.name, kind, input_type, PairInput)
    required = field.required and not optional
    return graphene.NonNull(made) if required else made


def _kind(name: str, kind: Any, struct_type: Any, pair: Any) -> Any:
    """The GraphQL type of a Python type without its optionality."""
    origin = get_origin(kind)
    if origin in (list, frozenset):
        inner = _kind(name, _split(get_args(kind)[0])[0], struct_type, pair)
        return graphene.List(graphene.NonNull(inner))
    if _is_pairs(kind):
        return graphene.List(graphene.NonNull(pair))
    if kind is Any or origin in (typing.Union, dict):
        return Json
    if origin is Literal:
        return _literal(kind)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _enum(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return struct_type(kind)
    if kind is int:
        return Amount if name.endswith("_minor") or name in _LARGE else graphene.Int
    plain = {
        UUID: graphene.ID, str: graphene.String, bool: graphene.Boolean,
        datetime: graphene.DateTime, date: graphene.Date,
    }  # fmt: skip
    return plain[kind]


@functools.cache
def _enum(kind: Any) -> Any:
    return graphene.Enum.from_enum(kind)


@functools.cache
def _literal(kind: Any) -> Any:
    """An enum named after the alias in the contracts; a bare Literal stays a string."""
    for module in itertools.chain.from_iterable(map(modules_of, SERVICES)):
        for name, value in vars(module).items():
            if value == kind and not name.startswith("_"):
                return graphene.Enum(name, [(item.upper(), item) for item in get_args(kind)])
    return graphene.String
