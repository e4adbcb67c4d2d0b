"""The blocking face: ``Client`` over HTTP, ``Stream`` over one WebSocket; the same duties without ``await``."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from typing import Any, Final, Self, TypeVar

import httpx
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from stab3l.api.answers import Page
from stab3l.api.signed import CancelAllRequest
from stab3l.client import calls
from stab3l.client.asynchronous import MESSAGES_MAX, TIMEOUT_S, request_headers, socket_url
from stab3l.client.book import BookGap, LocalBook
from stab3l.client.calls import Call
from stab3l.client.conversation import Conversation, Follower, Message
from stab3l.client.credentials import Credential
from stab3l.client.operations import asking_now, doing_now
from stab3l.client.orders import TypedSigner
from stab3l.client.problems import ApiUnavailable
from stab3l.client.retries import Attempts, RetryPolicy
from stab3l.client.trading import Trading
from stab3l.clock import Clock, SystemClock, monotonic_s
from stab3l.errors import Unavailable

T = TypeVar("T")
_END: Final = None


class Client:
    """One API; use it as a context manager. Without a ``signer`` it can look but not act. See `AsyncClient`."""

    def __init__(
        self,
        url: str,
        signer: TypedSigner | None = None,
        *,
        credential: Credential | None = None,
        retries: RetryPolicy | None = None,
        timeout_s: float = TIMEOUT_S,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.trading = Trading(signer, clock or SystemClock())
        self.credential = credential
        self.retries = retries or RetryPolicy()
        self.streams: set[Stream] = set()
        """The sockets that are open: they end with the client."""
        self._http = httpx.Client(base_url=self.url, timeout=timeout_s, transport=transport, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in list(self.streams):
            stream.__exit__()
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """Executes one call of ``stab3l.client.calls``, again while the API is away."""
        attempts = Attempts(self.retries, monotonic_s())
        while True:
            try:
                return self._once(call)
            except Unavailable as error:
                wait = attempts.wait_s(error, monotonic_s(), repeatable=call.repeatable)
                if wait is None:
                    raise
            time.sleep(wait)

    def _once(self, call: Call[T]) -> T:
        content = call.content
        headers = request_headers(self.url, call, content, self.credential)
        try:
            answer = self._http.request(call.method, call.target, content=content, headers=headers)
        except httpx.TransportError as error:
            raise ApiUnavailable(f"the API does not answer: {error!r}") from None
        return call.answer(answer.status_code, answer.content, answer.headers)

    def each(self, call: Call[Page[T]]) -> Iterator[T]:
        """Everything of a list, page after page."""
        at: Call[Page[T]] | None = call
        while at is not None:
            page = self.send(at)
            yield from page.items
            at = at.following(page.next) if page.next else None

    def stream(self) -> Stream:
        """A WebSocket of the same API and the same signer; use it as a context manager."""
        return Stream(self)

    def follow(self, channel: str, market: str = "") -> Iterator[Message]:
        """A channel's messages, for ever: it reconnects, resumes and asks again for what was missed."""
        return self._followed(Follower(channel, market))

    def follow_book(self, market: str) -> Iterator[LocalBook]:
        """The book after each change, whole at all times."""
        follower = Follower("book", market)
        for _ in self._followed(follower):
            yield follower.book

    def _followed(self, follower: Follower) -> Iterator[Message]:
        attempts = Attempts(self.retries, monotonic_s())
        while True:
            try:
                with self.stream() as stream:
                    follower.subscribed(stream.ask(follower.greeting()) or {})
                    for message in stream.messages():
                        attempts = Attempts(self.retries, monotonic_s())
                        try:
                            fresh = follower.take(message)
                        except BookGap:
                            follower.subscribed(stream.ask(follower.greeting()) or {})
                            continue
                        if fresh:
                            yield message
            except Unavailable as error:
                wait = attempts.wait_s(error, monotonic_s())
                if wait is None:
                    raise
                time.sleep(wait)

    place = doing_now(Trading.place)
    place_many = doing_now(Trading.place_many)
    amend = doing_now(Trading.amend)
    cancel = doing_now(Trading.cancel)
    cancel_all = doing_now(Trading.cancel_all)
    schedule_cancel = doing_now(Trading.schedule_cancel)
    protect = doing_now(Trading.protect)
    withdraw = doing_now(Trading.withdraw)
    delegate = doing_now(Trading.delegate)
    sign_in = doing_now(Trading.sign_in)
    listed = doing_now(Trading.listed)
    asset = doing_now(Trading.asset)
    account = doing_now(Trading.account)
    orders = doing_now(Trading.orders)
    positions = doing_now(Trading.positions)
    balance_proof = doing_now(Trading.balance_proof)
    withdrawal_proof = doing_now(Trading.withdrawal_proof)

    time = asking_now(calls.time)
    status = asking_now(calls.status)
    markets = asking_now(calls.markets)
    tickers = asking_now(calls.tickers)
    ticker = asking_now(calls.ticker)
    book = asking_now(calls.book)
    trades = asking_now(calls.trades)
    candles = asking_now(calls.candles)
    order = asking_now(calls.order)
    withdrawal = asking_now(calls.withdrawal)
    fills = asking_now(calls.fills)
    margin = asking_now(calls.margin)
    ledger = asking_now(calls.ledger)
    supply = asking_now(calls.supply)
    providers = asking_now(calls.providers)
    claims = asking_now(calls.claims)
    redemptions = asking_now(calls.redemptions)
    batches = asking_now(calls.batches)
    chains = asking_now(calls.chains)


