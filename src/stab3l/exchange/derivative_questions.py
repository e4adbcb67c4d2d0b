"""The unary methods about futures, options and margin; as `stab3l.exchange.questions`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stab3l.engine.port import ExchangeEngine
from stab3l.exchange import derivative_queries as queries
from stab3l.exchange.derivative_values import (
    collateral_message,
    due_message,
    instrument_message,
    margin_message,
    option_marks_message,
    position_message,
    position_proof_message,
    underlying_message,
    unhealthy_message,
)
from stab3l.exchange.messages import pb


def _underlyings(engine: ExchangeEngine, _: Any) -> Any:
    return pb.UnderlyingsReply(underlyings=map(underlying_message, queries.underlyings(engine)))


def _instruments(engine: ExchangeEngine, _: Any) -> Any:
    return pb.InstrumentsReply(instruments=map(instrument_message, queries.instruments(engine)))


def _option_marks(engine: ExchangeEngine, request: Any) -> Any:
    found = queries.option_marks(engine, request.market)
    return pb.OptionMarksReply(marks=None if found is None else option_marks_message(found))


def _collateral(engine: ExchangeEngine, _: Any) -> Any:
    return pb.CollateralReply(terms=map(collateral_message, queries.collateral(engine)))


def _positions(engine: ExchangeEngine, request: Any) -> Any:
    return pb.PositionsReply(positions=map(position_message, queries.positions(engine, request.account)))


def _margin(engine: ExchangeEngine, request: Any) -> Any:
    found = queries.margin(engine, request.account)
    return pb.MarginReply(margin=None if found is None else margin_message(found))


def _position_proof(engine: ExchangeEngine, request: Any) -> Any:
    found = queries.position_proof(engine, request.account, request.market)
    return pb.PositionProofReply(proof=None if found is None else position_proof_message(found))


def _due(engine: ExchangeEngine, _: Any) -> Any:
    return due_message(queries.due(engine))


def _unhealthy(engine: ExchangeEngine, request: Any) -> Any:
    return unhealthy_message(queries.unhealthy(engine, request.first, request.count))


DERIVATIVE_QUESTIONS: Final[dict[str, tuple[Any, Callable[[ExchangeEngine, Any], Any]]]] = {
    "Underlyings": (pb.Nothing, _underlyings),
    "Instruments": (pb.Nothing, _instruments),
    "OptionMarksOf": (pb.MarketId, _option_marks),
    "Collateral": (pb.Nothing, _collateral),
    "Positions": (pb.AccountId, _positions),
    "MarginOf": (pb.AccountId, _margin),
    "PositionProofOf": (pb.PositionLeaf, _position_proof),
    "Due": (pb.Nothing, _due),
    "Unhealthy": (pb.AccountRange, _unhealthy),
}
