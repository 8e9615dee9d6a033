"""Queries before they run: parsed and validated once, and measured against the limits.

A franchise client must not be able to bring the gateway down: nesting is bounded, and so is the
cost, where a field counts one, times the `first` of the lists above it.
"""

import functools
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    parse,
    validate,
)

QUERY_LIMIT = 20_000
DEFAULT_FIRST = 20


class Documents:
    """Checked documents of one schema; the last 500 are kept."""

    def __init__(self, schema: GraphQLSchema, depth_limit: int, cost_limit: int) -> None:
        self._schema = schema
        self._depth_limit = depth_limit
        self._cost_limit = cost_limit
        self._checked = functools.lru_cache(maxsize=500)(self._check)

    def get(self, query: str, variables: dict[str, Any]) -> DocumentNode:
        """The document of a query; raises `GraphQLError` with a code in `extensions`."""
        if len(query) > QUERY_LIMIT:
            raise GraphQLError("The query is too long", extensions={"code": "TOO_LARGE"})
        document, error = self._checked(query)
        if error or document is None:
            raise error or GraphQLError("The query cannot be read")
        cost = _Measure(document, variables).cost()
        if cost > self._cost_limit:
            raise GraphQLError(
                f"The query costs {cost}, the limit is {self._cost_limit}",
                extensions={"code": "TOO_COSTLY"},
            )
        return document

    def _check(self, query: str) -> tuple[DocumentNode | None, GraphQLError | None]:
        try:
            document = parse(query, max_tokens=4_000)
        except (GraphQLSyntaxError, RecursionError) as error:
            return None, _coded(error, "GRAPHQL_PARSE_FAILED")
        try:
            depth = _Measure(document, {}).depth()
        except RecursionError as error:
            return None, _coded(error, "TOO_DEEP")
        if depth > self._depth_limit:
            text = f"The query is {depth} levels deep, the limit is {self._depth_limit}"
            return None, GraphQLError(text, extensions={"code": "TOO_DEEP"})
        errors = validate(self._schema, document, max_errors=5)
        return document, _coded(errors[0], "GRAPHQL_VALIDATION_FAILED") if errors else None


def operation_type(document: DocumentNode, name: str | None) -> OperationType | None:
    """Query, mutation or subscription; None when `name` does not pick one operation."""
    found = [
        definition
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        and (name is None or (definition.name and definition.name.value == name))
    ]
    return found[0].operation if len(found) == 1 else None


def _coded(error: Exception, code: str) -> GraphQLError:
    if isinstance(error, GraphQLError):
        return GraphQLError(error.message, nodes=error.nodes, source=error.source,
                            positions=error.positions, extensions={"code": code})  # fmt: skip
    return GraphQLError("The query cannot be read", extensions={"code": code})


class _Measure:
    """Depth and cost of a document. A fragment that contains itself is left to validation."""

    def __init__(self, document: DocumentNode, variables: dict[str, Any]) -> None:
        self._variables = variables
        self._operations = [
            d for d in document.definitions if isinstance(d, OperationDefinitionNode)
        ]
        self._fragments = {
            d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
        }

    def depth(self) -> int:
        return max((self._depth(o.selection_set, ()) for o in self._operations), default=0)

    def cost(self) -> int:
        return max((self._cost(o.selection_set, ()) for o in self._operations), default=0)

    def _depth(self, selection: SelectionSetNode | None, within: tuple[str, ...]) -> int:
        deepest = 0
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                if not node.name.value.startswith("__"):
                    deepest = max(deepest, 1 + self._depth(node.selection_set, within))
            else:
                inner, path = self._inside(node, within)
                deepest = max(deepest, self._depth(inner, path))
        return deepest

    def _cost(self, selection: SelectionSetNode | None, within: tuple[str, ...]) -> int:
        cost = 0
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                cost += 1 + self._times(node) * self._cost(node.selection_set, within)
            else:
                inner, path = self._inside(node, within)
                cost += self._cost(inner, path)
        return cost

    def _inside(
        self, node: Any, within: tuple[str, ...]
    ) -> tuple[SelectionSetNode | None, tuple[str, ...]]:
        if isinstance(node, InlineFragmentNode):
            return node.selection_set, within
        name = node.name.value
        fragment = self._fragments.get(name)
        if fragment is None or name in within:
            return None, within
        return fragment.selection_set, (*within, name)

    def _times(self, node: FieldNode) -> int:
        for argument in node.arguments:
            if argument.name.value == "first":
                value = argument.value
                if isinstance(value, IntValueNode):
                    return max(int(value.value), 1)
                if isinstance(value, VariableNode):
                    given = self._variables.get(value.name.value)
                    return max(given, 1) if isinstance(given, int) else DEFAULT_FIRST
        return 1
