"""The SDK's two faces over one core: orders, books, retries, errors, proofs."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import msgspec
import pytest
from api_venue import SYMBOL, Venue
from hypothesis import given
from hypothesis import strategies as st

from stab3l.api.answers import AssetView, Markets, MarketView, ProofView
from stab3l.client import ApiKey, ApiProblem, ApiUnavailable, AsyncClient, Client, RetryPolicy, calls
from stab3l.client.asynchronous import AsyncStream
from stab3l.client.blocking import Stream
from stab3l.client.book import BookGap, LocalBook
from stab3l.client.conversation import Follower
from stab3l.client.credentials import AgentSigner, request_text
from stab3l.client.problems import BY_CODE, FundsShort, OutcomeUnknown, RateLimited, problem_in
from stab3l.client.proofs import ProofInvalid, checked_balance
from stab3l.client.retries import Attempts
from stab3l.client.trading import AssetAmbiguous, Trading, base_units, whole_tokens
from stab3l.clock import SystemClock
from stab3l.errors import Invalid, Unauthorised

pytestmark = pytest.mark.anyio
PLUMBING = {"each", "follow", "follow_book", "stream", "send", "ask", "messages", "aclose"}


def client_of(venue: Venue, signer: Any = None) -> AsyncClient:
    return AsyncClient("http://api", signer, transport=venue.transport, clock=venue.clock)


@pytest.mark.parametrize(("awaiting", "waiting"), [(AsyncClient, Client), (AsyncStream, Stream)])
def test_both_faces_have_the_same_duties_with_the_same_parameters(awaiting: type, waiting: type) -> None:
    names = {name for name in vars(awaiting) if not name.startswith("_")}
    assert names == {name for name in vars(waiting) if not name.startswith("_")}
    for name in names - {"head"}:
        ours, theirs = (inspect.signature(getattr(one, name)) for one in (awaiting, waiting))
        assert list(ours.parameters)[1:] == list(theirs.parameters)[1:]
        assert name in PLUMBING or getattr(awaiting, name).__doc__ == getattr(waiting, name).__doc__ is not None


async def test_an_order_lives_through_place_amend_and_cancel(venue: Venue) -> None:
    async with client_of(venue, venue.trader) as client:
        placed = await client.place(SYMBOL, "buy", "0.05", "3", post_only=True, label=7)
        amended = await client.amend(int(placed.order_id), "0.05", "2")
        assert (amended.order_id, amended.remaining) == (placed.order_id, "2")
        known = await client.order(int(placed.order_id))
        assert (known.label, known.instructions) == (7, ["post_only"])
        cancelled = await client.cancel(int(placed.order_id))
        assert cancelled.remaining == "2"
        await client.place(SYMBOL, "buy", "0.05", "1")
        assert len((await client.cancel_all(SYMBOL, side="buy")).order_ids) == 1
        assert (await client.schedule_cancel(60)).cancel_at != "0"
        assert (await client.schedule_cancel(None)).cancel_at == "0"
        assert (await client.protect(SYMBOL, "5", window_ms=10, frozen_ms=20)).quantity == "5"


async def test_a_refusal_is_an_error_of_its_own_kind_with_its_values(venue: Venue) -> None:
    async with client_of(venue, venue.trader) as client:
        with pytest.raises(FundsShort) as short:
            await client.place(SYMBOL, "buy", "0.06", "9999999")
    assert short.value.values["symbol"] == "USDC"
    assert short.value.action.startswith("Deposit")
    async with client_of(venue) as looker:
        assert (await looker.markets()).markets[0].symbol == SYMBOL
        with pytest.raises(Unauthorised):
            await looker.cancel(1)


async def test_the_blocking_face_trades_over_loopback(venue: Venue, url: str) -> None:
    def trade() -> tuple[str, str, str]:
        with Client(url, venue.trader, clock=venue.clock) as client, client.stream() as stream:
            placed = client.place(SYMBOL, "buy", "0.05", "1")
            gone = stream.cancel(int(placed.order_id))
            with pytest.raises(ApiProblem) as unknown:
                stream.cancel(int(placed.order_id))
            book = next(client.follow_book(SYMBOL))
            assert book.best() == (None, None)
            return placed.order_id, gone.order_id, unknown.value.problem

    order, gone, problem = await anyio.to_thread.run_sync(trade)
    assert (order, problem) == (gone, "order_unknown")


async def test_a_followed_book_is_the_book_of_the_exchange(venue: Venue, url: str) -> None:
    async with AsyncClient(url, venue.maker, clock=venue.clock) as client:
        books = client.follow_book(SYMBOL)
        with anyio.fail_after(20):
            assert (await anext(books)).bids == []
            for price in ("0.07", "0.069", "0.068"):
                await client.place(SYMBOL, "sell", price, "1")
            async for book in books:
                if book.asks == [("0.068", "1"), ("0.069", "1"), ("0.07", "1")]:
                    break
        await books.aclose()


def faulty(*answers: Callable[[httpx.Request], httpx.Response]) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """A transport that answers one thing after another, and what it was asked."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answers[min(len(seen), len(answers)) - 1](request)

    return httpx.MockTransport(handle), seen


