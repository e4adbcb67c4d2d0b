"""The public streams: resumed by sequence number, live, and never held up by one reader."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from urllib.request import urlopen

import grpc
import grpc.aio
import pytest
from exchange_setting import Setting, codes
from gateway_process import GatewayProcess, free_port

from stab3l.engine.wire import Side, decode_commands, decode_events, encode_batch
from stab3l.exchange.connection import OPTIONS, method_path
from stab3l.exchange.gateway_client import Frame, GatewayClient, ReaderTooSlow
from stab3l.exchange.limits import FRAMES_BYTES_MAX
from stab3l.exchange.messages import pb
from stab3l.exchange.tokens import TRADE_FILE, read_token
from stab3l.testing.trading_desk import LISTING

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    impatient = {
        "STAB3L_EXCHANGE_READER_STALL_S": "1",
        "STAB3L_EXCHANGE_DURABILITY": "page_cache",
        "STAB3L_EXCHANGE_METRICS_PORT": str(free_port()),
    }
    with GatewayProcess(tmp_path_factory.mktemp("exchange") / "home", environment=impatient) as process:
        yield process


def cut_readers(gateway: GatewayProcess) -> int:
    """How many readers the gateway has cut."""
    port = gateway.environment["STAB3L_EXCHANGE_METRICS_PORT"]
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        (found,) = re.findall(r"^stab3l_exchange_readers_cut_total (\d+)", answer.read().decode(), re.MULTILINE)
    return int(found)


async def take(frames: AsyncIterator[Frame], until: int) -> list[Frame]:
    """Frames up to the one that bears this sequence number."""
    taken: list[Frame] = []
    async for frame in frames:
        taken.append(frame)
        if decode_events(frame.payload)[-1].sequence >= until:
            return taken
    raise AssertionError("the stream ended")


async def drain(frames: AsyncIterator[Frame], taken: list[Frame]) -> None:
    """Takes everything until the stream breaks."""
    async for frame in frames:
        taken.append(frame)


async def fill(trader: GatewayClient, setting: Setting, batches: int, orders: int) -> int:
    """Fills the book; the last sequence number."""
    made = [[setting.order(0, Side.SELL, 1, 100) for _ in range(orders)] for _ in range(batches)]
    await asyncio.gather(*(trader.submit(encode_batch(batch)) for batch in made))
    return (await trader.status()).sequence


async def test_outputs_are_the_answers_in_order(trader: GatewayClient, setting: Setting) -> None:
    answers = [await trader.submit(encode_batch([setting.order(0, Side.SELL, 1, 100)])) for _ in range(5)]
    frames = await take(trader.outputs(1), answers[-1].first_sequence)
    assert [(f.first_sequence, f.payload) for f in frames[-5:]] == [(a.first_sequence, a.events) for a in answers]
    assert frames[0].first_sequence == 1


async def test_a_stream_resumes_at_the_frame_that_holds_the_number(trader: GatewayClient, setting: Setting) -> None:
    begin = (await trader.status()).sequence + 1
    last = await fill(trader, setting, 10, 7)
    whole = await take(trader.outputs(begin), last)
    for start in (last - 10, last - 7, last):
        rest = await take(trader.outputs(start), last)
        assert rest == whole[-len(rest) :]
        assert rest[0].first_sequence <= start < rest[0].first_sequence + 7


async def test_inputs_are_the_batches_themselves(operator: GatewayClient, setting: Setting) -> None:
    first = await anext(operator.inputs(1))
    assert first.first_sequence == 1
    assert decode_commands(first.payload) == list(LISTING)


async def test_a_live_stream_waits_for_what_comes(trader: GatewayClient, setting: Setting) -> None:
    next_sequence = (await trader.status()).sequence + 1
    waiting = asyncio.ensure_future(anext(trader.outputs(next_sequence)))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    answer = await trader.submit(encode_batch([setting.order(0, Side.SELL, 1, 100)]))
    frame = await asyncio.wait_for(waiting, 5)
    assert (frame.first_sequence, frame.payload) == (next_sequence, answer.events)


async def test_a_page_of_the_journal_larger_than_one_read_has_no_gap(trader: GatewayClient, setting: Setting) -> None:
    begin = (await trader.status()).sequence + 1
    last = await fill(trader, setting, 30, 1_000)
    frames = await take(trader.outputs(begin), last)
    assert sum(len(frame.payload) for frame in frames) > 2 * FRAMES_BYTES_MAX
    sequences = [event.sequence for frame in frames for event in decode_events(frame.payload)]
    assert sorted(set(sequences)) == list(range(begin, last + 1))
    assert sequences == sorted(sequences)


async def test_a_reader_that_stands_still_is_cut_and_told_where_to_resume(
    gateway: GatewayProcess, trader: GatewayClient, setting: Setting
) -> None:
    begin = (await trader.status()).sequence + 1
    last = await fill(trader, setting, 60, 2_000)
    async with gateway.trader() as sluggard:
        frames = sluggard.outputs(begin)
        taken = [await anext(frames)]
        await asyncio.sleep(3)
        assert await codes(trader, setting.order(0, Side.SELL, 1, 100))
        with pytest.raises(ReaderTooSlow) as cut:
            await drain(frames, taken)
        assert begin < cut.value.resume_at < last
        resumed = await take(sluggard.outputs(cut.value.resume_at), last)
    sequences = {event.sequence for frame in (*taken, *resumed) for event in decode_events(frame.payload)}
    assert sequences >= set(range(begin, last + 1))


async def test_a_client_that_reads_no_answers_holds_up_nobody_and_is_cut(
    gateway: GatewayProcess, trader: GatewayClient, setting: Setting
) -> None:
    batch = encode_batch([setting.order(0, Side.SELL, 1, 100) for _ in range(2_000)])
    token, before = read_token(gateway.home, TRADE_FILE), await asyncio.to_thread(cut_readers, gateway)
    async with grpc.aio.insecure_channel(gateway.address, options=OPTIONS) as channel:
        submit = channel.stream_stream(
            method_path("Submit"),
            request_serializer=pb.Batch.SerializeToString,
            response_deserializer=pb.Applied.FromString,
        )
        mute = submit(metadata=(("authorization", f"Bearer {token}"),))

        async def write() -> None:
            with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                for tag in range(200):
                    await mute.write(pb.Batch(tag=tag, commands=batch))

        async def read() -> None:
            while await mute.read() is not grpc.aio.EOF:
                continue

        writing = asyncio.create_task(write())
        async with asyncio.timeout(30):
            await asyncio.sleep(1)
            assert await codes(trader, setting.order(1, Side.BUY, 1, 1))
            await asyncio.sleep(2)
            # Where a write of its own fails first, gRPC shows a client that instead of the gateway's reason.
            with pytest.raises(grpc.aio.AioRpcError):
                await read()
            await writing
        assert await asyncio.to_thread(cut_readers, gateway) == before + 1
        assert await codes(trader, setting.order(1, Side.BUY, 1, 1))
