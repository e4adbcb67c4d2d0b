"""What a query may cost: depth, fields times the length of lists, aliases, tokens. Counted before anything runs.

Every field and every fragment spread costs one, times the ``limit`` or ``depth`` of each list above it. The count
stops as soon as it is over, so that a small document that means an enormous query costs no more than a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    SelectionSetNode,
    ValidationRule,
    VariableNode,
)
from graphql.language import OperationDefinitionNode

DEPTH_MAX: Final = 8
COST_MAX: Final = 20_000
ALIASES_MAX: Final = 30
TOKENS_MAX: Final = 1_500
LIST_DEFAULT: Final = 50
"""What a list without a limit of its own counts as."""
SIZES: Final = ("limit", "depth")
LISTS: Final = ("items", "bids", "asks", "markets", "assets", "chains", "providers", "stakes", "events", "balances")
INTROSPECTION: Final = ("__schema", "__type")
INTROSPECTION_DEPTH_MAX: Final = 16


class QueryTooLarge(Exception):
    """A limit is exceeded. ``values``: ``limit``, ``maximum``."""

    def __init__(self, limit: str, maximum: int) -> None:
        super().__init__(f"the query is too large: {limit} is above {maximum}")
        self.values = {"limit": limit, "maximum": str(maximum)}


@dataclass(slots=True)
class Cost:
    """The count of one document."""

    fragments: Mapping[str, FragmentDefinitionNode]
    total: int = 0
    aliases: int = 0
    open: set[str] = field(default_factory=set)
    """Fragments that are being counted: a cycle is not followed; the standard rules refuse it."""

    def add(self, selections: SelectionSetNode, times: int, depth: int, depth_max: int, sized: bool = False) -> None:
        """Counts what a selection means. Raises `QueryTooLarge`."""
        if depth > depth_max:
            raise QueryTooLarge("depth", depth_max)
        for node in selections.selections:
            self.total += times
            if self.total > COST_MAX:
                raise QueryTooLarge("cost", COST_MAX)
            if isinstance(node, FieldNode):
                self._add_field(node, times, depth, depth_max, sized)
            elif isinstance(node, InlineFragmentNode):
                self.add(node.selection_set, times, depth, depth_max, sized)
            elif isinstance(node, FragmentSpreadNode):
                self._add_spread(node.name.value, times, depth, depth_max, sized)

    def _add_field(self, node: FieldNode, times: int, depth: int, depth_max: int, sized: bool) -> None:
        if node.alias is not None:
            self.aliases += 1
            if self.aliases > ALIASES_MAX:
                raise QueryTooLarge("aliases", ALIASES_MAX)
        if node.selection_set is not None:
            below = INTROSPECTION_DEPTH_MAX if node.name.value in INTROSPECTION else depth_max
            size = _size(node)
            if size is None:
                size = LIST_DEFAULT if node.name.value in LISTS and not sized else 1
                self.add(node.selection_set, times * size, depth + 1, below)
            else:
                self.add(node.selection_set, times * size, depth + 1, below, sized=True)

    def _add_spread(self, name: str, times: int, depth: int, depth_max: int, sized: bool) -> None:
        fragment = self.fragments.get(name)
        if fragment is not None and name not in self.open:
            self.open.add(name)
            self.add(fragment.selection_set, times, depth, depth_max, sized)
            self.open.discard(name)


def check_cost(document: DocumentNode) -> int:
    """What a document's dearest operation costs. Raises `QueryTooLarge`."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    dearest = 0
    for one in document.definitions:
        if isinstance(one, OperationDefinitionNode):
            cost = Cost(fragments)
            cost.add(one.selection_set, 1, 1, DEPTH_MAX)
            dearest = max(dearest, cost.total)
    return dearest


class CostRule(ValidationRule):
    """`check_cost` among the rules of validation."""

    def enter_document(self, node: DocumentNode, *_: Any) -> None:
        """Refuses the document as a whole."""
        try:
            check_cost(node)
        except QueryTooLarge as error:
            self.report_error(GraphQLError(str(error), node, extensions={"code": "query_too_large", **error.values}))


def _size(node: FieldNode) -> int | None:
    """What a field's own limit says; its list then counts no second time."""
    for argument in node.arguments or ():
        if argument.name.value in SIZES:
            if isinstance(argument.value, IntValueNode):
                return max(1, min(int(argument.value.value), COST_MAX))
            if isinstance(argument.value, VariableNode):
                return LIST_DEFAULT
    return None