def refused(status: int, code: str, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    content = msgspec.json.encode({"code": code, "status": status, "detail": code, "values": {}})
    return lambda _: httpx.Response(status, content=content, headers=headers)


def lost(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("the answer was lost")


async def test_a_lost_answer_is_asked_for_again_with_the_very_same_bytes(venue: Venue) -> None:
    answer = httpx.Response(200, content=b'{"now": "1", "iso": ""}')
    transport, seen = faulty(lost, refused(503, "unavailable"), lambda _: answer)
    async with AsyncClient("http://api", transport=transport, retries=RetryPolicy(5, first_s=0.001)) as client:
        assert (await client.time()).now == "1"
    assert len({(one.url, one.content) for one in seen}) == 1
    assert len(seen) == 3


async def test_what_says_no_is_not_asked_again(venue: Venue) -> None:
    transport, seen = faulty(refused(422, "funds_short"))
    async with AsyncClient("http://api", transport=transport) as client:
        with pytest.raises(FundsShort):
            await client.status()
    assert len(seen) == 1


@given(st.integers(1, 600), st.integers(1, 30), st.randoms(use_true_random=False))
def test_retry_after_is_never_cut_short_and_the_budget_never_overrun(
    budget: int, told: int, dice: random.Random
) -> None:
    attempts, now = Attempts(RetryPolicy(budget), 0.0, dice), 0.0
    error = RateLimited("slowly", retry_after_s=told, told=True)
    while (wait := attempts.wait_s(error, now)) is not None:
        assert wait >= told
        now += wait
        assert now <= budget
    assert Attempts(RetryPolicy(budget), 0.0).wait_s(error, 0.0, repeatable=False) is None


def test_every_status_is_an_error_of_the_tree() -> None:
    assert isinstance(problem_in(429, b"{}", "3"), RateLimited)
    assert isinstance(problem_in(503, b'{"code": "submission_unknown"}', None), OutcomeUnknown)
    assert isinstance(problem_in(502, b"<html>", None), ApiUnavailable)
    assert isinstance(problem_in(404, b"\xff", None), ApiProblem)
    for code, kind in BY_CODE.items():
        assert type(problem_in(422, msgspec.json.encode({"code": code}), None)) is kind


def test_a_book_finds_gaps_drops_repetitions_and_resumes() -> None:
    book, follower = LocalBook(SYMBOL), Follower("book", SYMBOL)
    snapshot = {"type": "snapshot", "channel": "book", "market": SYMBOL, "seq": "4", "bids": [["1", "2"]], "asks": []}
    update = {**snapshot, "type": "update", "seq": "5", "prev_seq": "4", "bids": [["1", "0"], ["0.9", "1"]]}
    assert book.apply(snapshot)
    assert book.apply(update)
    assert book.bids == [("0.9", "1")]
    assert not book.apply(update)
    with pytest.raises(BookGap):
        book.apply({**update, "seq": "9", "prev_seq": "8"})
    follower.subscribed({"epoch": "e"})
    assert "since_seq" not in follower.greeting()
    follower.take(snapshot)
    assert follower.greeting()["since_seq"] == "4"
    with pytest.raises(BookGap):
        follower.take({**update, "seq": "9", "prev_seq": "8"})
    assert "since_seq" not in follower.greeting()


async def test_a_proof_is_believed_only_when_it_proves(venue: Venue) -> None:
    await venue.place(venue.trader)
    await venue.seal()
    async with client_of(venue, venue.trader) as client:
        proof = await client.balance_proof("USDC")
        assert proof.amount == sum((await venue.balances(venue.trader))["USDC"])
        view = await client.send(calls.balance_proof(venue.trader.address, 1))
    account = venue.gateway.exchange.accounts[bytes.fromhex(venue.trader.address[2:])]
    lies: list[dict[str, Any]] = [
        {"amount": str(int(view.amount) + 1)},
        {"index": str(int(view.index) ^ 1)},
        {"index": "99"},
        {"root": "0x" + "11" * 32},
        {"siblings": view.siblings[:-1]},
        {"owner": venue.maker.address},
    ]
    for lie in lies:
        with pytest.raises(ProofInvalid):
            checked_balance(msgspec.structs.replace(view, **lie), venue.trader.address, account)
    assert isinstance(view, ProofView)


@given(st.integers(0, 10**30), st.integers(0, 18))
def test_amounts_go_there_and_back_exactly(amount: int, decimals: int) -> None:
    assert base_units(whole_tokens(amount, decimals), decimals) == amount


def test_an_amount_with_too_many_places_is_refused() -> None:
    with pytest.raises(Invalid):
        base_units("0.0000001", 6)


def test_an_api_key_signs_what_the_page_says(tmp_path: Any) -> None:
    key = ApiKey.generate("k1")
    headers = key.headers("get", "API:80", "/v1/account?x=1", b"")
    text = request_text(headers["stab3l-timestamp"], "get", "API:80", "/v1/account?x=1", b"").decode()
    assert text.split("\n")[2:5] == ["GET", "api:80", "/v1/account?x=1"]
    key.save(tmp_path / "key.pem", b"secret")
    assert ApiKey.load(tmp_path / "key.pem", "k1", b"secret").public_key == key.public_key
    with pytest.raises(Unauthorised):
        ApiKey.load(tmp_path / "key.pem", "k1", b"wrong")


async def test_an_agent_signs_for_its_owner(venue: Venue) -> None:
    agent = AgentSigner(venue.stranger, venue.trader.address)
    assert (agent.address, agent.agent) == (venue.trader.address, venue.stranger.address)


def listing(*, traded: list[int]) -> Markets:
    """sSTB on two chains, USDC on one; the market trades the given assets."""
    chains = ((0, "USDC", 1), (1, "sSTB", 1), (2, "sSTB", 138))
    assets = [AssetView(asset, symbol, chain, f"0x{asset:040x}", 18) for asset, symbol, chain in chains]
    market = dict.fromkeys(MarketView.__struct_fields__) | {"symbol": "sSTB-USDC"}
    pairs = [MarketView(**{**market, "base_asset": base, "quote_asset": 0}) for base in traded]  # type: ignore[arg-type]
    return Markets(assets, pairs, 1, "0x" + "c" * 40)


def test_a_symbol_of_several_chains_is_the_one_that_is_traded() -> None:
    def asked(markets: Markets, chain_id: int | None = None) -> AssetView:
        steps = Trading(None, SystemClock()).asset("sSTB", chain_id)
        next(steps)
        with pytest.raises(StopIteration) as done:
            steps.send(markets)
        found: AssetView = done.value.value
        return found

    assert asked(listing(traded=[1])).chain_id == 1
    assert asked(listing(traded=[1]), 138).asset == 2
    with pytest.raises(AssetAmbiguous):
        asked(listing(traded=[1, 2]))
