"""The awaiting face: ``AsyncClient`` over HTTP, ``AsyncStream`` over one WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

import httpx
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from stab3l.api.answers import Page
from stab3l.api.signed import CancelAllRequest
from stab3l.client import calls
from stab3l.client.book import BookGap, LocalBook
from stab3l.client.calls import Call
from stab3l.client.conversation import Conversation, Follower, Message
from stab3l.client.credentials import Credential
from stab3l.client.operations import asking, doing
from stab3l.client.orders import TypedSigner
from stab3l.client.problems import ApiUnavailable
from stab3l.client.retries import Attempts, RetryPolicy
from stab3l.client.trading import Trading
from stab3l.clock import Clock, SystemClock, monotonic_s
from stab3l.errors import Unavailable

TIMEOUT_S: Final = 10
MESSAGES_MAX: Final = 10_000

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class AsyncClient:
    """One API; use it as an async context manager. Without a ``signer`` it can look but not act.

    Calls are repeated with backoff while the API is away (``RetryPolicy``): a signed request carries its client id, so
    that a repetition can never act twice. Raises `ApiProblem`, `ApiUnavailable` (``stab3l.client.problems``).
    """

    def __init__(
        self,
        url: str,
        signer: TypedSigner | None = None,
        *,
        credential: Credential | None = None,
        retries: RetryPolicy | None = None,
        timeout_s: float = TIMEOUT_S,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.trading = Trading(signer, clock or SystemClock())
        self.credential = credential
        self.retries = retries or RetryPolicy()
        self.streams: set[AsyncStream] = set()
        """The sockets that are open: they end with the client, also when whoever followed one walked away."""
        self._http = httpx.AsyncClient(base_url=self.url, timeout=timeout_s, transport=transport, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for stream in list(self.streams):
            await stream.__aexit__()
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """Executes one call of ``stab3l.client.calls``, again while the API is away."""
        attempts = Attempts(self.retries, monotonic_s())
        while True:
            try:
                return await self._once(call)
            except Unavailable as error:
                wait = attempts.wait_s(error, monotonic_s(), repeatable=call.repeatable)
                if wait is None:
                    raise
            await asyncio.sleep(wait)

    async def _once(self, call: Call[T]) -> T:
        content = call.content
        headers = request_headers(self.url, call, content, self.credential)
        try:
            answer = await self._http.request(call.method, call.target, content=content, headers=headers)
        except httpx.TransportError as error:
            raise ApiUnavailable(f"the API does not answer: {error!r}") from None
        return call.answer(answer.status_code, answer.content, answer.headers)

    async def each(self, call: Call[Page[T]]) -> AsyncIterator[T]:
        """Everything of a list, page after page."""
        at: Call[Page[T]] | None = call
        while at is not None:
            page = await self.send(at)
            for item in page.items:
                yield item
            at = at.following(page.next) if page.next else None

    def stream(self) -> AsyncStream:
        """A WebSocket of the same API and the same signer; use it as an async context manager."""
        return AsyncStream(self)

    async def follow(self, channel: str, market: str = "") -> AsyncIterator[Message]:
        """A channel's messages, for ever: it reconnects, resumes and asks again for what was missed."""
        follower = Follower(channel, market)
        async for message in self._followed(follower):
            yield message

    async def follow_book(self, market: str) -> AsyncIterator[LocalBook]:
        """The book after each change, whole at all times."""
        follower = Follower("book", market)
        async for _ in self._followed(follower):
            yield follower.book

    async def _followed(self, follower: Follower) -> AsyncIterator[Message]:
        attempts = Attempts(self.retries, monotonic_s())
        while True:
            try:
                async with self.stream() as stream:
                    follower.subscribed(await stream.ask(follower.greeting()) or {})
                    async for message in stream.messages():
                        attempts = Attempts(self.retries, monotonic_s())
                        try:
                            fresh = follower.take(message)
                        except BookGap:
                            follower.subscribed(await stream.ask(follower.greeting()) or {})
                            continue
                        if fresh:
                            yield message
            except Unavailable as error:
                wait = attempts.wait_s(error, monotonic_s())
                if wait is None:
                    raise
                await asyncio.sleep(wait)

    place = doing(Trading.place)
    place_many = doing(Trading.place_many)
    amend = doing(Trading.amend)
    cancel = doing(Trading.cancel)
    cancel_all = doing(Trading.cancel_all)
    schedule_cancel = doing(Trading.schedule_cancel)
    protect = doing(Trading.protect)
    withdraw = doing(Trading.withdraw)
    delegate = doing(Trading.delegate)
    sign_in = doing(Trading.sign_in)
    listed = doing(Trading.listed)
    asset = doing(Trading.asset)
    account = doing(Trading.account)
    orders = doing(Trading.orders)
    positions = doing(Trading.positions)
    balance_proof = doing(Trading.balance_proof)
    withdrawal_proof = doing(Trading.withdrawal_proof)

    time = asking(calls.time)
    status = asking(calls.status)
    markets = asking(calls.markets)
    tickers = asking(calls.tickers)
    ticker = asking(calls.ticker)
    book = asking(calls.book)
    trades = asking(calls.trades)
    candles = asking(calls.candles)
    order = asking(calls.order)
    withdrawal = asking(calls.withdrawal)
    fills = asking(calls.fills)
    margin = asking(calls.margin)
    ledger = asking(calls.ledger)
    supply = asking(calls.supply)
    providers = asking(calls.providers)
    claims = asking(calls.claims)
    redemptions = asking(calls.redemptions)
    batches = asking(calls.batches)
    chains = asking(calls.chains)


