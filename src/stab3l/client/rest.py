"""The REST API as a client sees it: signed requests in, values out, problems as ``ApiProblem``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self, TypeVar

import httpx
import msgspec
import stamina

from stab3l.api.answers import (
    AccountView,
    BookView,
    CancelScheduled,
    Markets,
    OrderCancelled,
    OrderPlaced,
    OrdersCancelled,
    OrderView,
    ProofView,
    ProtectionSet,
    StatusView,
    TradeView,
    WithdrawalQueued,
)
from stab3l.api.history import BatchView, ChainView, ClaimView, ProviderView, RedemptionView, SupplyView
from stab3l.api.signed import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    ProtectionRequest,
    ScheduleCancelRequest,
    WithdrawalRequest,
)
from stab3l.errors import Rejected, Unavailable

TIMEOUT_S: Final = 10
RETRY_S: Final = 15

T = TypeVar("T")


class ApiProblem(Rejected):
    """The API said no. ``problem`` is the stable code, ``document`` the whole problem (docs/reference/errors.md)."""

    code = "api_problem"

    def __init__(self, problem: str, document: Mapping[str, Any]) -> None:
        super().__init__(str(document.get("detail", problem)), problem=problem, **dict(document.get("values", {})))
        self.problem = problem
        self.document = document


class ApiUnavailable(Unavailable):
    """The API, or the exchange behind it, does not answer. Repeating the same signed request is safe."""

    code = "api_unavailable"


class RestClient:
    """One API; use it as an async context manager.

    Reads, and signed requests too, are repeated with backoff for ``retry_s`` seconds while the API is away: a signed
    request carries its client id, so that a repetition can never act twice.
    """

    def __init__(self, url: str, *, timeout_s: int = TIMEOUT_S, retry_s: int = RETRY_S) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=timeout_s)
        self._retry = stamina.AsyncRetryingCaller(
            attempts=None, timeout=retry_s, wait_initial=0.1, wait_max=2, wait_jitter=0.1
        ).on(ApiUnavailable)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def place(self, order: PlaceRequest) -> OrderPlaced:
        """Places a signed order. Raises `ApiProblem`, `ApiUnavailable`."""
        return await self._post("/v1/orders", order, OrderPlaced)

    async def cancel(self, cancel: CancelRequest) -> OrderCancelled:
        """Cancels a resting order. A repetition may find it gone: ``order_unknown``."""
        return await self._post("/v1/orders/cancel", cancel, OrderCancelled)

    async def amend(self, amendment: AmendRequest) -> OrderPlaced:
        """Amends a resting order."""
        return await self._post("/v1/orders/amend", amendment, OrderPlaced)

    async def cancel_all(self, cancel: CancelAllRequest) -> OrdersCancelled:
        """Cancels an account's orders."""
        return await self._post("/v1/orders/cancel-all", cancel, OrdersCancelled)

    async def schedule_cancel(self, schedule: ScheduleCancelRequest) -> CancelScheduled:
        """Schedules the cancel of all of an account's orders, or clears it."""
        return await self._post("/v1/orders/schedule-cancel", schedule, CancelScheduled)

    async def protect(self, protection: ProtectionRequest) -> ProtectionSet:
        """Sets a market-maker protection, or turns it off."""
        return await self._post("/v1/protections", protection, ProtectionSet)

    async def withdraw(self, withdrawal: WithdrawalRequest) -> WithdrawalQueued:
        """Queues a signed withdrawal."""
        return await self._post("/v1/withdrawals", withdrawal, WithdrawalQueued)

    async def status(self) -> StatusView:
        """How far every part is."""
        return await self._get("/v1/status", StatusView)

    async def markets(self) -> Markets:
        """Assets, markets and the domain to sign under."""
        return await self._get("/v1/markets", Markets)

    async def book(self, market: str, depth: int = 50) -> BookView:
        """The best levels of a market."""
        return await self._get(f"/v1/markets/{market}/book?depth={depth}", BookView)

    async def trades(self, market: str, limit: int = 100) -> list[TradeView]:
        """The latest trades, newest first."""
        return await self._get(f"/v1/markets/{market}/trades?limit={limit}", list[TradeView])

    async def account(self, address: str) -> AccountView:
        """Balances, open orders, deposits and withdrawals of an address."""
        return await self._get(f"/v1/accounts/{address}", AccountView)

    async def orders(self, address: str, limit: int = 100) -> list[OrderView]:
        """Orders of an address, open and closed, newest first."""
        return await self._get(f"/v1/accounts/{address}/orders?limit={limit}", list[OrderView])

    async def order(self, order_id: int) -> OrderView:
        """One order."""
        return await self._get(f"/v1/orders/{order_id}", OrderView)

    async def balance_proof(self, address: str, asset: int) -> ProofView:
        """Proof of a balance in the last sealed block."""
        return await self._get(f"/v1/accounts/{address}/balances/{asset}/proof", ProofView)

    async def withdrawal_proof(self, withdrawal_id: int) -> ProofView:
        """Proof of a withdrawal in the last sealed block."""
        return await self._get(f"/v1/withdrawals/{withdrawal_id}/proof", ProofView)

    async def supply(self) -> SupplyView:
        """sSTB and CU."""
        return await self._get("/v1/supply", SupplyView)

    async def providers(self) -> list[ProviderView]:
        """All providers."""
        return await self._get("/v1/providers", list[ProviderView])

    async def claims(self, limit: int = 50) -> list[ClaimView]:
        """The latest claims."""
        return await self._get(f"/v1/claims?limit={limit}", list[ClaimView])

    async def redemptions(self, limit: int = 50) -> list[RedemptionView]:
        """The latest redemptions."""
        return await self._get(f"/v1/redemptions?limit={limit}", list[RedemptionView])

    async def batches(self, limit: int = 50) -> list[BatchView]:
        """The latest settlement batches."""
        return await self._get(f"/v1/batches?limit={limit}", list[BatchView])

    async def chains(self) -> list[ChainView]:
        """Every chain's head."""
        return await self._get("/v1/chains", list[ChainView])

    async def _get(self, path: str, kind: type[T]) -> T:
        return await self._retry(self._once, "GET", path, None, kind)

    async def _post(self, path: str, body: msgspec.Struct, kind: type[T]) -> T:
        return await self._retry(self._once, "POST", path, msgspec.json.encode(body), kind)

    async def _once(self, method: str, path: str, body: bytes | None, kind: type[T]) -> T:
        headers = {"content-type": "application/json"} if body is not None else {}
        try:
            answer = await self._http.request(method, path, content=body, headers=headers)
        except httpx.TransportError as error:
            raise ApiUnavailable(f"the API does not answer: {error!r}") from None
        if answer.is_success:
            return msgspec.json.decode(answer.content, type=kind)
        raise problem_in(answer.status_code, answer.content, answer.headers.get("retry-after"))


def problem_in(status: int, content: bytes, retry_after: str | None) -> ApiProblem | ApiUnavailable:
    """The error of an answer that is no success."""
    try:
        document = msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.DecodeError:
        document = {"code": "unavailable", "detail": f"HTTP status {status}"}
    if status >= 500:
        wait = int(retry_after) if retry_after and retry_after.isdigit() else 1
        return ApiUnavailable(str(document.get("detail")), retry_after_s=wait, problem=document.get("code"))
    return ApiProblem(str(document.get("code", "request_refused")), document)
