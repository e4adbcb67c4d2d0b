"""GraphQL at ``/graphql``: the compute, market and provider schemas of source 1 over the same handlers as REST.

Types are made of the API's own answers and fields of its endpoints, so that the two can never say different things.
"""

from __future__ import annotations

from stab3l.api.graphql.serving import GRAPHQL

__all__ = ["GRAPHQL"]
