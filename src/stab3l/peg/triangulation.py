"""Everything valued in gold: A -> XAU -> B, with N prices instead of N^2 pairs.

The twin of contracts/src/libraries/TriangulationRules.sol; tests/differential holds them equal.

Gold feeds stop at weekends. Then the last good price is used with a band that widens with its age, and nothing is used
once it is too old: never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from stab3l.peg.errors import PriceUnusable
from stab3l.units import WAD, mul_div_down


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old a price may be, seconds, and how the band widens beyond that [wad per second, at most ``band_max``]."""

    age_s_max: int
    stale_s_max: int
    band_per_s: int
    band_max: int


class Price(NamedTuple):
    """A price [wad] and how far from the truth it may be on either side [wad, a ratio]."""

    value: int
    band: int


def usable(value: int, updated_at: int, now: int, rules: Freshness) -> Price:
    """The last good dollar price of an asset [wad] as it may be used now [unix seconds].

    Raises:
        PriceUnusable: it is zero, or older than ``stale_s_max``.
    """
    age = max(now - updated_at, 0)
    if value == 0 or age > rules.stale_s_max:
        raise PriceUnusable(f"the last price is {age} s old", age_s=age, age_s_max=rules.stale_s_max, value=value)
    late = max(age - rules.age_s_max, 0)
    return Price(value, min(late * rules.band_per_s, rules.band_max))


def in_gold_down(asset: Price, gold: Price) -> Price:
    """XAU for one token [wad], rounded down; the bands add up."""
    return Price(mul_div_down(asset.value, WAD, gold.value), asset.band + gold.band)


def cross_down(sold: Price, bought: Price) -> Price:
    """Tokens bought for one token sold at parity [wad], rounded down: gold cancels out, so its band does too."""
    return Price(mul_div_down(sold.value, WAD, bought.value), sold.band + bought.band)
