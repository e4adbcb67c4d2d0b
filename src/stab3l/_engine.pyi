"""The native exchange engine (Rust crate ``engine/``, built by maturin).

Rules and wire layout: ``docs/reference/engine.md``. Files: ``docs/reference/journal.md``. Every method releases the
interpreter while it waits or works, and is safe to call from several threads; work is done one call at a time, but
reading the journal does not hold it up. All methods raise `EngineClosed` after `close`.

Errors::

    EngineError
    ├── JournalLocked     another process has this journal open: ``file``
    ├── JournalCorrupt    a file does not hold what was written to it: ``file``, ``offset``, ``reason``
    │   └── OutputMismatch   replay gives other events than the output stream holds: also ``sequence``
    ├── JournalIo         the operating system refused: ``file``, ``errno``
    ├── EngineHalted      an earlier failure stopped the engine, a restart recovers: ``reason``
    ├── EngineClosed      `Engine.close` was called
    └── BatchTooLarge     a batch is above 16 MiB: ``bytes``, ``limit``; nothing was done
"""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Literal, final

import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer

__all__ = [
    "BatchTooLarge",
    "Engine",
    "EngineClosed",
    "EngineError",
    "EngineHalted",
    "FlowWorld",
    "JournalCorrupt",
    "JournalIo",
    "JournalLocked",
    "OutputMismatch",
    "PegWorld",
    "Recovery",
    "benchmark_lines",
    "floats_to_entries",
    "keccak256",
    "keccak_many",
    "merkle_layers",
    "order_digests",
    "peg_average",
    "peg_decide",
    "peg_flow_room",
    "peg_least_paid",
    "peg_mid_price",
    "peg_sell",
    "peg_target",
    "peg_targets",
    "signers",
    "tile_leaves",
    "tree_layers",
]

class EngineError(Exception):
    """Root of the engine's errors."""

class JournalLocked(EngineError):
    """Another process has this journal open."""

    file: Path

class JournalCorrupt(EngineError):
    """A file does not hold what was written to it. A person must look."""

    file: Path
    offset: int
    reason: str

class OutputMismatch(JournalCorrupt):
    """Replay gives other events than the output stream holds, for the batch that starts at ``sequence``."""

    sequence: int

class JournalIo(EngineError):
    """The operating system refused a file operation."""

    file: Path
    errno: int | None

class EngineHalted(EngineError):
    """The engine stopped at a failure and takes no more work; a restart recovers from the journal."""

    reason: str

class EngineClosed(EngineError):
    """The engine was closed."""

class BatchTooLarge(EngineError):
    """A batch is longer than a frame may be; nothing was journaled."""

    bytes: int
    limit: int

@final
class Recovery:
    """What opening a journal found and did."""

    @property
    def snapshot(self) -> int | None:
        """The sequence number of the snapshot that replay began from."""
    @property
    def damaged_snapshots(self) -> list[str]:
        """Files of newer snapshots that failed their checks."""
    @property
    def frames_replayed(self) -> int: ...
    @property
    def records_replayed(self) -> int: ...
    @property
    def torn_input_bytes(self) -> int:
        """Bytes cut from the input stream's end: a write that was never acknowledged."""
    @property
    def torn_output_bytes(self) -> int: ...
    @property
    def output_frames_regenerated(self) -> int: ...

