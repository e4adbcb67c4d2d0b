"""Every question that the API answers, described once: method, path, body, and what comes back. No I/O.

``AsyncClient`` and ``Client`` execute them over HTTP; those with an ``op`` also travel over the WebSocket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from stab3l.api.answers import (
    AccountView,
    BookView,
    CancelScheduled,
    FillView,
    LedgerEntry,
    MarginView,
    Markets,
    OrderCancelled,
    OrderPlaced,
    OrdersCancelled,
    OrderView,
    Page,
    PositionView,
    ProofView,
    ProtectionSet,
    StatusView,
    StreamsView,
    Ticker,
    TimeView,
    TradeView,
    WithdrawalQueued,
)
from stab3l.api.history import (
    BatchView,
    Candle,
    ChainView,
    ClaimView,
    ProviderView,
    RedemptionView,
    SupplyView,
    WithdrawalView,
)
from stab3l.api.signed import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    ProtectionRequest,
    ScheduleCancelRequest,
    WithdrawalRequest,
)
from stab3l.client.problems import ApiUnavailable, problem_in
from stab3l.client.views import (
    AgentView,
    Batch,
    BatchDone,
    DelegationRequest,
    Nonce,
    SiweRequest,
    Tokens,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request. ``kind``: what a success holds; ``op``: its name on the WebSocket, "" for HTTP only.

    ``repeatable``: sending it twice does no more than sending it once; only then is it tried again.
    """

    method: str
    path: str
    kind: Any
    body: Any = None
    op: str = ""
    repeatable: bool = True
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def content(self) -> bytes | None:
        """The body's bytes."""
        return None if self.body is None else msgspec.json.encode(self.body)

    def answer(self, status: int, content: bytes, headers: Mapping[str, str]) -> T:
        """What an HTTP answer holds. Raises `ApiProblem`, `ApiUnavailable`."""
        if not 200 <= status < 300:
            raise problem_in(status, content, headers.get("retry-after"))
        try:
            value: Any = content if self.kind is bytes else msgspec.json.decode(content, type=self.kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ApiUnavailable(f"{self.method} {self.path} answered something else: {error}") from None
        answer: T = value
        return answer

    def following(self, cursor: str) -> Call[T]:
        """The same list from a cursor on."""
        return replace(self, query={**self.query, "cursor": cursor})

    def converted(self, result: Any) -> T:
        """What an answer of the WebSocket holds."""
        value: T = msgspec.convert(result, self.kind)
        return value


def _get(path: str, kind: Any, **query: object) -> Call[Any]:
    return Call("GET", path, kind, query={name: str(value) for name, value in query.items() if value is not None})


def _post(path: str, body: msgspec.Struct, kind: Any, op: str) -> Call[Any]:
    return Call("POST", path, kind, body, op)


def place(order: PlaceRequest) -> Call[OrderPlaced]:
    """A signed order. Its client id makes a repetition harmless."""
    return _post("/v1/orders", order, OrderPlaced, "place")


def amend(amendment: AmendRequest) -> Call[OrderPlaced]:
    """A signed amendment of a resting order. A repetition answers ``client_id_reused``."""
    return _post("/v1/orders/amend", amendment, OrderPlaced, "amend")


def cancel(request: CancelRequest) -> Call[OrderCancelled]:
    """A signed cancel. A repetition may find the order gone: ``order_unknown``."""
    return _post("/v1/orders/cancel", request, OrderCancelled, "cancel")


def cancel_all(request: CancelAllRequest) -> Call[OrdersCancelled]:
    """A signed mass cancel."""
    return _post("/v1/orders/cancel-all", request, OrdersCancelled, "cancel_all")


def schedule_cancel(request: ScheduleCancelRequest) -> Call[CancelScheduled]:
    """A signed dead man's switch."""
    return _post("/v1/orders/schedule-cancel", request, CancelScheduled, "schedule_cancel")


def protect(request: ProtectionRequest) -> Call[ProtectionSet]:
    """A signed market-maker protection."""
    return _post("/v1/protections", request, ProtectionSet, "protect")


def withdraw(request: WithdrawalRequest) -> Call[WithdrawalQueued]:
    """A signed withdrawal."""
    return _post("/v1/withdrawals", request, WithdrawalQueued, "withdraw")


def status() -> Call[StatusView]:
    """How far every part is."""
    return _get("/v1/status", StatusView)


def markets() -> Call[Markets]:
    """Assets, markets and the domain to sign under."""
    return _get("/v1/markets", Markets)


def book(market: str, depth: int = 50) -> Call[BookView]:
    """The best levels of a market."""
    return _get(f"/v1/markets/{quote(market, safe='')}/book", BookView, depth=depth)


def trades(market: str, limit: int = 100, cursor: str | None = None) -> Call[Page[TradeView]]:
    """Trades of a market, newest first."""
    return _get(f"/v1/markets/{quote(market, safe='')}/trades", Page[TradeView], limit=limit, cursor=cursor)


def account(address: str) -> Call[AccountView]:
    """Balances, open orders, deposits and withdrawals of an address."""
    return _get(f"/v1/accounts/{quote(address, safe='')}", AccountView)


def orders(address: str, limit: int = 100, cursor: str | None = None) -> Call[Page[OrderView]]:
    """Orders of an address, open and closed, newest first."""
    return _get(f"/v1/accounts/{quote(address, safe='')}/orders", Page[OrderView], limit=limit, cursor=cursor)


def order(order_id: int) -> Call[OrderView]:
    """One order."""
    return _get(f"/v1/orders/{order_id}", OrderView)


def balance_proof(address: str, asset: int) -> Call[ProofView]:
    """Proof of a balance in the last sealed block, as the API tells it: check it with ``stab3l.client.proofs``."""
    return _get(f"/v1/accounts/{quote(address, safe='')}/balances/{asset}/proof", ProofView)


def withdrawal(withdrawal_id: int) -> Call[WithdrawalView]:
    """A withdrawal: queued, settled or paid."""
    return _get(f"/v1/withdrawals/{withdrawal_id}", WithdrawalView)


def withdrawal_proof(withdrawal_id: int) -> Call[ProofView]:
    """Proof of a withdrawal, likewise."""
    return _get(f"/v1/withdrawals/{withdrawal_id}/proof", ProofView)


def supply() -> Call[SupplyView]:
    """sSTB and CU."""
    return _get("/v1/supply", SupplyView)


def providers() -> Call[Page[ProviderView]]:
    """All providers."""
    return _get("/v1/providers", Page[ProviderView])


def claims(limit: int = 50) -> Call[Page[ClaimView]]:
    """The latest claims."""
    return _get("/v1/claims", Page[ClaimView], limit=limit)


def redemptions(limit: int = 50) -> Call[Page[RedemptionView]]:
    """The latest redemptions."""
    return _get("/v1/redemptions", Page[RedemptionView], limit=limit)


def batches(limit: int = 50) -> Call[Page[BatchView]]:
    """The latest settlement batches."""
    return _get("/v1/batches", Page[BatchView], limit=limit)


def chains() -> Call[Page[ChainView]]:
    """Every chain's head."""
    return _get("/v1/chains", Page[ChainView])


def place_many(batch: Batch) -> Call[BatchDone]:
    """Signed operations that are sequenced together, in their order."""
    return _post("/v1/orders/batch", batch, BatchDone, "")


def time() -> Call[TimeView]:
    """The API's clock."""
    return _get("/v1/time", TimeView)


def tickers() -> Call[Page[Ticker]]:
    """Every market's last 24 hours."""
    return _get("/v1/tickers", Page[Ticker])


def ticker(market: str) -> Call[Ticker]:
    """A market's last 24 hours."""
    return _get(f"/v1/markets/{quote(market, safe='')}/ticker", Ticker)


def candles(
    market: str, interval: str = "1m", *, start: int | None = None, end: int | None = None, limit: int = 100
) -> Call[Page[Candle]]:
    """Candles, oldest first; ``start`` and ``end`` in unix seconds; buckets without a trade are absent."""
    query = {"interval": interval, "from": start, "to": end, "limit": limit}
    return _get(f"/v1/markets/{quote(market, safe='')}/candles", Page[Candle], **query)


def fills(market: str | None = None, limit: int = 100) -> Call[Page[FillView]]:
    """Own trades, newest first; needs a credential."""
    return _get("/v1/account/fills", Page[FillView], market=market, limit=limit)


def ledger(asset: int | None = None, limit: int = 100) -> Call[Page[LedgerEntry]]:
    """Own balance changes, newest first; needs a credential."""
    return _get("/v1/account/ledger", Page[LedgerEntry], asset=asset, limit=limit)


def nonce() -> Call[Nonce]:
    """What a sign-in message is made of."""
    return _get("/v1/auth/nonce", Nonce)


def siwe(request: SiweRequest) -> Call[Tokens]:
    """Signs in with a signed message. Its nonce counts once, so it is not tried again."""
    return Call("POST", "/v1/auth/siwe", Tokens, request, repeatable=False)


def delegate(request: DelegationRequest) -> Call[AgentView]:
    """Lets an agent's key trade for an account."""
    return _post("/v1/agents", request, AgentView, "")


def streams() -> Call[StreamsView]:
    """Every segment of both public journals, now."""
    return _get("/v1/streams", StreamsView)


def segment(stream: str, first_sequence: str, start: int, last: int) -> Call[bytes]:
    """Bytes ``start`` to ``last``, both included, of a segment file."""
    path = f"/v1/streams/{quote(stream, safe='')}/segments/{first_sequence}"
    return Call("GET", path, bytes, headers={"range": f"bytes={start}-{last}"})


def positions(address: str) -> Call[Page[PositionView]]:
    """Positions in futures and options of an address, by market."""
    return _get(f"/v1/accounts/{quote(address, safe='')}/positions", Page[PositionView])


def margin() -> Call[MarginView]:
    """The own margin over all positions; needs a credential."""
    return _get("/v1/account/margin", MarginView)