class Stream:
    """One socket, read by a thread of its own; use it as a context manager. See `AsyncStream`."""

    def __init__(self, client: Client) -> None:
        self.trading = client.trading
        self._client = client
        self._socket: ClientConnection | None = None
        self._conversation = Conversation()
        self._lock = threading.Lock()
        self._messages: queue.Queue[Message | None] = queue.Queue()

    def __enter__(self) -> Self:
        try:
            self._socket = connect(socket_url(self._client.url), max_size=None)
        except (OSError, TimeoutError, WebSocketException) as error:
            raise ApiUnavailable(f"the API does not answer: {error!r}") from None
        self._reader = threading.Thread(target=self._read, args=(self._socket,), name="stab3l-stream", daemon=True)
        self._reader.start()
        self._client.streams.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.streams.discard(self)
        if self._socket is not None:
            self._socket.close()
            self._reader.join()

    @property
    def head(self) -> Message | None:
        """The last heartbeat, with the sequencer's head."""
        return self._conversation.head

    def send(self, call: Call[T]) -> T:
        """Executes a call here if the socket knows it, else over HTTP. It is not tried again."""
        if not call.op:
            return self._client.send(call)
        return call.converted(self.ask({"op": call.op, "request": call.body}))

    def subscribe(self, channel: str, market: str = "") -> Message:
        """Asks for a channel; its snapshot and updates come out of ``messages``."""
        answer: Message = self.ask({"op": "subscribe", "channel": channel, "market": market})
        return answer

    def unsubscribe(self, channel: str, market: str = "") -> None:
        """Ends a subscription."""
        self.ask({"op": "unsubscribe", "channel": channel, "market": market})

    def cancel_on_disconnect(self, cancel: CancelAllRequest | None) -> None:
        """Leaves a signed mass cancel with the server, which sends it when this socket closes; None takes all back."""
        self.ask({"op": "cancel_on_disconnect", "request": {} if cancel is None else cancel})

    def messages(self) -> Iterator[Message]:
        """Channel messages until the socket breaks."""
        while (message := self._messages.get()) is not _END:
            yield message
        raise ApiUnavailable("the socket is closed: connect again")

    def ask(self, question: Mapping[str, Any]) -> Any:
        """One question and its answer. Raises `ApiProblem`, `ApiUnavailable`."""
        if self._socket is None:
            raise ApiUnavailable("the stream is not open: use it as a context manager")
        future: Future[Any] = Future()
        with self._lock:
            number, text = self._conversation.ask(question, future)
        try:
            self._socket.send(text)
            return future.result(TIMEOUT_S)
        except (ConnectionClosed, NoAnswer) as error:
            raise ApiUnavailable(f"the API did not answer: {error!r}") from None
        finally:
            self._conversation.forget(number)

    def _read(self, socket: ClientConnection) -> None:
        try:
            for text in socket:
                message = self._conversation.take(text)
                if message is not None and self._messages.qsize() >= MESSAGES_MAX:
                    socket.close()
                    return
                if message is not None:
                    self._messages.put(message)
        except ConnectionClosed:
            return
        finally:
            self._conversation.broken()
            self._messages.put(_END)

    place = doing_now(Trading.place)
    place_many = doing_now(Trading.place_many)
    amend = doing_now(Trading.amend)
    cancel = doing_now(Trading.cancel)
    cancel_all = doing_now(Trading.cancel_all)
    schedule_cancel = doing_now(Trading.schedule_cancel)
    protect = doing_now(Trading.protect)
    withdraw = doing_now(Trading.withdraw)
