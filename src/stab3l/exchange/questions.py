"""The unary methods: which request each takes and how its reply is made from the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stab3l.engine.port import ExchangeEngine
from stab3l.exchange import queries
from stab3l.exchange.derivative_questions import DERIVATIVE_QUESTIONS
from stab3l.exchange.derivative_values import signed_bytes
from stab3l.exchange.messages import (
    amount_bytes,
    market_message,
    order_message,
    pb,
    proof_message,
    protection_message,
    withdrawal_message,
)

Reply = Callable[[ExchangeEngine, Any], Any]


def _status(engine: ExchangeEngine, _: Any) -> Any:
    found = queries.status(engine)
    return pb.StatusReply(
        sequence=found.sequence,
        now=found.now,
        block=found.block,
        sealed_sequence=found.sealed_sequence,
        state_root=found.state_root,
    )


def _sealed(engine: ExchangeEngine, _: Any) -> Any:
    return pb.SealedReply(event=engine.sealed() or b"")


def _assets(engine: ExchangeEngine, _: Any) -> Any:
    found = queries.assets(engine)
    rows = [pb.Asset(id=a.id, chain_id=a.chain_id, token=a.token, decimals=a.decimals) for a in found]
    return pb.AssetsReply(assets=rows)


def _markets(engine: ExchangeEngine, _: Any) -> Any:
    return pb.MarketsReply(markets=map(market_message, queries.markets(engine)))


def _totals(engine: ExchangeEngine, _: Any) -> Any:
    rows = [
        pb.Total(
            asset=total.asset,
            credited=amount_bytes(total.credited),
            withdrawn=amount_bytes(total.withdrawn),
            owned=signed_bytes(total.owned),
        )
        for total in queries.totals(engine)
    ]
    return pb.TotalsReply(totals=rows)


def _account_of(engine: ExchangeEngine, request: Any) -> Any:
    return pb.AccountReply(account=queries.account_of(engine, request.address))


def _balances(engine: ExchangeEngine, request: Any) -> Any:
    rows = [
        pb.Balance(asset=balance.asset, available=amount_bytes(balance.available), held=amount_bytes(balance.held))
        for balance in queries.balances(engine, request.account)
    ]
    return pb.BalancesReply(balances=rows)


def _book(engine: ExchangeEngine, request: Any) -> Any:
    found = queries.book(engine, request.market, request.depth)
    bids, asks = (
        [pb.Level(ticks=ticks, lots=amount_bytes(lots)) for ticks, lots in side] for side in (found.bids, found.asks)
    )
    return pb.BookReply(bids=bids, asks=asks)


def _open_orders(engine: ExchangeEngine, request: Any) -> Any:
    return pb.OrdersReply(orders=map(order_message, queries.open_orders(engine, request.account)))


def _order_of(engine: ExchangeEngine, request: Any) -> Any:
    found = queries.order(engine, request.order)
    return pb.OrderReply(order=None if found is None else order_message(found))


def _schedule(engine: ExchangeEngine, request: Any) -> Any:
    return pb.ScheduleReply(at=queries.schedule(engine, request.account))


def _protections(engine: ExchangeEngine, request: Any) -> Any:
    rows = map(protection_message, queries.protections(engine, request.account))
    return pb.ProtectionsReply(protections=rows)


def _chain_deposits(engine: ExchangeEngine, request: Any) -> Any:
    found = queries.chain_deposits(engine, request.chain_id)
    return pb.ChainDepositsReply(count=found.count, deposit_hash=found.deposit_hash)


def _withdrawals(engine: ExchangeEngine, request: Any) -> Any:
    rows = map(withdrawal_message, queries.withdrawals(engine, request.first, request.count))
    return pb.WithdrawalsReply(withdrawals=rows)


def _balance_proof(engine: ExchangeEngine, request: Any) -> Any:
    found = queries.balance_proof(engine, request.account, request.asset)
    return pb.ProofReply(proof=None if found is None else proof_message(found))


def _withdrawal_proof(engine: ExchangeEngine, request: Any) -> Any:
    found = queries.withdrawal_proof(engine, request.withdrawal)
    return pb.ProofReply(proof=None if found is None else proof_message(found))


QUESTIONS: Final[dict[str, tuple[Any, Reply]]] = {
    "Status": (pb.Nothing, _status),
    "Sealed": (pb.Nothing, _sealed),
    "Assets": (pb.Nothing, _assets),
    "Markets": (pb.Nothing, _markets),
    "Totals": (pb.Nothing, _totals),
    "AccountOf": (pb.Owner, _account_of),
    "Balances": (pb.AccountId, _balances),
    "Book": (pb.BookRequest, _book),
    "OpenOrders": (pb.AccountId, _open_orders),
    "OrderOf": (pb.OrderId, _order_of),
    "Schedule": (pb.AccountId, _schedule),
    "Protections": (pb.AccountId, _protections),
    "ChainDeposits": (pb.ChainId, _chain_deposits),
    "Withdrawals": (pb.WithdrawalRange, _withdrawals),
    "BalanceProof": (pb.BalanceLeaf, _balance_proof),
    "WithdrawalProof": (pb.WithdrawalId, _withdrawal_proof),
    **DERIVATIVE_QUESTIONS,
}