@final
class Engine:
    """The state machine behind its journal."""

    @staticmethod
    def open(
        path: str | PathLike[str],
        *,
        durability: Literal["page_cache", "fdatasync"] = "fdatasync",
        segment_bytes: int = 67_108_864,
        snapshot_every_records: int = 1_000_000,
    ) -> Engine:
        """Opens the journal in folder ``path``, creating it when there is none, and replays it.

        ``page_cache`` survives a killed process, ``fdatasync`` a power loss. ``snapshot_every_records=0`` takes no
        snapshots by itself. Raises `JournalLocked`, `JournalCorrupt`, `OutputMismatch`, `JournalIo`, `EngineHalted`,
        `ValueError`.
        """
    def apply(self, batch: bytes, now: int) -> bytes:
        """Journals and applies one batch at ``now`` [nanoseconds since 1970]; its event records."""
    def apply_many(self, batches: Sequence[bytes], now: int) -> list[bytes]:
        """As `apply` for several batches, each a frame of its own, with one write and at most one ``fdatasync``.

        Empty batches are answered with no events and are not journaled. Raises `BatchTooLarge`, `JournalIo`,
        `EngineHalted`; after an error other than `BatchTooLarge` the batches' fate is unknown until a restart.
        """
    def snapshot(self) -> int:
        """Takes a snapshot now and waits until it is durable; its sequence number."""
    def close(self) -> None:
        """Waits for a snapshot being written and gives the lock back. Closing twice is harmless."""
    @property
    def last_sequence(self) -> int:
        """The last command's sequence number, 0 before the first."""
    @property
    def last_now(self) -> int:
        """The time of the last batch [nanoseconds since 1970]."""
    @property
    def input_hash(self) -> bytes: ...
    @property
    def output_hash(self) -> bytes: ...
    @property
    def recovery(self) -> Recovery: ...
    @property
    def halted(self) -> str | None:
        """Why the engine takes no more work."""
    @property
    def snapshot_failure(self) -> str | None:
        """Why an automatic snapshot could not be taken; nothing is lost, a restart replays more."""
    def digest(self) -> bytes:
        """The hash of the state's canonical encoding: equal states have equal digests."""
    def assets(self) -> list[tuple[int, int, bytes, int, int, int]]:
        """(asset, chain id, token, decimals, credited, withdrawn), by id."""
    def markets(self) -> list[tuple[int, int, int, int, int, int, int, int, int, int, int, int]]:
        """(market, base, quote, lot, tick, maker fee, taker fee, max lots, status, band, mark, kind), by id.

        Fees and band in ppm; kind 0 spot, 1 future, 2 call, 3 put.
        """
    def account_of(self, owner: bytes) -> int | None:
        """The account of a 20-byte owner address."""
    def owner_of(self, account: int) -> bytes | None:
        """The owner of an account; the zero address for a system account."""
    def balances(self, account: int) -> list[tuple[int, int, int]]:
        """(asset, available, held) in base units, by asset, of every pair that a credit ever touched."""
    def book(self, market: int, depth: int) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
        """(bids, asks), each level (ticks, lots, orders), best first. Raises `ValueError` for an unknown market."""
    def open_orders(
        self, account: int
    ) -> list[tuple[int, int, int, int, int, int, int, int, int, int, int, int, int, int]]:
        """(order, account, market, client id, ticks, lots left, side, order type, time in force, instructions,
        self trade, label, good till, trigger ticks), by order id; resting and waiting orders."""
    def order(self, order: int) -> tuple[int, int, int, int, int, int, int, int, int, int, int, int, int, int] | None:
        """A resting or waiting order, as in `open_orders`."""
    def schedule(self, account: int) -> int:
        """When all of the account's orders die [nanoseconds since 1970]; 0: they do not."""
    def protections(self, account: int) -> list[tuple[int, int, int, int, int, int, int]]:
        """(market, window, max lots, frozen, window start, counted, frozen until) by market."""
    def settlement_asset(self) -> int | None:
        """The asset that derivatives are settled in; none before the first underlying."""
    def underlyings(self) -> list[tuple[int, bytes, int, int, int, int, int, int, int, int, int, int]]:
        """(underlying, name, tick, range, basis, initial, short option, liquidation fee, liquidation step, index,
        index at, first at), by id; rates in ppm."""
    def instruments(self) -> list[tuple[int, int, int, int, int, int, int, int, int, int]]:
        """(market, underlying, kind, expiry, strike, twap sum, last trade, settled, settlement ticks, open interest),
        by market."""
    def option_marks(self, market: int) -> tuple[int, list[int]] | None:
        """(mark, 16 values) as they were given for an option."""
    def collateral(self) -> list[tuple[int, int, int]]:
        """(asset, haircut ppm, price), by asset."""
    def positions(self, account: int) -> list[tuple[int, int, int]]:
        """(market, lots, entry) of every position ever touched, by market; market 2^32 - 1 is the debt."""
    def margin(self, account: int) -> tuple[int, int, int, int, int, int, list[tuple[int, int, int, list[int]]]]:
        """(equity, initial, maintenance, reserves, free, debt, portfolios) in the settlement asset.

        A portfolio is (underlying, initial, maintenance, gains in the 16 scenarios), by underlying.
        """
    def due(self) -> tuple[int, int, int, int | None]:
        """(first order's end, first scheduled cancel, first expiry, its market) [nanoseconds since 1970]; 0: none."""
    def unhealthy(self, first: int, count: int) -> tuple[list[tuple[int, int]], int | None]:
        """((account, underlying) pairs that a new index price would liquidate, where to go on).

        Looks at ``count`` accounts that have positions or debts, from ``first`` on.
        """
    def position_proof(self, account: int, market: int) -> tuple[int, int, int, list[bytes]] | None:
        """(leaf index, lots, entry, siblings), or None when the last seal had no such leaf."""
    def chain_deposits(self, chain_id: int) -> tuple[int, bytes]:
        """(count, hash) of a chain's credited deposits; (0, zero) for an unknown chain."""
    def totals(self, asset: int) -> tuple[int, int, int]:
        """(credited, withdrawn, owned); the third is credited - withdrawn, or something is very wrong.

        Owned is the sum of balances and, of the settlement asset, less what positions cost and what is owed. Reads
        every balance. Raises `ValueError` for an unknown asset.
        """
    def withdrawal(self, withdrawal: int) -> tuple[int, int, int, bytes, bytes, bytes, int] | None:
        """(account, asset, chain id, token, owner, recipient, amount)."""
    def sealed(self) -> bytes | None:
        """The last accepted ``sealed`` event, a whole record."""
    def balance_proof(self, account: int, asset: int) -> tuple[int, int, list[bytes]] | None:
        """(leaf index, amount at the last seal, siblings from leaf to root), or None when the last seal had no leaf."""
    def withdrawal_proof(self, withdrawal: int) -> list[bytes] | None:
        """The siblings from leaf ``withdrawal`` to the last sealed root, or None when it is not yet sealed."""
    def read_inputs(self, from_sequence: int, max_bytes: int) -> list[tuple[int, int, bytes]]:
        """(first sequence, now, batch) of the frames from the one that holds ``from_sequence``.

        As many as fit ``max_bytes``, but at least one if there is one and ``max_bytes`` is above 0. Raises
        `JournalCorrupt`, `JournalIo`.
        """
    def read_outputs(self, from_sequence: int, max_bytes: int) -> list[tuple[int, int, bytes]]:
        """(first sequence, now, events), as `read_inputs`."""

