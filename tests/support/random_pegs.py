"""Random arguments of the peg's rules, at every scale."""

from __future__ import annotations

from random import Random

from stab3l.peg.pool import FEE_MAX, State, Terms
from stab3l.units import WAD

SLOPES = (0, 1, WAD // 1000, WAD // 50, WAD // 10, WAD // 2, 9 * WAD // 10, WAD)


def scaled(dice: Random, highest: int) -> int:
    """Between 1 and ``highest``, every order of magnitude alike."""
    return 1 + dice.randrange(1 << dice.randrange(1, highest.bit_length())) % highest


def pool(dice: Random) -> tuple[Terms, State]:
    """A balanced pool of any depth, decimals and terms."""
    decimals = dice.choice([(6, 6), (6, 18), (18, 6), (18, 18)])
    price = dice.choice([WAD, 6 * WAD // 100, WAD // 4000, 4000 * WAD, 10**12 + dice.randrange(10**22)])
    slope = dice.choice([*SLOPES, dice.randrange(9 * WAD // 10)])
    terms = Terms(price, slope, dice.choice([0, dice.randrange(FEE_MAX), WAD // 10_000]), *decimals)
    base = max(scaled(dice, 10**11) * 10 ** decimals[0] // max(price // WAD, 1), 10**4)
    quote = max(base * price * 10 ** decimals[1] // (WAD * 10 ** decimals[0]), 10**4)
    return terms, State.balanced(base, quote)