class AsyncStream:
    """One socket; use it as an async context manager. Every method raises `ApiUnavailable` when it breaks.

    It closes itself when `MESSAGES_MAX` channel messages wait unread.
    """

    def __init__(self, client: AsyncClient) -> None:
        self.trading = client.trading
        self._client = client
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._conversation = Conversation()
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        try:
            self._socket = await connect(socket_url(self._client.url), max_size=None)
        except (OSError, TimeoutError, WebSocketException) as error:
            raise ApiUnavailable(f"the API does not answer: {error!r}") from None
        self._reader = asyncio.create_task(self._read(self._socket))
        self._client.streams.add(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._client.streams.discard(self)
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)

    @property
    def head(self) -> Message | None:
        """The last heartbeat, with the sequencer's head."""
        return self._conversation.head

    async def send(self, call: Call[T]) -> T:
        """Executes a call here if the socket knows it, else over HTTP. It is not tried again."""
        if not call.op:
            return await self._client.send(call)
        return call.converted(await self.ask({"op": call.op, "request": call.body}))

    async def subscribe(self, channel: str, market: str = "") -> Message:
        """Asks for a channel; its snapshot and updates come out of ``messages``."""
        answer: Message = await self.ask({"op": "subscribe", "channel": channel, "market": market})
        return answer

    async def unsubscribe(self, channel: str, market: str = "") -> None:
        """Ends a subscription."""
        await self.ask({"op": "unsubscribe", "channel": channel, "market": market})

    async def cancel_on_disconnect(self, cancel: CancelAllRequest | None) -> None:
        """Leaves a signed mass cancel with the server, which sends it when this socket closes; None takes all back."""
        await self.ask({"op": "cancel_on_disconnect", "request": {} if cancel is None else cancel})

    async def messages(self) -> AsyncIterator[Message]:
        """Channel messages until the socket breaks."""
        while (message := await self._messages.get()) is not None:
            yield message
        raise ApiUnavailable("the socket is closed: connect again")

    async def ask(self, question: Mapping[str, Any]) -> Any:
        """One question and its answer. Raises `ApiProblem`, `ApiUnavailable`."""
        if self._socket is None:
            raise ApiUnavailable("the stream is not open: use it as an async context manager")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        number, text = self._conversation.ask(question, future)
        try:
            await self._socket.send(text)
            async with asyncio.timeout(TIMEOUT_S):
                return await future
        except (ConnectionClosed, TimeoutError) as error:
            raise ApiUnavailable(f"the API did not answer: {error!r}") from None
        finally:
            self._conversation.forget(number)

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                message = self._conversation.take(text)
                if message is not None and self._messages.qsize() >= MESSAGES_MAX:
                    _log.warning("stream_unread", messages=MESSAGES_MAX)
                    await socket.close()
                    return
                if message is not None:
                    self._messages.put_nowait(message)
        except ConnectionClosed as closed:
            _log.info("stream_closed", code=closed.rcvd.code if closed.rcvd else None)
        finally:
            self._conversation.broken()
            self._messages.put_nowait(None)

    place = doing(Trading.place)
    place_many = doing(Trading.place_many)
    amend = doing(Trading.amend)
    cancel = doing(Trading.cancel)
    cancel_all = doing(Trading.cancel_all)
    schedule_cancel = doing(Trading.schedule_cancel)
    protect = doing(Trading.protect)
    withdraw = doing(Trading.withdraw)


def request_headers(
    url: str, call: Call[Any], content: bytes | None, credential: Credential | None
) -> Mapping[str, str]:
    """The headers of a call."""
    headers = dict(call.headers) if content is None else {**call.headers, "content-type": "application/json"}
    if credential is not None:
        headers |= credential.headers(call.method, urlsplit(url).netloc, call.target, content or b"")
    return headers


def socket_url(url: str) -> str:
    """Where an API's WebSocket is."""
    return url.replace("http", "ws", 1).rstrip("/") + "/v1/ws"