def keccak256(data: Buffer) -> bytes:
    """The Keccak-256 hash."""

def keccak_many(data: Buffer, width: int) -> bytes:
    """The hashes, 32 bytes each, of the messages of ``width`` bytes that ``data`` is a concatenation of.

    Four or eight at a time where the processor can. Raises `ValueError` when ``data`` is not whole messages.
    """

def merkle_layers(leaves: Buffer) -> bytes:
    """All layers over ``leaves`` (32 bytes each), from the leaves padded with zero hashes to the root.

    2n - 1 hashes for n padded leaves; one zero hash for none. Raises `ValueError` when ``leaves`` is not whole hashes.
    """

def order_digests(domain: bytes, owner: bytes, bodies: bytes) -> bytes:
    """What the owner of orders signs for each of them (EIP-712 ``Order``), 32 bytes each, out of ``place`` bodies.

    ``domain``: the hash of the EIP-712 domain. Raises `ValueError` for bytes of another size.
    """

def signers(digests: bytes, signatures: bytes) -> bytes:
    """The addresses whose keys made these signatures (65 bytes each) of these digests, 20 bytes each.

    Zero for a signature that no key can have made, for the malleable form, and for a ``v`` other than 27 and 28.
    Works without the interpreter. Raises `ValueError` when there are not as many digests as signatures.
    """

def benchmark_lines(seed: bytes, product: int, side: int, start: int, out: npt.NDArray[np.float32]) -> None:
    """Fills ``out``, a float32 array of two dimensions, with a line in each row, from line ``start`` on.

    No other thread may use the array meanwhile: this and the next three work without the interpreter, on all cores. All
    raise `ValueError` for an array that is not contiguous, or of another kind or size.
    """

def floats_to_entries(product: npt.NDArray[np.float32]) -> None:
    """Turns whole numbers in a float32 array into big-endian int32, in place."""

def tile_leaves(rows: npt.NDArray[np.uint8], leaves: npt.NDArray[np.uint8]) -> None:
    """Writes ``keccak(0x00 ++ tile)`` of each 256 bytes, 32 bytes each, into ``leaves``."""

def tree_layers(layers: npt.NDArray[np.uint8]) -> None:
    """Writes all layers of a tree above its leaves, a power of two of them, which lie at the start of ``layers``."""

