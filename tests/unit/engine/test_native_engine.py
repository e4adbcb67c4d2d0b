"""The native engine's Python face: queries, proofs, errors with values, threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from eth_abi.abi import encode as abi_encode
from eth_utils.crypto import keccak

from stab3l._engine import (
    BatchTooLarge,
    Engine,
    EngineClosed,
    EngineError,
    JournalCorrupt,
    JournalLocked,
    keccak256,
    keccak_many,
    merkle_layers,
    tile_leaves,
    tree_layers,
)
from stab3l.engine import ExchangeEngine
from stab3l.engine.wire import Cancel, Side
from stab3l.testing.trading_desk import BASE, CHAIN, LOT, MARKET, OTHER_CHAIN, QUOTE, TICK, TradingDesk, owner, token


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine.open(tmp_path / "journal", durability="page_cache")
    yield engine
    engine.close()


@pytest.fixture
def desk(engine: Engine) -> TradingDesk:
    """Two funded users: 3 has a hundred lots of base, 4 what buys a hundred at 100 ticks."""
    desk = TradingDesk.listed(engine)
    assert desk.fund(1, BASE, 100 * LOT) == 3
    assert desk.fund(2, QUOTE, 100 * 100 * TICK) == 4
    return desk


def root_from(leaf: bytes, index: int, siblings: list[bytes]) -> bytes:
    for sibling in siblings:
        leaf = keccak(sibling + leaf if index & 1 else leaf + sibling)
        index >>= 1
    return leaf


def test_the_native_engine_is_an_exchange_engine(engine: Engine) -> None:
    port: ExchangeEngine = engine
    assert port.last_sequence == 0
    assert port.input_hash == bytes(32)
    assert port.sealed() is None


PLAIN = (0,) * 7
"""The terms of a limit order that is good till cancelled."""


def test_queries_say_what_rests_and_who_holds_what(engine: Engine, desk: TradingDesk) -> None:
    desk.accepted(desk.order(3, Side.SELL, 10, 101), desk.order(3, Side.SELL, 5, 100), desk.order(4, Side.BUY, 7, 99))
    desk.accepted(desk.order(3, Side.SELL, 1, 100))
    assert engine.book(MARKET, 10) == ([(99, 7, 1)], [(100, 6, 2), (101, 10, 1)])
    assert engine.book(MARKET, 1) == ([(99, 7, 1)], [(100, 6, 2)])
    assert engine.open_orders(3) == [
        (1, 3, MARKET, 1, 101, 10, 1, *PLAIN),
        (2, 3, MARKET, 2, 100, 5, 1, *PLAIN),
        (4, 3, MARKET, 4, 100, 1, 1, *PLAIN),
    ]
    assert engine.order(3) == (3, 4, MARKET, 3, 99, 7, 0, *PLAIN)
    assert engine.order(99) is None
    assert engine.balances(3) == [(BASE, 84 * LOT, 16 * LOT)]
    assert engine.balances(4) == [(QUOTE, (100 * 100 - 99 * 7) * TICK, 99 * 7 * TICK)]
    assert engine.account_of(owner(1)) == 3
    assert engine.account_of(owner(77)) is None
    assert (engine.owner_of(0), engine.owner_of(3), engine.owner_of(5)) == (bytes(20), owner(1), None)
    assert engine.totals(BASE) == (100 * LOT, 0, 100 * LOT)
    assert engine.chain_deposits(CHAIN)[0] == 2
    assert engine.chain_deposits(OTHER_CHAIN) == (0, bytes(32))
    assert engine.assets()[BASE] == (BASE, CHAIN, token(1), 18, 100 * LOT, 0)
    assert engine.markets()[MARKET][:5] == (MARKET, BASE, QUOTE, LOT, TICK)


def test_a_balance_and_a_withdrawal_are_proved_against_the_sealed_roots(engine: Engine, desk: TradingDesk) -> None:
    for user in range(3, 9):
        desk.fund(user, BASE, user * LOT)
    desk.accepted(desk.withdrawal(3, BASE, 5 * LOT), desk.withdrawal(5, BASE, LOT), desk.withdrawal(6, BASE, 2 * LOT))
    assert engine.balance_proof(3, BASE) is None, "nothing is sealed yet"
    block = desk.seal()
    assert engine.sealed() is not None
    desk.accepted(desk.withdrawal(3, BASE, LOT))
    types = ["address", "uint32", "uint64", "address", "uint256"]
    for account, asset, amount in ((3, BASE, 95 * LOT), (4, QUOTE, 100 * 100 * TICK), (6, BASE, 2 * LOT)):
        index, sealed_amount, siblings = engine.balance_proof(account, asset) or (0, 0, [])
        leaf = keccak(keccak(abi_encode(types, (owner(account - 2), account, CHAIN, token(asset + 1), amount))))
        assert sealed_amount == amount
        assert root_from(leaf, index, siblings) == block.balances_root
    withdrawn = engine.withdrawal(1)
    assert withdrawn == (5, BASE, CHAIN, token(1), engine.owner_of(5), owner(99), LOT)
    types = ["uint64", "uint64", "address", "address", "address", "uint256"]
    leaf = keccak(keccak(abi_encode(types, (1, CHAIN, token(1), engine.owner_of(5), owner(99), LOT))))
    siblings = engine.withdrawal_proof(1) or []
    assert root_from(leaf, 1, siblings) == block.withdrawals_root
    assert block.withdrawals_count == 3
    assert engine.withdrawal(3) is not None
    assert engine.withdrawal_proof(3) is None, "queued after the seal"
    state = (block.balances_root, block.balances_count, block.withdrawals_root, block.withdrawals_count)
    state += (block.positions_root, block.positions_count)
    assert block.state_root == keccak(abi_encode(["bytes32", "uint64"] * 3, state))


def test_a_journal_that_is_open_is_locked_and_the_error_names_the_file(tmp_path: Path) -> None:
    first = Engine.open(tmp_path)
    with pytest.raises(JournalLocked) as locked:
        Engine.open(tmp_path)
    assert locked.value.file == tmp_path / "lock"
    first.close()
    Engine.open(tmp_path).close()


def test_damage_is_an_error_with_file_and_offset(tmp_path: Path) -> None:
    engine = Engine.open(tmp_path)
    lengths = []
    segment = tmp_path / "inputs" / f"{1:020}.seg"
    for _ in range(3):
        engine.apply(b"nonsense", 1)
        lengths.append(segment.stat().st_size)
    engine.close()
    content = bytearray(segment.read_bytes())
    content[lengths[0] + 82] ^= 1
    segment.write_bytes(content)
    with pytest.raises(JournalCorrupt, match="checksum") as corrupt:
        Engine.open(tmp_path)
    assert (corrupt.value.file, corrupt.value.offset) == (segment, lengths[0])
    assert isinstance(corrupt.value, EngineError)


def test_a_closed_engine_says_so(engine: Engine) -> None:
    engine.close()
    engine.close()
    with pytest.raises(EngineClosed):
        engine.apply(b"", 1)
    with pytest.raises(EngineClosed):
        engine.digest()


def test_a_batch_above_the_limit_changes_nothing(engine: Engine) -> None:
    with pytest.raises(BatchTooLarge) as refused:
        engine.apply_many([b"ok", bytes(16 * 2**20 + 1)], 1)
    assert (refused.value.bytes, refused.value.limit) == (16 * 2**20 + 1, 16 * 2**20)
    assert engine.last_sequence == 0
    assert engine.apply(b"ok", 1)


def test_arguments_of_the_wrong_kind_are_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="durability"):
        Engine.open(tmp_path / "other", durability="hope")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no market 5"):
        engine.book(5, 1)
    with pytest.raises(ValueError, match="no asset 5"):
        engine.totals(5)
    with pytest.raises(OverflowError):
        engine.apply(b"x", -1)
    with pytest.raises(ValueError, match="length 20"):
        engine.account_of(b"short")


def test_time_is_clamped_and_shown(engine: Engine) -> None:
    engine.apply(b"x", 50)
    engine.apply(b"x", 20)
    assert engine.last_now == 50
    assert [now for _, now, _ in engine.read_inputs(1, 1_000)] == [50, 50]


def test_a_snapshot_can_be_asked_for_and_is_used(tmp_path: Path) -> None:
    engine = Engine.open(tmp_path, durability="page_cache")
    desk = TradingDesk.listed(engine)
    desk.fund(1, BASE, LOT)
    sequence = engine.snapshot()
    engine.apply(b"x", desk.now)
    digest = engine.digest()
    engine.close()
    engine = Engine.open(tmp_path)
    assert sequence == engine.last_sequence - 1
    assert (engine.recovery.snapshot, engine.recovery.records_replayed, engine.digest()) == (sequence, 1, digest)
    assert (engine.halted, engine.snapshot_failure, engine.recovery.damaged_snapshots) == (None, None, [])
    engine.close()


def test_readers_and_writers_share_an_engine_between_threads(engine: Engine, desk: TradingDesk) -> None:
    rounds = 200
    failures: list[str] = []

    def read() -> None:
        for _ in range(rounds):
            credited, withdrawn, total = engine.totals(BASE)
            if total != credited - withdrawn:
                failures.append(f"{total} is not {credited} - {withdrawn}")
            engine.read_outputs(1, 10_000)
            engine.book(MARKET, 5)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(rounds):
        desk.accepted(desk.order(3, Side.SELL, 1, 100), desk.withdrawal(4, QUOTE, 1))
        desk.accepted(desk.withdrawal(3, BASE, 1), Cancel(3, engine.open_orders(3)[0][0]))
        desk.fund(5, BASE, 3)
    for reader in readers:
        reader.join()
    assert failures == []


@pytest.mark.parametrize("width", [1, 32, 64, 136, 137, 400])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 19])
def test_bulk_hashes_are_the_hashes(width: int, count: int) -> None:
    data = bytes(i * 89 % 251 for i in range(width * count))
    expected = b"".join(keccak(data[i : i + width]) for i in range(0, len(data), width))
    assert keccak_many(data, width) == expected
    assert keccak_many(memoryview(bytearray(data)), width) == expected
    assert keccak256(data) == keccak(data)


def test_merkle_layers_are_padded_with_zero_hashes() -> None:
    leaves = [keccak(bytes([i])) for i in range(5)]
    layer = leaves + [bytes(32)] * 3
    expected = list(layer)
    while len(layer) > 1:
        layer = [keccak(layer[i] + layer[i + 1]) for i in range(0, len(layer), 2)]
        expected += layer
    assert merkle_layers(b"".join(leaves)) == b"".join(expected)
    assert merkle_layers(leaves[0]) == leaves[0]
    assert merkle_layers(b"") == bytes(32)


def test_a_benchmarks_tree_refuses_memory_of_another_size() -> None:
    rows, memory = np.zeros(512, dtype=np.uint8), np.zeros(96, dtype=np.uint8)
    with pytest.raises(ValueError, match="512 bytes are not as many tiles of 256 bytes as 96 bytes have room for"):
        tile_leaves(rows, memory)
    with pytest.raises(ValueError, match="100 bytes are not all layers"):
        tree_layers(np.zeros(100, dtype=np.uint8))
    with pytest.raises(ValueError, match="only to be read"):
        tile_leaves(rows, np.frombuffer(bytes(64), dtype=np.uint8))
    tile_leaves(rows, memory[:64])
    tree_layers(memory)
    leaf = keccak(bytes(257))
    assert memory.tobytes() == leaf + leaf + keccak(leaf + leaf)


def test_bulk_hashing_refuses_what_is_not_whole_messages() -> None:
    with pytest.raises(ValueError, match="whole messages of 3 bytes"):
        keccak_many(b"1234", 3)
    with pytest.raises(ValueError, match="whole messages of 0 bytes"):
        keccak_many(b"1234", 0)
    with pytest.raises(ValueError, match="whole leaves"):
        merkle_layers(b"1234")
