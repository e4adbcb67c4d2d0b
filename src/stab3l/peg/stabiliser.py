"""When the stabiliser acts, and how much: policy apart from mechanism.

The twin of contracts/src/libraries/StabilizerRules.sol; tests/differential holds them equal.

Source 2, "Rules": block delay, sustained deviation, per-block cap, slippage cap, gas-aware execution; its size is
s = gain x deviation. The caller gives no number: a keeper that lies can only call or not call.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from stab3l.peg.errors import AmountZero
from stab3l.peg.flow_cap import room
from stab3l.peg.price_history import Average
from stab3l.units import WAD, mul_div_down


class Outcome(IntEnum):
    """The answer, in order of precedence: of several reasons not to act the first is given."""

    ACT = 0
    GAS_PRICE_HIGH = 1
    TOO_SOON = 2
    HISTORY_SHORT = 3
    WITHIN_BAND = 4
    SPOT_RETURNED = 5
    CAP_REACHED = 6
    INVENTORY_SHORT = 7


@dataclass(frozen=True, slots=True)
class Policy:
    """What governance sets for one pool. Amounts are base units of the pool's quote token."""

    threshold: int
    """theta [wad]: deviations up to it are left alone."""
    clamp: int
    """[wad] the most that one block may say about the average."""
    sustained_blocks: int
    """N: the average is over this many blocks."""
    interval_blocks: int
    """MIN_BLOCKS between two actions."""
    gain: int
    """Quote units traded for a deviation of 1."""
    amount_min: int
    """Less than this is not worth an action, and would waste the interval."""
    flow_max: int
    """The decaying cap."""
    memory: int
    """[wad per block] of the cap."""
    slippage: int
    """[wad] how far below the target a trade may be paid."""
    gas_price_max: int
    """[wei]"""


@dataclass(frozen=True, slots=True)
class View:
    """What the decision is made from."""

    block: int
    gas_price: int
    acted_block: int
    """Of the last action; 0 before the first."""
    average: Average
    spot_deviation: int
    flow: int
    """Quote units, as it was after the last action."""
    flow_block: int
    base_inventory: int
    """In quote units at the target."""
    quote_inventory: int


@dataclass(frozen=True, slots=True)
class Decision:
    """``sells_base``: the base token is dear. ``amount``: quote units at the target."""

    outcome: Outcome
    sells_base: bool = False
    amount: int = 0


def decide(policy: Policy, view: View) -> Decision:
    """Whether to act now, on which side, and with how much."""
    if view.gas_price > policy.gas_price_max:
        return Decision(Outcome.GAS_PRICE_HIGH)
    if view.acted_block and view.block < view.acted_block + policy.interval_blocks:
        return Decision(Outcome.TOO_SOON)
    if view.average.blocks < policy.sustained_blocks:
        return Decision(Outcome.HISTORY_SHORT)
    if abs(view.average.deviation) <= policy.threshold:
        return Decision(Outcome.WITHIN_BAND)
    sells_base = view.average.deviation > 0
    if abs(view.spot_deviation) <= policy.threshold or (view.spot_deviation > 0) != sells_base:
        return Decision(Outcome.SPOT_RETURNED)
    return _sized(policy, view, sells_base)


def _sized(policy: Policy, view: View, sells_base: bool) -> Decision:
    """The proportional law, then the cap, then what there is."""
    amount = min(
        mul_div_down(policy.gain, abs(view.spot_deviation), WAD),
        room(view.flow, policy.memory, view.block - view.flow_block, policy.flow_max),
    )
    if amount < policy.amount_min or amount == 0:
        return Decision(Outcome.CAP_REACHED)
    amount = min(amount, view.base_inventory if sells_base else view.quote_inventory)
    if amount < policy.amount_min or amount == 0:
        return Decision(Outcome.INVENTORY_SHORT)
    return Decision(Outcome.ACT, sells_base, amount)


def least_paid_up(amount: int, price: int, slippage: int, sold_scale: int, paid_scale: int) -> int:
    """The least that a sale may pay: ``amount`` [base units] at ``price`` [wad], less the slippage; rounded up.

    The price is the target: a trade never goes through it by more than the slippage, and a price far away from it,
    where the curve is steep, is no reason to freeze.

    The scales are 10^decimals of the two tokens.
    """
    if amount <= 0:
        raise AmountZero("there is nothing to sell")
    numerator = amount * price * paid_scale * (WAD - slippage)
    return -(-numerator // (WAD * WAD * sold_scale))


def loop_gain(gain: int, slope: int, quote_depth: int) -> int:
    """G [wad], the part of a deviation that one action removes: gain x 2k / depth. Stable below 2; 1 with a delay.

    ``quote_depth``: the target of the pool's token, in quote units.
    """
    return mul_div_down(gain, 2 * slope, quote_depth)