class FlowWorld:
    """Simulated backpressure payments: the twin of `stab3l.sim.flow.sharing.Backpressure` and of the loop around it.

    ``sinks``: (what it says in times of what it can do, what its stake admits [wei per second]).
    """

    def __init__(self, sinks: list[tuple[int, int]], arbiter: bool) -> None: ...
    def run(self, capacities: list[list[int]], demands: list[int]) -> None:
        """An epoch for each row of capacities and its demand [wei per second]. Raises `ValueError` for a ragged row."""
    def track(self) -> tuple[int, int, int, int, list[int], list[int]]:
        """(demanded, given up, given to liars, overpaid, completed by step, backlog after each step) [wei]."""
    def sinks(self) -> list[tuple[int, int, int]]:
        """(smoothed capacity, units, received) of each sink."""
    @property
    def escrow_level(self) -> int:
        """What the escrow holds [wei]."""

class PegWorld:
    """A simulated world of the peg (`docs/guides/simulator.md`), made from a `stab3l.sim.peg.world.World`.

    With ``log`` everything that was done to a contract is kept. Raises `ValueError` for what makes no world.
    """

    def __init__(self, spec: object, *, log: bool = False) -> None: ...
    def run(self, blocks: int) -> None:
        """Runs so many blocks, without holding the interpreter."""
    @property
    def block(self) -> int:
        """The block that was last run."""
    def series(self) -> dict[str, list[bytes]]:
        """Little-endian 64-bit numbers, one a block: ``deviations`` [ppb] by pool, ``spreads`` [ppb] by like pools,
        ``stabilised`` [quote units] by stabiliser, ``profits`` [micro-dollars] by agent, ``reserves`` [ppb left] by
        asset."""
    def pools(self) -> list[tuple[tuple[int, int, int, int, int], int, int, int, int, int]]:
        """(state, i, trades, quote units traded, base fees, quote fees) by pool."""
    def stabilisers(self) -> list[tuple[list[int], int, int, int, int]]:
        """(calls by outcome, quote units traded, peak of the flow, base and quote inventory) by stabiliser."""
    def like_pools(self) -> list[tuple[int, int]]:
        """The pairs of pools that ``spreads`` are of."""
    def counts(self) -> tuple[int, int, int, int, int]:
        """(blocks not conserved, trades refused, reports refused, round trips that gained, round trips tried)."""
    def triangulations(self) -> int:
        """Exchanges between public pools and the mesh."""
    def operations(self) -> list[tuple[str, int, int, int, bool, int, int, int]]:
        """("sale", block, pool, 0, sells base, sold, paid, fee), ("price", block, pool, 0, False, i, 0, 0) or
        ("stabilise", block, stabiliser, outcome, sells base, sold, paid, 0), in order."""

_Terms = tuple[int, int, int, int, int]
_State = tuple[int, int, int, int, int]

def peg_sell(
    terms: _Terms, state: _State, sells_base: bool, amount: int, band: int
) -> tuple[int, int, tuple[int, int, int, int, int]]:
    """(paid, fee, state after): the twin of `stab3l.peg.pool.sell_base` and `sell_quote`.

    Raises `ValueError` with the refusal's code.
    """

def peg_mid_price(terms: _Terms, state: _State) -> int:
    """The twin of `stab3l.peg.pool.mid_price`, at most 2^128 - 1."""

def peg_targets(terms: _Terms, state: _State) -> tuple[int, int]:
    """The twin of `stab3l.peg.pool.targets_up`."""

def peg_average(
    start: int, entries: list[tuple[int, int]], block: int, price: int, target: int, clamp: int, window: int
) -> tuple[int, int]:
    """The twin of `stab3l.peg.price_history`: the average after these (block, price) entries."""

def peg_decide(
    policy: object,
    block: int,
    gas_price: int,
    acted_block: int,
    average: tuple[int, int],
    spot_deviation: int,
    flow: tuple[int, int],
    inventories: tuple[int, int],
) -> tuple[int, bool, int]:
    """The twin of `stab3l.peg.stabiliser.decide`: (outcome, sells base, amount)."""

def peg_flow_room(flow: int, memory: int, blocks: int, cap: int) -> int:
    """The twin of `stab3l.peg.flow_cap.room`."""

def peg_least_paid(amount: int, marginal: int, slippage: int, sold: int, paid: int) -> int | None:
    """The twin of `stab3l.peg.stabiliser.least_paid_up`; None beyond 128 bits."""

def peg_target(par: int, compute: int, spot: int, equation: object) -> int:
    """The twin of `stab3l.peg.equation.target`."""
