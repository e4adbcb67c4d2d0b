"""Refusals as GraphQL tells them: the problem document is the error's ``extensions``."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from graphql import GraphQLError

from stab3l.api.problems import Problem, problem_of
from stab3l.errors import Stab3lError


async def guarded(answer: Awaitable[Any]) -> Any:
    """The answer; an error of this package as a GraphQL error with the problem document as its extensions."""
    try:
        return await answer
    except Stab3lError as error:
        raise graphql_error(error) from None


def graphql_error(error: Stab3lError) -> GraphQLError:
    """A problem as GraphQL tells it: ``extensions.code`` is the stable code."""
    problem: Problem = problem_of(error)
    return GraphQLError(problem.message, extensions=dict(problem.document()))
