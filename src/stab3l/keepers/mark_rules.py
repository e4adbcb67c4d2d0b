"""What marks are due, and which: pure decisions (docs/reference/derivatives.md, Index and marks)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from stab3l.config import UnderlyingConfig
from stab3l.engine.wire import Command, IndexPrice, MarketKind, OptionMarks
from stab3l.exchange.gateway_client import Instrument, Underlying
from stab3l.pricing.black import deviation_of, value_down
from stab3l.pricing.scenarios import scenario_values
from stab3l.units import BASIS_POINTS, NANOSECONDS_PER_SECOND, PARTS_PER_MILLION

AVERAGING_S: Final = 1_800
"""So long before a contract's expiry its settlement price is averaged, and its marks move with time alone."""
AVERAGING_HEARTBEAT_S: Final = 10
STEP_PPM: Final = 5_000
STEPS_MAX: Final = 100
"""A jump of the index is posted in steps of half a percent, or in a hundred."""


@dataclass(frozen=True, slots=True)
class MarkPolicy:
    """A price is posted when it moved by so much, or after so long."""

    heartbeat_s: int
    deviation_bps: int


def median_down(prices: Sequence[Fraction], step: Fraction) -> int:
    """The middle of some prices in ticks, rounded down; of an even number the mean of the two in the middle."""
    ranked = sorted(prices)
    upper, lower = ranked[len(ranked) // 2], ranked[(len(ranked) - 1) // 2]
    return int((upper + lower) / 2 // step)


def clamped(price: Fraction, reference: Fraction, distance_ppm: int) -> Fraction:
    """A price, or the nearest one that is within some parts per million of the reference."""
    distance = reference * distance_ppm / PARTS_PER_MILLION
    return max(reference - distance, min(price, reference + distance))


def has_moved(before: int, ticks: int, policy: MarkPolicy) -> bool:
    """Whether a price is another by as much as the policy says."""
    return abs(ticks - before) * BASIS_POINTS >= policy.deviation_bps * before


def is_due(underlying: Underlying, ticks: int, expiries: Iterable[int], now: int, policy: MarkPolicy) -> bool:
    """Whether a price is to be posted: none stands, it moved, or it has stood long enough. Times in nanoseconds."""
    if not underlying.index or has_moved(underlying.index, ticks, policy):
        return True
    averaging = any(now < expiry <= now + AVERAGING_S * NANOSECONDS_PER_SECOND for expiry in expiries)
    heartbeat_s = min(policy.heartbeat_s, AVERAGING_HEARTBEAT_S) if averaging else policy.heartbeat_s
    return now - underlying.index_at >= heartbeat_s * NANOSECONDS_PER_SECOND


def steps_to(before: int, ticks: int) -> list[int]:
    """The index prices on the way from one to another, the last included; no step is longer than `STEP_PPM` of both.

    The engine judges margins after every price. Between an index and the option marks that belong to it, an option and
    the future that hedges it are out of step, so a jump is posted as small steps, each with its marks.
    """
    if not before:
        return [ticks]
    longest = max(min(before, ticks) * STEP_PPM // PARTS_PER_MILLION, 1)
    count = min(max(-(-abs(ticks - before) // longest), 1), STEPS_MAX)
    return [before + (ticks - before) * step // count for step in range(1, count + 1)]


def posting(
    underlying: Underlying,
    config: UnderlyingConfig,
    ticks: int,
    instruments: Iterable[Instrument],
    marks: Mapping[int, int],
    now: int,
) -> list[Command]:
    """The index price, and the marks of the underlying's options that still trade, in one batch.

    An option's forward is the mark of the future of its expiry, moved by what the index moves; the index without one.
    """
    alive = [one for one in instruments if one.underlying == underlying.id and not one.settled and one.expiry > now]
    futures = {
        one.expiry: marks[one.market] for one in alive if one.kind == MarketKind.FUTURE and marks.get(one.market)
    }
    options = [one for one in alive if one.kind != MarketKind.FUTURE]
    commands: list[Command] = []
    for index in steps_to(underlying.index, ticks):
        moved = index - underlying.index
        commands.append(IndexPrice(underlying.id, index))
        for option in options:
            forward = max(futures[option.expiry] + moved, 1) if option.expiry in futures else index
            commands.append(option_marks(option, underlying, config, index, forward, now))
    return commands


def option_marks(
    option: Instrument, underlying: Underlying, config: UnderlyingConfig, index: int, forward: int, now: int
) -> OptionMarks:
    """An option's value now and in each scenario, in ticks, rounded down."""
    deviation = deviation_of(config.volatility_ppm, (option.expiry - now) // NANOSECONDS_PER_SECOND)
    is_call = option.kind == MarketKind.CALL
    mark = value_down(is_call=is_call, forward=forward, strike=option.strike, deviation=deviation)
    values = scenario_values(
        is_call=is_call,
        index=index,
        forward=forward,
        strike=option.strike,
        range_ppm=underlying.range_ppm,
        deviation=deviation,
    )
    return OptionMarks(option.market, mark, values)
