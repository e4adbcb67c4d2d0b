"""The constants of source 3; their twin is ``FlowConstants`` in ``contracts/src/types/Flow.sol``."""

from __future__ import annotations

from typing import Final

EWMA_ALPHA_BPS: Final = 3_000
"""Weight of the newest capacity in the moving average, per epoch."""

REBALANCE_THRESHOLD_BPS: Final = 500
"""A sink's units are raised when its capacity has grown by 5 %."""

MIN_SINK_STAKE: Final = 100 * 10**18
"""Least stake of a sink [wei of the stake token]."""

STAKE_UNIT: Final = 10**18
"""sqrt(stake / STAKE_UNIT) is the capacity cap."""

UNIT_SCALE: Final = 10**18
"""Fixed point of the smoothed capacity."""

COMMIT_TIMEOUT: Final = 20
"""Blocks until a commitment expires."""

CAPACITY_UNIT: Final = 10**15
"""Wei per second that one unit of sqrt(stake / STAKE_UNIT) admits."""

EPOCH_SECONDS: Final = 300
"""Seconds between two reveals of a sink."""

QUANTUM: Final = 10**6
"""Wei per second that one unit of the first task type's pool stands for."""

LIQUIDATION_SECONDS: Final = 4 * 3_600
"""Deposit that Superfluid locks, in seconds of the stream (its test governance, and most public chains)."""

RATE_MAX: Final = 2**95 - 1
"""Largest rate that Superfluid's int96 holds."""
